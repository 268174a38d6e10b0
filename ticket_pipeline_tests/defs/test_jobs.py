"""The jobs: which assets each of them makes, the daily housekeeping, and the schedules that start them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from ticket_pipeline.definitions import build_defs, checks_by_asset
from ticket_pipeline.defs.resources import build_resources
from ticket_pipeline.defs.schedules import build_schedules
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.overrides import settings_from

if TYPE_CHECKING:
    from ticket_pipeline_tests.defs.location import Location

JOBS = {
    "poll_stubhub": {"stubhub_listings"},
    "sync_events": {"events"},
    "aggregate_hourly": {"hourly_prices"},
    "aggregate_daily": {"daily_prices"},
}


def test_a_job_makes_its_assets(defs: dg.Definitions) -> None:
    layers = {job: defs.resolve_job_def(job).asset_layer for job in JOBS}
    assert {job: {key.to_user_string() for key in layer.selected_asset_keys} for job, layer in layers.items()} == JOBS


def test_every_check_of_check_data_is_declared_by_its_asset(defs: dg.Definitions) -> None:
    keys = defs.resolve_asset_graph().asset_check_keys
    declared = {(key.asset_key.to_user_string(), key.name) for key in keys}
    checks = checks_by_asset(list(SOURCES.values()), Settings())
    evaluated = {(asset, check.name) for asset, of_asset in checks.items() for check in of_asset}
    assert len(evaluated) == 1 + 2 * 5 + 3 + 4 + 3 + 3 + 1
    assert {pair for pair in declared if not pair[0].startswith("vivenu_")} == evaluated


def test_housekeeping_drops_raw_bodies_past_their_time_and_nothing_else(location: Location) -> None:
    location.settings = location.loopback.settings(raw_payload_days=3)
    old, young = (location.now - timedelta(days=3) + step for step in (-timedelta(minutes=1), timedelta(minutes=1)))
    for moment in (old, young):
        location.capture(location.loopback.keys[0], moment, 50)
    assert location.run("maintain").success
    kept = location.loopback.rows("select captured_at from raw_payloads")
    assert [row["captured_at"] for row in kept] == [young]
    assert location.loopback.value("select count(*) from listings") == 2


SCHEDULES = {
    "sync_events_regularly": ("sync_events", "*/10 * * * *"),
    "check_data_regularly": ("check_data", "25 * * * *"),
    "maintain_daily": ("maintain", "17 4 * * *"),
    "report_markets_regularly": ("report_markets", "7 * * * *"),
    "report_sources_regularly": ("report_sources", "12 * * * *"),
}


def test_every_schedule_starts_its_job_at_its_time(defs: dg.Definitions) -> None:
    schedules = build_schedules(Settings())
    assert {one.name: (one.job_name, one.cron_schedule) for one in schedules} == SCHEDULES
    assert {defs.resolve_job_def(one.job_name).name for one in schedules} == {job for job, _ in SCHEDULES.values()}


@pytest.mark.parametrize("name", [*SCHEDULES, "vivenu_default_regularly"])
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
