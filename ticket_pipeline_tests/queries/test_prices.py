"""Prices over time and by zone as a reader sees them: the venue's own days, gaps visible, clocks changed or not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby, product
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from psycopg import Connection

from ticket_pipeline.market.events import Event
from ticket_pipeline.queries.prices import (
    PriceBucket,
    ZonePrices,
    price_history,
    section_prices,
)
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.stored import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Item,
    event_record,
    fail,
    items,
    store,
    watch,
    watch_one,
)

NEW_YORK = "America/New_York"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, hour


def history(database: Database, event: Event, span: Span, bucket: timedelta) -> list[PriceBucket]:
    """The buckets of the event's only series in New York that have data."""
    series = price_history(database, event.event_id, span=span, bucket=bucket, timezone=NEW_YORK)
    return [one for each in series for one in each.buckets if not one.is_gap]


def watch_every_hour(database: Database, span: Span) -> Event:
    """An event with one capture in each hour of the span, prices built."""
    event = watch_one(database)
    for moment in span.steps(HOUR):
        store(database, event, moment, items(1))
    rebuild_hourly(database, span)
    return event


@pytest.mark.parametrize(
    ("first_midnight", "hours"),
    [
        (utc(2026, 3, 8, 5), 23),  # clocks go forward at two in the night
        (utc(2026, 11, 1, 4), 25),  # and back
        (utc(2026, 6, 1, 4), 24),
    ],
)
def test_a_day_is_the_venues_own_also_when_clocks_change(
    database: Database, first_midnight: datetime, hours: int
) -> None:
    span = Span(first_midnight - HOUR, first_midnight + (hours + 1) * HOUR)
    event = watch_every_hour(database, span)
    buckets = [(one.bucket_at, one.hours_covered) for one in history(database, event, span, DAY)]
    before = first_midnight - HOUR - timedelta(hours=23)
    assert buckets == [(before, 1), (first_midnight, hours), (first_midnight + hours * HOUR, 1)]


def test_a_midnight_within_an_hour_of_utc_parts_it(database: Database) -> None:
    event = watch_one(database)
    store(database, event, utc(2026, 1, 20, 18, 20), [Item(price=100.0)])  # 23:50 in Mumbai
    store(database, event, utc(2026, 1, 20, 18, 40), [Item(price=200.0)])  # 0:10 on the next day
    span = Span(utc(2026, 1, 20), utc(2026, 1, 21))
    rebuild_hourly(database, span)
    (series,) = price_history(database, event.event_id, span=span, bucket=DAY, timezone="Asia/Kolkata")
    assert [(one.bucket_at, one.close_price) for one in series.buckets] == [
        (utc(2026, 1, 19, 18, 30), 100),
        (utc(2026, 1, 20, 18, 30), 200),
    ]


def test_every_zone_beside_the_hour_has_buckets_of_its_own_clock(database: Database) -> None:
    """In each of them and through the changes of clocks, what brute force over the captures says."""
    event = watch_one(database)
    spans = (Span(utc(2026, 3, 7, 12), utc(2026, 3, 9)), Span(utc(2026, 4, 4, 6), utc(2026, 4, 6)))
    captures = [(moment, n) for span in spans for n, moment in enumerate(span.steps(20 * MINUTE), 1)]
    for moment, n in captures:
        store(database, event, moment, [Item(price=float(n), quantity=n)])
    for span in spans:
        rebuild_hourly(database, span)
    zones = [name for name in sorted(available_timezones()) if not has_whole_hours(name)]
    assert len(zones) > 20
    for span, name, bucket in product(spans, zones, (2 * HOUR, 6 * HOUR, DAY)):
        (series,) = price_history(database, event.event_id, span=span, bucket=bucket, timezone=name)
        found = [
            (one.snapshots, one.open_price, one.close_price, one.tickets) for one in series.buckets if not one.is_gap
        ]
        own = [(moment, n) for moment, n in captures if span.start <= moment < span.end]
        grouped = groupby(own, key=lambda capture: local_bucket(capture[0], name, bucket))
        assert found == [
            (len(group), group[0][1], group[-1][1], group[-1][1]) for _, many in grouped for group in [list(many)]
        ], (name, bucket)


