"""A new Dagster home: what is stored is shown, with its counts and green checks, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from ticket_pipeline_tests.defs.location import CHECKS, Location, materializations


def test_stored_partitions_are_shown_once_with_their_counts(polled: Location) -> None:
    shown = polled.run("show_stored_partitions")
    assert shown.success
    keys, instance = polled.loopback.keys, polled.instance
    assert materializations(shown, instance, "stubhub_listings") == {key: {"dagster/row_count": 3} for key in keys}
    hours = [f"{polled.hour - timedelta(hours=number):%Y-%m-%d-%H:%M}" for number in (3, 2, 1, 0)]
    for asset in ("hourly_prices", "listing_changes", "estimated_sales"):
        assert sorted(materializations(shown, instance, asset)) == hours
    prices = materializations(shown, instance, "hourly_prices")
    assert [prices[hour]["events"] for hour in hours] == [4, 0, 4, 0]
    days = {hour[:10] for hour in hours}
    assert set(materializations(shown, instance, "daily_prices")) == days
    assert {polled.last_evaluation(CHECKS[check], check) for check in CHECKS if CHECKS[check] != "events"} == {True}
    again = polled.run("show_stored_partitions")
    assert (again.success, materializations(again, instance)) == (True, {})


def test_a_partition_that_dagster_knows_keeps_its_own_materialization(polled: Location) -> None:
    key = polled.loopback.keys[0]
    known = dg.AssetMaterialization("stubhub_listings", partition=key)
    polled.instance.report_runless_asset_event(known)
    shown = polled.run("show_stored_partitions")
    assert set(materializations(shown, polled.instance, "stubhub_listings")) == set(polled.loopback.keys[1:])
