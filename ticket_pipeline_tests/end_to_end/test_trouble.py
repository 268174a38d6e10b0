"""A marketplace that is down or blocks us: attempts are recorded, the breaker opens, and polling resumes.

What happens when one of our own processes dies is in `test_kills`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.system import running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dagster._core.scheduler.instigation import InstigatorTick

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.system import System

EVENTS = 8
FAILURES = 3
"""Failures in a row that open the breaker."""

SENSOR = "poll_due_stubhub_events"

_BODY = (
    b'[{"listingId": 1, "section": "A", "row": "1", "availableTickets": 2, "currencyCode": "USD",'
    b' "sellerAllInPrice": {"amt": 80, "currency": "USD"}}]'
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, database_server: EmbeddedServer) -> Iterator[System]:
    events = [ReplayEvent(str(157_000_000 + number), (_BODY,)) for number in range(EVENTS)]
    with (
        throwaway_database(database_server) as url,
        running_system(
            tmp_path_factory.mktemp("trouble"),
            url,
            events,
            HTTPX_MAX_CONNECTIONS="1",
            BREAKER_FAILURES=str(FAILURES),
            BREAKER_PAUSE_MINUTES="0.1",
        ) as system,
    ):
        system.start_daemon()
        system.wait_for(lambda: _stored(system, None) == EVENTS, "the first capture of every event", seconds=90)
        yield system


def _stored(system: System, since: datetime | None) -> int:
    count: int = system.value(
        "select count(distinct event_id) from snapshots where stored_at > %(since)s::timestamptz or %(since)s is null",
        since=since,
    )
    return count


def _wait_for_quiet(system: System) -> None:
    system.wait_for(lambda: all(run.is_finished for run in system.poll_runs()), "the end of earlier runs", seconds=60)


def _make_due(system: System) -> datetime:
    _wait_for_quiet(system)
    since: datetime = system.value("update poll_schedule set next_due_at = now() returning now()")
    return since


def _outcomes(system: System, since: datetime) -> list[str]:
    rows = system.rows(
        "select outcome from fetch_attempts where finished_at > %(since)s order by finished_at", since=since
    )
    return [row["outcome"] for row in rows]


def _paused_tick(system: System, *, after: float) -> InstigatorTick | None:
    tick = system.last_tick(SENSOR)
    is_newer = tick is not None and tick.timestamp > after
    return tick if is_newer and tick and "stubhub is paused" in (tick.skip_reason or "") else None


def _breaker(system: System) -> dict[str, object]:
    return system.rows("select state, reason from breaker_state where marketplace = 'stubhub'")[0]


def test_a_marketplace_that_is_down_opens_the_breaker_and_is_polled_again_when_it_is_back(system: System) -> None:
    system.marketplace.go_down()
    since = _make_due(system)
    system.wait_for(lambda: _breaker(system)["state"] == "open", "the breaker to open", seconds=60)
    # The breaker opens as a request ends; the attempts are stored in groups a moment later.
    system.wait_for(lambda: len(_outcomes(system, since)) >= FAILURES, "the failed attempts", seconds=60)
    assert _outcomes(system, since)[:FAILURES] == ["http_error"] * FAILURES
    assert _stored(system, since) == 0
    system.marketplace.come_up()
    system.wait_for(lambda: _stored(system, since) == EVENTS, "every event after the outage", seconds=120)
    assert _breaker(system) == {"state": "closed", "reason": None}


def test_a_block_stops_all_requests_until_a_person_resumes(system: System) -> None:
    _wait_for_quiet(system)
    system.marketplace.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    asked = system.marketplace.count_requests()
    since = _make_due(system)
    paused = system.wait_for(lambda: _paused_tick(system, after=since.timestamp()), "the pause", seconds=60)
    assert paused is not None
    assert "403" in (paused.skip_reason or "")
    assert "ticket-pipeline resume stubhub" in (paused.skip_reason or "")
    assert system.marketplace.count_requests() == asked + 1, "the first response is enough to stop"
    # The breaker opens as a request ends; the attempt is stored a moment later.
    assert system.wait_for(lambda: _outcomes(system, since), "the blocked attempt", seconds=60) == ["blocked"]
    # The cause is gone, but nobody has resumed: the next ticks send nothing.
    system.marketplace.faults.clear()
    system.wait_for(lambda: _paused_tick(system, after=paused.timestamp), "another tick", seconds=30)
    assert system.marketplace.count_requests() == asked + 1
    resumed = system.run("ticket-pipeline", "resume", "stubhub")
    assert resumed.returncode == 0, resumed.stderr
    system.wait_for(lambda: _stored(system, since) == EVENTS, "every event after the block", seconds=90)
