"""Where an event's prices and inventory are heading: series of one value over time, each with its trend.

Series come from functions of the schema; the arithmetic of a trend is in `market.trends`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import ZoneInfo

from ticket_pipeline.market.trends import Trend, measure_trend
from ticket_pipeline.queries.bounds import check_together
from ticket_pipeline.queries.prices import Window, fetch_buckets
from ticket_pipeline.storage.prices import HOUR, Span

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

Measure = Literal["floor", "get_in", "median"]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One value of a series.

    Attributes:
        at: where its hour or day begins, aware UTC.
        value: as of its last hour with a trusted capture; None: no data, or no such price. Never interpolated.
        is_thin: whether it is a get-in price that stands alone: below the floor, or where there is none.
        snapshots: trusted captures; so suspects (left out) and failed attempts.
    """

    at: datetime
    value: Decimal | None
    is_thin: bool
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
    check_together(together)
    if measure not in get_args(Measure):
        raise ValueError(f"{measure!r} is no measure: give {', '.join(get_args(Measure))}")
    window = Window(event_id, span, by, timezone, marketplace, zone)
    rows = fetch_buckets(database, "queries/select_price_trend", window, measure=measure, together=together)
    name = f"get_in {together}" if measure == "get_in" else measure
    return [
        series
        for _, group in groupby(rows, key=itemgetter("marketplace"))
        for series in _series_of(list(group), window, name)
    ]


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
        points = [TicketPoint(*map(row.__getitem__, TicketPoint.__slots__)) for row in rows]
        counts = [(point.at, Decimal(point.tickets)) for point in points if point.tickets is not None]
        found.append(
            TicketSeries(
                marketplace=name,
                zone=zone,
                capacity=rows[0]["capacity"],
                points=points,
                trend=measure_trend(counts),
                hours_covered=sum(row["hours_covered"] for row in rows),
                hours=_hours(points, window),
            )
        )
    return found


def _series_of(rows: Sequence[Row], window: Window, measure: str) -> Iterator[TrendSeries]:
    """The series of one marketplace, from its rows by series and time."""
    series = {key: list(group) for key, group in groupby(rows, key=itemgetter("currency", "fee_basis"))}
    breaks = _level_breaks(series)
    for (currency, fee_basis), own in series.items():
        points = [TrendPoint(*map(row.__getitem__, TrendPoint.__slots__)) for row in own]
        yield TrendSeries(
            marketplace=own[0]["marketplace"],
            zone=window.zone,
            currency=currency,
            fee_basis=fee_basis,
            measure=measure,
            points=points,
            trend=measure_trend([(point.at, point.value) for point in points if point.value is not None]),
            level_breaks=breaks,
            hours_covered=sum(row["hours_covered"] for row in own),
            hours=_hours(points, window),
        )


def _level_breaks(series: Mapping[tuple[str, str], Sequence[Row]]) -> list[LevelBreak]:
    """Where a series follows another that has ended, of the same currency if there is one."""
    priced = {
        key: (prices[0], prices[-1])
        for key, rows in series.items()
        if (prices := [row["at"] for row in rows if row["has_prices"]])
    }
    breaks = []
    for key, (first_at, last_at) in priced.items():
        ended = [
            (before[0] == key[0], ended_at, before)
            for before, (_, ended_at) in priced.items()
            if ended_at <= first_at and ended_at < last_at
        ]
        if ended:
            breaks.append(LevelBreak(first_at, *max(ended)[2], *key))
    return sorted(breaks, key=attrgetter("at"))


def _hours(points: Sequence[TrendPoint] | Sequence[TicketPoint], window: Window) -> int:
    """The hours of the window from the first point to the end of the last one."""
    last, by = points[-1].at, window.bucket
    # On the venue's clock, where some days have 23 or 25 hours.
    end = last + by if by <= HOUR else (last.astimezone(ZoneInfo(window.timezone)) + by).astimezone(UTC)
    return (min(end, window.span.end) - max(points[0].at, window.span.start)) // HOUR
