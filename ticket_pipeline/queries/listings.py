"""What is for sale now: the newest capture of an event, its floor, its depth and its get-in price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.hours import GROUNDS, NEAR_FLOOR, PricedListing, floor_price, get_in_price, zone_of

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of a capture. Money is in major units of `currency` per ticket; None: not known.

    Attributes:
        splits: quantities that can be bought; None: any up to `quantity`.
        price: the all-in price where it is known, else the ask; `fee_basis` names which.
    """

    listing_id: str
    section: str | None
    row: str | None
    zone: str | None
    quantity: int
    splits: Sequence[int] | None
    ask_price: Decimal | None
    all_in_price: Decimal | None
    net_proceeds: Decimal | None
    price: Decimal
    fee_basis: str
    currency: str
    is_general_admission: bool
    is_speculative: bool
    admission: str

    @property
    def priced(self) -> PricedListing:
        """The listing as `market.hours` takes it."""
        splits = None if self.splits is None else tuple(self.splits)
        zone = zone_of(self.zone, self.section, self.admission)
        return PricedListing(zone, self.currency, self.fee_basis, self.quantity, self.price, splits)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One capture of an event at a marketplace; received = accepted + rejected, counted in listings.

    Attributes:
        currency: None where the listings have several, or there are none; so `fee_basis`.
        is_suspect: far fewer listings than before, or not the announced totals; and not yet confirmed by another one.
        checksum_problems: where the totals that the marketplace announces disagree with its listings.
        unknown_fields: why fields of listings are unknown: reason → how many.
        set_aside: rejected only because they are no seats.
    """

    marketplace: str
    captured_at: datetime
    external_id: str
    received: int
    accepted: int
    rejected: int
    tickets: int
    currency: str | None
    fee_basis: str | None
    is_suspect: bool
    checksum_problems: Sequence[str] | None
    unknown_fields: dict[str, int]
    set_aside: int

    @property
    def is_unreadable(self) -> bool:
        """Whether listings came and none of them could be used, not even as what is no seat."""
        return self.accepted + self.set_aside == 0 and self.received > 0


@dataclass(frozen=True, slots=True)
class UnreadableCapture:
    """A capture of which no listing could be used; `reasons`: why → how many, the most frequent first."""

    captured_at: datetime
    received: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class LatestListings:
    """The newest capture that could be read, and the listings of it that were asked for.

    Attributes:
        snapshot: the newest; where nothing of that could be read the last trusted one, if any.
        listings: cheapest first.
        floor_price: of these listings; None where there is none, or where prices of several currencies or fee bases
            cannot be compared.
        listings_near_floor: within 15 % of the floor.
        get_in_price: the lowest price of those that sell the quantity; None as for the floor.
        unreadable: the newest capture, where nothing of it could be read.
        future_captures: those dated later than now, by a clock that was set back since.
    """

    snapshot: Snapshot
    listings: Sequence[Listing]
    floor_price: Decimal | None = None
    listings_near_floor: int | None = None
    get_in_price: Decimal | None = None
    unreadable: UnreadableCapture | None = None
    future_captures: Sequence[datetime] = ()


def read_latest_listings(
    database: Database,
    event_id: int,
    marketplace: str,
    *,
    this_moment: datetime,
    zone: str | None = None,
    quantity: int | None = None,
) -> LatestListings | None:
    """The newest capture of an event, or the last trusted one where nothing of it could be read; None: there is none.

    Only listings of `zone` (or section where there are no zones, in any case) that can sell `quantity` together.
    """
    source = {"event_id": event_id, "marketplace": marketplace}
    newest = {**source, "this_moment": this_moment}
    row = database.fetch_one("queries/select_latest_snapshot", **newest, trusted_only=False)
    if row is None:
        return None
    snapshot, unreadable = Snapshot(**row), None
    if snapshot.is_unreadable:
        at = snapshot.captured_at
        reasons = database.fetch_all("queries/select_rejected_reasons", **source, captured_at=at)
        unreadable = UnreadableCapture(at, snapshot.received, {row["reason"]: row["listings"] for row in reasons})
        trusted = database.fetch_one("queries/select_latest_snapshot", **newest, trusted_only=True)
        snapshot = snapshot if trusted is None else Snapshot(**trusted)
    span = {"captured_from": snapshot.captured_at, "captured_until": snapshot.captured_at}
    rows = database.fetch_all("snapshots/select_listings", **source, **span)
    listings = [Listing(**{name: row[name] for name in Listing.__slots__}) for row in rows]
    chosen = [listing for listing in listings if _is_wanted(listing.priced, zone, quantity)]
    priced = [listing.priced for listing in chosen]
    seats = priced if zone else [listing for listing in priced if listing.zone != GROUNDS]
    later = database.fetch_all("queries/select_later_captures", **newest)
    future = [one["captured_at"] for one in later]
    return LatestListings(
        snapshot, chosen, unreadable=unreadable, future_captures=future, **_summarise(seats, quantity or 1)
    )


def _is_wanted(listing: PricedListing, zone: str | None, quantity: int | None) -> bool:
    is_in_zone = zone is None or listing.zone.casefold() == zone.strip().casefold()
    return is_in_zone and (quantity is None or listing.can_sell(quantity))


def _summarise(listings: Sequence[PricedListing], together: int) -> dict[str, Any]:
    if len({(listing.currency, listing.fee_basis) for listing in listings}) != 1:
        return {}
    prices = [listing.price for listing in listings]
    floor = floor_price(prices)
    return {
        "floor_price": floor,
        "listings_near_floor": floor and sum(floor <= price <= floor * NEAR_FLOOR for price in prices),
        "get_in_price": get_in_price(listings, together),
    }
