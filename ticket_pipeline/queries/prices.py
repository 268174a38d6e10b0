"""Prices of an event over time and by zone, from the hourly prices; gaps are visible, currencies are never mixed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline.storage.database import as_query
from ticket_pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from ticket_pipeline.storage.database import Database, Row
    from ticket_pipeline.storage.prices import Span

_NO_CURRENCY = "XXX"
"""The stored currency where nothing but failures was ever seen."""


@dataclass(frozen=True, slots=True)
class PriceBucket:
    """Prices of one span of time, per ticket; a bucket without a capture has `snapshots` 0 and no price.

    Attributes:
        listings: of the last trusted capture; so `tickets`.
        hours_covered: hours with a trusted capture.
        open_price: of the get-in price for one ticket; so high, low and close.
        mean_price: of all listings; so min and max.
        get_in_2_price: the lowest for two together in the bucket; so for four.
    """

    bucket_at: datetime
    listings: int | None = None
    tickets: int | None = None
    snapshots: int = 0
    suspect_snapshots: int = 0
    failed_attempts: int = 0
    hours_covered: int = 0
    open_price: Decimal | None = None
    high_price: Decimal | None = None
    low_price: Decimal | None = None
    close_price: Decimal | None = None
    min_price: Decimal | None = None
    mean_price: Decimal | None = None
    max_price: Decimal | None = None
    get_in_2_price: Decimal | None = None
    get_in_4_price: Decimal | None = None

    @property
    def is_gap(self) -> bool:
        """Whether no attempt was made in it."""
        return not (self.snapshots or self.suspect_snapshots or self.failed_attempts)


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prices over time that can be compared with each other.

    Attributes:
        currency: ISO 4217; None where no listing was ever seen; so `fee_basis`.
        buckets: in order of time, without gaps.
    """

    currency: str | None
    fee_basis: str | None
    buckets: Sequence[PriceBucket]


@dataclass(frozen=True, slots=True)
class ZonePrices:
    """One zone (`*`: the whole event) over a span of time, prices per ticket.

    Attributes:
        listings: in the last hour with a capture; so `tickets` and `get_in_price`.
        first_price: the get-in price when the zone was first seen in the span.
        min_price: of all the span; so mean and max, and the lowest for two and four together.
        peak_tickets: the most tickets seen at once.
    """

    zone: str
    currency: str
    fee_basis: str
    listings: int
    tickets: int
    get_in_price: Decimal | None
    first_price: Decimal | None
    min_price: Decimal
    mean_price: Decimal
    max_price: Decimal
    get_in_2_price: Decimal | None
    get_in_4_price: Decimal | None
    peak_tickets: int
    last_hour_at: datetime


def read_price_history(
    database: Database,
    event_id: int,
    marketplace: str,
    span: Span,
    *,
    bucket: timedelta,
    timezone: str,
    zone: str = "*",
    until: datetime | None = None,
) -> list[PriceSeries]:
    """Prices over time, one series per currency and fee basis.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        marketplace: where.
        span: of whole hours.
        bucket: an hour or longer; aligned on the venue's clock.
        timezone: the venue's.
        zone: `*` is the whole event.
        until: gaps are filled up to here; None: up to the end of the span. Data after it stays.
    """
    parameters = {
        "event_id": event_id,
        "marketplace": marketplace,
        "zone": zone,
        "starts_from": span.start,
        "starts_until": span.end,
        "bucket": bucket,
        "timezone": timezone,
    }
    with database.connection("read a price history") as connection:
        # Not prepared: a plan for any zone cannot use the index that holds the whole event alone, and a plan for any
        # span guesses a short one (400 days took 207 ms so, and 24 ms this way).
        query = as_query(statement("queries/select_price_history"))
        rows = connection.execute(query, parameters, prepare=False).fetchall()
    return arrange(rows, bucket=bucket, timezone=timezone, until=until or span.end)


def read_zone_prices(database: Database, event_id: int, marketplace: str, span: Span) -> list[ZonePrices]:
    """Prices and inventory by zone over a span, the whole event (zone `*`) first, then the cheapest.

    A zone that never had a listing in the span, such as that of failed attempts alone, is left out.
    """
    rows = database.fetch_all(
        "queries/select_zone_prices",
        event_id=event_id,
        marketplace=marketplace,
        starts_from=span.start,
        starts_until=span.end,
    )
    return [ZonePrices(**row) for row in rows if row["min_price"] is not None]


def arrange(rows: Sequence[Row], *, bucket: timedelta, timezone: str, until: datetime) -> list[PriceSeries]:
    """Part a history by currency and fee basis, and fill its gaps; see `read_price_history`."""
    by_key: dict[tuple[str, str], dict[datetime, PriceBucket]] = {}
    for row in rows:
        values = {each.name: row[each.name] for each in fields(PriceBucket)}
        by_key.setdefault((row["currency"], row["fee_basis"]), {})[row["bucket_at"]] = PriceBucket(**values)
    nameless: dict[datetime, PriceBucket] = {}
    for key in [key for key in by_key if key[0] == _NO_CURRENCY]:
        nameless |= by_key.pop(key)
    if not by_key:
        return [PriceSeries(None, None, _fill(nameless, bucket, timezone, until))] if nameless else []
    # Failures from before the first listing belong to the history too: to its first series.
    first = min(by_key)
    by_key[first] = _merge(by_key[first], nameless)
    return [PriceSeries(*key, _fill(by_key[key], bucket, timezone, until)) for key in sorted(by_key)]


def _merge(priced: dict[datetime, PriceBucket], nameless: dict[datetime, PriceBucket]) -> dict[datetime, PriceBucket]:
    return nameless | {
        moment: replace(
            one,
            suspect_snapshots=one.suspect_snapshots + other.suspect_snapshots,
            failed_attempts=one.failed_attempts + other.failed_attempts,
        )
        if (other := nameless.get(moment))
        else one
        for moment, one in priced.items()
    }


def _fill(buckets: dict[datetime, PriceBucket], bucket: timedelta, timezone: str, until: datetime) -> list[PriceBucket]:
    moments = {*buckets, *_starts(min(buckets), bucket, timezone, until)}
    return [buckets.get(moment) or PriceBucket(moment) for moment in sorted(moments)]


def _starts(first: datetime, bucket: timedelta, timezone: str, until: datetime) -> Iterator[datetime]:
    """The starts of all buckets from `first` on: even steps on the venue's clock, as the database bins them."""
    zone = ZoneInfo(timezone)
    local = first.astimezone(zone).replace(tzinfo=None)
    moment = first
    while moment < until:
        yield moment
        local += bucket
        # The database reads an hour that the clock shows twice as the later one, and one that it skips by the offset
        # before: of Python's two readings that is the later one, both times.
        moment = max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
