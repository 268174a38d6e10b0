"""The schedules. Polling is not here: it follows each event's own due time (`snapshots.sensors`)."""

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST
from ticket_pipeline.settings.model import Settings

_SYNC_CRON = "*/10 * * * *"
_CHECK_CRON = "25 * * * *"
_REPORT_CRON = "7 * * * *"
_SOURCES_CRON = "12 * * * *"
_RESULTS_CRON = "8,38 * * * *"


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Sync the watchlist, run the data checks, report, do the daily housekeeping, write results where that is on."""
    words = "Writes results beside the watchlist."
    writes = [_schedule(settings, "write_results_regularly", "write_results", _RESULTS_CRON, words)]
    return [
        *(writes if settings.sheet_results else []),
        _schedule(settings, "sync_events_regularly", "sync_events", _SYNC_CRON, "Reads the watchlist."),
        _schedule(settings, "check_data_regularly", "check_data", _CHECK_CRON, "Evaluates every data check."),
        _schedule(settings, "report_markets_regularly", "report_markets", _REPORT_CRON, "Reports events as pictures."),
        _schedule(
            settings, "report_sources_regularly", "report_sources", _SOURCES_CRON, "Shows how sources are doing."
        ),
        _schedule(settings, "maintain_daily", "maintain", "17 4 * * *", "Deletes what is past its keeping time."),
    ]


def _schedule(settings: Settings, name: str, job_name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job_name=job_name,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus(start_status(settings)),
        description=description,
        tags=OURS_FIRST,
    )


def start_status(settings: Settings) -> str:
    """The status in which sensors and schedules start, until somebody switches them in the UI."""
    return "RUNNING" if settings.dagster_start_running else "STOPPED"
