"""The newest captures, of one event or of all: what was seen, and which run saw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.bounds import check_together

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class RecentCapture:
    """One capture in one currency and fee basis; prices per ticket, of seats.

    Attributes:
        listings: accepted, as `tickets` in all currencies together; `rejected` are no market prices.
        currency: None: it has no seats, and so no prices.
        is_thin: whether the get-in price stands alone: below the floor, or where there is none.
        run_id: of Dagster; None: no run made it.
    """

    event_id: int
    name: str
    marketplace: Marketplace
    captured_at: datetime
    listings: int
    rejected: int
    tickets: int
    is_suspect: bool
    currency: str | None
    fee_basis: str | None
    floor_price: Decimal | None
    get_in_price: Decimal | None
    is_thin: bool
    median_price: Decimal | None
    run_id: str | None


def recent_captures(
    database: Database,
    *,
    since: datetime,
    this_moment: datetime,
    event_id: int | None = None,
    marketplace: str | None = None,
    zone: str = "*",
    together: int = 1,
    most: int = 50,
) -> list[RecentCapture]:
    """At most so many captures after `since` and up to `this_moment` (aware UTC), newest first.

    Prices are of a zone, where it is named: so are listings and tickets; get-in prices are for `together`, 1 to 8.
    """
    check_together(together)
    rows = database.fetch_all(
        "queries/select_recent_captures",
        since=since,
        this_moment=this_moment,
        event_id=event_id,
        marketplace=marketplace,
        zone=zone,
        together=together,
        most=most,
    )
    return [RecentCapture(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]
