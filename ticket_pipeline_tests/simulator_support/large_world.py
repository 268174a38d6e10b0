"""A world of many events that is cheap to serve."""

from __future__ import annotations

from datetime import datetime, timedelta

from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.stubhub import listings_body
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld

FIRST_ID = 158_000_001


def large_world(
    now: datetime, events: int, *, listings: int = 300, templates: int = 20, seed: int = 0
) -> SimulatedWorld:
    """A world of `events` replayed events with ids from 158000001 on, each with about `listings` listings.

    Every response is one of `templates` ready bodies; events that share a body share its listing ids.
    """
    venue = Venue("Crowd Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())
    bodies: list[bytes] = []
    for slot in range(min(events, templates)):
        event = SimulatedEvent(str(FIRST_ID + slot), f"Event {slot}", venue, now + timedelta(days=30), 150.0, listings)
        bodies.append(listings_body(EventMarket(event, seed, slot=slot).listings_at(now), venue.currency))
    replays = [ReplayEvent(str(FIRST_ID + number), (bodies[number % len(bodies)],)) for number in range(events)]
    return SimulatedWorld(replays, seed=seed, started_at=now)
