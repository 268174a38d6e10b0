"""Where an event's prices and inventory are heading: series of one value over time, each with its trend.

Series come from `price_history`; the arithmetic of a trend is in `market.trends`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.market.trends import Trend, measure_trend
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, Window, fetch_buckets, price_history
from ticket_pipeline.storage.prices import HOUR, Span

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

Measure = Literal["floor", "get_in", "median"]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One value of a series.

    Attributes:
        at: where its hour or day begins, aware UTC.
        value: as of its last hour with a trusted capture; None: no data, or no such price. Never interpolated.
        snapshots: trusted captures; so suspects (left out) and failed attempts.
    """

    at: datetime
    value: Decimal | None
    snapshots: int
    suspect_snapshots: int
    failed_attempts: int


@dataclass(frozen=True, slots=True)
class LevelBreak:
    """Where prices change their currency or fee basis: what comes after is no continuation of what was before.

    Attributes:
        at: the first hour or day with the new level, aware UTC.
    """

    at: datetime
    from_currency: str
    from_fee_basis: str
    to_currency: str
    to_fee_basis: str


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """One price over time, per ticket, in one currency and fee basis.

    Attributes:
        currency: ISO 4217; None where no listing was ever seen; so `fee_basis`.
        measure: `floor`, `get_in 2` (for two together), `median`.
        points: in order of time, without gaps; gaps are points without a value.
        trend: None for fewer than two values.
        level_breaks: of this marketplace and zone, in order of time; each separates two series.
        hours_covered: hours with a trusted capture, of `hours` from the first point to the end of the window.
    """

    marketplace: str
    zone: str
    currency: str | None
    fee_basis: str | None
    measure: str
    points: Sequence[TrendPoint]
    trend: Trend | None
    level_breaks: Sequence[LevelBreak]
    hours_covered: int
    hours: int


@dataclass(frozen=True, slots=True)
class TicketPoint:
    """What is for sale at one time, of all currencies and fee bases.

    Attributes:
        tickets: as of the last hour with a trusted capture; 0: an empty market; None: no data. So `listings`.
        availability_rate: tickets by the capacity of the venue; None where that is not known, and for a zone.
        snapshots: trusted captures; so suspects (left out) and failed attempts.
    """

    at: datetime
    tickets: int | None
    listings: int | None
    availability_rate: Decimal | None
    snapshots: int
    suspect_snapshots: int
    failed_attempts: int


@dataclass(frozen=True, slots=True)
class TicketSeries:
    """Tickets and listings of one marketplace over time.

    Attributes:
        capacity: of the venue; None: not known.
        trend: of `tickets`.
        hours_covered: hours with a trusted capture, of `hours` from the first point to the end of the window.
    """

    marketplace: str
    zone: str
    capacity: int | None
    points: Sequence[TicketPoint]
    trend: Trend | None
    hours_covered: int
    hours: int


def price_trend(  # noqa: PLR0913 - the question in full
    database: Database,
    event_id: int,
    *,
    span: Span,
    timezone: str,
    marketplace: str | None = None,
    zone: str = "*",
    by: timedelta = HOUR,
    measure: Measure = "floor",
    together: int = 1,
) -> list[TrendSeries]:
    """One price over time and its trend, a series per marketplace, currency and fee basis.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        span: the window, of whole hours.
        timezone: the venue's; days are its own.
        marketplace: one of them; None: all.
        zone: `*` is the whole event.
        by: HOUR, DAY, or any number of whole hours.
        measure: `floor`, `median`, or `get_in`: the lowest price that buys `together` tickets, 1 to 8.
        together: for `get_in`.
    """
    if not 1 <= together <= MOST_TOGETHER:
        raise ValueError(f"Get-in prices are kept for 1 to {MOST_TOGETHER} tickets together, not for {together}")
    history = price_history(
        database, event_id, span=span, bucket=by, timezone=timezone, marketplace=marketplace, zone=zone
    )
    breaks = {name: find_level_breaks(list(group)) for name, group in groupby(history, key=attrgetter("marketplace"))}
    found = []
    for one in history:
        points = [_point(bucket, measure, together) for bucket in one.buckets]
        values = [(point.at, point.value) for point in points if point.value is not None]
        found.append(
            TrendSeries(
                marketplace=one.marketplace,
                zone=zone,
                currency=one.currency,
                fee_basis=one.fee_basis,
                measure=f"get_in {together}" if measure == "get_in" else measure,
                points=points,
                trend=measure_trend(values),
                level_breaks=breaks[one.marketplace],
                hours_covered=sum(bucket.hours_covered for bucket in one.buckets),
                hours=_hours(points, span, by, timezone),
            )
        )
    return found


