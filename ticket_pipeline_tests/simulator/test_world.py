"""The sample world, its watchlist, and keeping it across restarts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.world import (
    WATCHLIST_HEADER,
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
    assert 1 < days[1] < days[2] < 7
    assert 7 < days[3] < days[4] < 30
    assert days[5] > 30


def test_the_documented_event_is_there_with_nine_digit_ids() -> None:
    ids = [event.external_id for event in sample_world(NOW).events]
    assert "157284301" in ids
    assert all(len(external_id) == 9 and external_id.isdigit() for external_id in ids)


def test_every_event_has_ids_at_all_marketplaces_and_the_watchlist_carries_them() -> None:
    world = sample_world(NOW)
    header, *rows = sample_watchlist_rows(world)
    columns = {
        "viagId": Marketplace.STUBHUB,
        "Vivid Seats ID": Marketplace.VIVID_SEATS,
        "Ticketmaster ID": Marketplace.TICKETMASTER,
    }
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        markets = {world.market(cells[column], marketplace) for column, marketplace in columns.items()}
        assert len(markets) == 1
        assert markets != {None}


def test_the_watchlist_gives_local_dates_that_mean_the_events_start() -> None:
    world = sample_world(NOW)
    header, *rows = sample_watchlist_rows(world)
    assert header == list(WATCHLIST_HEADER)
    starts = {event.external_id: event.event_at for event in world.simulated_events}
    assert len(rows) == len(starts)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        local = datetime.strptime(cells["Event Date (Local)"], "%Y-%m-%d %H:%M:%S").replace(
            tzinfo=ZoneInfo(cells["Timezone"])
        )
        assert local == starts[cells["viagId"]]
        assert all(cells.values())


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
    markets = [world.market("157284301") for world in (first, again)]
    assert markets[0] is not None
    assert markets[1] is not None
    assert markets[0].listings_at(NOW) == markets[1].listings_at(NOW)
    assert [file.name for file in path.parent.iterdir()] == ["world.json"]


def test_a_world_whose_events_are_over_gives_way_to_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    open_world(path, NOW, seed=5)
    later = NOW + timedelta(days=60)
    assert open_world(path, later, seed=6).started_at == later
    assert open_world(path, later + timedelta(days=1)).seed == 6


def test_processes_that_start_at_once_agree_on_one_world(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    barrier = threading.Barrier(8)
    worlds: list[SimulatedWorld] = []

    def start(number: int) -> None:
        barrier.wait()
        worlds.append(open_world(path, NOW + timedelta(minutes=number), seed=number))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(world.started_at, world.seed) for world in worlds}) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"started_at": "soon", "seed": 1}', '{"started_at": "2026-01-01", "seed": 1}']
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="Delete it"):
        open_world(path, NOW)


def test_two_events_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="same external id"):
        SimulatedWorld([ReplayEvent("1", (b"[]",)), ReplayEvent("1", (b"[]",))], started_at=NOW)


def test_one_id_may_stand_for_different_events_at_different_marketplaces() -> None:
    replays = [
        ReplayEvent("1", (b"[]",), marketplace) for marketplace in (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
    ]
    world = SimulatedWorld(replays, started_at=NOW)
    assert [world.replay("1", replay.marketplace) for replay in replays] == replays
    assert world.replay("1", Marketplace.TICKETMASTER) is None


def test_a_replay_needs_a_body() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ReplayEvent("1", ())
