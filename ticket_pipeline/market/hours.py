"""Hourly prices by definition: one hour of one event, computed listing by listing.

The stored aggregates are made by SQL (`sql/prices/insert_hourly.sql`); this is the same arithmetic in plain Python,
written from the definition and not from the SQL. The data check recomputes sampled hours with it, and so do the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

CENT = Decimal("0.01")
WHOLE_EVENT = "*"
_NO_ZONE = "unknown"


@dataclass(frozen=True, slots=True)
class PricedListing:
    """What an aggregate needs of a listing; `splits` None means not known."""

    zone: str
    currency: str
    fee_basis: str
    quantity: int
    price: Decimal
    splits: tuple[int, ...] | None = None

    def can_sell(self, together: int) -> bool:
        """Whether `together` tickets can be bought."""
        return can_sell(self.quantity, self.splits, together)


def can_sell(quantity: int, splits: tuple[int, ...] | None, together: int) -> bool:
    """Whether `together` tickets can be bought: a listed split, or at most the quantity where splits are not known."""
    return quantity >= together if splits is None else together in splits


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """One aggregate row: one zone (or `*`), currency and fee basis of one event's hour. Prices per ticket, in cents.

    Open, high, low and close are of the get-in price for one ticket; None where no listing sells a single one.
    """

    snapshots: int
    listings: int
    min_listings: int
    mean_listings: Decimal
    max_listings: int
    tickets: int
    min_tickets: int
    mean_tickets: Decimal
    max_tickets: int
    observations: int
    open_price: Decimal | None
    high_price: Decimal | None
    low_price: Decimal | None
    close_price: Decimal | None
    min_price: Decimal
    mean_price: Decimal
    median_price: Decimal
    max_price: Decimal
    get_in_2_price: Decimal | None
    get_in_4_price: Decimal | None


def zone_of(zone: str | None, section: str | None) -> str:
    """The zone a listing counts in: its own, else its section. The name `*` is taken."""
    return next((name for name in (zone, section) if name not in (None, WHOLE_EVENT)), None) or _NO_ZONE


def get_in_price(listings: Iterable[PricedListing], together: int = 1) -> Decimal | None:
    """The lowest price per ticket among the listings that can sell `together` tickets; None where none can."""
    return min((listing.price for listing in listings if listing.can_sell(together)), default=None)


def hourly_prices(
    captures: Sequence[tuple[datetime, Sequence[PricedListing]]],
) -> dict[tuple[str, str, str], HourlyPrice]:
    """Aggregate the trusted captures of one event's hour, in order: (zone, currency, fee basis) → its row."""
    keys = {
        (zone, listing.currency, listing.fee_basis)
        for _, listings in captures
        for listing in listings
        for zone in (listing.zone, WHOLE_EVENT)
    }
    return {key: _aggregate(key, [listings for _, listings in captures]) for key in keys}


def _aggregate(key: tuple[str, str, str], captures: Sequence[Sequence[PricedListing]]) -> HourlyPrice:
    zone, currency, fee_basis = key
    own = [
        [
            listing
            for listing in listings
            if (listing.currency, listing.fee_basis) == (currency, fee_basis) and zone in (listing.zone, WHOLE_EVENT)
        ]
        for listings in captures
    ]
    prices = [listing.price for listings in own for listing in listings]
    floors = [floor for listings in own if (floor := get_in_price(listings)) is not None]
    tickets = [sum(listing.quantity for listing in listings) for listings in own]
    everything = [listing for listings in own for listing in listings]
    return HourlyPrice(
        snapshots=len(own),
        listings=len(own[-1]),
        min_listings=min(map(len, own)),
        mean_listings=Decimal(len(everything)) / len(own),
        max_listings=max(map(len, own)),
        tickets=tickets[-1],
        min_tickets=min(tickets),
        mean_tickets=Decimal(sum(tickets)) / len(tickets),
        max_tickets=max(tickets),
        observations=len(prices),
        open_price=floors[0] if floors else None,
        high_price=max(floors, default=None),
        low_price=min(floors, default=None),
        close_price=floors[-1] if floors else None,
        min_price=min(prices),
        mean_price=to_cents(sum(prices, Decimal()) / len(prices)),
        median_price=to_cents(median(prices)),
        max_price=max(prices),
        get_in_2_price=get_in_price(everything, 2),
        get_in_4_price=get_in_price(everything, 4),
    )


def to_cents(amount: Decimal) -> Decimal:
    """Round half up to cents, as the database's numeric(12, 2) does."""
    return amount.quantize(CENT, ROUND_HALF_UP)