def group_price_trend(
    database: Database,
    event_id: int,
    *,
    together: int,
    span: Span,
    timezone: str,
    marketplace: str | None = None,
    zone: str = "*",
    by: timedelta = HOUR,
) -> list[TrendSeries]:
    """The lowest price that buys `together` tickets (1 to 8) over time, and its trend; see `price_trend`."""
    return price_trend(
        database,
        event_id,
        span=span,
        timezone=timezone,
        marketplace=marketplace,
        zone=zone,
        by=by,
        measure="get_in",
        together=together,
    )


def ticket_count_trend(
    database: Database,
    event_id: int,
    *,
    span: Span,
    timezone: str,
    marketplace: str | None = None,
    zone: str = "*",
    by: timedelta = HOUR,
) -> list[TicketSeries]:
    """Tickets, listings and availability over time, and the trend of tickets, a series per marketplace.

    Counts are of all currencies and fee bases, so that no level break parts them. Arguments as of `price_trend`.
    """
    window = Window(event_id, span, by, timezone, marketplace, zone)
    found = []
    for name, group in groupby(
        fetch_buckets(database, "queries/select_ticket_counts", window), key=itemgetter("marketplace")
    ):
        rows = list(group)
        points = [TicketPoint(**{attribute: row[attribute] for attribute in TicketPoint.__slots__}) for row in rows]
        counts = [(point.at, Decimal(point.tickets)) for point in points if point.tickets is not None]
        found.append(
            TicketSeries(
                marketplace=name,
                zone=zone,
                capacity=rows[0]["capacity"],
                points=points,
                trend=measure_trend(counts),
                hours_covered=sum(row["hours_covered"] for row in rows),
                hours=_hours(points, span, by, timezone),
            )
        )
    return found


def find_level_breaks(history: Sequence[PriceSeries]) -> list[LevelBreak]:
    """Where a series of one marketplace follows another that has ended, of the same currency if there is one."""
    priced = [
        (series, prices[0], prices[-1])
        for series in history
        if (prices := [bucket.bucket_at for bucket in series.buckets if bucket.min_price is not None])
    ]
    breaks = []
    for after, first_at, last_at in priced:
        ended = [
            (before.currency == after.currency, ended_at, before)
            for before, _, ended_at in priced
            if ended_at <= first_at and ended_at < last_at
        ]
        if ended:
            _, _, before = max(ended, key=itemgetter(0, 1))
            keys = (before.currency, before.fee_basis, after.currency, after.fee_basis)
            breaks.append(LevelBreak(first_at, *map(str, keys)))
    return sorted(breaks, key=attrgetter("at"))


def _point(bucket: PriceBucket, measure: Measure, together: int) -> TrendPoint:
    value = bucket.get_in_prices[together - 1] if measure == "get_in" else getattr(bucket, f"{measure}_price")
    return TrendPoint(bucket.bucket_at, value, bucket.snapshots, bucket.suspect_snapshots, bucket.failed_attempts)


def _hours(points: Sequence[TrendPoint] | Sequence[TicketPoint], span: Span, by: timedelta, timezone: str) -> int:
    """The hours of the window from the first point to the end of the last one."""
    last = points[-1].at
    # On the venue's clock, where some days have 23 or 25 hours.
    end = last + by if by <= HOUR else (last.astimezone(ZoneInfo(timezone)) + by).astimezone(UTC)
    return (min(end, span.end) - max(points[0].at, span.start)) // HOUR
