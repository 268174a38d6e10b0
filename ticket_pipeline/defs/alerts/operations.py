"""The sensors of operational alerts: one notes failed runs, the other looks at everything else once a minute."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import dagster as dg

from ticket_pipeline.alerts.incidents import Incident
from ticket_pipeline.alerts.operations import note_failed_run, watch_operations
from ticket_pipeline.defs.resources import Clock, GoogleSheetResource, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.http.scrubbing import redact_text
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.settings.model import Settings

_SECONDS = 60
_STARTED_BY = ("dagster/sensor_name", "dagster/schedule_name")
"""Tags of a run that nobody watches: Dagster sets them."""
_LONGEST_CAUSE = 500
_OUR_ERROR = re.compile(r"^ticket_pipeline\.errors\.\w+: ")
_STEP_FAILED = dg.DagsterEventType.STEP_FAILURE
_WILL_RETRY = "dagster/will_retry"
FAILED_EVENTS = "ticket_pipeline/failed_events"
"""The tag of a poll that failed for its events only; incidents tell of those as pauses, many errors or stale events."""


def build_operations_sensors(settings: Settings, now: Clock) -> list[dg.SensorDefinition]:
    """The sensors; without ALERT_URLS what they find is stored and shown, and nothing is sent."""
    status = dg.DefaultSensorStatus(start_status(settings))

    @dg.run_failure_sensor(
        name="watch_failed_runs",
        minimum_interval_seconds=_SECONDS,
        default_status=status,
        description="Opens an incident for a job of a sensor or schedule whose run failed; what was canceled did not.",
    )
    def watch_failed_runs(
        context: dg.RunFailureSensorContext, timescaledb: TimescaleDBResource, google_sheet: GoogleSheetResource
    ) -> dg.SkipReason | None:
        run = context.dagster_run
        if not _is_incident(run):
            return dg.SkipReason(f"A run of {run.job_name} that somebody started, that is retried, or that worked.")
        with timescaledb.database() as database:
            note_failed_run(database, google_sheet.settings_in_use(), run.job_name, _cause_of(context), now())
        return None

    @dg.sensor(
        name="watch_operations",
        minimum_interval_seconds=_SECONDS,
        default_status=status,
        description="Looks for incidents (docs/runbook.md), and notes that the daemon is alive. Starts no run.",
    )
    def watch(
        context: dg.SensorEvaluationContext, timescaledb: TimescaleDBResource, google_sheet: GoogleSheetResource
    ) -> dg.SkipReason:
        in_use = google_sheet.settings_in_use()
        with timescaledb.database() as database:
            followed = watch_operations(
                database,
                in_use,
                polled=[name for name, source in SOURCES.items() if why_not_polled(source, in_use) is None],
                this_moment=now(),
                failing_jobs=lambda incidents: _still_failing(context.instance, incidents),
            )
        return dg.SkipReason(f"{followed.open} incidents are open; {followed.opened} began, {followed.closed} ended.")

    return [watch_failed_runs, watch]


def _is_incident(run: dg.DagsterRun) -> bool:
    is_unattended = any(tag in run.tags for tag in _STARTED_BY)
    return is_unattended and FAILED_EVENTS not in run.tags and run.tags.get(_WILL_RETRY) != "true"


def _cause_of(context: dg.RunFailureSensorContext) -> str:
    """The first error of the run, on a few lines and without secrets, and which run it is."""
    words = context.failure_event.message or "No reason was recorded."
    run_id = context.dagster_run.run_id
    for entry in context.instance.all_logs(run_id, of_type={_STEP_FAILED, dg.DagsterEventType.ENGINE_EVENT}):
        event = entry.get_dagster_event()
        is_step = event.event_type is _STEP_FAILED
        failure: Any = event.step_failure_data if is_step else event.engine_event_data
        if failure.error is None:
            continue
        # Dagster's own error says that the step failed, or the code could not be loaded, and its cause is why.
        words = _OUR_ERROR.sub("", (failure.error.cause or failure.error).message)
        if is_step and failure.user_failure_data is not None:
            words = failure.user_failure_data.description or words
        break
    text = redact_text(" ".join(words.split()))[:_LONGEST_CAUSE]
    return f"{text} (run {run_id[:8]})"


def _still_failing(instance: dg.DagsterInstance, incidents: Sequence[Incident]) -> Collection[str]:
    """The jobs whose last run that ended has failed; a canceled one says nothing."""
    failing = set()
    for job in {incident.subject for incident in incidents}:
        ended = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
        runs = instance.get_runs(ended, limit=1)
        if runs and runs[0].status is dg.DagsterRunStatus.FAILURE and FAILED_EVENTS not in runs[0].tags:
            failing.add(job)
    return failing
