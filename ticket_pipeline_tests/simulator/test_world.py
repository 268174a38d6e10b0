"""The sample world, its watchlist, and storing it across restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.world import (
    DATE_FORMAT,
    WATCHED,
    ReplayEvent,
    SimulatedWorld,
    open_world,
    sample_watchlist_rows,
    sample_world,
    sample_zone_rows,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, 17, 5, tzinfo=UTC)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_every_cadence_band_has_an_event(hour: int) -> None:
    now = NOW.replace(hour=hour)
    days = sorted((event.event_at - now) / timedelta(days=1) for event in sample_world(now).simulated_events)
    assert len(days) == 6
    assert 0.3 < days[0] < 0.5
    assert 1 < days[1] < days[2] < 7 < days[3] < days[4] < 30 < days[5]


def test_the_watchlist_has_each_events_ids_and_local_start() -> None:
    world = sample_world(NOW)
    header, *rows = sample_watchlist_rows(world)
    assert len(rows) == len(world.events)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        assert all(cells.values())
        ids = [cells[name] for name in ("viagId", "Vivid Seats ID", "Ticketmaster ID")]
        (market,) = {world.market(external_id, place) for external_id, place in zip(ids, WATCHED, strict=True)}
        local = datetime.strptime(cells["Event Date (Local)"], DATE_FORMAT).replace(tzinfo=ZoneInfo(cells["Timezone"]))
        assert market is not None
        assert market.event.event_at == local
        assert market.event.name == cells["Event Name"]


def test_the_venue_map_names_every_venues_zones() -> None:
    world = sample_world(NOW)
    rows = sample_zone_rows(world)[1:]
    assert {row[0] for row in rows} == {event.venue.name for event in world.simulated_events}
    assert ["Harbor Garden", "101-120", "Lower Bowl"] in rows


def test_a_restart_resumes_the_same_markets(tmp_path: Path) -> None:
    path = tmp_path / "state" / "world.json"
    first = open_world(path, NOW, seed=5)
    again = open_world(path, NOW + timedelta(days=3), seed=6)
    assert again.events == first.events
    assert again.seed == 5
    assert [file.name for file in path.parent.iterdir()] == ["world.json"]


def test_a_world_whose_events_are_over_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    open_world(path, NOW, seed=5)
    later = NOW + timedelta(days=60)
    assert open_world(path, later, seed=6).started_at == later
    assert open_world(path, later + timedelta(days=1)).seed == 6


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"started_at": "soon", "seed": 1}'])
def test_a_damaged_file_is_an_error_with_the_fix(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="Delete it"):
        open_world(path, NOW)


def test_two_events_with_one_id_are_an_error() -> None:
    with pytest.raises(ValueError, match="same external id"):
        SimulatedWorld([ReplayEvent("1", (b"[]",)), ReplayEvent("1", (b"[]",))], started_at=NOW)
