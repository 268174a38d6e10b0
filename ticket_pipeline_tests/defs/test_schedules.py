"""The schedules: valid, and each for a job that exists."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.resources import build_resources
from ticket_pipeline.defs.schedules import build_schedules
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.overrides import settings_from

DEFAULTS = {
    "sync_events_regularly": ("sync_events", "*/10 * * * *"),
    "check_data_regularly": ("check_data", "25 * * * *"),
    "maintain_daily": ("maintain", "17 4 * * *"),
}


def test_every_schedule_starts_its_job_at_its_time(defs: dg.Definitions) -> None:
    schedules = build_schedules(Settings())
    assert {one.name: (one.job_name, one.cron_schedule) for one in schedules} == DEFAULTS
    assert {defs.resolve_job_def(one.job_name).name for one in schedules} == {job for job, _ in DEFAULTS.values()}


def test_when_the_watchlist_is_read_is_a_setting() -> None:
    (schedule,) = [one for one in build_schedules(Settings(sync_events_cron="5 6 * * 1")) if "sync" in one.name]
    assert schedule.cron_schedule == "5 6 * * 1"


@pytest.mark.parametrize("name", [*DEFAULTS, "vivenu_default_regularly"])
def test_every_tick_requests_a_run_that_starts_before_a_users_backfill(defs: dg.Definitions, name: str) -> None:
    schedule = defs.resolve_schedule_def(name)
    with dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 6, 1, 12, tzinfo=UTC), resources=build_resources(Settings())
    ) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.tags["dagster/priority"] == "1"


@pytest.mark.parametrize(
    "changes", [{"disabled_marketplaces": "vivenu"}, {"stubhub_api_base_url": "https://stubhub.example"}]
)
def test_where_there_is_no_vivenu_its_schedule_skips_with_the_reason(changes: dict[str, object]) -> None:
    settings = settings_from(changes)
    schedule = build_defs(settings).resolve_schedule_def("vivenu_default_regularly")
    with dg.build_schedule_context(resources=build_resources(settings)) as context:
        tick = schedule.evaluate_tick(context)
    assert tick.run_requests == []
    assert "VIVENU_API_KEY" in (tick.skip_message or "")
