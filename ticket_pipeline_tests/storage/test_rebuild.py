"""Rebuilding prices: idempotent, only what was asked for, and never losing a mark to a race."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.database import Database, Row, as_json
from ticket_pipeline.storage.prices import Span, contiguous_spans, read_stale_windows, rebuild_daily, rebuild_hourly
from ticket_pipeline_tests.storage.stored import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    PATIENCE_SECONDS,
    STUBHUB,
    capture_of,
    event_record,
    fail,
    items,
    query,
    stale_hours,
    store,
    wait_for_locks,
    watch,
    watch_one,
    write,
)

THE_HOUR = Span(NOON, NOON + HOUR)


def all_rows(database: Database) -> list[Row]:
    """Every hourly row with all its columns, in order."""
    return query(database, "select * from hourly_prices order by event_id, hour_at, zone")


def without_built_at(rows: list[Row]) -> list[Row]:
    """The rows as far as they say something about the market."""
    return [{name: value for name, value in row.items() if name != "built_at"} for row in rows]


def snapshots_of(database: Database, event: Event) -> int:
    """How many captures the event's row of NOON was built from; 0 where there is none."""
    rows = [row for row in all_rows(database) if (row["event_id"], row["zone"]) == (event.event_id, "*")]
    return int(rows[0]["snapshots"]) if rows else 0


def test_a_second_rebuild_gives_the_same_rows(database: Database) -> None:
    event = watch_one(database)
    for hour in range(3):
        store(database, event, NOON + hour * HOUR, items(4 + hour, zone="Lower"))
    span = Span(NOON, NOON + 3 * HOUR)
    summary = rebuild_hourly(database, span)
    rows = all_rows(database)
    assert rebuild_hourly(database, span) == summary
    assert without_built_at(all_rows(database)) == without_built_at(rows)
    assert [(row["hour_at"], row["rows"], row["events"], row["snapshots"]) for row in summary] == [
        (NOON + hour * HOUR, 2, 1, 1) for hour in range(3)
    ]


def test_a_rebuild_of_part_of_the_time_leaves_the_rest(database: Database) -> None:
    event = watch_one(database)
    for hour in range(3):
        store(database, event, NOON + hour * HOUR, items(2))
    rebuild_hourly(database, Span(NOON, NOON + 3 * HOUR))
    query(database, "with spoilt as (update hourly_prices set min_price = 1 returning 1) select * from spoilt")
    rebuild_hourly(database, Span(NOON + HOUR, NOON + 2 * HOUR))
    assert [row["min_price"] for row in all_rows(database) if row["zone"] == "*"] == [1, 100, 1]


def test_a_span_over_several_days_is_built_whole(database: Database) -> None:
    event = watch_one(database)
    moments = [NOON + hours * HOUR for hours in (0, 11, 12, 36, 47)]
    for moment in moments:
        store(database, event, moment, items(1))
    summary = rebuild_hourly(database, Span(NOON, NOON + 2 * DAY))
    assert [row["hour_at"] for row in summary] == moments


@pytest.mark.parametrize("span", [Span(NOON + MINUTE, NOON + HOUR), Span(NOON, NOON + MINUTE)])
def test_a_span_of_no_whole_hours_is_refused(database: Database, span: Span) -> None:
    with pytest.raises(StorageError, match="Give whole hours"):
        rebuild_hourly(database, span)


def test_a_late_capture_marks_its_hour_and_its_rebuild_marks_the_day(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON + HOUR, items(1))
    rebuild_hourly(database, Span(NOON, NOON + 2 * HOUR))
    rebuild_daily(database, NOON.date(), NOON.date() + DAY)
    assert stale_hours(database) == read_stale_windows(database, "day") == []
    store(database, event, NOON + 5 * MINUTE, items(1))
    assert stale_hours(database) == [NOON]
    rebuild_hourly(database, THE_HOUR)
    assert stale_hours(database) == []
    assert read_stale_windows(database, "day") == [datetime(2026, 3, 2, tzinfo=UTC)]
    (day,) = rebuild_daily(database, date(2026, 3, 2), date(2026, 3, 3))
    assert day["hours_covered"] == 2
    assert read_stale_windows(database, "day") == []


def test_a_rebuild_answers_the_marks_of_its_own_hours_only(database: Database) -> None:
    event = watch_one(database)
    for hour in (-1, 0, 1):
        store(database, event, NOON + hour * HOUR, items(1))
    rebuild_hourly(database, THE_HOUR)
    assert stale_hours(database) == [NOON - HOUR, NOON + HOUR]


