"""Prices of an event over time and by zone, from the hourly prices; gaps are visible, currencies are never mixed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.queries.bounds import check_bucket
from ticket_pipeline.storage.archive import Month, find_archived_months
from ticket_pipeline.storage.prices import HOUR, Span, hour_start
from ticket_pipeline.storage.recomputation import recompute_parts

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

_QUARTER = timedelta(minutes=15)
"""Every clock of the world is a multiple of it beside UTC."""

_FIRST_MONDAY = datetime(2000, 1, 3)  # noqa: DTZ001 - of the venue's clock; where the statement's buckets begin, too


@dataclass(frozen=True, slots=True)
class PriceBucket:
    """Prices of one span of time, per ticket; a bucket without a capture has `snapshots` 0 and no price.

    Attributes:
        listings: of the last trusted capture; so tickets, `floor_price` and `get_in_prices` (for 1 to 8 together). 0
            where it had none of this series; None without a trusted capture.
        snapshots: trusted captures of the marketplace; so suspects and failed attempts.
        hours_covered: hours with a trusted capture; one that lies in two buckets counts in the first that has one.
        low_floor_price: over the bucket; so high.
        get_ins_are_thin: which of the get-in prices stand alone: below the floor, or where there is none.
        open_price: of the get-in price for one ticket, over the bucket; so high, low and close.
        mean_price: of all listings of the bucket; so min and max.
        median_price: of all listings of its last hour with a capture; so the quartiles.
    """

    bucket_at: datetime
    listings: int | None = None
    tickets: int | None = None
    snapshots: int = 0
    suspect_snapshots: int = 0
    failed_attempts: int = 0
    hours_covered: int = 0
    floor_price: Decimal | None = None
    low_floor_price: Decimal | None = None
    high_floor_price: Decimal | None = None
    get_in_prices: Sequence[Decimal | None] = (None,) * MOST_TOGETHER
    get_ins_are_thin: Sequence[bool] = (False,) * MOST_TOGETHER
    open_price: Decimal | None = None
    high_price: Decimal | None = None
    low_price: Decimal | None = None
    close_price: Decimal | None = None
    min_price: Decimal | None = None
    p25_price: Decimal | None = None
    median_price: Decimal | None = None
    p75_price: Decimal | None = None
    mean_price: Decimal | None = None
    max_price: Decimal | None = None

    @property
    def is_gap(self) -> bool:
        """Whether no attempt was made in it."""
        return not (self.snapshots or self.suspect_snapshots or self.failed_attempts)


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prices over time that can be compared with each other.

    Attributes:
        marketplace: whose; marketplaces are never added up.
        currency: ISO 4217; None where no listing was ever seen; so `fee_basis`.
        buckets: in order of time, without gaps, from the first price of the series to its last, and on until another
            series begins; the first series begins with the first attempt.
    """

    marketplace: str
    currency: str | None
    fee_basis: str | None
    buckets: Sequence[PriceBucket]


@dataclass(frozen=True, slots=True)
class ZonePrices:
    """One zone (`*`: the whole event) in the last hour of a span that has a trusted capture, prices per ticket.

    Attributes:
        listings: in the last capture of that hour; so tickets, `floor_price` and `get_in_prices` (for 1 to 8 together).
        before_floor_price: the floor as long before the last capture as the span is, and at most a day longer, as of
            `before_at`; None: there was none.
        get_ins_are_thin: which of the get-in prices stand alone: below the floor, or where there is none.
        median_price: of all listings of that hour; so the quartiles.
    """

    marketplace: str
    zone: str
    currency: str
    fee_basis: str
    listings: int
    tickets: int
    floor_price: Decimal | None
    before_at: datetime | None
    before_floor_price: Decimal | None
    get_in_prices: Sequence[Decimal | None]
    get_ins_are_thin: Sequence[bool]
    p25_price: Decimal | None
    median_price: Decimal | None
    p75_price: Decimal | None
    last_hour_at: datetime


def price_history(
    database: Database,
    event_id: int,
    *,
    span: Span,
    bucket: timedelta,
    timezone: str,
    marketplace: str | None = None,
    zone: str = "*",
) -> list[PriceSeries]:
    """Prices over time, one series per marketplace, currency and fee basis; gaps are filled up to the event's start.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        span: of whole hours.
        bucket: of whole hours; aligned on the venue's clock.
        timezone: the venue's.
        marketplace: one of them; None: all.
        zone: `*` is the whole event.
    """
    window = Window(event_id, span, bucket, timezone, marketplace, zone)
    rows = fetch_buckets(database, "queries/select_price_history", window)
    return [
        PriceSeries(
            marketplace=name,
            currency=currency,
            fee_basis=fee_basis,
            buckets=[PriceBucket(*map(row.__getitem__, PriceBucket.__slots__)) for row in group],
        )
        for (name, currency, fee_basis), group in groupby(rows, key=itemgetter("marketplace", "currency", "fee_basis"))
    ]


