"""Whether the process of a run lives is known, and a run whose process is gone is ended, whatever state it is in."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from ticket_pipeline.defs.run_launcher import HOST_TAG, WatchfulRunLauncher, end_dead_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = {HOST_TAG: socket.gethostname()}
STARTING, STARTED = dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED
CANCELING = dg.DagsterRunStatus.CANCELING


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the launcher of the project's `dagster.yaml`, and everything else in a folder."""
    launcher = {"module": "ticket_pipeline.defs.run_launcher", "class": "WatchfulRunLauncher"}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_launcher": launcher}) as opened:
        yield opened


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        try:
            yield process
        finally:
            process.kill()


def add_run(
    instance: dg.DagsterInstance,
    status: dg.DagsterRunStatus,
    *,
    tags: dict[str, str],
    pid: int | None = None,
    is_start: bool = True,
    seen_at: float | None = None,
) -> dg.DagsterRun:
    """A run as a launcher leaves it: `pid` is what its first event tells of its process, at `seen_at`."""
    run = dg.DagsterRun(job_name="a_job", status=status, tags=tags)
    instance.add_run(run)
    if pid is not None:
        message = "Started execution" if is_start else f"Started process for run (pid: {pid})."
        event = (
            dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name="a_job", message=message, pid=pid)
            if is_start
            else dg.DagsterEvent(
                dg.DagsterEventType.ENGINE_EVENT.value,
                job_name="a_job",
                message=message,
                event_specific_data=EngineEventData.in_process(pid),
            )
        )
        instance.event_log_storage.store_event(
            dg.EventLogEntry(
                error_info=None,
                level=10,
                user_message=message,
                run_id=run.run_id,
                timestamp=time.time() if seen_at is None else seen_at,
                job_name="a_job",
                dagster_event=event,
            )
        )
    return run


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    """What the daemon is told."""
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchfulRunLauncher)
    assert launcher.supports_check_run_worker_health
    return launcher.check_run_worker_health(run).status


@pytest.mark.parametrize("is_start", [True, False])
def test_a_run_lives_as_long_as_its_process(instance: dg.DagsterInstance, *, is_start: bool) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, tags=HERE, pid=process.pid, is_start=is_start)
        assert health(instance, run) is WorkerStatus.RUNNING
        process.kill()
        while health(instance, run) is WorkerStatus.RUNNING:  # killed, and not yet collected: gone all the same
            time.sleep(0.01)
        assert process.returncode is None
    assert health(instance, run) is WorkerStatus.FAILED


def test_a_process_with_the_same_id_that_began_later_is_another(instance: dg.DagsterInstance) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, tags=HERE, pid=process.pid, seen_at=time.time() - 3600)
        assert health(instance, run) is WorkerStatus.FAILED


@pytest.mark.parametrize("tags", [{}, {HOST_TAG: "another-machine"}])
def test_a_run_of_another_machine_or_launcher_is_left_alone(instance: dg.DagsterInstance, tags: dict[str, str]) -> None:
    run = add_run(instance, STARTED, tags=tags, pid=2**22 + 1)
    assert health(instance, run) is WorkerStatus.RUNNING
    assert end_dead_runs(instance) == []


def test_a_run_that_has_not_begun_lives_as_long_as_its_code_server(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    path = tmp_path / "code_server"
    tags = HERE | {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": str(path)})}
    run = add_run(instance, STARTING, tags=tags)
    assert health(instance, run) is WorkerStatus.FAILED
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert health(instance, run) is WorkerStatus.RUNNING
    assert health(instance, run) is WorkerStatus.FAILED


@pytest.mark.parametrize("tags", [{}, {GRPC_INFO_TAG: json.dumps({"host": "localhost", "port": 4000})}])
def test_a_run_of_which_nothing_can_be_known_is_left_to_its_time_out(
    instance: dg.DagsterInstance, tags: dict[str, str]
) -> None:
    assert health(instance, add_run(instance, STARTING, tags=HERE | tags)) is WorkerStatus.RUNNING


def test_what_was_left_behind_is_ended_and_what_lives_is_not(instance: dg.DagsterInstance) -> None:
    gone = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": "/nowhere"})}
    with sleeping() as process:
        living = add_run(instance, STARTED, tags=HERE, pid=process.pid)
        waiting = add_run(instance, dg.DagsterRunStatus.NOT_STARTED, tags=HERE | gone)
        left = {
            STARTING: add_run(instance, STARTING, tags=HERE | gone),
            STARTED: add_run(instance, STARTED, tags=HERE, pid=process.pid, seen_at=time.time() - 3600),
            CANCELING: add_run(instance, CANCELING, tags=HERE, pid=process.pid, seen_at=time.time() - 3600),
        }
        assert set(end_dead_runs(instance)) == {run.run_id for run in left.values()}
        assert end_dead_runs(instance) == []
    ended = {status: instance.get_run_by_id(run.run_id) for status, run in left.items()}
    assert {status: run.status for status, run in ended.items() if run} == {
        STARTING: dg.DagsterRunStatus.FAILURE,
        STARTED: dg.DagsterRunStatus.FAILURE,
        CANCELING: dg.DagsterRunStatus.CANCELED,
    }
    for run in (living, waiting):
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert not found.is_finished
