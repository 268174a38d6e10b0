"""Estimated sales of an event over time, and how much of what was for sale went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.bounds import check_bucket
from ticket_pipeline.storage.prices import DAY, Span

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class SalesBucket:
    """What was probably sold in one span of time: an estimate, never a count.

    Attributes:
        tickets: expected number of those listed on the marketplace that were sold, there or elsewhere; `low_tickets`
            and `high_tickets` are the ends of its 80 % interval.
        value: expected money at the last seen prices, in `currency`; None where currencies are mixed.
        hours_covered: of the bucket, between captures that could be compared.
        polling_interval: mean time between these captures: the longer, the wider the interval.
    """

    marketplace: Marketplace
    bucket_at: datetime
    tickets: Decimal
    low_tickets: Decimal
    high_tickets: Decimal
    value: Decimal | None
    currency: str | None
    hours_covered: Decimal
    polling_interval: timedelta


@dataclass(frozen=True, slots=True)
class SellThrough:
    """How much of what was for sale in a span was probably sold: sold / (sold + still listed at its end).

    Attributes:
        share: expected; `low_share` and `high_share` are of the 80 % interval. None: nothing was for sale.
        sold: the estimate over the whole span.
        still_listed: tickets in the last trusted capture of the span; None: there is none.
    """

    marketplace: Marketplace
    share: Decimal | None
    low_share: Decimal | None
    high_share: Decimal | None
    sold: SalesBucket
    still_listed: int | None


def estimated_sales(
    database: Database,
    event_id: int,
    *,
    span: Span,
    timezone: str,
    by: timedelta = DAY,
    marketplace: str | None = None,
    zone: str = "*",
) -> list[SalesBucket]:
    """Estimated sales by buckets of the venue's clock, oldest first per marketplace; a bucket without data is absent.

    A market's sales are those of tickets listed on it, wherever they are sold: never add up marketplaces. Hours are
    whole, also where a venue's clock is half an hour beside UTC.

    Args:
        database: where.
        event_id: whose.
        span: of whole hours.
        timezone: the venue's.
        by: the length of a bucket, at least an hour.
        marketplace: None: each that has any.
        zone: `*` is the whole event.
    """
    check_bucket(by)
    rows = database.fetch_all(
        "queries/select_estimated_sales",
        event_id=event_id,
        starts_from=span.start,
        starts_until=span.end,
        bucket=by,
        zone=zone,
        marketplace=marketplace,
        timezone=timezone,
    )
    return [SalesBucket(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]


def sell_through(
    database: Database,
    event_id: int,
    *,
    span: Span,
    marketplace: str | None = None,
    zone: str = "*",
) -> list[SellThrough]:
    """How much of what was for sale was probably sold over a span, one result per marketplace."""
    rows = database.fetch_all(
        "queries/select_sell_through",
        event_id=event_id,
        starts_from=span.start,
        starts_until=span.end,
        zone=zone,
        marketplace=marketplace,
    )
    found = []
    for row in rows:
        row |= {"marketplace": Marketplace(row["marketplace"]), "bucket_at": span.start}
        shares = {name: row.pop(name) for name in ("share", "low_share", "high_share", "still_listed")}
        found.append(SellThrough(row["marketplace"], **shares, sold=SalesBucket(**row)))
    return found
