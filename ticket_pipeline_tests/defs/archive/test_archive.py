"""The archive in Dagster: months that are due are moved by one run, and their partitions show it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg

from ticket_pipeline.defs.archive.assets import months_of
from ticket_pipeline.defs.resources import build_resources
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START, Location, failure_of
from ticket_pipeline_tests.overrides import settings_from

ARCHIVE = dg.AssetKey("listing_archive")


def _tick(location: Location) -> dg.ScheduleEvaluationResult:
    schedule = location.defs.resolve_schedule_def("archive_listings_daily")
    with dg.build_schedule_context(
        instance=location.instance, resources=build_resources(location.settings), scheduled_execution_time=location.now
    ) as context:
        return schedule.evaluate_tick(context)


def test_months_that_are_due_are_moved_in_one_run(location: Location, tmp_path: Path) -> None:
    location.settings = location.loopback.settings(
        archive_url=str(tmp_path / "archive"), prices_start_date=date(2026, 1, 1)
    )
    location.now = datetime(2026, 7, 2, tzinfo=UTC)
    assert "no month is due" in (_tick(location).skip_message or "")
    for month in (1, 2, 3):
        location.capture(location.loopback.keys[0], datetime(2026, month, 3, tzinfo=UTC), 50, 60)
    (request,) = _tick(location).run_requests or []
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2026-01", "2026-02")
    assert location.run("archive_listings", span=("2026-01", "2026-02")).success
    assert location.instance.get_materialized_partitions(ARCHIVE) == {"2026-01", "2026-02"}
    assert location.loopback.value("select count(*) from listings") == 2
    assert "no month is due" in (_tick(location).skip_message or "")
    location.loopback.rows(
        "insert into stale_prices (grain, starts_at, event_id, marketplace) "
        "select 'hour', date_trunc('hour', captured_at), event_id, marketplace from snapshots "
        "on conflict do nothing returning 1"
    )
    location.loopback.rows("delete from stale_prices where starts_at >= '2026-03-01' or grain = 'day' returning 1")
    assert "2 hours are out of date and archived" in location.skip_reason("rebuild_stale_prices")
    assert len(list((tmp_path / "archive").rglob("*.parquet"))) == 6


def test_beside_a_database_of_ones_own_nothing_is_moved_to_a_folder_that_may_not_last(location: Location) -> None:
    assert "ARCHIVE_URL is not set" in (_tick(location).skip_message or "")
    location.capture(location.loopback.keys[0], datetime(2026, 1, 3, tzinfo=UTC), 50)
    location.settings = location.loopback.settings(prices_start_date=date(2026, 1, 1))
    assert failure_of(location.run("archive_listings", span=("2026-01", "2026-01"))).startswith(
        "ARCHIVE_URL is not set"
    )
    assert location.loopback.value("select count(*) from listings") == 1


def test_a_month_has_a_partition_once_it_is_due() -> None:
    months = months_of(settings_from({"prices_start_date": date(2026, 10, 17), "archive_after_months": 4}))
    assert months.get_partition_keys(datetime(2027, 2, 28, tzinfo=UTC)) == []
    assert months.get_partition_keys(datetime(2027, 4, 1, tzinfo=UTC)) == ["2026-10", "2026-11"]


def test_zero_months_keep_listings_for_ever(location: Location) -> None:
    location.settings = location.loopback.settings(archive_after_months=0)
    assert "ARCHIVE_AFTER_MONTHS is 0" in (_tick(location).skip_message or "")
