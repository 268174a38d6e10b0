"""The budget of a day, as the server sees it: polling and people in several processes, and after a restart."""

from __future__ import annotations

import asyncio
import multiprocessing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from ticket_pipeline.errors import MarketplaceError, RequestNotPermitted
from ticket_pipeline.http.client import ConnectionOptions, HttpClients
from ticket_pipeline.http.fetcher import HttpFetcher, Request
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import EVENT_PARAMETER, LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.request_gate import BreakerRule, PostgresGate
from ticket_pipeline.storage.requests import read_request_state, set_up_budget
from ticket_pipeline_tests.simulator_support.serving import serve

TICKETMASTER = Marketplace.TICKETMASTER
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
PER_SECOND, PER_DAY, FOR_POLLING = 5, 30, 20
REQUESTS_EACH = 20
REQUEST_SECONDS = 20.0  # so long no request takes on a busy machine; and less than the gate waits for one under way
POLLING, PERSON = "polling", "person"


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does: `REQUESTS_EACH` fetches, as polling or as a person."""

    database_url: str
    marketplace_url: str
    is_polling: bool


def send_all(work: Work) -> tuple[int, list[float]]:
    """How many requests of one process were answered, and how long the refused ones are told to wait, in hours."""
    with Database(work.database_url, "tickets") as database:
        return asyncio.run(_send_all(work, database))


async def _send_all(work: Work, database: Database) -> tuple[int, list[float]]:
    gate = PostgresGate(
        database,
        TICKETMASTER,
        draw_spacing=lambda: 0.0,
        hold=timedelta(seconds=REQUEST_SECONDS),
        max_wait=MINUTE,
        rule=BreakerRule(threshold=10_000, pause=MINUTE, max_pause=MINUTE, blocked_pause=MINUTE),
        is_polling=work.is_polling,
    )
    request = Request(TICKETMASTER, "1001", "GET", f"{work.marketplace_url}{LISTINGS_PATH}?{EVENT_PARAMETER}=1001")
    answered, waits = 0, []
    async with HttpClients(ConnectionOptions("test", REQUEST_SECONDS, REQUEST_SECONDS, 3)) as clients:
        policy = RetryPolicy(max_tries=1, request_seconds=REQUEST_SECONDS)
        fetcher = HttpFetcher(clients, gate, policy, rng=Random(1))  # noqa: S311 - spacing
        for _ in range(REQUESTS_EACH):
            try:
                await fetcher.fetch(request)
                answered += 1
            except RequestNotPermitted as refusal:
                waits.append((refusal.available_in or timedelta()) / timedelta(hours=1))
            except MarketplaceError:
                pass
        await gate.flush()
    return answered, waits


def test_no_process_nor_restart_passes_the_limits_and_people_keep_their_reserve(migrated_url: str) -> None:
    log = RequestLog()
    app = create_stubhub_app(
        SimulatedWorld([ReplayEvent("1001", (b"[]",))], started_at=datetime.now(UTC)),
        clock=lambda: datetime.now(UTC),
        log=log,
        latency=Latency(0.0, 0.02, seed=1),
    )

    def set_up() -> None:
        with Database(migrated_url, "tickets") as database:
            limits = {SECOND: PER_SECOND, DAY: PER_DAY}
            set_up_budget(database, TICKETMASTER, limits, max_concurrent=3, polling_limits={DAY: FOR_POLLING})

    def start(served_url: str, *kinds: str) -> list[tuple[int, list[float]]]:
        """Fresh processes, as after a restart; each sets the budget up anew, as a run does."""
        set_up()
        with multiprocessing.get_context("spawn").Pool(len(kinds)) as processes:
            return processes.map(send_all, [Work(migrated_url, served_url, kind == POLLING) for kind in kinds], 1)

    with serve(app) as served:
        polled = start(served.url, POLLING, POLLING)
        assert len(log.records()) == FOR_POLLING == sum(answered for answered, _ in polled)
        asked = start(served.url, POLLING, PERSON)
        again = start(served.url, POLLING, PERSON)

    assert log.busiest_window(SECOND.total_seconds()) <= PER_SECOND
    assert len(log.records()) == PER_DAY
    assert [answered for answered, _ in asked] == [0, PER_DAY - FOR_POLLING]
    assert [answered for answered, _ in again] == [0, 0]
    # Whoever is refused is told when there is room again: a day after the first request.
    assert all(23 < wait <= 24.1 for _, waits in (*polled, *asked, *again) for wait in waits)
    with Database(migrated_url, "tickets") as database:
        used = {(row["budget_window"], row["applies_to"]): row["used"] for row in read_request_state(database)}
    assert used[DAY, "everybody"] == PER_DAY
    assert used[DAY, "polling"] == FOR_POLLING
