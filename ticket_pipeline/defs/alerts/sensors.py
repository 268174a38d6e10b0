"""The sensor that delivers what waits between polls: retries, and messages whose quiet hours are over."""

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST, AssetJob
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.alerts import count_due_deliveries

_SECONDS = 60


def build_alert_sensors(jobs: list[AssetJob], settings: Settings, now: Clock) -> list[dg.SensorDefinition]:
    """The sensor, where ALERTS or ALERT_URLS is set; `jobs` is the one that it starts."""
    if not jobs:
        return []

    @dg.sensor(
        name="deliver_due_alerts",
        jobs=jobs,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus(start_status(settings)),
        description="Starts a run only where a message is due again: its wait or quiet hours are over.",
    )
    def deliver_due_alerts(
        context: dg.SensorEvaluationContext, timescaledb: TimescaleDBResource
    ) -> dg.RunRequest | dg.SkipReason:
        with timescaledb.database() as database:
            due = count_due_deliveries(database, now())
        if not due:
            return dg.SkipReason("no message is due")
        runs = context.instance.get_runs(dg.RunsFilter(job_name=jobs[0].name), limit=1)
        if runs and not runs[0].is_finished:
            return dg.SkipReason(f"{due} messages are due, and {jobs[0].name} is under way")
        return dg.RunRequest(job_name=jobs[0].name, tags=dict(OURS_FIRST))

    return [deliver_due_alerts]
