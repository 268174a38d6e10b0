"""The jobs: which assets each of them makes, and the daily housekeeping."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.definitions import checks_by_asset
from ticket_pipeline.ingest.marketplaces import SOURCES

if TYPE_CHECKING:
    import dagster as dg

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
    checks = checks_by_asset(list(SOURCES.values()))
    evaluated = {(asset, check.name) for asset, of_asset in checks.items() for check in of_asset}
    assert len(evaluated) == 1 + 2 * 4 + 2 + 3 + 2
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
