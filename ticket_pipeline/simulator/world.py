"""A world of events: which events the simulator plays, since when, and the watchlist that names them.

What belongs here: events, their markets, the sample world and its watchlist, and keeping a world across restarts. What
does not: how a marketplace shows them.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones, standing_zones, theatre_zones

if TYPE_CHECKING:
    from collections.abc import Sequence

WATCHLIST_HEADER = (
    "Event Name",
    "Venue",
    "City",
    "Country",
    "Event Date (Local)",
    "viagId",
    "is_tracked",
    "Timezone",
    "Capacity",
    "Vivid Seats ID",
    "Ticketmaster ID",
)
ZONES_HEADER = ("Venue", "Section pattern", "Zone")
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
SOONEST = timedelta(hours=9)  # to the sample world's first event: inside the last day, with time left to watch
EVENING = time(19, 30)


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """An event whose answers are given bodies, one after another; the last one repeats.

    Attributes:
        external_id: the marketplace's id.
        bodies: response bodies as they go over the wire; at least one.
        marketplace: the marketplace that answers with them.
    """

    external_id: str
    bodies: tuple[bytes, ...]
    marketplace: Marketplace = Marketplace.STUBHUB

    def __post_init__(self) -> None:
        if not self.bodies:
            raise ValueError(f"Event {self.external_id} has no bodies to replay: give at least one")


class SimulatedWorld:
    """Events and their markets.

    Args:
        events: simulated and replayed ones; external ids must differ.
        seed: the chance of all markets.
        speed: how many times faster than ordinary markets these move; events' dates stay where they are.
        started_at: aware UTC; static answers are those of this moment.
    """

    def __init__(
        self,
        events: Sequence[SimulatedEvent | ReplayEvent],
        *,
        seed: int = 0,
        speed: float = 1.0,
        started_at: datetime,
    ) -> None:
        self.events = tuple(events)
        self.seed = seed
        self.speed = speed
        self.started_at = started_at
        self._markets: dict[tuple[Marketplace, str], EventMarket] = {}
        self._replays: dict[tuple[Marketplace, str], ReplayEvent] = {}
        for slot, event in enumerate(self.simulated_events):
            market = EventMarket(event, seed, speed=speed, slot=slot)
            self._markets |= dict.fromkeys(event.ids.items(), market)
        for replay in self.events:
            if isinstance(replay, ReplayEvent):
                self._replays[replay.marketplace, replay.external_id] = replay
        known = len(self.simulated_events) + len(self._replays)
        ids = sum(len(event.ids) for event in self.simulated_events)
        if known != len(self.events) or ids != len(self._markets) or self._markets.keys() & self._replays.keys():
            raise ValueError("Two events of the world have the same external id: give each its own")

    @property
    def simulated_events(self) -> list[SimulatedEvent]:
        """The events with a market, in order."""
        return [event for event in self.events if isinstance(event, SimulatedEvent)]

    def market(self, external_id: str, marketplace: Marketplace = Marketplace.STUBHUB) -> EventMarket | None:
        """The market of the event with this id there; None where there is no such event, or it is a replay."""
        return self._markets.get((marketplace, external_id))

    def replay(self, external_id: str, marketplace: Marketplace = Marketplace.STUBHUB) -> ReplayEvent | None:
        """The replayed event of this id; None where there is none."""
        return self._replays.get((marketplace, external_id))

    def events_at(self, marketplace: Marketplace) -> list[tuple[str, SimulatedEvent | ReplayEvent]]:
        """The events that an marketplace knows, with their ids there, in order."""
        known: list[tuple[str, SimulatedEvent | ReplayEvent]] = []
        for event in self.events:
            if isinstance(event, ReplayEvent):
                if event.marketplace is marketplace:
                    known.append((event.external_id, event))
            elif marketplace in event.ids:
                known.append((event.ids[marketplace], event))
        return known

    def is_over(self, now: datetime) -> bool:
        """Whether every simulated event has started."""
        return all(event.event_at <= now for event in self.simulated_events)


def sample_world(now: datetime, *, seed: int = 0, speed: float = 1.0) -> SimulatedWorld:
    """Six fictional events from some hours to forty days ahead of `now`, so that every cadence band has one."""
    garden = Venue("Harbor Garden", "Boston", "United States", "America/New_York", "USD", 19_500, arena_zones())
    dome = Venue("Foundry Dome", "Chicago", "United States", "America/Chicago", "USD", 20_900, arena_zones())
    hall = Venue("Lantern Hall", "Los Angeles", "United States", "America/Los_Angeles", "USD", 2_200, theatre_zones())
    depot = Venue("The Depot", "Denver", "United States", "America/Denver", "USD", 3_900, standing_zones())
    centre = Venue("Lakeshore Centre", "Toronto", "Canada", "America/Toronto", "CAD", 19_800, arena_zones())
    rooms = Venue("Riverside Rooms", "London", "United Kingdom", "Europe/London", "GBP", 4_900, standing_zones())
    planned = (
        ("157284301", "5284301", "vvG1IZ9pNeXaVj", "Vesper Lane - The Long Way Home Tour", garden, 40, 165.0, 320),
        ("157310846", "5310846", "vvG1bZ9uRtKqLs", "Boston Herons at Chicago Furnace", dome, 2, 120.0, 300),
        ("157422590", "5422590", "G5vYZ98mBw0cH", "Glass Orchard", depot, 0, 74.0, 180),
        ("157563127", "5563127", "vvG10Z9dXmTuPy", "Toronto Tundra vs. Montreal Beacons", centre, 5, 140.0, 300),
        ("157608455", "5608455", "Z7r9jZ1AdKw4e", "The Cartographer's Daughter (Musical)", hall, 12, 98.0, 220),
        ("157741963", "5741963", "vvG18Z9kLpQsRt", "Nightjar Parade", rooms, 26, 62.0, 200),
    )
    events = [
        SimulatedEvent(
            stubhub_id,
            name,
            venue,
            _start(now, days, venue),
            base_price,
            listings,
            other_ids={Marketplace.VIVID_SEATS: vivid_seats_id, Marketplace.TICKETMASTER: ticketmaster_id},
        )
        for stubhub_id, vivid_seats_id, ticketmaster_id, name, venue, days, base_price, listings in planned
    ]
    return SimulatedWorld(events, seed=seed, speed=speed, started_at=now)


def sample_watchlist_rows(world: SimulatedWorld) -> list[list[str]]:
    """The world's events as the rows of a watchlist sheet, header first; dates are the venue's local time."""
    rows = [list(WATCHLIST_HEADER)]
    for event in sorted(world.simulated_events, key=lambda event: event.event_at):
        venue = event.venue
        local = event.event_at.astimezone(ZoneInfo(venue.timezone)).strftime(DATE_FORMAT)
        place = [venue.name, venue.city, venue.country]
        others = [event.ids.get(marketplace, "") for marketplace in (Marketplace.VIVID_SEATS, Marketplace.TICKETMASTER)]
        known = [event.external_id, "TRUE", venue.timezone, str(venue.capacity)]
        rows.append([event.name, *place, local, *known, *others])
    return rows


def sample_zone_rows(world: SimulatedWorld) -> list[list[str]]:
    """The venue map of the world's venues as the rows of a sheet, header first."""
    venues = {event.venue.name: event.venue for event in world.simulated_events}
    rows = [[venue.name, zone.pattern, zone.name] for venue in venues.values() for zone in venue.zones]
    return [list(ZONES_HEADER), *rows]


