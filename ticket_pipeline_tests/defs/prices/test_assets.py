"""The price assets: a partition or a range in one run, each window with its own numbers."""

from __future__ import annotations

from datetime import datetime, timedelta

import dagster as dg
from psycopg import sql

from ticket_pipeline.storage.prices import DAY, HOUR
from ticket_pipeline_tests.defs.location import Location, failure_of, hour_key, materializations

MINUTE = timedelta(minutes=1)


def with_three_hours(location: Location) -> datetime:
    """Captures in the first and the third of three hours of one day; returns the first."""
    start = location.now.replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=1)
    first, second = location.loopback.keys[:2]
    location.capture(first, start + 10 * MINUTE, 50, 70)
    location.capture(first, start + 40 * MINUTE, 40, 70)
    location.capture(second, start + 50 * MINUTE, 90)
    location.capture(first, start + 2 * HOUR, 30)
    return start


def test_one_hour_is_built_with_its_own_numbers(location: Location) -> None:
    start = with_three_hours(location)
    result = location.run("aggregate_hourly", partition=hour_key(start))
    assert result.success
    found = materializations(result, location.instance)
    assert list(found) == [hour_key(start)]
    metadata = found[hour_key(start)]
    counts = {"events": 2, "snapshots": 3, "suspect_snapshots": 0, "failed_attempts": 0}
    assert {name: value for name, value in metadata.items() if name != "dagster/row_count"} == counts
    assert metadata["dagster/row_count"] == location.loopback.value("select count(*) from hourly_prices")


def test_a_range_of_hours_is_one_run_and_an_hour_without_captures_is_built_too(location: Location) -> None:
    start = with_three_hours(location)
    keys = [hour_key(start + step * HOUR) for step in range(3)]
    result = location.run("aggregate_hourly", span=(keys[0], keys[2]))
    assert result.success
    found = materializations(result, location.instance)
    assert list(found) == keys
    assert [found[key]["snapshots"] for key in keys] == [3, 0, 1]
    assert found[keys[1]] == {"dagster/row_count": 0, "events": 0, "snapshots": 0}
    hours = location.loopback.rows("select distinct hour_at from hourly_prices order by 1")
    assert [row["hour_at"] for row in hours] == [start, start + 2 * HOUR]


def test_a_range_that_ends_before_it_starts_is_a_failure_and_builds_nothing(location: Location) -> None:
    start = with_three_hours(location)
    for job, grain, key_format in (("aggregate_hourly", HOUR, "%Y-%m-%d-%H:%M"), ("aggregate_daily", DAY, "%Y-%m-%d")):
        later, earlier = (moment.strftime(key_format) for moment in (start, start - grain))
        result = location.run(job, span=(later, earlier))
        assert f"Write {earlier}...{later}." in failure_of(result)
        assert materializations(result, location.instance) == {}


def test_a_run_without_a_partition_says_what_to_pass(location: Location) -> None:
    for job in ("aggregate_hourly", "aggregate_daily"):
        assert "is partitioned, and this run has no partition" in failure_of(location.run(job))


def test_a_range_that_fails_keeps_the_days_that_were_built_before(location: Location) -> None:
    evening = location.now.replace(hour=22, minute=0, second=0, microsecond=0) - timedelta(days=2)
    for step in range(4):
        location.capture(location.loopback.keys[0], evening + step * HOUR, 50)
    with location.loopback.database.connection() as connection:
        limit = sql.Literal(evening + 2 * HOUR)
        connection.execute(sql.SQL("alter table hourly_prices add constraint early check (hour_at < {})").format(limit))
    result = location.run("aggregate_hourly", span=(hour_key(evening), hour_key(evening + 3 * HOUR)))
    assert not result.success
    built = location.instance.get_materialized_partitions(dg.AssetKey("hourly_prices"))
    assert built == {hour_key(evening), hour_key(evening + HOUR)}
    assert location.loopback.value("select count(distinct hour_at) from hourly_prices") == 2


def test_the_hour_under_way_is_a_partition(location: Location) -> None:
    location.capture(location.loopback.keys[0], location.hour, 50)
    result = location.run("aggregate_hourly", partition=hour_key(location.hour))
    assert materializations(result, location.instance)[hour_key(location.hour)]["snapshots"] == 1


def test_a_range_of_days_is_one_run_with_the_numbers_of_each_day(location: Location) -> None:
    start = with_three_hours(location)
    days = [f"{start - timedelta(days=1):%Y-%m-%d}", f"{start:%Y-%m-%d}"]
    location.run("aggregate_hourly", span=(hour_key(start), hour_key(start + 2 * HOUR)))
    result = location.run("aggregate_daily", span=(days[0], days[1]))
    assert result.success
    found = materializations(result, location.instance)
    assert list(found) == days
    assert found[days[0]] == {"dagster/row_count": 0, "events": 0, "snapshots": 0}
    assert (found[days[1]]["hours_covered"], found[days[1]]["events"], found[days[1]]["snapshots"]) == (2, 2, 4)


def test_the_first_partition_is_the_start_of_the_settings(location: Location) -> None:
    location.settings = location.loopback.settings(prices_start_date=(location.now - timedelta(days=3)).date())
    for asset, per_day in (("hourly_prices", 24), ("daily_prices", 1)):
        partitions = location.defs.resolve_assets_def(asset).partitions_def
        assert partitions is not None
        keys = partitions.get_partition_keys(current_time=location.now)
        assert keys[0].startswith(f"{location.now - timedelta(days=3):%Y-%m-%d}")
        assert len(keys) == 3 * per_day + (location.now.hour + 1 if per_day > 1 else 1)
