"""Whatever is killed in the middle of a batch: no partial capture, no duplicate, and everything due is fetched.

Each test makes all events due, waits until the batch has stored some of them, and kills one part. The events' own
interval is an hour, so two captures of an event mean that it was fetched twice. What a lease or run monitoring would
wait for is brought about at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import orjson
import psutil
import pytest
from dagster import DagsterRun, DagsterRunStatus

from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.statements import project_path
from ticket_pipeline_tests.end_to_end.system import System, running_system
from ticket_pipeline_tests.servers import TIMESCALEDB_SETTINGS, choose, throwaway_state_dir

EVENTS = 24
LISTINGS = 60
LATENCY_SECONDS = 0.8
"""With three requests at once a batch takes six seconds."""
SLOW_MONITOR = "poll_interval_seconds: 30\n"


@pytest.fixture(scope="module")
def server(database_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """A server whose commits survive its crash; those of the shared one may not."""
    assert database_server.status().running, "it skips or fails where there is no such server"
    choice = choose(os.environ)
    with throwaway_state_dir(choice.pg_bin) as state_dir:
        server = EmbeddedServer(
            state_dir,
            choice.pg_bin,
            server_settings=TIMESCALEDB_SETTINGS if choice.is_timescaledb else {},
        )
        server.start()
        yield server


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, server: EmbeddedServer) -> Iterator[System]:
    events = [ReplayEvent(str(157_000_000 + number), (_body(number),)) for number in range(EVENTS)]
    dagster_yaml = project_path("dagster.yaml").read_text(encoding="utf-8")
    assert SLOW_MONITOR in dagster_yaml
    with running_system(
        tmp_path_factory.mktemp("kills"),
        server.url,
        events,
        dagster_yaml.replace(SLOW_MONITOR, "poll_interval_seconds: 1\n"),
        latency_seconds=LATENCY_SECONDS,
        # A killed run's requests keep their places for so long.
        REQUEST_TIMEOUT_SECONDS="8",
    ) as system:
        system.rows("update poll_schedule set next_due_at = now() + interval '1 hour'")
        system.start_daemon()
        system.start_sensor("poll_due_stubhub_events")
        yield system


def _body(event: int) -> bytes:
    """A response with every listing at its own price, and one parking pass, which is rejected."""
    listings = [
        {
            "listingId": event * 1000 + number,
            "section": f"Section {number % 7}",
            "row": "Parking" if number == LISTINGS else str(number % 20),
            "availableTickets": 1 + number % 4,
            "sellerAllInPrice": {"amt": 50 + number, "currency": "USD"},
            "currencyCode": "USD",
        }
        for number in range(LISTINGS + 1)
    ]
    return orjson.dumps(listings)


def _stored_since(system: System, since: datetime) -> int:
    count: int = system.value("select count(distinct event_id) from snapshots where stored_at > %(since)s", since=since)
    return count


@pytest.fixture
def batch(system: System) -> tuple[datetime, DagsterRun]:
    """When all events were made due, and the run that has stored some of them."""
    system.wait_for(lambda: not _leased(system), "the end of earlier batches", seconds=60)
    before = {run.run_id for run in system.poll_runs()}
    since: datetime = system.value("update poll_schedule set next_due_at = now() returning now()")
    system.wait_for(lambda: _stored_since(system, since) >= EVENTS // 8, "the first captures of the batch", seconds=60)
    assert _stored_since(system, since) < EVENTS, "the batch ended too early: responses must be slower"
    return since, next(run for run in system.poll_runs() if run.run_id not in before)


def _leased(system: System) -> int:
    count: int = system.value("select count(*) from poll_schedule where lease_id is not null")
    return count


def _end_leases(system: System) -> None:
    """Let as much time pass for the leases as they have."""
    system.rows("update poll_schedule set leased_until = now() where lease_id is not null")


def _busy(system: System) -> int:
    count: int = system.value(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'"
    )
    return count


def _has_ended(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def _status(system: System, run: DagsterRun) -> DagsterRunStatus:
    found = system.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def _assert_whole_and_single(system: System, since: datetime) -> None:
    """Every manifest has exactly its rows, no event has two captures, and every row has a manifest."""
    unbalanced = system.rows(
        """
        select s.external_id, s.accepted, l.listings, r.rejected
        from snapshots as s
        full join (
          select event_id, captured_at, count(*) as listings from listings group by 1, 2
        ) as l using (event_id, captured_at)
        left join (
          select event_id, captured_at, count(*) as rejected from rejected_listings group by 1, 2
        ) as r using (event_id, captured_at)
        where s.accepted is distinct from l.listings or r.rejected is distinct from 1
        """
    )
    assert unbalanced == []
    doubles = system.rows(
        "select external_id, count(*) from snapshots where stored_at > %(since)s group by 1 having count(*) > 1",
        since=since,
    )
    assert doubles == []


def _abandoned_since(system: System, since: datetime) -> set[str]:
    rows = system.rows(
        "select external_id from fetch_attempts where outcome = 'abandoned' and finished_at > %(since)s", since=since
    )
    return {row["external_id"] for row in rows}


def _unstored_since(system: System, since: datetime) -> set[str]:
    rows = system.rows(
        """
        select external_id from event_sources
        except
        select external_id from snapshots where stored_at > %(since)s
        """,
        since=since,
    )
    return {row["external_id"] for row in rows}


def test_a_killed_run_leaves_whole_captures_and_its_other_events_are_fetched_when_the_lease_runs_out(
    system: System, batch: tuple[datetime, DagsterRun]
) -> None:
    since, run = batch
    worker = psutil.Process(system.worker_pid(run.run_id))
    worker.kill()
    system.wait_for(lambda: _has_ended(worker), "the kill", seconds=10)
    system.wait_for(lambda: not _busy(system), "the end of the killed process's statements", seconds=20)
    missing = _unstored_since(system, since)
    _assert_whole_and_single(system, since)
    system.wait_for(lambda: _status(system, run) is DagsterRunStatus.FAILURE, "the run's failure", seconds=30)
    _end_leases(system)
    system.wait_for(lambda: _stored_since(system, since) == EVENTS, "the events of the killed run", seconds=60)
    _assert_whole_and_single(system, since)
    assert missing
    assert _abandoned_since(system, since) == missing


def test_a_crashed_database_loses_no_capture_and_the_batch_continues_after_its_restart(
    system: System, server: EmbeddedServer, batch: tuple[datetime, DagsterRun]
) -> None:
    since, _ = batch
    postmaster = server.status().pid
    assert postmaster is not None
    stored = _stored_since(system, since)
    os.kill(postmaster, signal.SIGQUIT)  # the immediate stop: no checkpoint, every session cut
    system.wait_for(lambda: not psutil.pid_exists(postmaster), "the end of the server", seconds=20)
    server.start()
    assert _stored_since(system, since) >= stored
    _assert_whole_and_single(system, since)
    system.wait_for(lambda: _stored_since(system, since) == EVENTS, "the rest of the batch", seconds=90)
    _assert_whole_and_single(system, since)
    assert all(each.process.poll() is None for each in system.programs.values())


def test_a_restarted_daemon_continues_the_batch_of_the_killed_one(
    system: System, batch: tuple[datetime, DagsterRun]
) -> None:
    since, run = batch
    worker = psutil.Process(system.worker_pid(run.run_id))
    system.kill()
    system.wait_for(lambda: _has_ended(worker), "the kill", seconds=10)
    _assert_whole_and_single(system, since)
    _end_leases(system)
    system.start_daemon()
    system.wait_for(lambda: _stored_since(system, since) == EVENTS, "the rest of the batch", seconds=90)
    _assert_whole_and_single(system, since)
