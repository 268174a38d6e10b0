"""What stands, sells and goes on a simulated market: its listings, sales and removals, and the truth about a moment.

What belongs here: these values. What does not: making them (`ticket_pipeline.simulator.market`).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from ticket_pipeline.simulator.holdings import Ending
    from ticket_pipeline.simulator.marketplaces import Marketplace


@dataclass(frozen=True, slots=True)
class SimulatedListing:
    """One listing as it stands at a moment; prices per ticket in major units.

    Attributes:
        listing_id: kept while repriced; a relisted holding gets a new one.
        holding: the same number at every marketplace where the same seats are listed; nobody shows it.
        section: as shown.
        row: None for general admission and some parking passes.
        row_id: the marketplace's id of the row; None where there is no row.
        quantity: tickets.
        splits: how many of them can be bought at once; StubHub Pro does not show it.
        ask_price: before buyer fees; StubHub Pro does not show it.
        all_in_price: what the buyer pays; None where the marketplace does not say.
        net_proceeds: what the seller gets.
        is_parking: a parking pass, no ticket.
        is_placeholder: asks a price that nobody is meant to pay.
        is_fan: a fan sells, not a broker.
        notes: the seller's remarks.
    """

    listing_id: int
    holding: int
    section: str
    row: str | None
    row_id: int | None
    quantity: int
    splits: tuple[int, ...]
    ask_price: Decimal
    all_in_price: Decimal | None
    net_proceeds: Decimal
    is_parking: bool
    is_placeholder: bool
    is_fan: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrueMetrics:
    """What a faithful reader of the listings must find.

    Attributes:
        received: listings in the answer, junk included.
        listings: those with a market price: no parking pass, all-in price known.
        tickets: sum of their quantities.
        min_price: their lowest all-in price; None where there is none.
        median_price: their median all-in price, not rounded; None where there is none.
    """

    received: int
    listings: int
    tickets: int
    min_price: Decimal | None
    median_price: Decimal | None

    @classmethod
    def of(cls, listings: Sequence[SimulatedListing]) -> TrueMetrics:
        """The truth about these listings."""
        priced = [item for item in listings if not item.is_parking and item.all_in_price is not None]
        prices = [item.all_in_price for item in priced if item.all_in_price is not None]
        return cls(
            received=len(listings),
            listings=len(priced),
            tickets=sum(item.quantity for item in priced),
            min_price=min(prices, default=None),
            median_price=median(prices) if prices else None,
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """Tickets that were really sold: a whole listing, or some of its tickets.

    Attributes:
        sold_at: aware UTC.
        marketplace: the marketplace where they were bought.
        listing_id: the id there at the time.
        holding: whose tickets, as in `SimulatedListing`.
        quantity: tickets sold.
        all_in_price: per ticket, in the marketplace's currency; None where it did not say.
    """

    sold_at: datetime
    marketplace: Marketplace
    listing_id: int
    holding: int
    quantity: int
    all_in_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Removal:
    """A listing id that is gone, and why: only some of them are sales.

    Attributes:
        removed_at: aware UTC.
        listing_id: shown no more.
        quantity: tickets that it last had.
        reason: what became of them.
        next_listing_id: the id under which a relisted one goes on.
    """

    removed_at: datetime
    listing_id: int
    quantity: int
    reason: Ending
    next_listing_id: int | None


def possible_splits(quantity: int, *, is_pairs_only: bool) -> tuple[int, ...]:
    """How many of `quantity` tickets a seller lets go at once: never so many that one is left, or only pairs."""
    if is_pairs_only and quantity % 2 == 0:
        return tuple(range(2, quantity + 1, 2))
    return tuple(number for number in range(1, quantity + 1) if quantity - number != 1)
