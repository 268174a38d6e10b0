"""What Dagster calls unsynced: a day whose hours changed, and neither a capture nor an hour that nothing changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from ticket_pipeline.simulator.world import sample_watchlist_rows, sample_world
from ticket_pipeline.storage.prices import HOUR
from ticket_pipeline_tests.defs.location import Location, hour_key
from ticket_pipeline_tests.defs.watchlist.test_assets import watch


def status(location: Location, asset: str, partition: str) -> StaleStatus:
    """The status of a partition on the page of its asset, as Dagster computes it."""
    resolver = CachingStaleStatusResolver(
        location.instance, location.defs.resolve_asset_graph(), LoadingContextForTest(location.instance)
    )
    return resolver.get_status(dg.AssetKey(asset), partition)


@pytest.fixture
def polled(location: Location) -> Location:
    """Two events polled once, never synced by Dagster."""
    location.instance.add_dynamic_partitions("stubhub_events", location.loopback.keys)
    assert location.run("poll_stubhub", config={"event_keys": location.loopback.keys[:2]}).success
    return location


def test_a_capture_stays_in_sync_through_syncs_of_an_unchanged_and_of_a_changed_watchlist(
    polled: Location, tmp_path: Path
) -> None:
    key = polled.loopback.keys[0]
    assert status(polled, "stubhub_listings", key) is StaleStatus.FRESH
    header, *rows = sample_watchlist_rows(sample_world(polled.now))
    for changed in (rows, rows, [[f"{row[0]} (moved)", *row[1:]] for row in rows]):
        watch(polled, tmp_path / "watchlist.csv", [header, *changed])
        assert polled.run("sync_events", config={"force": True}).success
        assert status(polled, "stubhub_listings", key) is StaleStatus.FRESH
    assert status(polled, "stubhub_listings", polled.loopback.keys[2]) is StaleStatus.MISSING


def test_an_hour_stays_in_sync_when_events_are_polled_again(polled: Location) -> None:
    hour = hour_key(datetime.now(UTC) - HOUR)[:-2] + "00"
    assert polled.run("aggregate_hourly", partition=hour).success
    assert status(polled, "hourly_prices", hour) is StaleStatus.FRESH
    assert polled.run("poll_stubhub", config={"event_keys": polled.loopback.keys[:2]}).success
    assert status(polled, "hourly_prices", hour) is StaleStatus.FRESH


def test_a_day_is_out_of_sync_when_one_of_its_hours_was_built_after_it(polled: Location) -> None:
    hour = hour_key(datetime.now(UTC) - HOUR)[:-2] + "00"
    day = hour[:10]
    assert polled.run("aggregate_daily", partition=day).success
    assert polled.run("aggregate_hourly", partition=hour).success
    assert status(polled, "daily_prices", day) is StaleStatus.STALE
