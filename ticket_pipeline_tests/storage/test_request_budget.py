"""The budget as the server sees it: four processes, one marketplace, requests that hang among them."""

from __future__ import annotations

import asyncio
import multiprocessing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.http.client import ConnectionOptions, HttpClients
from ticket_pipeline.http.fetcher import HttpFetcher, Request
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import EVENT_PARAMETER, LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.request_gate import BreakerRule, PostgresGate
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline_tests.simulator_support.serving import serve

PROCESSES = 4
REQUESTS_EACH = 12
LIMIT = 8
WINDOW = timedelta(seconds=1)
MAX_CONCURRENT = 3
REQUEST_SECONDS = 1.5
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does: `REQUESTS_EACH` fetches at once, through the gate they all share."""

    database_url: str
    marketplace_url: str
    seed: int


def send_all(work: Work) -> int:
    """Send every request of one process; returns how many were answered."""
    with Database(work.database_url, "tickets") as database:
        return asyncio.run(_send_all(work, database))


async def _send_all(work: Work, database: Database) -> int:
    random = Random(work.seed)  # noqa: S311 - spacing
    gate = PostgresGate(
        database,
        Marketplace.STUBHUB,
        draw_spacing=lambda: random.uniform(0, 0.01),
        hold=timedelta(seconds=REQUEST_SECONDS),
        max_wait=MINUTE,
        rule=BreakerRule(threshold=10_000, pause=MINUTE, max_pause=MINUTE, blocked_pause=MINUTE),
    )
    request = Request(
        Marketplace.STUBHUB, "1001", "GET", f"{work.marketplace_url}{LISTINGS_PATH}?{EVENT_PARAMETER}=1001"
    )
    policy = RetryPolicy(max_tries=1, request_seconds=REQUEST_SECONDS)
    async with HttpClients(ConnectionOptions("test", 5, 5, MAX_CONCURRENT)) as clients:
        fetcher = HttpFetcher(clients, gate, policy, rng=random)
        results = await asyncio.gather(*(_try_fetch(fetcher, request) for _ in range(REQUESTS_EACH)))
        await gate.flush()
    return sum(results)


async def _try_fetch(fetcher: HttpFetcher, request: Request) -> bool:
    try:
        await fetcher.fetch(request)
    except MarketplaceError:
        return False
    return True


def test_no_sliding_window_at_the_server_holds_more_than_the_limit(
    migrated_url: str,
) -> None:
    log, faults = RequestLog(), FaultPlan(seed=1)
    faults.add(Fault(FaultKind.HANG, times=None, probability=0.05))
    faults.add(Fault(FaultKind.UNAVAILABLE, times=None, probability=0.1))
    app = create_stubhub_app(
        SimulatedWorld([ReplayEvent("1001", (b"[]",))], started_at=datetime.now(UTC)),
        clock=lambda: datetime.now(UTC),
        faults=faults,
        log=log,
        latency=Latency(0.0, 0.15, seed=1),
    )
    with Database(migrated_url, "tickets") as database:
        set_up_budget(database, Marketplace.STUBHUB, {WINDOW: LIMIT}, max_concurrent=MAX_CONCURRENT)
    with serve(app) as served, multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        answered = processes.map(send_all, [Work(migrated_url, served.url, seed) for seed in range(PROCESSES)], 1)
    assert log.busiest_window(WINDOW.total_seconds()) <= LIMIT
    assert log.most_at_once() <= MAX_CONCURRENT
    # The limits were reached, and things went wrong: else this proves little. On a busy machine a request may run out
    # of time before it is sent.
    assert log.busiest_window(WINDOW.total_seconds()) > LIMIT / 2
    assert PROCESSES * REQUESTS_EACH / 2 < sum(answered) < len(log.records()) <= PROCESSES * REQUESTS_EACH