def test_the_day_of_rows_that_vanish_is_rebuilt_too(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(1))
    rebuild_hourly(database, THE_HOUR)
    rebuild_daily(database, NOON.date(), NOON.date() + DAY)
    query(database, "with gone as (delete from snapshots) select 1")
    assert rebuild_hourly(database, THE_HOUR) == []
    assert read_stale_windows(database, "day") == [datetime(2026, 3, 2, tzinfo=UTC)]
    assert rebuild_daily(database, NOON.date(), NOON.date() + DAY) == []


def test_a_failed_attempt_marks_its_hour(database: Database) -> None:
    fail(database, watch_one(database), NOON + MINUTE)
    assert stale_hours(database) == [NOON]


def test_a_capture_that_commits_after_a_rebuild_keeps_its_mark(database: Database) -> None:
    event = watch_one(database)
    with database.transaction() as writer:
        writer.execute(
            "snapshots/mark_stale_hours", event_ids=[event.event_id], marketplaces=[STUBHUB], instants=[NOON]
        )
        rebuild_hourly(database, THE_HOUR)  # does not wait: it cannot see the new mark
    assert stale_hours(database) == [NOON]


def test_a_rebuild_waits_for_a_writer_that_holds_the_mark_and_sees_its_capture(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(3))  # leaves the mark that the next writer renews
    capture = capture_of(event, NOON + MINUTE)
    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as writer:
            writer.execute("snapshots/insert_snapshots", manifests=as_json([capture.manifest()]))
            writer.execute(
                "snapshots/mark_stale_hours", event_ids=[event.event_id], marketplaces=[STUBHUB], instants=[NOON]
            )
            rebuild = threads.submit(rebuild_hourly, database, THE_HOUR)
            wait_for_locks(database)
            assert not rebuild.done()
        rebuild.result(PATIENCE_SECONDS)
    assert snapshots_of(database, event) == 2
    assert stale_hours(database) == []


def test_captures_written_during_rebuilds_are_in_the_prices_or_marked(database: Database) -> None:
    events = watch(database, *(event_record(number) for number in range(1, 4)))
    for round_number in range(8):
        moment = NOON + round_number * MINUTE
        barrier = threading.Barrier(4)

        def write_one(event: Event, moment: datetime = moment, barrier: threading.Barrier = barrier) -> None:
            capture = capture_of(event, moment, items(5))
            barrier.wait(PATIENCE_SECONDS)
            write(database, capture)

        with ThreadPoolExecutor(3) as threads:
            writes = [threads.submit(write_one, event) for event in events]
            barrier.wait(PATIENCE_SECONDS)
            rebuild_hourly(database, THE_HOUR)
            for one in writes:
                one.result(PATIENCE_SECONDS)
        marked = {row["event_id"] for row in query(database, "select event_id from stale_prices where grain = 'hour'")}
        for event in events:
            assert event.event_id in marked or snapshots_of(database, event) == round_number + 1


def test_two_rebuilds_of_the_same_hours_at_once_both_succeed(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(5))
    query(database, "with gone as (delete from stale_prices) select 1")  # no mark, no row: nothing else to queue at
    with ThreadPoolExecutor(2) as threads:
        with database.transaction() as obstacle:
            obstacle.connection.execute("lock table hourly_prices in exclusive mode")
            rebuilds = [threads.submit(rebuild_hourly, database, THE_HOUR) for _ in range(2)]
            wait_for_locks(database, len(rebuilds))  # both have begun when the way is clear
        first, second = (one.result(PATIENCE_SECONDS) for one in rebuilds)
    assert first == second != []
    assert len(all_rows(database)) == 2


def test_windows_that_follow_each_other_are_taken_as_one_span() -> None:
    windows = [NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 4 * HOUR]
    first, last = Span(NOON, NOON + 3 * HOUR), Span(NOON + 4 * HOUR, NOON + 5 * HOUR)
    assert list(contiguous_spans(windows, HOUR, most=24)) == [first, last]
    at_most_two = [Span(NOON, NOON + 2 * HOUR), Span(NOON + 2 * HOUR, NOON + 3 * HOUR), last]
    assert list(contiguous_spans(windows, HOUR, most=2)) == at_most_two
    assert list(contiguous_spans([], HOUR, most=24)) == []


def test_a_span_is_cut_at_utc_midnights() -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert list(Span(NOON, midnight + 30 * HOUR).days()) == [
        Span(NOON, midnight),
        Span(midnight, midnight + DAY),
        Span(midnight + DAY, midnight + 30 * HOUR),
    ]
    assert list(Span(NOON, NOON).days()) == []
    assert [part.start for part in Span(midnight, midnight + timedelta(days=2)).days()] == [midnight, midnight + DAY]
