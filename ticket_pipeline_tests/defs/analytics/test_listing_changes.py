"""The changes as an asset: polls log the hours they changed, a run of its own rebuilds, checks find what is wrong."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START, Location, hour_key, materializations
from ticket_pipeline_tests.defs.offenders import count, shown

ASSET = dg.AssetKey("listing_changes")
CHECKS = (
    "changes_are_between_trusted_captures",
    "every_trusted_capture_is_compared",
    "changes_agree_with_their_listings",
)
FORGET = "update snapshots set previous_captured_at = null, censored_because = 'not compared'"
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture
def two_hours(location: Location) -> Location:
    """Two captures of two events, with a removal, a new price, and a new listing each."""
    for key in location.loopback.keys[:2]:
        location.capture(key, location.hour - timedelta(hours=2), 50, 60, 70, 80)
        location.capture(key, location.hour - timedelta(hours=1), 50, 66, 70)
    return location


def rebuild(location: Location, first: str, last: str) -> dg.ExecuteInProcessResult:
    """A run of the asset over these hours."""
    return dg.materialize(
        [location.defs.resolve_assets_def(ASSET)],
        instance=location.instance,
        tags={RANGE_START: first, RANGE_END: last},
        raise_on_error=False,
    )


def test_a_poll_logs_the_hours_it_changed_and_evaluates_their_checks(location: Location) -> None:
    keys = location.loopback.keys
    location.instance.add_dynamic_partitions("stubhub_events", keys)
    first = location.run("poll_stubhub", config={"event_keys": keys[:2]})
    assert first.success
    assert location.instance.get_materialized_partitions(ASSET) == set()
    location.now += timedelta(minutes=1)
    second = location.run("poll_stubhub", config={"event_keys": keys[:2]})
    assert second.success
    (hour,) = location.instance.get_materialized_partitions(ASSET)
    assert materializations(second, location.instance, "listing_changes")[hour]["snapshots"] == 2
    assert [location.last_evaluation("listing_changes", check) for check in CHECKS] == [True] * 3
    assert materializations(second, location.instance, "estimated_sales")[hour]["event_hours"] == 2
    assert location.last_evaluation("estimated_sales", "every_comparison_is_estimated")


def test_a_backfill_compares_captures_of_before_there_were_changes(two_hours: Location) -> None:
    before = two_hours.loopback.rows("select * from listing_changes order by event_id, listing_id, change")
    assert len(before) == 4
    two_hours.loopback.rows("delete from listing_changes")
    two_hours.loopback.rows(FORGET)
    assert two_hours.red() == {"every_trusted_capture_is_compared"}
    hours = [hour_key(two_hours.hour - timedelta(hours=number)) for number in (2, 1)]
    result = rebuild(two_hours, *hours)
    assert result.success
    found = materializations(result, two_hours.instance)
    assert [found[hour] for hour in hours] == [
        {"dagster/row_count": 0, "events": 0, "snapshots": 0},
        {"dagster/row_count": 4, "events": 2, "snapshots": 2},
    ]
    assert two_hours.loopback.rows("select * from listing_changes order by event_id, listing_id, change") == before
    assert two_hours.red() == set()


@pytest.mark.parametrize(
    ("name", "severity", "damage"),
    [
        (CHECKS[0], ERROR, "update listing_changes set previous_captured_at = previous_captured_at - interval '1 s'"),
        (CHECKS[1], WARN, f"{FORGET} where previous_captured_at is not null"),
        (CHECKS[2], ERROR, "delete from listing_changes where change = 'removed'"),
    ],
)
def test_bad_changes_are_red_and_named(
    two_hours: Location, name: str, severity: dg.AssetCheckSeverity, damage: str
) -> None:
    assert two_hours.red() == set()
    two_hours.loopback.rows(damage)
    result = two_hours.looks()[name]
    assert (result.passed, result.severity, count(result), len(shown(result))) == (False, severity, 2, 2)


def test_captures_that_wait_for_an_estimate_are_told_once_no_poll_can_be_under_way(two_hours: Location) -> None:
    two_hours.loopback.rows("update sale_departures set is_stale = true")
    two_hours.now = two_hours.hour - timedelta(minutes=51)
    assert two_hours.red() == set()
    two_hours.now += timedelta(minutes=2)
    assert two_hours.red() == {"every_comparison_is_estimated"}
