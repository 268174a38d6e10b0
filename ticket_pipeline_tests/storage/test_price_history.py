"""Reading prices over time in the venue's own days, and by zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.database import as_query
from ticket_pipeline.storage.prices import Span, read_price_history, read_zone_prices, rebuild_hourly
from ticket_pipeline.storage.statements import statement
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, NOON, STUBHUB, Item, fail, items, store, watch_one

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database, Row

NEW_YORK = "America/New_York"


def utc(*parts: int) -> datetime:
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, hour


def history(database: Database, event: Event, span: Span, bucket: timedelta, zone: str = "*") -> list[Row]:
    """The event's prices over time in New York."""
    return read_price_history(database, event.event_id, STUBHUB, span, bucket=bucket, timezone=NEW_YORK, zone=zone)


def watch_every_hour(database: Database, span: Span) -> Event:
    """An event with one capture in each hour of the span, prices built."""
    event = watch_one(database)
    moment = span.start
    while moment < span.end:
        store(database, event, moment, items(1))
        moment += HOUR
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
    buckets = [(row["bucket_at"], row["hours_covered"]) for row in history(database, event, span, DAY)]
    before = first_midnight - HOUR - timedelta(hours=23)
    assert buckets == [(before, 1), (first_midnight, hours), (first_midnight + hours * HOUR, 1)]


def test_hours_stay_apart_when_clocks_go_back(database: Database) -> None:
    span = Span(utc(2026, 11, 1, 4), utc(2026, 11, 1, 8))
    event = watch_every_hour(database, span)
    buckets = [(row["bucket_at"], row["hours_covered"]) for row in history(database, event, span, HOUR)]
    assert buckets == [(span.start + hour * HOUR, 1) for hour in range(4)]


def test_weeks_begin_on_monday_in_the_venues_time(database: Database) -> None:
    event = watch_one(database)
    for moment in (utc(2026, 3, 2, 4), utc(2026, 3, 2, 5)):  # Sunday 23:00 and Monday 0:00 in New York
        store(database, event, moment, items(1))
    span = Span(utc(2026, 2, 1), utc(2026, 4, 1))
    rebuild_hourly(database, Span(utc(2026, 3, 2), utc(2026, 3, 3)))
    assert [row["bucket_at"] for row in history(database, event, span, 7 * DAY)] == [
        utc(2026, 2, 23, 5),
        utc(2026, 3, 2, 5),
    ]


def test_a_bucket_tells_the_course_of_its_hours(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(listing_id="1", price=50.0), Item(listing_id="2", price=90.0, quantity=4)])
    store(database, event, NOON + 1 * HOUR, [Item(price=40.0, quantity=1)])
    store(database, event, NOON + 2 * HOUR, [Item(price=70.0)])
    store(database, event, NOON + 3 * HOUR)  # sold out, says one capture: suspect
    fail(database, event, NOON + 4 * HOUR)
    rebuild_hourly(database, Span(NOON, NOON + 5 * HOUR))
    (row,) = history(database, event, Span(NOON, NOON + DAY), DAY)
    assert row == {
        "bucket_at": utc(2026, 3, 2, 5),
        "currency": "USD",
        "fee_basis": "all_in",
        "snapshots": 3,
        "suspect_snapshots": 1,
        "failed_attempts": 1,
        "hours_covered": 3,
        "tickets": 2,  # of the last hour that saw the market, not of the suspect or the failed one
        "listings": 1,
        "open_price": Decimal("50.00"),
        "high_price": Decimal("70.00"),
        "low_price": Decimal("40.00"),
        "close_price": Decimal("70.00"),
        "min_price": Decimal("40.00"),
        "mean_price": Decimal("62.50"),
        "max_price": Decimal("90.00"),
        "get_in_2_price": Decimal("50.00"),
        "get_in_4_price": Decimal("90.00"),
    }


def test_a_gap_has_no_bucket_and_a_span_is_half_open(database: Database) -> None:
    event = watch_one(database)
    for day in (0, 2, 3):
        store(database, event, NOON + day * DAY, items(1))
    rebuild_hourly(database, Span(NOON, NOON + 4 * DAY))
    rows = history(database, event, Span(NOON, NOON + 3 * DAY), DAY)
    assert [row["bucket_at"].day for row in rows] == [2, 4]


def test_a_zone_has_its_own_history(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(price=50.0, zone="Lower"), Item(listing_id="2", price=20.0, zone="Upper")])
    rebuild_hourly(database, Span(NOON, NOON + HOUR))
    (row,) = history(database, event, Span(NOON, NOON + HOUR), DAY, zone="Lower")
    assert (row["min_price"], row["listings"]) == (50, 1)


def test_zone_prices_show_every_zone_with_what_is_there_now(database: Database) -> None:
    event = watch_one(database)
    lower, upper, floor = (
        Item(listing_id="l", price=80.0, zone="Lower"),
        Item(listing_id="u", price=30.0, zone="Upper"),
        Item(listing_id="f", price=300.0, zone="Floor", quantity=4),
    )
    store(database, event, NOON, [lower, upper, floor])
    store(database, event, NOON + HOUR, [Item(listing_id="l", price=75.0, zone="Lower"), upper])
    store(database, event, NOON + HOUR + MINUTE)  # suspect: no sell-out
    fail(database, event, NOON + 2 * HOUR)
    span = Span(NOON, NOON + 3 * HOUR)
    rebuild_hourly(database, span)
    rows = read_zone_prices(database, event.event_id, STUBHUB, span)
    assert [row["zone"] for row in rows] == ["*", "Upper", "Lower", "Floor"]
    whole, _, lower_row, floor_row = rows
    assert (whole["tickets"], whole["get_in_price"], whole["min_price"], whole["last_hour_at"]) == (
        4,
        Decimal(30),
        Decimal(30),
        NOON + HOUR,
    )
    assert (lower_row["first_price"], lower_row["get_in_price"], lower_row["mean_price"]) == (
        Decimal(80),
        Decimal(75),
        Decimal("77.50"),
    )
    assert (floor_row["tickets"], floor_row["listings"], floor_row["get_in_price"], floor_row["peak_tickets"]) == (
        0,
        0,
        None,
        4,
    )


def test_the_whole_events_history_needs_no_page_of_the_table(database: Database) -> None:
    """Hours of one event lie far apart in the table; the index holds all that the history shows."""
    span = Span(utc(2026, 6, 1), utc(2026, 6, 3))
    event = watch_every_hour(database, span)
    parameters = {
        "event_id": event.event_id,
        "marketplace": STUBHUB,
        "zone": "*",
        "starts_from": span.start,
        "starts_until": span.end,
        "bucket": DAY,
        "timezone": NEW_YORK,
    }
    with database.connection() as connection:
        connection.execute("vacuum analyze hourly_prices")
        with connection.transaction(force_rollback=True):
            # Two days fit on one page, which every way finds fast: leave only the way that is right for years.
            connection.execute("alter table hourly_prices drop constraint hourly_prices_pkey")
            connection.execute("drop index hourly_prices_hour")
            connection.execute("set local enable_seqscan = off")
            connection.execute("set local enable_bitmapscan = off")
            query = as_query("explain " + statement("prices/select_price_history"))
            plan = [row["QUERY PLAN"] for row in connection.execute(query, parameters, prepare=False)]
    assert any(re.search("Index Only Scan .*using hourly_prices_history", line) for line in plan), plan
