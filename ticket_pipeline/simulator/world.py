"""The events that the simulator plays, the sample world, and its watchlist."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones, standing_zones, theatre_zones

WATCHED = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS, Marketplace.TICKETMASTER)
"""The marketplaces that have the world's events."""

WATCHLIST_HEADER = (
    "Event Name", "Venue", "City", "Country", "Event Date (Local)", "viagId",
    "is_tracked", "Interval", "Timezone", "Capacity", "Vivid Seats ID", "Ticketmaster ID",
)  # fmt: skip
ZONES_HEADER = ("Venue", "Section pattern", "Zone")
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
SOONEST = timedelta(hours=4)  # to the sample world's first event
EVENING = time(19, 30)
EARLIEST, LATEST = time(18), time(22)  # of the first event, so that one of the next day's hours is an evening
WEEKDAYS = {"Harbor Garden": range(3, 6), "Riverside Rooms": range(3, 6), "Lantern Hall": range(1, 7)}
"""When a venue has events, counted from Monday: concerts late in the week, musicals not on Mondays; else any day."""

HOLIDAYS = ((12, 24), (12, 25), (12, 26), (1, 1))

OWN_INTERVAL = "24h"
"""How often the events of past seasons were polled, by their rows of the watchlist."""


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """A StubHub event whose responses are given bodies, one after another; the last one repeats."""

    external_id: str
    bodies: tuple[bytes, ...]


class SimulatedWorld:
    """Events and their markets, which are the same for a seed.

    From `started_at` on they move `speed` times faster than ordinary ones.
    """

    def __init__(
        self, events: Sequence[SimulatedEvent | ReplayEvent], *, started_at: datetime, seed: int = 0, speed: float = 1.0
    ) -> None:
        self.events = tuple(events)
        self.seed = seed
        self.speed = speed
        self.started_at = started_at
        self.simulated_events = [event for event in self.events if isinstance(event, SimulatedEvent)]
        self.replays = {event.external_id: event for event in self.events if isinstance(event, ReplayEvent)}
        self._markets: dict[tuple[Marketplace, str], EventMarket] = {}
        for slot, event in enumerate(self.simulated_events):
            market = EventMarket(event, seed, speed=speed, fast_since=started_at, slot=slot)
            self._markets |= dict.fromkeys(event.ids.items(), market)
        ids = sum(len(event.ids) for event in self.simulated_events)
        if ids != len(self._markets) or len(self.simulated_events) + len(self.replays) != len(self.events):
            raise ValueError("Two events of the world have the same external id: give each its own")

    def is_past(self, event: SimulatedEvent) -> bool:
        """Whether an event was over when the world began."""
        return event.event_at <= self.started_at

    def market(self, external_id: str, marketplace: Marketplace = Marketplace.STUBHUB) -> EventMarket | None:
        """The market of the event with this id there, if any."""
        return self._markets.get((marketplace, external_id))

    def markets_at(self, marketplace: Marketplace) -> dict[str, EventMarket]:
        """The markets of a marketplace's events, by their ids there."""
        return {external_id: market for (place, external_id), market in self._markets.items() if place is marketplace}


def sample_world(now: datetime, *, seed: int = 0, speed: float = 1.0) -> SimulatedWorld:
    """Six fictional events from some hours to forty days ahead of `now`, one at least per cadence band."""
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
    events = []
    for stubhub_id, vivid_seats_id, ticketmaster_id, name, venue, days, base_price, listings in planned:
        others = {Marketplace.VIVID_SEATS: vivid_seats_id, Marketplace.TICKETMASTER: ticketmaster_id}
        start = evening(now, days, venue)
        events.append(SimulatedEvent(stubhub_id, name, venue, start, base_price, listings, others))
    return SimulatedWorld(events, seed=seed, speed=speed, started_at=now)


def sample_watchlist_rows(world: SimulatedWorld) -> list[list[str]]:
    """The world's events as the rows of a watchlist, header first; dates are the venue's local time.

    The events to come are first and tracked; those that were over when the world began are kept below them.
    """
    to_come = [event for event in world.simulated_events if not world.is_past(event)]
    past = [event for event in world.simulated_events if world.is_past(event)]
    rows = [list(WATCHLIST_HEADER)]
    for event in (*sorted(to_come, key=_start_of), *sorted(past, key=_start_of, reverse=True)):
        venue = event.venue
        local = event.event_at.astimezone(ZoneInfo(venue.timezone)).strftime(DATE_FORMAT)
        about = [event.name, venue.name, venue.city, venue.country, local, event.external_id]
        polled = ["FALSE", OWN_INTERVAL] if world.is_past(event) else ["TRUE", ""]
        other_ids = [event.ids.get(marketplace, "") for marketplace in WATCHED[1:]]
        rows.append([*about, *polled, venue.timezone, str(venue.capacity), *other_ids])
    return rows


def sample_zone_rows(world: SimulatedWorld) -> list[list[str]]:
    """The venue map of the world's venues as the rows of a sheet, header first."""
    venues = {event.venue.name: event.venue for event in world.simulated_events}
    rows = [[venue.name, zone.pattern, zone.name] for venue in venues.values() for zone in venue.zones]
    return [list(ZONES_HEADER), *rows]


def open_world(path: Path, now: datetime, *, seed: int = 0, speed: float = 1.0) -> SimulatedWorld:
    """The sample world stored in `path`, or a new one where there is none or all its events are over.

    A new world's start and seed are written to `path`, so that a restart or another process plays the same markets. A
    file that is damaged, or cannot be read or written, is a ConfigurationError.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        started_at = datetime.fromisoformat(stored["started_at"]).astimezone(UTC)
        world = sample_world(started_at, seed=int(stored["seed"]), speed=speed)
        if any(event.event_at > now for event in world.simulated_events):
            return world
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigurationError(f"Could not read {path}: {error.strerror}. Make it readable, or delete it.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"The simulated world in {path} is damaged. Delete it to start a new one.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"started_at": now.isoformat(), "seed": seed}), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(f"Could not write {path}: {error.strerror}. Make its folder writable.") from error
    return sample_world(now, seed=seed, speed=speed)


def _start_of(event: SimulatedEvent) -> datetime:
    return event.event_at


def evening(now: datetime, days: int, venue: Venue) -> datetime:
    """The evening so many days ahead at the venue, or a few days later: on one of its `WEEKDAYS`.

    For 0 days ahead it is the soonest hour of any evening.
    """
    zone = ZoneInfo(venue.timezone)
    if days == 0:
        half_hours = -(-(now + SOONEST).timestamp() // 1800)
        while not EARLIEST <= (start := datetime.fromtimestamp(half_hours * 1800, zone)).time() <= LATEST:
            half_hours += 1
        return start.astimezone(UTC)
    day = (now + timedelta(days=days)).astimezone(zone).date()
    while day.weekday() not in WEEKDAYS.get(venue.name, range(7)) or (day.month, day.day) in HOLIDAYS:
        day += timedelta(days=1)
    return datetime.combine(day, EVENING, zone).astimezone(UTC)