def open_world(path: Path, now: datetime, *, seed: int = 0, speed: float = 1.0) -> SimulatedWorld:
    """The sample world kept in `path`, or a new one where there is none or all its events are over.

    A new world's start and seed are written to `path`, so that a restart, or another process, plays the same markets.
    Processes that start at once agree on one world. `speed` is not kept: another speed is another market.

    Raises:
        ConfigurationError: the file cannot be read or written, or is damaged.
    """
    kept = _read(path)
    if kept is not None:
        world = sample_world(kept[0], seed=kept[1], speed=speed)
        if not world.is_over(now):
            return world
    try:
        _write(path, now, seed, replace=kept is not None)
    except FileExistsError:
        return open_world(path, now, seed=seed, speed=speed)  # another process was first
    except OSError as error:
        raise ConfigurationError(f"Tried to write {path}: {error.strerror}. Make its folder writable.") from error
    return sample_world(now, seed=seed, speed=speed)


def _start(now: datetime, days: int, venue: Venue) -> datetime:
    """The evening so many days ahead at the venue, or, for today, the next half hour after `SOONEST`."""
    if days == 0:
        half_hours = -(-(now + SOONEST).timestamp() // 1800)
        return datetime.fromtimestamp(half_hours * 1800, tz=UTC)
    zone = ZoneInfo(venue.timezone)
    return datetime.combine((now + timedelta(days=days)).astimezone(zone).date(), EVENING, zone).astimezone(UTC)


def _read(path: Path) -> tuple[datetime, int] | None:
    """Start and seed of the kept world; None where there is no file."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        started_at = datetime.fromisoformat(kept["started_at"])
        seed = kept["seed"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"Tried to read {path}: {error.strerror}. Make it readable, or delete it.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"Tried to read the simulator's world from {path}: it is damaged. Delete it; a new world then starts."
        ) from error
    if started_at.tzinfo is None or not isinstance(seed, int):
        raise ConfigurationError(f"Tried to read the simulator's world from {path}: it is damaged. Delete it.")
    return started_at, seed


def _write(path: Path, started_at: datetime, seed: int, *, replace: bool) -> None:
    """Write the world whole or not at all; where `replace` is false, an existing file wins (FileExistsError)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"started_at": started_at.isoformat(), "seed": seed}, file)
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
