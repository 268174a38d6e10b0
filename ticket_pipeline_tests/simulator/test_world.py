"""The sample world, its watchlist, and storing it across restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.seasons import with_seasons
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

NOW = datetime(2026, 6, 1, 12, 17, 5, tzinfo=UTC)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_every_cadence_band_has_an_event(hour: int) -> None:
    now = NOW.replace(hour=hour)
    days = sorted((event.event_at - now) / timedelta(days=1) for event in sample_world(now).simulated_events)
    assert len(days) == 6
    assert 4 / 24 <= days[0] <= 1.03
    assert 1 < days[1] < days[2] < 7 < days[3] < days[4] < 30 < days[5]


def test_the_watchlist_has_each_events_ids_and_local_start() -> None:
    world = sample_world(NOW)
    header, *rows = sample_watchlist_rows(world)
    assert len(rows) == len(world.events)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        assert [name for name, text in cells.items() if not text] == ["Interval"]
        ids = [cells[name] for name in ("viagId", "Vivid Seats ID", "Ticketmaster ID")]
        (market,) = {world.market(external_id, place) for external_id, place in zip(ids, WATCHED, strict=True)}
        local = datetime.strptime(cells["Event Date (Local)"], DATE_FORMAT).replace(tzinfo=ZoneInfo(cells["Timezone"]))
        assert market is not None
        assert market.event.event_at == local
        assert market.event.name == cells["Event Name"]


@pytest.mark.parametrize("hour", range(24))
def test_every_event_is_in_an_evening_of_a_day_on_which_its_venue_is_open(hour: int) -> None:
    for day in range(0, 28, 9):
        for event in with_seasons(sample_world(NOW.replace(hour=hour) + timedelta(days=day))).simulated_events:
            local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
            assert 18 <= local.hour <= 22, event
            assert event.venue.name != "Lantern Hall" or local.weekday() > 0, event


def test_a_world_with_seasons_plays_the_same_events_and_keeps_the_past_ones_untracked_in_its_watchlist() -> None:
    world = sample_world(NOW)
    both = with_seasons(world)
    assert both.events[: len(world.events)] == world.events
    past = [event for event in both.simulated_events if both.is_past(event)]
    assert both.events[len(world.events) :] == tuple(past)
    for venue in {event.venue.name for event in world.simulated_events}:
        ages = [(NOW - event.event_at).days for event in past if event.venue.name == venue]
        assert sorted(age > 180 for age in ages) == [False] * 3 + [True] * 3, "three in each season"
        assert min(ages) > 45, "not while the events to come were watched"
    header, *rows = sample_watchlist_rows(both)
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["is_tracked"] for row in cells] == ["TRUE"] * len(world.events) + ["FALSE"] * len(past)
    assert {row["Interval"] for row in cells if row["is_tracked"] == "FALSE"} == {"24h"}


def test_the_market_is_an_ordinary_one_until_its_world_begins() -> None:
    ordinary, fast = (sample_world(NOW, speed=speed) for speed in (1, 20))
    gone = {}
    for name, world in (("ordinary", ordinary), ("fast", fast)):
        market = world.market("157284301")
        assert market is not None
        for label, hour in (("before", -24), ("after", 0)):
            first = NOW + timedelta(hours=hour)
            gone[name, label] = len(market.removals_between(first, first + timedelta(hours=24)))
    assert gone["fast", "before"] == pytest.approx(gone["ordinary", "before"], rel=0.4)
    assert gone["fast", "after"] > 10 * gone["ordinary", "after"]


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
