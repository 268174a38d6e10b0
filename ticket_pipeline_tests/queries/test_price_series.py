"""Histories as a reader sees them: nothing missing without being said, clocks changed or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ticket_pipeline.queries.price_series import arrange
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, read_price_history, rebuild_hourly
from ticket_pipeline_tests.storage.stored import HOUR, STUBHUB, Item, store, watch_one

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def row(bucket_at: datetime, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - the columns of a row
    """A bucket with one capture at 100 dollars."""
    prices = dict.fromkeys(
        (
            "open_price",
            "high_price",
            "low_price",
            "close_price",
            "min_price",
            "mean_price",
            "max_price",
            "get_in_2_price",
            "get_in_4_price",
        ),
        Decimal("100.00"),
    )
    counts = {"snapshots": 1, "suspect_snapshots": 0, "failed_attempts": 0, "hours_covered": 1}
    fields = {"bucket_at": bucket_at, "currency": "USD", "fee_basis": "all_in", "listings": 3, "tickets": 6}
    return fields | counts | prices | changes


def arranged(*rows: dict[str, Any], days: float = 10) -> list[Any]:
    """The series of daily rows in UTC, up to so many days after Monday."""
    return arrange(rows, bucket=DAY, timezone="UTC", until=MONDAY + days * DAY)


def test_a_bucket_without_data_stands_in_the_series_without_a_price() -> None:
    (series,) = arranged(row(MONDAY), row(MONDAY + 3 * DAY), days=5)
    assert [item["bucket_at"] for item in series.rows] == [MONDAY + n * DAY for n in range(5)]
    assert [item["snapshots"] for item in series.rows] == [1, 0, 0, 1, 0]
    assert [item["close_price"] is None for item in series.rows] == [False, True, True, False, True]
    assert series.rows[1]["tickets"] is None  # nobody looked: not an empty market


def test_the_series_begins_with_the_first_data_and_keeps_data_after_its_end() -> None:
    (series,) = arranged(row(MONDAY + DAY), row(MONDAY + 4 * DAY), days=2)
    assert [item["bucket_at"] for item in series.rows] == [MONDAY + DAY, MONDAY + 4 * DAY]


def test_no_rows_are_no_series() -> None:
    assert arranged() == []


def test_currencies_and_fee_bases_are_never_mixed() -> None:
    series = arranged(
        row(MONDAY), row(MONDAY, fee_basis="ask", close_price=Decimal(80)), row(MONDAY, currency="CAD"), days=1
    )
    assert [(one.currency, one.fee_basis) for one in series] == [("CAD", "all_in"), ("USD", "all_in"), ("USD", "ask")]
    assert [len(one.rows) for one in series] == [1, 1, 1]


def test_failures_from_before_the_first_listing_belong_to_the_history() -> None:
    nothing = {name: None for name in row(MONDAY) if name.endswith("_price")}
    failed = {"currency": "XXX", "snapshots": 0, "hours_covered": 0, "failed_attempts": 2, **nothing}
    (series,) = arranged(row(MONDAY, **failed), row(MONDAY + DAY, **failed), row(MONDAY + DAY), days=2)
    assert series.currency == "USD"
    assert [item["failed_attempts"] for item in series.rows] == [2, 2]
    assert [item["snapshots"] for item in series.rows] == [0, 1]
    assert series.rows[1]["close_price"] == 100
    (only_failures,) = arranged(row(MONDAY, **failed), days=1)
    assert (only_failures.currency, only_failures.rows[0]["failed_attempts"]) == (None, 2)


def test_buckets_follow_the_database_through_both_changes_of_the_clock(migrated_url: str) -> None:
    """Every hour of two changes of New York's clock has a capture: so no bucket of any size may be a gap."""
    with Database(migrated_url, "tickets") as database:
        event = watch_one(database)
        for change in (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
            span = Span(change - DAY, change + 2 * DAY)
            for number in range(72):
                store(database, event, span.start + number * HOUR, [Item()])
            rebuild_hourly(database, span)
            for bucket in (HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, DAY):
                rows = read_price_history(
                    database, event.event_id, STUBHUB, span, bucket=bucket, timezone="America/New_York"
                )
                (series,) = arrange(rows, bucket=bucket, timezone="America/New_York", until=span.end)
                assert [item["bucket_at"] for item in series.rows if not item["snapshots"]] == [], (change, bucket)
                assert series.hours_covered == 72
