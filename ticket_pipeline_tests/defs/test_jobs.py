"""The jobs: which assets each of them makes, and the daily housekeeping."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.settings.model import Settings

if TYPE_CHECKING:
    from ticket_pipeline_tests.defs.location import Location

JOBS = {
    "poll_stubhub": {"stubhub_listings"},
    "sync_events": {"events"},
    "aggregate_hourly": {"hourly_prices"},
    "aggregate_daily": {"daily_prices"},
    "vivenu": {
        "vivenu_events",
        "vivenu_tickets",
        "vivenu_coupons",
        "vivenu_sales_daily",
        "vivenu_gender",
        "vivenu_age_groups",
        "vivenu_summary",
    },
}


@pytest.mark.parametrize(("job", "assets"), JOBS.items())
def test_a_job_makes_its_assets(job: str, assets: set[str]) -> None:
    definition = build_defs(Settings()).resolve_job_def(job)
    assert {key.to_user_string() for key in definition.asset_layer.selected_asset_keys} == assets
    assert definition.description


def test_the_check_job_runs_every_check_and_makes_nothing() -> None:
    defs = build_defs(Settings())
    definition = defs.resolve_job_def("check_data")
    assert not definition.asset_layer.selected_asset_keys
    assert len(definition.asset_layer.asset_graph.asset_check_keys) == 6 + 2 * 4 + 2 + 6


@pytest.mark.parametrize("job", ["poll_stubhub", "aggregate_hourly", "aggregate_daily"])
def test_checks_do_not_run_with_every_poll_or_rebuild(job: str) -> None:
    definition = build_defs(Settings()).resolve_job_def(job)
    assert {node.name for node in definition.nodes} == JOBS[job]


def test_housekeeping_drops_raw_bodies_past_their_time_and_nothing_else(location: Location) -> None:
    location.settings = location.loopback.settings(raw_payload_days=3)
    old, young = (location.now - timedelta(days=3) + step for step in (-timedelta(minutes=1), timedelta(minutes=1)))
    for moment in (old, young):
        location.capture(location.loopback.keys[0], moment, 50)
    assert location.run("maintain").success
    kept = location.loopback.rows("select captured_at from raw_payloads")
    assert [row["captured_at"] for row in kept] == [young]
    assert location.loopback.value("select count(*) from listings") == 2
