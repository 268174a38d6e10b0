"""The schedules: what happens by the clock. Polling is not here: it follows each event's own due time (`sensors`)."""

import dagster as dg

from ticket_pipeline.settings.model import Settings

_CHECK_CRON = "25 * * * *"


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Sync the watchlist, run the data checks, do the daily housekeeping."""
    return [
        dg.ScheduleDefinition(
            name="sync_events_regularly",
            job_name="sync_events",
            cron_schedule=settings.sync_events_cron,
            default_status=dg.DefaultScheduleStatus(start_status(settings)),
            description="Reads the watchlist, so that a changed sheet takes effect by itself.",
        ),
        dg.ScheduleDefinition(
            name="check_data_regularly",
            job_name="check_data",
            cron_schedule=_CHECK_CRON,
            default_status=dg.DefaultScheduleStatus(start_status(settings)),
            description="Runs every data check.",
        ),
        dg.ScheduleDefinition(
            name="maintain_daily",
            job_name="maintain",
            cron_schedule="17 4 * * *",
            default_status=dg.DefaultScheduleStatus(start_status(settings)),
            description="Drops raw bodies past their keeping time.",
        ),
    ]


def start_status(settings: Settings) -> str:
    """The status in which sensors and schedules start, until somebody switches them in the UI."""
    return "RUNNING" if settings.dagster_start_running else "STOPPED"
