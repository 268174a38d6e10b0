"""The lease of a batch: kept while it works, given back, lost to others; and a database that comes and goes."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from ticket_pipeline.errors import StorageUnavailable
from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.ingest.loopback import Loopback
from ticket_pipeline_tests.ingest.scripted import LONG, PATIENCE_SECONDS, ScriptedClient, batch_of, lease, run, until


def test_what_was_not_tried_is_released_at_the_end(watching: Loopback) -> None:
    lease_id = lease(watching, LONG)
    watching.faults.add(Fault(FaultKind.FORBIDDEN))
    events = watching.events()
    watching.poll(events, watching.settings(httpx_max_connections=1), lease=Lease(lease_id, LONG))
    for event in events[1:]:
        row = watching.schedule(event.external_id)
        assert (row["lease_id"], row["leased_until"]) == (None, None)
        assert row["next_due_at"] <= watching.clock()


def test_a_batch_that_is_stopped_gives_its_lease_back(watching: Loopback) -> None:
    lease_id = lease(watching, LONG)
    asked = threading.Event()

    async def hang(_: str) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def stopped() -> None:
        batch = batch_of(watching, ScriptedClient(hang), lease=Lease(lease_id, LONG))
        task = asyncio.create_task(batch.run(watching.events()))
        await until(asked.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    assert watching.value("select count(*) from poll_schedule where lease_id is not null") == 0


def test_a_lease_is_renewed_while_its_batch_works(watching: Loopback) -> None:
    duration = timedelta(seconds=0.3)
    lease_id = lease(watching, duration)
    first_end = watching.schedule(watching.keys[0])["leased_until"]

    async def until_renewed(key: str) -> None:
        if key == watching.keys[0]:
            await until(lambda: watching.schedule(key)["leased_until"] > first_end + duration)

    result = run(batch_of(watching, ScriptedClient(until_renewed), lease=Lease(lease_id, duration)), watching.events())
    assert len(result.results) == 4


def test_an_event_that_another_run_took_over_is_left_to_it(watching: Loopback) -> None:
    duration = timedelta(seconds=0.3)
    lease_id, other = lease(watching, duration), uuid4()
    lost = watching.events()[2]
    client = ScriptedClient()
    batch = batch_of(watching, client, lease=Lease(lease_id, duration))

    async def take_over(key: str) -> None:
        if key == watching.keys[0]:
            watching.rows("update poll_schedule set lease_id = %s where event_id = %s", other, lost.event_id)
            await until(lambda: batch._lost == {lost.event_id})

    client.before = take_over
    result = run(batch, watching.events())
    assert lost.external_id not in client.asked
    assert result.skipped == [lost]
    assert result.stopped_by is None
    assert watching.schedule(lost.external_id)["lease_id"] == other


# --- the database comes and goes ------------------------------------------------------------------------------------


@contextmanager
def killing_the_writer(loopback: Loopback) -> Iterator[Counter[str]]:
    """Hold every capture in the middle of its transaction, end its connection there, and then let it through.

    Yields what was seen at that moment: `kills`, and `half`, the captures visible to others.
    """
    seen: Counter[str] = Counter()
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        " and query ilike '%%copy listings%%'"
    )

    def kill() -> None:
        with psycopg.connect(loopback.database_url) as holder:
            holder.execute("lock table tickets.listings in share mode")
            held.set()
            while not (rows := loopback.rows(waiting)):
                if over.wait(0.005):
                    return
            seen["half"] += loopback.value("select count(*) from snapshots")
            seen["kills"] += loopback.value("select pg_terminate_backend(%s)::integer", rows[0]["pid"])

    held, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=kill)
    thread.start()
    assert held.wait(PATIENCE_SECONDS)
    try:
        yield seen
    finally:
        over.set()
        thread.join(PATIENCE_SECONDS)


def test_a_connection_lost_in_the_middle_of_a_capture_leaves_nothing_and_is_tried_again(watching: Loopback) -> None:
    with killing_the_writer(watching) as seen:
        result = run(batch_of(watching, ScriptedClient()), watching.events())
    assert seen == {"kills": 1, "half": 0}
    assert result.failures == []
    assert watching.stored_keys() == watching.keys
    assert watching.value("select count(*) from snapshots") == 4
    assert watching.value("select count(*) from fetch_attempts") == 4


def test_a_database_that_stays_away_ends_the_batch_and_is_not_blamed_on_an_event(
    watching: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_pipeline.ingest.attempts._WRITE_TRIES", 1)
    with killing_the_writer(watching), pytest.raises(StorageUnavailable, match="store 4 captures of stubhub events"):
        run(batch_of(watching, ScriptedClient()), watching.events())
    assert watching.value("select count(*) from snapshots") == 0
    assert watching.value("select count(*) from fetch_attempts") == 0


def test_a_heartbeat_that_finds_the_database_away_does_not_end_the_batch(watching: Loopback) -> None:
    duration = timedelta(seconds=0.3)
    lease_id = lease(watching, duration)
    client = ScriptedClient()
    batch = batch_of(watching, client, lease=Lease(lease_id, duration))
    killed: list[int] = []

    def kill_heartbeat() -> bool:
        """End the connection of a renewal that waits for the row held below."""
        rows = watching.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query ilike '%%leased_until = %%'"
        )
        killed.extend(1 for _ in rows)
        return bool(killed)

    async def lose_connection(key: str) -> None:
        if key != watching.keys[0]:
            return
        with psycopg.connect(watching.database_url) as holder:
            holder.execute("select 1 from tickets.poll_schedule for update")
            await until(kill_heartbeat)

    client.before = lose_connection
    result = run(batch, watching.events())
    assert killed
    assert len(result.results) == 4
    assert result.failures == []