def section_prices(
    database: Database, event_id: int, *, span: Span, marketplace: str | None = None
) -> list[ZonePrices]:
    """Prices and inventory by zone over a span, the whole event (zone `*`) first, then the cheapest.

    Without a marketplace those of all, one marketplace after the other. A zone that never had a listing in the span,
    such as that of failed attempts alone, is left out.
    """
    rows = database.fetch_all(
        "queries/select_section_prices",
        event_id=event_id,
        marketplace=marketplace,
        starts_from=span.start,
        starts_until=span.end,
    )
    return [ZonePrices(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Window:
    """Which buckets are asked for; see `price_history`."""

    event_id: int
    span: Span
    bucket: timedelta
    timezone: str
    marketplace: str | None = None
    zone: str = "*"


def fetch_buckets(database: Database, name: str, window: Window, **further: object) -> list[Row]:
    """The rows of a statement of `sql/` over buckets."""
    check_bucket(window.bucket)
    return database.fetch_all(
        name,
        event_id=window.event_id,
        marketplace=window.marketplace,
        zone=window.zone,
        starts_from=window.span.start,
        starts_until=window.span.end,
        bucket=window.bucket,
        timezone=window.timezone,
        **_split_hours(database, window),
        **further,
    )


def _split_hours(database: Database, window: Window) -> dict[str, Any]:
    """The stored hours that a bucket begins within, and what of them lies in which bucket.

    Hours are of UTC. Where a venue's clock is 30 or 45 minutes beside it, its midnight lies inside one. An hour whose
    captures all lie in one part is that part; any other is computed from its captures. In an archived month it counts
    whole where its last capture lies.
    """
    parts = {} if window.bucket <= HOUR else dict(_parts_of_split_hours(window))
    asked = {"event_id": window.event_id, "marketplace": window.marketplace, "zone": window.zone}
    stored = database.fetch_all("queries/select_hours", **asked, hours=list(parts)) if parts else []
    archived = find_archived_months(database, window.span.start, window.span.end + HOUR) if stored else []
    rows: list[Row] = []
    for (hour_at, marketplace), group in groupby(stored, key=itemgetter("hour_at", "marketplace")):
        own = list(group)
        part = _only_part(own[0], parts[hour_at])
        if part is None and Month.of(hour_at.astimezone(UTC)) in archived:
            part = _last_part(own[0], parts[hour_at])
        rows += (
            [row | {"hour_at": part.start} for row in own]
            if part
            else recompute_parts(database, window.event_id, marketplace, parts[hour_at])
        )
    return {"split_hours": list(parts), "parts": Jsonb(rows, dumps=partial(json.dumps, default=str))}


def _only_part(hour: Row, parts: Sequence[Span]) -> Span | None:
    """The part in which all attempts of an hour lie; None where they lie in several, or it does not tell."""
    if hour["suspect_snapshots"] or hour["failed_attempts"]:
        return None
    first, last = hour["first_captured_at"], hour["last_captured_at"]
    return next((part for part in parts if part.start <= first and last < part.end), None)


def _last_part(hour: Row, parts: Sequence[Span]) -> Span:
    """The part in which the last trusted capture of an hour lies; the first where there is none."""
    last = hour["last_captured_at"]
    return next((part for part in parts if last is not None and part.start <= last < part.end), parts[0])


def _parts_of_split_hours(window: Window) -> Iterator[tuple[datetime, list[Span]]]:
    """Each hour whose quarters lie in different buckets, and its parts in quarters of an hour."""
    zone = ZoneInfo(window.timezone)

    def bucket_of(moment: datetime) -> int:
        return (moment.astimezone(zone).replace(tzinfo=None) - _FIRST_MONDAY) // window.bucket

    numbers = range(bucket_of(window.span.start), bucket_of(window.span.end) + 2)
    starts = [_FIRST_MONDAY + number * window.bucket for number in numbers]
    # Both readings of a time that the clock shows twice, or never.
    moments = {start.replace(tzinfo=zone, fold=fold).astimezone(UTC) for start in starts for fold in (0, 1)}
    for hour in sorted({hour_start(moment) for moment in moments if moment != hour_start(moment)}):
        quarters = [hour + n * _QUARTER for n in range(4)]
        together = [list(group) for _, group in groupby(quarters, key=bucket_of)]
        if len(together) > 1 and window.span.start <= hour < window.span.end:
            yield hour, [Span(group[0], group[-1] + _QUARTER) for group in together]
