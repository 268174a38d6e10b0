"""The schedules: what happens by the clock. Polling is not here: it follows each event's own due time (`sensors`)."""

import dagster as dg

from ticket_pipeline.defs.resources import VivenuResource
from ticket_pipeline.settings.model import Settings

_CHECK_CRON = "25 * * * *"


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Sync the watchlist, run the data checks, do the daily housekeeping."""
    return [
        dg.ScheduleDefinition(
            name="sync_events_regularly",
            job_name="sync_events",
            cron_schedule=settings.sync_events_cron,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Reads the watchlist, so that a changed sheet takes effect by itself.",
        ),
        dg.ScheduleDefinition(
            name="check_data_regularly",
            job_name="check_data",
            cron_schedule=_CHECK_CRON,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Runs every data check.",
        ),
        dg.ScheduleDefinition(
            name="maintain_daily",
            job_name="maintain",
            cron_schedule="17 4 * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Drops raw bodies past their keeping time.",
        ),
    ]


def build_vivenu_schedule(name: str, job_name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    """A schedule that reads vivenu; where there is none to read, its ticks say so and start nothing."""

    @dg.schedule(
        name=name,
        job_name=job_name,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def due(vivenu: VivenuResource) -> dg.RunRequest | dg.SkipReason:
        settings = vivenu.settings_in_use()
        if settings.is_disabled("vivenu") or settings.vivenu_base_url is None:
            return dg.SkipReason(
                "vivenu is switched off or not configured: set VIVENU_API_KEY to your organiser's key."
            )
        return dg.RunRequest()

    return due
