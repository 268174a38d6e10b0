"""Hourly prices by definition: one hour of one event, computed listing by listing.

The stored aggregates are made by SQL (`sql/prices/insert_hourly.sql`); this is the same arithmetic in plain Python,
written from the definition and not from the SQL. The data check recomputes sampled hours with it, and so do the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TypeVar

CENT = Decimal("0.01")
WHOLE_EVENT = "*"
GROUNDS = "Grounds"
"""The zone of listings that admit to the grounds and not to a seat; no part of the whole event."""

MOST_TOGETHER = 8
"""Get-in prices are kept for one to so many tickets together."""

GET_IN_COLUMNS = tuple(f"get_in_{together}_price" for together in range(1, MOST_TOGETHER + 1))

NEAR_FLOOR = Decimal("1.15")
FLOOR_LISTINGS = 3
"""The floor is the lowest price with at least so many listings within 15 % of it: one cheap ask alone is no market."""

NO_ZONE = "unknown"
_Price = TypeVar("_Price", int, Decimal)


@dataclass(frozen=True, slots=True)
class PricedListing:
    """What an aggregate needs of a listing; `splits` None means not known. `zone` `Grounds` is no seat."""

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

    Attributes:
        listings: in the last capture; so `tickets`, `floor_price` and `get_in_prices`. None where none qualifies.
        open_price: of the get-in price for one, as high, low and close; None where no listing sells a single ticket.
        low_floor_price: of the floor over all captures of the hour; so high.
        sum_price: of all listing observations, as min, mean, max, median and quartiles.
        get_in_prices: for one to eight tickets together.
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
    sum_tickets: int
    observations: int
    sum_price: Decimal
    floor_price: Decimal | None
    low_floor_price: Decimal | None
    high_floor_price: Decimal | None
    open_price: Decimal | None
    high_price: Decimal | None
    low_price: Decimal | None
    close_price: Decimal | None
    min_price: Decimal
    p25_price: Decimal
    median_price: Decimal
    p75_price: Decimal
    mean_price: Decimal
    max_price: Decimal
    get_in_prices: tuple[Decimal | None, ...]

    def columns(self) -> dict[str, object]:
        """The values by the names of the columns of `hourly_prices`."""
        values: dict[str, object] = {name: getattr(self, name) for name in self.__slots__ if name != "get_in_prices"}
        return values | dict(zip(GET_IN_COLUMNS, self.get_in_prices, strict=True))


def zone_of(zone: str | None, section: str | None, admission: str = "seat") -> str:
    """The zone a listing counts in: its own, else its section. The name `*` is taken."""
    if admission != "seat":
        return GROUNDS
    return next((name for name in (zone, section) if name not in (None, WHOLE_EVENT)), None) or NO_ZONE


def get_in_price(listings: Iterable[PricedListing], together: int = 1) -> Decimal | None:
    """The lowest price per ticket among the listings that can sell `together` tickets; None where none can."""
    return min((listing.price for listing in listings if listing.can_sell(together)), default=None)


def get_in_prices(listings: Sequence[PricedListing]) -> tuple[Decimal | None, ...]:
    """The get-in price for one to eight tickets together."""
    return tuple(get_in_price(listings, together) for together in range(1, MOST_TOGETHER + 1))


def floor_price(prices: Iterable[_Price]) -> _Price | None:
    """The lowest price p such that at least three prices are within [p, 1.15 p]; None where there is none."""
    ordered = sorted(prices)
    ranges = zip(ordered, ordered[FLOOR_LISTINGS - 1 :], strict=False)
    return next((lowest for lowest, third in ranges if third <= lowest * NEAR_FLOOR), None)


def is_thin(get_in: Decimal | None, floor: Decimal | None) -> bool:
    """Whether a get-in price stands alone: below the floor of the same listings, or where these have none."""
    return get_in is not None and (floor is None or get_in < floor)


def quantile(ordered: Sequence[Decimal], part: Fraction) -> Decimal:
    """The price below which `part` of the ascending prices lies, by linear interpolation, rounded half up to cents."""
    place = part * (len(ordered) - 1)
    below, share = int(place), place - int(place)
    above = ordered[min(below + 1, len(ordered) - 1)]
    distance = (above - ordered[below]) * share.numerator / share.denominator
    return to_cents(ordered[below] + distance)


def hourly_prices(
    captures: Sequence[tuple[datetime, Sequence[PricedListing]]],
) -> dict[tuple[str, str, str], HourlyPrice]:
    """Aggregate the trusted captures of one event's hour, in order: (zone, currency, fee basis) → its row."""
    own: dict[tuple[str, str, str], list[list[PricedListing]]] = {}
    for number, (_, listings) in enumerate(captures):
        for listing in listings:
            for zone in _zones_of(listing):
                key = (zone, listing.currency, listing.fee_basis)
                own.setdefault(key, [[] for _ in captures])[number].append(listing)
    return {key: _aggregate(of_captures) for key, of_captures in own.items()}


def _zones_of(listing: PricedListing) -> tuple[str, ...]:
    return (listing.zone,) if listing.zone == GROUNDS else (listing.zone, WHOLE_EVENT)


def _aggregate(own: Sequence[Sequence[PricedListing]]) -> HourlyPrice:
    """The row of one zone, currency and fee basis; `own` are its listings in each capture."""
    prices = sorted(listing.price for listings in own for listing in listings)
    get_ins = [price for listings in own if (price := get_in_price(listings)) is not None]
    floors = [floor_price(listing.price for listing in listings) for listings in own]
    known_floors = [floor for floor in floors if floor is not None]
    tickets = [sum(listing.quantity for listing in listings) for listings in own]
    return HourlyPrice(
        snapshots=len(own),
        listings=len(own[-1]),
        min_listings=min(map(len, own)),
        mean_listings=Decimal(len(prices)) / len(own),
        max_listings=max(map(len, own)),
        tickets=tickets[-1],
        min_tickets=min(tickets),
        mean_tickets=Decimal(sum(tickets)) / len(tickets),
        max_tickets=max(tickets),
        sum_tickets=sum(tickets),
        observations=len(prices),
        sum_price=sum(prices, Decimal()),
        floor_price=floors[-1],
        low_floor_price=min(known_floors, default=None),
        high_floor_price=max(known_floors, default=None),
        open_price=get_ins[0] if get_ins else None,
        high_price=max(get_ins, default=None),
        low_price=min(get_ins, default=None),
        close_price=get_ins[-1] if get_ins else None,
        min_price=prices[0],
        p25_price=quantile(prices, Fraction(1, 4)),
        median_price=quantile(prices, Fraction(1, 2)),
        p75_price=quantile(prices, Fraction(3, 4)),
        mean_price=to_cents(sum(prices, Decimal()) / len(prices)),
        max_price=prices[-1],
        get_in_prices=get_in_prices(own[-1]),
    )


def to_cents(amount: Decimal) -> Decimal:
    """Round half up to cents, as the database's numeric(12, 2) does."""
    return amount.quantize(CENT, ROUND_HALF_UP)
