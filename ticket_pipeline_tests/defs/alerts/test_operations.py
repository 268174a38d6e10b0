"""Operational alerts in Dagster: failed runs of sensors and schedules open incidents, and a success ends them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
from pydantic import SecretStr

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.alerts.operations import FAILED_EVENTS
from ticket_pipeline.defs.resources import build_resources
from ticket_pipeline.queries.incidents import read_incidents
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.alerts.webhook import open_webhook
from ticket_pipeline_tests.defs.location import Location

SCHEDULED = {"dagster/schedule_name": "sync_events_regularly"}


def report_failure(location: Location, result: dg.ExecuteInProcessResult) -> None:
    """Let the run-failure sensor see a run, as the daemon does."""
    run = location.instance.get_run_by_id(result.run_id)
    assert run is not None
    built = dg.build_run_status_sensor_context(
        sensor_name="watch_failed_runs",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=location.instance,
        dagster_run=run,
        resources=build_resources(location.settings),
    )
    with built.for_run_failure() as context:
        location.defs.resolve_sensor_def("watch_failed_runs")(context)


def open_kinds(location: Location) -> list[tuple[str, str]]:
    """The incidents that are open: kind and cause."""
    return [(one.kind, one.cause) for one in read_incidents(location.loopback.database)]


def test_a_sync_that_fails_is_told_with_its_cause_until_it_succeeds(location: Location, tmp_path: Path) -> None:
    watchlist = tmp_path / "missing.csv"
    with open_webhook() as webhook:
        location.settings = location.settings.model_copy(
            update={"watchlist_csv": watchlist, "alert_urls": SecretStr(webhook.url)}
        )
        for _ in range(2):
            failed = location.run("sync_events", tags=SCHEDULED)
            report_failure(location, failed)
        ((kind, cause),) = open_kinds(location)
        assert kind == "watchlist_unreadable"
        assert cause.startswith("Could not read the CSV file")
        assert f"(run {failed.run_id[:8]})" in cause
        assert location.skip_reason("watch_operations") == "1 incidents are open; 0 began, 0 ended."
        request, _ = location.request("deliver_due_alerts")
        assert location.run(request.job_name or "").success
        watchlist.write_text("Event Name,Event Date (Local),viagId\nShow,2030-01-01 19:30,1\n", encoding="utf-8")
        location.now += timedelta(minutes=1)
        assert location.run("sync_events", config={"force": True}).success
        assert location.skip_reason("watch_operations") == "0 incidents are open; 0 began, 1 ended."
        assert location.run("deliver_alerts").success
        assert [message["title"] for message in webhook.messages] == [
            "The watchlist could not be read",
            "Over: The watchlist could not be read",
        ]


def test_runs_that_somebody_started_and_polls_that_failed_for_their_events_open_nothing(
    location: Location, tmp_path: Path
) -> None:
    location.settings = location.settings.model_copy(update={"watchlist_csv": tmp_path / "missing.csv"})
    report_failure(location, location.run("sync_events"))
    keys = location.loopback.keys
    location.instance.add_dynamic_partitions("stubhub_events", keys)
    location.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    polled = location.run("poll_stubhub", config={"event_keys": keys}, tags={"dagster/sensor_name": "poll"})
    run = location.instance.get_run_by_id(polled.run_id)
    assert run is not None
    assert run.tags[FAILED_EVENTS] == "4"
    report_failure(location, polled)
    assert open_kinds(location) == []


def test_the_sensors_watch_without_any_channel_and_messages_need_one() -> None:
    watching = {"watch_failed_runs", "watch_operations"}
    delivering = {"deliver_due_alerts"}
    for settings, wanted in (
        (Settings(), watching),
        (Settings(alert_urls=SecretStr("json://127.0.0.1:9/x")), watching | delivering),
    ):
        sensors = {sensor.name for sensor in build_defs(settings).sensors or []}
        assert sensors & (watching | delivering) == wanted
