"""Daily prices are what their hours say, by brute force from the rules of the day, in every column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from hypothesis import given

from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.quality import find_bad_days
from ticket_pipeline.storage.recomputation import DaySample, recompute_sampled_days
from ticket_pipeline_tests.storage.histories import HISTORY, Happening, histories, live_through
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    empty,
    fail,
    items,
    query,
    store,
    watch_one,
)

Key = tuple[int, date, str, str, str]
FIRST, UNTIL = date(2026, 3, 2), date(2026, 3, 5)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
AT_THE_END = [
    *(f"{name}_price" for name in ("floor", "p25", "median", "p75")),
    *(f"get_in_{together}_price" for together in range(1, 9)),
]


def stored_days(database: Database) -> dict[Key, Row]:
    """All daily rows, by key, without their key and without the moment they were built."""
    rows = {}
    for row in query(database, "select * from daily_prices"):
        del row["marketplace"], row["built_at"]
        key = tuple(row.pop(name) for name in ("event_id", "day_on", "zone", "currency", "fee_basis"))
        rows[key] = row
    return rows


def expected_days(hourly: list[Row]) -> dict[Key, Row]:
    """The daily rows of these hourly rows, by the rules of the day."""

    def day_of(row: Row) -> tuple[int, date]:
        return row["event_id"], row["hour_at"].astimezone(UTC).date()

    expected: dict[Key, Row] = {}
    for (event_id, day_on), grouped in groupby(sorted(hourly, key=lambda r: (*day_of(r), r["hour_at"])), key=day_of):
        rows = list(grouped)
        coverage = coverage_of(rows)
        # An hour before any currency was known says nothing about a currency that the day knows.
        priced = [row for row in rows if row["currency"] != "XXX"] or rows
        keys = {(row["zone"], row["currency"], row["fee_basis"]) for row in priced}
        for key in keys:
            own = [row for row in priced if (row["zone"], row["currency"], row["fee_basis"]) == key]
            expected[event_id, day_on, *key] = coverage | day_of_zone(own, rows)
    return expected


def coverage_of(rows: list[Row]) -> Row:
    """What every row of a day carries: how much of the day was seen."""
    hours = {row["hour_at"]: row for row in rows if row["zone"] == "*"}.values()
    return {
        "hours_covered": sum(hour["snapshots"] > 0 for hour in hours),
        "snapshots": sum(hour["snapshots"] for hour in hours),
        "suspect_snapshots": sum(hour["suspect_snapshots"] for hour in hours),
        "failed_attempts": sum(hour["failed_attempts"] for hour in hours),
    }


def day_of_zone(own: list[Row], rows: list[Row]) -> Row:
    """The prices and counts of one zone, currency and fee basis; `own` in order of hours."""
    last_hour = max((row["hour_at"] for row in rows if row["snapshots"] > 0), default=None)
    at_last = next((row for row in own if row["hour_at"] == last_hour), {"listings": 0, "tickets": 0})
    snapshots = coverage_of(rows)["snapshots"]
    observations, total = sum(row["observations"] for row in own), sum(row["sum_price"] for row in own)
    return {
        "listings": at_last["listings"],
        "tickets": at_last["tickets"],
        "peak_tickets": max(row["max_tickets"] for row in own),
        "mean_tickets": rounded(Decimal(sum(row["sum_tickets"] for row in own)) / snapshots, "0.0001")
        if snapshots
        else Decimal(0),
        "observations": observations,
        "sum_price": total,
        "low_floor_price": min(known(own, "low_floor_price"), default=None),
        "high_floor_price": max(known(own, "high_floor_price"), default=None),
        "open_price": next(known(own, "open_price"), None),
        "high_price": max(known(own, "high_price"), default=None),
        "low_price": min(known(own, "low_price"), default=None),
        "close_price": next(known(reversed(own), "close_price"), None),
        "min_price": min(known(own, "min_price"), default=None),
        "mean_price": rounded(total / observations, "0.01") if observations else None,
        "max_price": max(known(own, "max_price"), default=None),
    } | {name: at_last.get(name) for name in AT_THE_END}


def known(rows: Iterable[Row], name: str) -> Iterator[Decimal]:
    """The values of a column that are there."""
    return (row[name] for row in rows if row[name] is not None)


def rounded(amount: Decimal, step: str) -> Decimal:
    """As the database rounds."""
    return amount.quantize(Decimal(step), ROUND_HALF_UP)


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories)
def test_every_column_is_what_brute_force_says(database: Database, history: list[Happening]) -> None:
    empty(database)
    live_through(database, history)
    rebuild_hourly(database, HISTORY)
    rebuild_daily(database, FIRST, UNTIL)
    assert stored_days(database) == expected_days(query(database, "select * from hourly_prices"))
    assert find_bad_days(database, FIRST, UNTIL) == []
    _, differences = recompute_sampled_days(database, DaySample(FIRST, FIRST, UNTIL, 100, 0), salt="x")
    assert differences == []


def test_a_day_has_the_prices_and_zones_of_its_last_covered_hour(database: Database) -> None:
    event = watch_one(database)
    store(database, event, MIDNIGHT, [*items(4, zone="Lower"), *items(2, zone="Upper")])
    store(database, event, MIDNIGHT + HOUR, [replace(item, price=item.price - 10) for item in items(4, zone="Lower")])
    fail(database, event, MIDNIGHT + 2 * HOUR)
    rebuild_hourly(database, Span(MIDNIGHT, MIDNIGHT + 3 * HOUR))
    rebuild_daily(database, MIDNIGHT.date(), MIDNIGHT.date() + timedelta(days=1))
    days = {key[2]: row for key, row in stored_days(database).items()}
    assert (days["Upper"]["tickets"], days["Upper"]["peak_tickets"], days["Upper"]["mean_tickets"]) == (0, 4, 2)
    assert (days["*"]["tickets"], days["*"]["hours_covered"], days["*"]["failed_attempts"]) == (8, 2, 1)
    last = [days["Lower"][f"{name}_price"] for name in ("floor", "p25", "median", "p75", "get_in_1", "get_in_2")]
    assert last == [90, 90.75, 91.5, 92.25, 90, 90]


def test_only_the_days_asked_for_are_rebuilt(database: Database) -> None:
    event = watch_one(database)
    for day in range(3):
        store(database, event, MIDNIGHT + timedelta(days=day), items(1))
    rebuild_hourly(database, Span(MIDNIGHT, MIDNIGHT + timedelta(days=3)))
    summary = rebuild_daily(database, MIDNIGHT.date(), MIDNIGHT.date() + timedelta(days=3))
    assert [(row["day_on"].day, row["rows"], row["events"], row["snapshots"]) for row in summary] == [
        (3, 2, 1, 1),
        (4, 2, 1, 1),
        (5, 2, 1, 1),
    ]
    built = query(database, "select day_on, zone, built_at from daily_prices order by day_on, zone")
    rebuild_daily(database, date(2026, 3, 4), date(2026, 3, 5))
    again = query(database, "select day_on, zone, built_at from daily_prices order by day_on, zone")
    assert [old == new for old, new in zip(built, again, strict=True)] == [True, True, False, False, True, True]


def test_an_hour_at_the_edge_belongs_to_its_utc_day_whatever_the_session_says(database: Database) -> None:
    event = watch_one(database)
    store(database, event, MIDNIGHT - HOUR, items(1))
    store(database, event, MIDNIGHT, items(1))
    rebuild_hourly(database, Span(MIDNIGHT - HOUR, MIDNIGHT + HOUR))
    with database.transaction() as transaction:
        transaction.connection.execute("set local time zone 'America/New_York'")
        transaction.execute("prices/insert_daily", day_from=date(2026, 3, 3), day_until=date(2026, 3, 4))
    assert {key[1]: row["hours_covered"] for key, row in stored_days(database).items()} == {date(2026, 3, 3): 1}
