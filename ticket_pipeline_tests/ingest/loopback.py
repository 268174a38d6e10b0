"""A marketplace on loopback, a database of the test's own, and a watchlist in it that names the marketplace's events.

What belongs here: what polling and the Dagster wiring are both tried on. What does not: a test's own faults and claims.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from ticket_pipeline.ingest.batch import BatchResult
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.market.events import Event, WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import SimulatedWorld
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.simulator_support.large_world import large_world
from ticket_pipeline_tests.simulator_support.serving import serve
from ticket_pipeline_tests.storage.stored import event_record

STUBHUB = Marketplace.STUBHUB


class Clock:
    """The real time, moved: what arrives over the wire carries real moments."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) + self.offset


@dataclass
class Loopback:
    """A running marketplace and a database.

    Attributes:
        keys: the events' ids at the marketplace, in order.
        faults: what goes wrong at the marketplace; add to it at any time.
        log: the requests that reached the marketplace.
    """

    url: str
    database_url: str
    database: Database
    world: SimulatedWorld
    faults: FaultPlan
    log: RequestLog
    clock: Clock = field(default_factory=Clock)

    @property
    def keys(self) -> list[str]:
        """Every event's id."""
        return [event.external_id for event in self.world.events]

    def settings(self, **changes: object) -> Settings:
        """Settings that name this marketplace and this database, and wait for nothing."""
        fixed = {
            "database_url": self.database_url,
            "stubhub_api_base_url": self.url,
            "stubhub_requests_per_minute": 600,
            "httpx_max_connections": 4,
            "min_request_delay": 0,
            "max_request_delay": 0,
            "httpx_retries": 0,
            "random_seed": 1,
            "prices_start_date": (self.clock() - timedelta(days=60)).date(),
        }
        return settings_from(fixed | changes)

    def watch(self, *, hours_ahead: float = 24 * 40, interval: timedelta | None = None) -> list[Event]:
        """Put every event of the world on the watchlist; all are due at once."""
        sync_watchlist(
            self.database,
            [
                watched(row, key, self.clock() + timedelta(hours=hours_ahead), poll_interval=interval)
                for row, key in enumerate(self.keys, 2)
            ],
            [],
            source="a test",
            this_moment=self.clock(),
            max_untrack_fraction=1,
        )
        return self.events()

    def events(self, keys: Sequence[str] | None = None) -> list[Event]:
        """The events of these keys, in their order, as a run is given them."""
        wanted = self.keys if keys is None else list(keys)
        found = read_events(self.database, external_ids=wanted, marketplace=STUBHUB)
        events = {event.external_id: event for event in found}
        return [events[key] for key in wanted]

    def poll(self, events: Sequence[Event], settings: Settings | None = None, **how: Any) -> BatchResult:  # noqa: ANN401 - the rest of poll_events' parameters
        """Poll `events` once."""
        chosen = settings or self.settings()
        return asyncio.run(poll_events(self.database, chosen, STUBHUB, events, now=self.clock, **how))

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query on the database, seen by a connection of its own."""
        with (
            psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("set search_path to tickets, public")
            cursor.execute(sql.SQL(query), values)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the column holds
        """The only value of a query's first row."""
        return next(iter(self.rows(query, *values)[0].values()))

    def schedule(self, key: str) -> Row:
        """The poll schedule of one event."""
        return self.rows(
            "select p.* from poll_schedule p join event_sources s using (event_id, marketplace) where external_id = %s",
            key,
        )[0]

    def stored_keys(self) -> list[str]:
        """The keys with a capture whose listings are all there."""
        rows = self.rows(
            "select s.external_id from snapshots s where s.accepted = (select count(*) from listings l where"
            " (l.event_id, l.marketplace, l.captured_at) = (s.event_id, s.marketplace, s.captured_at)) order by 1"
        )
        return [row["external_id"] for row in rows]


def watched(sheet_row: int, key: str, event_at: datetime, **changes: Any) -> WatchlistEvent:  # noqa: ANN401 - fields of the record
    """A row of the watchlist about the event `key`."""
    fields = {
        "name": f"Event {key}",
        "venue": "Crowd Arena",
        "event_date": event_at.replace(tzinfo=None, microsecond=0),
        "timezone": "UTC",
        "event_at": event_at,
        "external_ids": {"stubhub": key},
    }
    return event_record(sheet_row - 1, **(fields | changes))


@contextmanager
def open_loopback(
    database_url: str, world: SimulatedWorld | None = None, *, latency_seconds: float = 0.0
) -> Iterator[Loopback]:
    """Serve `world` (by default four events of some ten listings) beside a migrated database."""
    clock = Clock()
    played = world or large_world(clock(), 4, listings=10, templates=4)
    faults, log = FaultPlan(), RequestLog()
    app = create_stubhub_app(played, clock=clock, faults=faults, log=log, latency=Latency(latency_seconds))
    with serve(app) as served, Database(database_url, "tickets") as database:
        yield Loopback(served.url, database_url, database, played, faults, log, clock)
