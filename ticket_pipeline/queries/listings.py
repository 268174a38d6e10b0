"""What is for sale now: the newest capture of an event, its get-in price and how many listings are near it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.hours import PricedListing, get_in_price, zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ticket_pipeline.storage.database import Database

NEAR_GET_IN = Decimal("1.15")
"""Depth counts the listings within 15 % of the get-in price: one cheap listing alone is not a market."""


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

    @property
    def priced(self) -> PricedListing:
        """The listing as `market.hours` takes it."""
        splits = None if self.splits is None else tuple(self.splits)
        zone = zone_of(self.zone, self.section)
        return PricedListing(zone, self.currency, self.fee_basis, self.quantity, self.price, splits)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One capture of an event at a marketplace; received = accepted + rejected, counted in listings.

    Attributes:
        currency: None where the listings have several, or there are none; so `fee_basis`.
        is_suspect: far fewer listings than before, and not yet confirmed by another capture.
        checksum_problems: where the totals that the marketplace announces disagree with its listings.
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


@dataclass(frozen=True, slots=True)
class LatestListings:
    """The newest capture, and the listings of it that were asked for.

    Attributes:
        listings: cheapest first.
        get_in_price: the lowest price of those that sell the quantity; None where there is none, or where prices of
            several currencies or fee bases cannot be compared.
    """

    snapshot: Snapshot
    listings: Sequence[Listing]
    get_in_price: Decimal | None
    listings_near_get_in: int | None


def read_latest_listings(
    database: Database, event_id: int, marketplace: str, *, zone: str | None = None, quantity: int | None = None
) -> LatestListings | None:
    """The newest capture of an event; None where there is none yet.

    Only listings of `zone` (or section where there are no zones, in any case) that can sell `quantity` together.
    """
    source = {"event_id": event_id, "marketplace": marketplace}
    row = database.fetch_one("queries/select_latest_snapshot", **source)
    if row is None:
        return None
    snapshot = Snapshot(**row)
    span = {"captured_from": snapshot.captured_at, "captured_until": snapshot.captured_at}
    rows = database.fetch_all("snapshots/select_listings", **source, **span)
    listings = [Listing(**{name: row[name] for name in Listing.__slots__}) for row in rows]
    chosen = [listing for listing in listings if _is_wanted(listing.priced, zone, quantity)]
    return LatestListings(snapshot, chosen, *_get_in(chosen, quantity or 1))


def _is_wanted(listing: PricedListing, zone: str | None, quantity: int | None) -> bool:
    is_in_zone = zone is None or listing.zone.casefold() == zone.strip().casefold()
    return is_in_zone and (quantity is None or listing.can_sell(quantity))


def _get_in(listings: Sequence[Listing], together: int) -> tuple[Decimal | None, int | None]:
    priced = [listing.priced for listing in listings if listing.priced.can_sell(together)]
    lowest = get_in_price(priced, together)
    if lowest is None or len({(listing.currency, listing.fee_basis) for listing in listings}) != 1:
        return None, None
    return lowest, sum(listing.price <= lowest * NEAR_GET_IN for listing in priced)
