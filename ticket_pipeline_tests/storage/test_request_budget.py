"""The budget as the server sees it: several processes at one marketplace, requests that hang, restarts, a reserve."""

from __future__ import annotations

import asyncio
import multiprocessing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from starlette.types import ASGIApp

from ticket_pipeline.errors import MarketplaceError, RequestNotPermitted
from ticket_pipeline.http.client import ConnectionOptions, HttpClients
from ticket_pipeline.http.fetcher import HttpFetcher, Request
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import EVENT_PARAMETER, LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.request_gate import BreakerRule, PostgresGate
from ticket_pipeline.storage.requests import Spacing, read_request_state, set_up_budget
from ticket_pipeline_tests.simulator_support.serving import serve
from ticket_pipeline_tests.storage.gates import SECOND
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, STUBHUB

MAX_CONCURRENT = 3
NEVER = BreakerRule(threshold=10_000, pause=MINUTE, max_pause=MINUTE, blocked_pause=MINUTE)


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does: so many fetches at once, through the gate that all processes share."""

    database_url: str
    marketplace_url: str
    requests: int
    request_seconds: float
    is_polling: bool = True


def send_all(work: Work) -> tuple[int, list[timedelta]]:
    """How many requests of one process were answered, and how long the rejected ones have to wait."""
    with Database(work.database_url, "tickets") as database:
        return asyncio.run(_send_all(work, database))


async def _send_all(work: Work, database: Database) -> tuple[int, list[timedelta]]:
    random = Random(1)  # noqa: S311 - spacing
    hold = timedelta(seconds=work.request_seconds)
    gate = PostgresGate(
        database,
        STUBHUB,
        spacing=Spacing(0, 0.01, random),
        hold=hold,
        max_wait=MINUTE,
        rule=NEVER,
        is_polling=work.is_polling,
    )
    async with HttpClients(ConnectionOptions(20, 20, MAX_CONCURRENT)) as clients:
        fetcher = HttpFetcher(clients, gate, RetryPolicy(max_tries=1, request_seconds=work.request_seconds), rng=random)
        results = await asyncio.gather(*(_fetch(fetcher, work.marketplace_url) for _ in range(work.requests)))
        await gate.flush()
    return results.count("answered"), [wait for wait in results if isinstance(wait, timedelta)]


async def _fetch(fetcher: HttpFetcher, url: str) -> object:
    """What became of a request; the wait where it was not permitted."""
    try:
        await fetcher.fetch(Request(STUBHUB, "1001", "GET", f"{url}{LISTINGS_PATH}?{EVENT_PARAMETER}=1001"))
    except RequestNotPermitted as rejection:
        return rejection.available_in
    except MarketplaceError:
        return "failed"
    return "answered"


def marketplace(log: RequestLog, slowest_seconds: float, **options: Any) -> ASGIApp:  # noqa: ANN401 - the app's own
    """A StubHub that needs up to so many seconds for a response."""
    world = SimulatedWorld([ReplayEvent("1001", (b"[]",))], started_at=datetime.now(UTC))
    latency = Latency(0.0, slowest_seconds, seed=1)
    return create_stubhub_app(world, clock=lambda: datetime.now(UTC), log=log, latency=latency, **options)


def run(*works: Work) -> list[tuple[int, list[timedelta]]]:
    """Do each work in a fresh process, as after a restart."""
    with multiprocessing.get_context("spawn").Pool(len(works)) as processes:
        return processes.map(send_all, works, 1)


def test_no_sliding_window_at_the_server_holds_more_than_the_limit(migrated_url: str) -> None:
    limit, processes, requests = 8, 4, 12
    log, faults = RequestLog(), FaultPlan(seed=1)
    faults.add(Fault(FaultKind.HANG, times=None, probability=0.05))
    faults.add(Fault(FaultKind.UNAVAILABLE, times=None, probability=0.1))
    with Database(migrated_url, "tickets") as database:
        set_up_budget(database, STUBHUB, {SECOND: limit}, max_concurrent=MAX_CONCURRENT)
    with serve(marketplace(log, 0.15, faults=faults)) as served:
        results = run(*[Work(migrated_url, served.url, requests, 1.5)] * processes)
    assert log.busiest_window(SECOND.total_seconds()) <= limit
    assert log.most_at_once() <= MAX_CONCURRENT
    # The limits were reached, and things went wrong: else this proves little. On a busy machine a request may run out
    # of time before it is sent.
    assert log.busiest_window(SECOND.total_seconds()) > limit / 2
    answered = sum(number for number, _ in results)
    assert processes * requests / 2 < answered < len(log.records()) <= processes * requests


def test_no_process_nor_restart_passes_the_limits_and_people_keep_their_reserve(migrated_url: str) -> None:
    per_second, per_day, for_polling = 5, 30, 20
    log = RequestLog()

    def start(url: str, *kinds: str) -> list[tuple[int, list[timedelta]]]:
        """Each start sets the budget up anew, as a run does."""
        with Database(migrated_url, "tickets") as database:
            limits = {SECOND: per_second, DAY: per_day}
            set_up_budget(database, STUBHUB, limits, max_concurrent=MAX_CONCURRENT, polling_limits={DAY: for_polling})
        # No request takes 20 s on a busy machine, and the gate waits longer for one under way.
        return run(*(Work(migrated_url, url, 20, 20.0, kind == "polling") for kind in kinds))

    with serve(marketplace(log, 0.02)) as served:
        polled = start(served.url, "polling", "polling")
        assert len(log.records()) == for_polling == sum(answered for answered, _ in polled)
        mixed = start(served.url, "polling", "person")
        again = start(served.url, "polling", "person")

    assert log.busiest_window(SECOND.total_seconds()) <= per_second
    assert len(log.records()) == per_day
    assert [answered for answered, _ in mixed] == [0, per_day - for_polling]
    assert [answered for answered, _ in again] == [0, 0]
    # There is room again a day after the first request.
    waits = [wait for _, rejected in (*polled, *mixed, *again) for wait in rejected]
    assert all(23 * HOUR < wait <= 24.1 * HOUR for wait in waits)
    with Database(migrated_url, "tickets") as database:
        used = {(row["budget_window"], row["applies_to"]): row["used"] for row in read_request_state(database)}
    assert (used[DAY, "everybody"], used[DAY, "polling"]) == (per_day, for_polling)