def has_whole_hours(name: str) -> bool:
    """Whether a zone was whole hours beside UTC in spring 2026."""
    return not any(utc(2026, month, 7).astimezone(ZoneInfo(name)).minute for month in (3, 4))


def local_bucket(moment: datetime, name: str, bucket: timedelta) -> int:
    """The number of the bucket on a zone's clock."""
    return (moment.astimezone(ZoneInfo(name)).replace(tzinfo=None) - datetime(2000, 1, 3)) // bucket  # noqa: DTZ001


def test_weeks_begin_on_monday_in_the_venues_time(database: Database) -> None:
    event = watch_one(database)
    for moment in (utc(2026, 3, 2, 4), utc(2026, 3, 2, 5)):  # Sunday 23:00 and Monday 0:00 in New York
        store(database, event, moment, items(1))
    span = Span(utc(2026, 2, 1), utc(2026, 4, 1))
    rebuild_hourly(database, Span(utc(2026, 3, 2), utc(2026, 3, 3)))
    assert [one.bucket_at for one in history(database, event, span, 7 * DAY)] == [
        utc(2026, 2, 23, 5),
        utc(2026, 3, 2, 5),
    ]


def test_a_bucket_holds_the_course_of_its_hours(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(listing_id="1", price=50.0), Item(listing_id="2", price=90.0, quantity=4)])
    store(database, event, NOON + 1 * HOUR, [Item(price=40.0, quantity=1)])
    store(database, event, NOON + 2 * HOUR, [Item(price=70.0)])
    store(database, event, NOON + 3 * HOUR)  # an empty capture: suspect
    fail(database, event, NOON + 4 * HOUR)
    rebuild_hourly(database, Span(NOON, NOON + 5 * HOUR))
    (bucket,) = history(database, event, Span(NOON, NOON + DAY), DAY)
    assert bucket == PriceBucket(
        bucket_at=utc(2026, 3, 2, 5),
        snapshots=3,
        suspect_snapshots=1,
        failed_attempts=1,
        hours_covered=3,
        tickets=2,  # of the last hour that saw the market, not of the suspect or the failed one
        listings=1,
        get_in_prices=[Decimal("70.00"), Decimal("70.00"), *[None] * 6],  # of the same last capture
        get_ins_are_thin=[True, True, *[False] * 6],  # there is no floor
        open_price=Decimal("50.00"),
        high_price=Decimal("70.00"),
        low_price=Decimal("40.00"),
        close_price=Decimal("70.00"),
        min_price=Decimal("40.00"),
        p25_price=Decimal("70.00"),
        median_price=Decimal("70.00"),
        p75_price=Decimal("70.00"),
        mean_price=Decimal("62.50"),
        max_price=Decimal("90.00"),
    )


def test_an_event_that_lost_its_id_keeps_its_history(database: Database) -> None:
    event, _ = watch(database, event_record(1), event_record(2))
    store(database, event, NOON, items(1))
    rebuild_hourly(database, span := Span(NOON, NOON + HOUR))
    with database.connection() as connection:
        connection.execute("delete from event_sources where event_id = %s", [event.event_id])
    assert len(history(database, event, span, DAY)) == 1
    assert [one.zone for one in section_prices(database, event.event_id, span=span)] == ["*", "101"]


def test_a_span_is_half_open(database: Database) -> None:
    event = watch_one(database)
    for day in (0, 2, 3):
        store(database, event, NOON + day * DAY, items(1))
    rebuild_hourly(database, Span(NOON, NOON + 4 * DAY))
    buckets = history(database, event, Span(NOON, NOON + 3 * DAY), DAY)
    assert [one.bucket_at.day for one in buckets] == [2, 4]


