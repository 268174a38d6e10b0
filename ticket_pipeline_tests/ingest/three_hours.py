"""Three hours of polling at every marketplace: one clock, one database, one simulator, and what they leave.

What belongs here: the polling. What does not: what must be true afterwards (`test_three_hours`).

The clock is set forward tick by tick, for the simulator and the pipeline alike: between two ticks it stands still, so
that the truth about a capture is that of its very moment. That a server sees no more than its budget in any window is
proven in `storage`.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row
from starlette.applications import Starlette
from starlette.routing import Mount

from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.ingest.due import Skip, choose_batch
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator import marketplaces as simulated
from ticket_pipeline.simulator.app import path_of
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.requests import reset_breaker
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.ingest.loopback import watched
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.simulator.recording import RequestRecord
    from ticket_pipeline.storage.database import Row

NOON = datetime(2036, 6, 1, 12, tzinfo=UTC)  # ahead of the real clock, by which a new event is due at once
SPAN, TICK = timedelta(hours=3), timedelta(minutes=15)
EVENTS, LISTINGS = 24, 8
MOST_AT_ONCE = 8
VENUE = Venue("Day Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())

# (events, hours to the first of them, hours between two): every band of the default cadence, one starting meanwhile
BANDS = ((6, 2.1, 2.0), (6, 30.0, 12.0), (6, 8 * 24.0, 48.0), (6, 31 * 24.0, 12.0))


@dataclass(frozen=True)
class Played:
    """How a marketplace is played; `captures` is the table that holds one row per capture."""

    marketplace: simulated.Marketplace
    create: Callable[..., Starlette]
    captures: str = "snapshots"


PLAYED = {
    Marketplace.STUBHUB: Played(simulated.Marketplace.STUBHUB, create_stubhub_app),
    Marketplace.VIVID_SEATS: Played(simulated.Marketplace.VIVID_SEATS, create_vivid_seats_app),
    Marketplace.TICKETMASTER: Played(
        simulated.Marketplace.TICKETMASTER, create_ticketmaster_app, "ticketmaster_events"
    ),
}


class Clock:
    """Stands still until it is set forward."""

    now = NOON

    def __call__(self) -> datetime:
        """Aware UTC."""
        return self.now


@dataclass(frozen=True)
class Polled:
    """What three hours left behind at one marketplace: its server's log, and its rows in the database."""

    marketplace: Marketplace
    played: Played
    world: SimulatedWorld
    log: RequestLog
    attempts: Sequence[Row]
    captures: Sequence[Row]
    listings: Sequence[Row]
    rejected: Sequence[Row]

    @cached_property
    def records(self) -> dict[tuple[str, datetime], RequestRecord]:
        """The server's records by event and moment."""
        return {(str(record.external_id), record.received_at): record for record in self.log.records()}


@dataclass
class _Wires:
    """A marketplace's faults and log."""

    faults: FaultPlan
    log: RequestLog = field(default_factory=RequestLog)


