"""Response bodies to work on: a recorded one where there is one, else the simulator's.

What belongs here: bytes as a marketplace sends them, and the events they belong to. What does not: sending them.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ground import PROJECT
from ticket_pipeline.market.events import Event, WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.stubhub import listings_body
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.storage.watchlist import sync_watchlist

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

STARTS_AT = datetime(2026, 5, 4, tzinfo=UTC)
"""The first moment of all made-up captures: a Monday, so that whole weeks fall into whole chunks."""

_FIRST_ID = 157_000_000
_DISTINCT_BODIES = 16
_EVENT_AT = datetime(2036, 1, 1, 20, tzinfo=UTC)


def large_body() -> tuple[bytes, str]:
    """A body of some 1,300 listings, and where it is from."""
    samples = Path(os.environ.get("TICKET_PIPELINE_SAMPLES") or PROJECT.parent / "shared" / "samples")
    recorded = samples / "replay" / "stubhub_comps_9566731.json"
    if recorded.is_file():
        return recorded.read_bytes(), "recorded"
    return simulated_body(1301, seed=1), "simulated"


def simulated_body(listings: int, seed: int) -> bytes:
    """A body of about so many listings of an arena."""
    venue = Venue("Bench Arena", "Boston", "United States", "America/New_York", "USD", 20_000, arena_zones())
    event = SimulatedEvent(external_id(seed), "Bench", venue, STARTS_AT + timedelta(days=60), 120.0, listings)
    return listings_body(EventMarket(event, seed).listings_at(STARTS_AT), venue.currency)


@cache
def _distinct_body(number: int, listings: int) -> bytes:
    return simulated_body(listings, seed=number)


def event_body(number: int, listings: int) -> bytes:
    """The body of the event of this number: one of a few, since the work does not depend on which."""
    return _distinct_body(number % _DISTINCT_BODIES, listings)


def external_id(number: int) -> str:
    """The marketplace's id of the event of this number."""
    return str(_FIRST_ID + number)


def add_events(database: Database, count: int) -> list[Event]:
    """Put `count` tracked events on StubHub into the watchlist; returns them in order."""
    records = [
        WatchlistEvent(
            name=f"Event {number}",
            venue=None,
            city=None,
            country=None,
            event_date=_EVENT_AT.replace(tzinfo=None),
            timezone="UTC",
            timezone_source="sheet",
            event_at=_EVENT_AT,
            is_tracked=True,
            capacity=None,
            poll_interval=None,
            sheet_row=number + 2,
            external_ids={Marketplace.STUBHUB: external_id(number)},
        )
        for number in range(count)
    ]
    sync_watchlist(database, records, [], source="bench", this_moment=STARTS_AT, max_untrack_fraction=1)
    events = read_events(database, external_ids=[external_id(number) for number in range(count)])
    return sorted(events, key=lambda event: event.external_id)