def test_zone_prices_show_every_zone_with_its_inventory_now(database: Database) -> None:
    event = watch_one(database)
    lower, upper, floor = (
        Item(listing_id="l", price=80.0, zone="Lower"),
        Item(listing_id="u", price=30.0, zone="Upper"),
        Item(listing_id="f", price=300.0, zone="Floor", quantity=4),
    )
    store(database, event, NOON, [lower, upper, floor])
    store(database, event, NOON + HOUR, [Item(listing_id="l", price=85.0, zone="Lower"), upper])
    store(database, event, NOON + HOUR + MINUTE)  # suspect: not a sell-out
    fail(database, event, NOON + 2 * HOUR)
    span = Span(NOON, NOON + 3 * HOUR)
    rebuild_hourly(database, span)
    zones = {one.zone: one for one in section_prices(database, event.event_id, span=span)}
    assert list(zones) == ["*", "Upper", "Lower", "Floor"]
    assert read(zones["*"], "tickets", "median_price", "last_hour_at") == [4, Decimal("57.50"), NOON + HOUR]
    # All of one moment: the cheaper first hour of the lower zone is no price any more.
    assert zones["Lower"].get_in_prices == [85, 85, *[None] * 6]
    # Sold out: not its older count.
    assert read(zones["Floor"], "tickets", "listings", "median_price") == [0, 0, None]
    assert zones["Floor"].get_in_prices == [None] * 8


def read(zone: ZonePrices, *names: str) -> list[Any]:
    """Some values of a zone."""
    return [getattr(zone, name) for name in names]


def test_the_whole_events_history_needs_no_page_of_the_table(database: Database) -> None:
    """Hours of one event lie far apart in the table; the index holds all that the history shows."""
    span = Span(utc(2026, 6, 1), utc(2026, 6, 3))
    event = watch_every_hour(database, span)
    with database.connection() as connection:
        connection.execute("checkpoint")  # the test servers flush late, and vacuum believes only what is flushed
        connection.execute("vacuum analyze hourly_prices")
        with connection.transaction(force_rollback=True):
            # Two days fit on one page, which every way finds fast: leave only the way that is right for years.
            connection.execute("alter table hourly_prices drop constraint hourly_prices_pkey")
            connection.execute("drop index hourly_prices_hour")
            connection.execute("set local enable_seqscan = off")
            connection.execute("set local enable_bitmapscan = off")
            asked = [event.event_id, span.start, span.end]
            before = read_index_use(connection, "hourly_prices")
            assert connection.execute("select * from price_history(%s, %s, %s, '1 day')", asked).rowcount == 3
            after = read_index_use(connection, "hourly_prices")
    # Coverage, series, what happened within the buckets, and the last hour of each of the three; no row of the table.
    assert after - before == Counter(idx_scan=6)


def read_index_use(connection: Connection[Row], table: str) -> Counter[str]:
    """What this session did by the indexes of a table, earlier transactions that are not yet reported included."""
    asked = "select idx_scan, idx_tup_fetch from pg_stat_xact_user_tables where relname = %s"
    return Counter(connection.execute(asked, [table]).fetchone() or {})


def test_buckets_follow_the_database_through_both_changes_of_the_clock(database: Database) -> None:
    """Every hour of two changes of New York's clock has a capture: so no bucket of any size may be a gap."""
    event = watch_one(database)
    for change in (utc(2026, 3, 8), utc(2026, 11, 1)):
        span = Span(change - DAY, change + 2 * DAY)
        for moment in span.steps(HOUR):
            store(database, event, moment, [Item()])
        rebuild_hourly(database, span)
        for bucket in (HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, DAY):
            (series,) = price_history(database, event.event_id, span=span, bucket=bucket, timezone=NEW_YORK)
            assert [one.bucket_at for one in series.buckets if one.is_gap] == [], (change, bucket)
            assert sum(one.hours_covered for one in series.buckets) == 72
