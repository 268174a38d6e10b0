"""Play the past: responses of past moments, given to the pipeline's own ingest. It can be interrupted at any moment.

Each poll that is stored is found at the next start, so that a past which was interrupted goes on where it ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from random import Random
from typing import TYPE_CHECKING

from ticket_pipeline.demo.plan import PlannedPoll, Watched, plan_polls
from ticket_pipeline.ingest.attempts import PollContext
from ticket_pipeline.ingest.captures import ListingsIngest
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.ingest.poll import BACK_OFF, build_gate
from ticket_pipeline.ingest.results import Fetched
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.queries.events import WatchedEvent, read_events
from ticket_pipeline.sheet.sync import load_zone_map
from ticket_pipeline.simulator.bodies import body_at
from ticket_pipeline.simulator.marketplaces import Marketplace as Place
from ticket_pipeline.storage.admission_rules import read_admission_rules

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.simulator.market import EventMarket
    from ticket_pipeline.simulator.world import SimulatedWorld
    from ticket_pipeline.storage.database import Database

_GROUP = 64
_LATENCY = (0.15, 0.9)  # seconds


@dataclass(frozen=True, slots=True)
class Source:
    """An event at one marketplace, its market, and the polls of it that are planned."""

    event: WatchedEvent
    market: EventMarket
    polls: tuple[PlannedPoll, ...]


def plan_past(database: Database, world: SimulatedWorld, *, past: timedelta) -> list[list[Source]]:
    """What there is to play of the world's events on the watchlist: the sources of each event, the largest event first.

    Both marketplaces of an event are played together, because they show the same holdings.
    """
    events: dict[int, list[Source]] = {}
    for event in read_events(database):
        market = world.market(event.external_id, Place(event.marketplace))
        if market is None or not event.marketplace.has_listings:
            continue
        watched = Watched(event.marketplace, event.external_id, event.event_at, event.sheet_interval)
        polls = tuple(plan_polls(watched, world.started_at, world.seed, past=past))
        events.setdefault(event.event_id, []).append(Source(event, market, polls))
    return sorted(events.values(), key=lambda sources: -sum(_cost(source) for source in sources))


def share_out(events: Sequence[list[Source]], parts: int) -> list[list[list[Source]]]:
    """The events in as many parts of about equal work."""
    shares: list[list[list[Source]]] = [[] for _ in range(parts)]
    work = [0] * parts
    for sources in events:
        least = work.index(min(work))
        shares[least].append(sources)
        work[least] += sum(_cost(source) for source in sources)
    return shares


def _cost(source: Source) -> int:
    return len(source.polls) * (100 + source.market.event.listings)


async def play(
    database: Database, settings: Settings, world: SimulatedWorld, events: Sequence[Sequence[Source]]
) -> None:
    """Store what is not stored yet of the polls of these events, one event after the other."""
    bodies_from = world.started_at - timedelta(days=settings.raw_payload_days)
    async with AsyncExitStack() as stack:
        ingests = {
            marketplace: await stack.enter_async_context(_open_ingest(database, settings, marketplace))
            for marketplace in {source.event.marketplace for sources in events for source in sources}
        }
        for sources in events:
            _play_event(database, ingests, sources, bodies_from)


def _play_event(
    database: Database, ingests: Mapping[Marketplace, ListingsIngest], sources: Sequence[Source], bodies_from: datetime
) -> None:
    """Store the polls of one event in the order of time, as polling would have."""
    waiting: dict[tuple[Marketplace, bool], list[Fetched]] = defaultdict(list)

    def store(marketplace: Marketplace, keep_body: bool) -> None:
        ingest = ingests[marketplace]
        context = replace(ingest.context, keep_body=keep_body)
        replace(ingest, context=context).store(waiting.pop((marketplace, keep_body)))

    for source, poll in merge(*[_left(database, source) for source in sources], key=lambda item: item[1].at):
        kind = source.event.marketplace, poll.at >= bodies_from
        if (older := (source.event.marketplace, False)) in waiting and older != kind:
            store(*older)
        waiting[kind].append(_fetched(source, poll))
        if len(waiting[kind]) == _GROUP:
            store(*kind)
    for kind in list(waiting):
        store(*kind)


def _left(database: Database, source: Source) -> Iterator[tuple[Source, PlannedPoll]]:
    """The polls of a source that are not stored yet."""
    rows = database.fetch_all(
        "origin/select_played",
        event_id=source.event.event_id,
        marketplace=source.event.marketplace,
        finished_from=source.polls[0].at,
        finished_until=source.polls[-1].at,
    )
    played = {row["finished_at"] for row in rows}
    return ((source, poll) for poll in source.polls if poll.at not in played)


@asynccontextmanager
async def _open_ingest(
    database: Database, settings: Settings, marketplace: Marketplace
) -> AsyncIterator[ListingsIngest]:
    """The pipeline's own ingest; nothing is sent through its client."""
    context = PollContext(database, marketplace, BACK_OFF, draw_jitter=lambda: 1.0, keep_body=True)
    gate = build_gate(database, settings, marketplace, Random(0))  # noqa: S311 - never asked
    open_client = SOURCES[marketplace].open_client
    async with open_client(settings, gate=gate, clock=lambda: datetime.now(UTC)) as client:
        yield ListingsIngest(context, client, load_zone_map(database), read_admission_rules(database))


def _fetched(source: Source, poll: PlannedPoll) -> Fetched:
    latency = Random(str(poll.at)).uniform(*_LATENCY)  # noqa: S311 - chance, not secrecy
    started_at = poll.at - timedelta(seconds=latency)
    event = source.event
    if poll.error is not None:
        return Fetched(event, started_at, poll.at, error=poll.error)
    body = body_at(source.market, Place(event.marketplace), poll.at, poll.share)
    response = RawResponse(
        event.marketplace, event.external_id, body, poll.at, status=200, tries=1, latency_seconds=latency
    )
    return Fetched(event, started_at, poll.at, response=response)
