"""The reports: one per event under its name, with a small picture, and only when it is an event's turn."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import dagster as dg
import pytest

from ticket_pipeline.dashboard.formats import money
from ticket_pipeline.defs.outputs.market_report import is_due, key_of
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.market import market_now
from ticket_pipeline_tests.defs.location import Location, materializations
from ticket_pipeline_tests.storage.stored import query


def test_a_new_event_is_reported_under_its_name_and_again_when_it_is_its_turn(polled: Location) -> None:
    database = polled.loopback.database
    polled.instance.report_runless_asset_event(dg.AssetMaterialization("events"))
    polled.instance.report_runless_asset_event(dg.AssetMaterialization("hourly_prices", partition="2026-01-01-00:00"))
    query(database, "update events set name = 'A | <b>show</b>, ...' where event_id = 1 returning event_id")
    run = polled.run("report_markets")
    reports = materializations(run, polled.instance)
    events = {key_of(event): event for event in read_events(database, tracked_only=True)}
    assert set(reports) == set(events) == set(polled.instance.get_dynamic_partitions("reported_events"))
    key = next(key for key, event in events.items() if event.event_id == 1)
    assert key.startswith("A b show b 2")
    assert reports[key]["dashboard"] == "http://127.0.0.1:3001/events/1"
    report = reports[key]["report"]
    assert "<b>" not in re.sub(r"\\<", "", report)
    (now,) = market_now(database, 1, this_moment=polled.now)
    assert f"| StubHub | USD, all-in | {money(now.floor_price)} |" in report.replace("\\", "")
    pictures = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", report)
    roots = [ET.fromstring(base64.b64decode(one)) for one in pictures]  # noqa: S314 - our own
    assert {root.tag for root in roots} == {"{http://www.w3.org/2000/svg}svg"}
    assert len(report) < 30_000
    due = {key for key, event in events.items() if is_due(event, lambda: polled.now)}
    assert set(materializations(polled.run("report_markets"), polled.instance)) == due


def test_a_partition_is_reported_on_demand_and_one_that_left_the_watchlist_is_not(polled: Location) -> None:
    polled.run("report_markets")
    key = min(polled.instance.get_dynamic_partitions("reported_events"))
    assert set(materializations(polled.run("report_markets", partition=key), polled.instance)) == {key}
    query(polled.loopback.database, "update events set is_tracked = false where true returning event_id")
    assert not polled.run("report_markets", partition=key).success


@pytest.mark.parametrize(("days", "reports"), [(30, 1), (7, 1), (6.9, 4), (1, 4), (0.9, 24), (-0.1, 0)])
def test_the_nearer_an_event_the_more_often_it_is_reported(polled: Location, days: float, reports: int) -> None:
    event = read_events(polled.loopback.database)[0]
    moments = [polled.hour + timedelta(hours=hours) for hours in range(24)]
    due = [is_due(replace(event, event_at=at + timedelta(days=days)), lambda at=at: at) for at in moments]
    assert sum(due) == reports
