"""The poll sensor: a tick that leases what is due for one run, or gives a reason."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.jobs import poll_job_name
from ticket_pipeline_tests.defs.location import Location, materializations
from ticket_pipeline_tests.ingest.loopback import STUBHUB

SENSOR = "poll_due_stubhub_events"


def test_one_run_is_requested_with_the_keys_and_the_lease_of_what_is_due(location: Location) -> None:
    request, _ = location.request(SENSOR)
    keys = location.loopback.keys
    lease_id = str(location.loopback.schedule(keys[0])["lease_id"])
    assert request.run_key == lease_id
    assert request.run_config == {"ops": {"stubhub_listings": {"config": {"event_keys": keys, "lease_id": lease_id}}}}
    assert dict(request.tags) == {
        "ticket_pipeline/marketplace": "stubhub",
        "ticket_pipeline/events": "4",
        "dagster/max_runtime": "3600",
        "dagster/sensor_name": SENSOR,
        "dagster/priority": "1",
    }
    assert request.partition_key is None
    assert location.defs.resolve_sensor_def(SENSOR).job_name == poll_job_name(STUBHUB)


def test_the_requested_run_stores_and_marks_every_event(location: Location) -> None:
    request, _ = location.request(SENSOR)
    config = request.run_config["ops"]["stubhub_listings"]["config"]
    result = location.run(poll_job_name(STUBHUB), config=config, tags=dict(request.tags))
    assert result.success
    assert sorted(str(key) for key in materializations(result, location.instance)) == location.loopback.keys
    assert location.skip_reason(SENSOR).startswith("Nothing is due; the next of 4 events in ")


def test_keys_of_events_become_partitions_and_go_with_their_event(location: Location) -> None:
    assert location.instance.get_dynamic_partitions("stubhub_events") == []
    location.tick(SENSOR)
    assert sorted(location.instance.get_dynamic_partitions("stubhub_events")) == location.loopback.keys
    location.loopback.rows("delete from events where name = %s", f"Event {location.loopback.keys[0]}")
    location.tick(SENSOR)
    assert sorted(location.instance.get_dynamic_partitions("stubhub_events")) == location.loopback.keys[1:]


def test_a_second_tick_starts_no_second_run_for_the_same_events_before_the_first_has_died(location: Location) -> None:
    first, _ = location.request(SENSOR)
    assert location.loopback.log.records() == []  # a tick sends no request
    assert location.skip_reason(SENSOR) == "All 4 due events are under way."
    location.now += timedelta(seconds=location.settings.tuning.lease_seconds + 1)
    second, _ = location.request(SENSOR)
    assert second.run_key != first.run_key
    assert second.tags["ticket_pipeline/events"] == "4"


def test_a_tick_without_a_run_gives_the_reason(location: Location) -> None:
    location.settings = location.loopback.settings(disabled_marketplaces="stubhub")
    reason = "stubhub is not polled: it is disabled. Remove it from DISABLED_MARKETPLACES to poll it."
    assert location.skip_reason(SENSOR) == reason


def test_settings_decide_whether_the_sensor_runs_from_the_start_and_how_often(location: Location) -> None:
    location.settings = location.loopback.settings(poll_tick_seconds=45, dagster_start_running=True)
    sensor = location.defs.resolve_sensor_def(SENSOR)
    assert sensor.minimum_interval_seconds == 45
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_while_a_batch_waits_to_be_started_no_further_one_is_leased(location: Location) -> None:
    """On a machine slower than its runs, each would lease what the waiting ones were promised, and none would poll."""
    job = location.defs.resolve_job_def(poll_job_name(STUBHUB))
    waiting = location.instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED)
    assert location.skip_reason(SENSOR).startswith("An earlier batch still waits to be started")
    assert location.loopback.schedule(location.loopback.keys[0])["lease_id"] is None
    location.now += timedelta(minutes=16)  # it never will be
    location.request(SENSOR)
    location.instance.delete_run(waiting.run_id)


def test_a_batch_that_waits_keeps_its_lease_until_it_begins(location: Location) -> None:
    """However long the queue is: its events are nobody else's, and none of them counts as abandoned."""
    request, _ = location.request(SENSOR)
    job = location.defs.resolve_job_def(poll_job_name(STUBHUB))
    location.instance.create_run_for_job(job, run_config=request.run_config, status=dg.DagsterRunStatus.NOT_STARTED)
    lease = timedelta(seconds=location.settings.tuning.lease_seconds)
    for _ in range(3):
        location.now += lease * 0.9
        assert location.skip_reason(SENSOR).startswith("An earlier batch still waits to be started")
    result = location.run(poll_job_name(STUBHUB), config=request.run_config["ops"]["stubhub_listings"]["config"])
    assert result.success
    assert location.loopback.value("select count(*) from snapshots") == len(location.loopback.keys)
    assert location.loopback.value("select count(*) from fetch_attempts where outcome = 'abandoned'") == 0
