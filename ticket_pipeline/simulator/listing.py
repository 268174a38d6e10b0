"""What a simulated market consists of: listings, sales, removals, and the true metrics of a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.simulator.holdings import Ending
    from ticket_pipeline.simulator.marketplaces import Marketplace


@dataclass(frozen=True, slots=True)
class SimulatedListing:
    """One listing at a moment; prices per ticket in major units. StubHub Pro shows neither splits nor ask price."""

    listing_id: int
    holding: int  # the same at every marketplace where the same seats are listed; never in a response
    section: str
    row: str | None  # None for general admission and some parking passes
    row_id: int | None
    quantity: int
    splits: tuple[int, ...]  # how many tickets can be bought at once
    ask_price: Decimal  # before buyer fees
    all_in_price: Decimal | None  # what the buyer pays; None where the marketplace does not show it
    net_proceeds: Decimal
    is_parking: bool
    is_placeholder: bool  # asks a price that nobody is meant to pay
    is_fan: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrueMetrics:
    """The correct metrics of `received` listings; only those with a market price count: no parking, all-in known."""

    received: int
    listings: int
    tickets: int
    min_price: Decimal | None
    median_price: Decimal | None

    @classmethod
    def of(cls, listings: Sequence[SimulatedListing]) -> TrueMetrics:
        """Compute the metrics of these listings."""
        seats = [(item.all_in_price, item.quantity) for item in listings if not item.is_parking]
        priced = [(price, quantity) for price, quantity in seats if price is not None]
        prices = [price for price, _ in priced]
        return cls(
            received=len(listings),
            listings=len(priced),
            tickets=sum(quantity for _, quantity in priced),
            min_price=min(prices, default=None),
            median_price=median(prices) if prices else None,
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """Tickets that were really sold: a whole listing, or some of its tickets; the price is per ticket."""

    sold_at: datetime
    marketplace: Marketplace
    listing_id: int
    holding: int
    quantity: int
    all_in_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Removal:
    """A listing id that is gone, and why: only some are sales. `next_listing_id` is the new id after a relist."""

    removed_at: datetime
    listing_id: int
    quantity: int
    reason: Ending
    next_listing_id: int | None


def possible_splits(quantity: int, *, is_pairs_only: bool) -> tuple[int, ...]:
    """How many of `quantity` tickets a seller lets go at once: pairs only, or any number that does not leave one."""
    if is_pairs_only and quantity % 2 == 0:
        return tuple(range(2, quantity + 1, 2))
    return tuple(number for number in range(1, quantity + 1) if quantity - number != 1)
