"""The rebuild sensor: what is out of date is rebuilt, hours before days, closed windows before the one under way."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import dagster as dg
import pytest

from ticket_pipeline.storage.prices import HOUR
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START, Location, hour_key

SENSOR = "rebuild_stale_prices"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def at_noon(location: Location) -> Location:
    """The location at noon of yesterday: every hour and day around it is a partition."""
    location.now = location.now.replace(hour=12, minute=30, second=0, microsecond=0) - DAY
    return location


def mark(location: Location, *starts: datetime, grain: str = "hour") -> None:
    """Say that these windows are out of date."""
    (event,) = location.loopback.events(location.loopback.keys[:1])
    location.loopback.rows(
        "insert into stale_prices select %s, start, %s, 'stubhub' from unnest(%s::timestamptz[]) as start",
        grain,
        event.event_id,
        list(starts),
    )


def spans(location: Location, cursor: str | None = None) -> tuple[str | None, str, str]:
    """Job, first and last partition of the run that is requested."""
    request, _ = location.request(SENSOR, cursor)
    return request.job_name, request.tags[RANGE_START], request.tags[RANGE_END]


def test_when_nothing_is_out_of_date_it_says_so(at_noon: Location) -> None:
    assert at_noon.skip_reason(SENSOR) == "no hour is out of date; no day is out of date"


def test_hours_that_no_run_can_rebuild_are_not_passed_over_in_silence(at_noon: Location) -> None:
    mark(at_noon, at_noon.hour - 900 * DAY)
    assert at_noon.skip_reason(SENSOR).startswith("1 hours before PRICES_START_DATE are out of date; an earlier date")


def test_closed_hours_that_follow_each_other_are_rebuilt_at_once_in_one_run(at_noon: Location) -> None:
    hours = [at_noon.hour - step * HOUR for step in (4, 3, 2)]
    mark(at_noon, *hours)
    assert spans(at_noon) == ("aggregate_hourly", hour_key(hours[0]), hour_key(hours[2]))


def test_a_gap_ends_a_run_and_the_oldest_windows_go_first(at_noon: Location) -> None:
    mark(at_noon, *(at_noon.hour - step * HOUR for step in (2, 8, 7)))
    assert spans(at_noon)[1:] == (hour_key(at_noon.hour - 8 * HOUR), hour_key(at_noon.hour - 7 * HOUR))


def test_the_hour_under_way_is_refreshed_at_the_pace_of_the_settings(at_noon: Location) -> None:
    at_noon.settings = at_noon.loopback.settings(prices_refresh_minutes=10)
    mark(at_noon, at_noon.hour)
    request, cursor = at_noon.request(SENSOR)
    assert request.tags[RANGE_START] == request.tags[RANGE_END] == hour_key(at_noon.hour)
    assert request.tags["dagster/max_runtime"] == "1200"
    assert request.tags["dagster/priority"] == "1"

    at_noon.now += MINUTE
    assert at_noon.skip_reason(SENSOR, cursor) == "the current hour is refreshed in 9 min 0 s; no day is out of date"
    at_noon.now += 9 * MINUTE
    assert spans(at_noon, cursor)[1] == hour_key(at_noon.hour)


def test_an_hour_that_ends_is_rebuilt_without_waiting_for_the_pace(at_noon: Location) -> None:
    at_noon.now = at_noon.hour + 59 * MINUTE
    mark(at_noon, at_noon.hour)
    _, cursor = at_noon.request(SENSOR)
    ended, at_noon.now = at_noon.hour, at_noon.now + MINUTE
    assert spans(at_noon, cursor) == ("aggregate_hourly", hour_key(ended), hour_key(ended))


def test_closed_hours_do_not_count_as_a_refresh_and_do_not_take_the_hour_under_way_along(at_noon: Location) -> None:
    just_refreshed = json.dumps({"hour": (at_noon.now - MINUTE).isoformat()})
    mark(at_noon, at_noon.hour - HOUR, at_noon.hour)
    request, cursor = at_noon.request(SENSOR, just_refreshed)
    assert request.tags[RANGE_END] == hour_key(at_noon.hour - HOUR)
    assert cursor == just_refreshed


def test_days_come_after_hours(at_noon: Location) -> None:
    midnight = at_noon.hour.replace(hour=0)
    mark(at_noon, midnight - 2 * DAY, midnight - DAY, grain="day")
    mark(at_noon, at_noon.hour - HOUR)
    assert spans(at_noon)[0] == "aggregate_hourly"
    at_noon.loopback.rows("delete from stale_prices where grain = 'hour'")
    first, last = (f"{midnight - days * DAY:%Y-%m-%d}" for days in (2, 1))
    assert spans(at_noon) == ("aggregate_daily", first, last)


def test_the_pace_of_days_is_apart_from_that_of_hours(at_noon: Location) -> None:
    mark(at_noon, at_noon.hour)
    _, cursor = at_noon.request(SENSOR)
    at_noon.loopback.rows("delete from stale_prices")
    mark(at_noon, at_noon.hour.replace(hour=0), grain="day")
    request, cursor = at_noon.request(SENSOR, cursor)
    assert request.job_name == "aggregate_daily"
    assert at_noon.skip_reason(SENSOR, cursor) == "no hour is out of date; the current day is refreshed in 10 min 0 s"


def test_a_month_of_hours_is_the_most_for_one_run(at_noon: Location) -> None:
    first = at_noon.hour - 800 * HOUR
    mark(at_noon, *(first + step * HOUR for step in range(800)))
    assert spans(at_noon)[1:] == (hour_key(first), hour_key(first + 743 * HOUR))


def test_many_windows_from_before_the_first_partition_hold_up_none_of_the_others(at_noon: Location) -> None:
    at_noon.settings = at_noon.loopback.settings(prices_start_date=at_noon.now.date())
    midnight = at_noon.hour.replace(hour=0)
    mark(at_noon, *(midnight - step * HOUR for step in range(1001)))
    assert spans(at_noon)[1:] == (hour_key(midnight), hour_key(midnight))


@pytest.mark.parametrize(
    ("status", "minutes"),
    [
        (dg.DagsterRunStatus.NOT_STARTED, 15),
        (dg.DagsterRunStatus.STARTING, 15),
        (dg.DagsterRunStatus.STARTED, 30),
    ],
)
def test_a_rebuild_under_way_holds_up_the_next_one_for_so_long(
    location: Location, status: dg.DagsterRunStatus, minutes: int
) -> None:
    mark(location, location.hour - HOUR)
    location.instance.create_run_for_job(location.defs.resolve_job_def("aggregate_hourly"), status=status)
    location.now += (minutes - 1) * MINUTE
    assert location.skip_reason(SENSOR) == "aggregate_hourly is under way; no day is out of date"
    location.now += 2 * MINUTE
    assert spans(location)[0] == "aggregate_hourly"


def test_after_a_failure_it_rests_and_tries_again(location: Location) -> None:
    mark(location, location.hour - HOUR)
    request, _ = location.request(SENSOR)
    location.loopback.rows("alter table hourly_prices rename to misplaced")
    assert not location.run("aggregate_hourly", tags=dict(request.tags)).success
    location.loopback.rows("alter table misplaced rename to hourly_prices")

    reason = location.skip_reason(SENSOR)
    assert re.fullmatch(r"aggregate_hourly failed; it is tried again in [45] min \d+ s; no day is out of date", reason)
    location.now += 6 * MINUTE
    again, _ = location.request(SENSOR)
    assert again.tags == request.tags


def test_a_failed_rebuild_of_hours_does_not_hold_up_the_days(location: Location) -> None:
    location.loopback.rows("alter table hourly_prices rename to misplaced")
    assert not location.run("aggregate_hourly", partition=hour_key(location.hour - HOUR)).success
    mark(location, location.hour - HOUR)
    mark(location, location.hour.replace(hour=0) - DAY, grain="day")
    assert spans(location)[0] == "aggregate_daily"


def test_what_it_requests_brings_everything_up_to_date(at_noon: Location) -> None:
    for step in (30, 29, 2, 0):
        at_noon.capture(at_noon.loopback.keys[0], at_noon.hour - step * HOUR, 50, 60)
    at_noon.rebuild_everything()
    assert at_noon.skip_reason(SENSOR) == "no hour is out of date; no day is out of date"
    assert at_noon.loopback.value("select count(distinct hour_at) from hourly_prices") == 4
    assert at_noon.loopback.value("select count(distinct day_on) from daily_prices") == 2