def poll_for_three_hours(database_url: str) -> list[Polled]:
    """Poll every marketplace for three hours, with every kind of fault; what is left at each.

    Args:
        database_url: of a migrated database, with nothing in it.
    """
    world, clock = _world(), Clock()
    wires = {marketplace: _Wires(_faults(world, played)) for marketplace, played in PLAYED.items()}
    with _served(world, clock, wires) as url, Database(database_url, "tickets", max_connections=12) as database:
        _watch(database, world)
        settings = _settings(database_url, url)
        for _ in range(SPAN // TICK):
            asyncio.run(_tick(database, settings, clock))
            clock.now += TICK
        return [_read(database, marketplace, world, wires[marketplace]) for marketplace in PLAYED]


async def _tick(database: Database, settings: Settings, clock: Clock) -> None:
    """What the sensors and their runs do at one moment, all marketplaces at once."""
    await asyncio.gather(*(_poll_what_is_due(database, settings, marketplace, clock) for marketplace in PLAYED))


async def _poll_what_is_due(database: Database, settings: Settings, marketplace: Marketplace, clock: Clock) -> None:
    """Poll until nothing is due; where the marketplace has blocked us, a person resumes at once."""
    while True:
        lease_id = uuid4()
        chosen = await asyncio.to_thread(
            choose_batch, database, settings, marketplace, this_moment=clock.now, lease_id=lease_id
        )
        if isinstance(chosen, Skip):
            assert "Nothing is due" in chosen.reason, chosen.reason
            return
        lease = Lease(lease_id, timedelta(seconds=settings.tuning.lease_seconds))
        result = await poll_events(database, settings, marketplace, chosen.events, now=clock, lease=lease)
        if result.skipped:
            assert "breaker is open" in (result.stopped_by or ""), result.stopped_by
            reset_breaker(database, marketplace)


@contextmanager
def _served(world: SimulatedWorld, clock: Clock, wires: dict[Marketplace, _Wires]) -> Iterator[str]:
    """The simulator with every marketplace under its own path; its URL."""
    mounts = [
        Mount(path_of(played.marketplace), played.create(world, clock=clock, faults=wire.faults, log=wire.log))
        for played, wire in zip(PLAYED.values(), wires.values(), strict=True)
    ]
    with serve(Starlette(routes=mounts)) as served:
        yield served.url


def _settings(database_url: str, url: str) -> Settings:
    return settings_from(
        {
            "database_url": database_url,
            "stubhub_api_base_url": f"{url}{path_of(simulated.Marketplace.STUBHUB)}",
            "stubhub_requests_per_minute": 9_000,
            "vivid_seats_api_base_url": f"{url}{path_of(simulated.Marketplace.VIVID_SEATS)}",
            "vivid_seats_requests_per_minute": 9_000,
            "ticketmaster_api_base_url": f"{url}{path_of(simulated.Marketplace.TICKETMASTER)}",
            "ticketmaster_api_key": "k",
            "ticketmaster_requests_per_day": 30_000,
            "ticketmaster_reserve_fraction": 0,
            "ticketmaster_cache_minutes": 0,  # every poll asks; cached responses have tests of their own
            "httpx_max_connections": MOST_AT_ONCE,
            "min_request_delay": 0,
            "max_request_delay": 0,
            "httpx_retries": 0,  # so that a request is an attempt
            "request_timeout_seconds": 10,
            "random_seed": 1,
            "prices_start_date": NOON.date(),
        }
    )


def _world() -> SimulatedWorld:
    hours = [first + step * number for count, first, step in BANDS for number in range(count)]
    events = [
        SimulatedEvent(
            str(157_000_001 + number),
            f"Event {number}",
            VENUE,
            NOON + timedelta(hours=ahead),
            90.0,
            LISTINGS,
            other_ids={
                simulated.Marketplace.VIVID_SEATS: str(5_000_001 + number),
                simulated.Marketplace.TICKETMASTER: f"vvG1iZ9{number:06}",
            },
        )
        for number, ahead in enumerate(hours)
    ]
    return SimulatedWorld(events, seed=5, started_at=NOON)


def _faults(world: SimulatedWorld, played: Played) -> FaultPlan:
    """Every kind of fault at an event of its own, in two polls in a row; what hangs does so once."""
    plan = FaultPlan()
    for event, kind in zip(world.simulated_events, FaultKind, strict=False):
        times = 1 if kind is FaultKind.HANG else 2
        plan.add(Fault(kind, times=times, delay_seconds=0.05, external_id=event.ids[played.marketplace]))
    return plan


def _watch(database: Database, world: SimulatedWorld) -> None:
    rows = [
        watched(number, event.external_id, event.event_at, external_ids={str(k): v for k, v in event.ids.items()})
        for number, event in enumerate(world.simulated_events, 2)
    ]
    sync_watchlist(database, rows, [], source="a test", this_moment=NOON, max_untrack_fraction=1)


def _read(database: Database, marketplace: Marketplace, world: SimulatedWorld, wire: _Wires) -> Polled:
    played = PLAYED[marketplace]

    def rows(table: str) -> list[dict[str, Any]]:
        where = "" if table.startswith("ticketmaster") else f"where marketplace = '{marketplace}'"
        query = f"select * from tickets.{table} {where}"  # noqa: S608 - a table of the test's own
        with psycopg.connect(database.url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    return Polled(
        marketplace,
        played,
        world,
        wire.log,
        *map(rows, ("fetch_attempts", played.captures, "listings", "rejected_listings")),
    )
