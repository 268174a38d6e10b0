"""Whether the process of a run lives is known, and a run whose process is gone is ended, whatever state it is in."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dagster as dg
import psutil
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from ticket_pipeline.defs.run_launcher import (
    LAUNCHED_TAG,
    PROCESS_TAG,
    WatchfulRunLauncher,
    _here,
    _is_hidden,
    end_dead_runs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOWHERE = {"host": "localhost", "socket": "/nowhere"}
BEHIND_A_PORT = {"host": "localhost", "port": 4000}
NO_PID = 2**22 + 1
STARTING, STARTED = dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED
CANCELING = dg.DagsterRunStatus.CANCELING


@pytest.fixture(scope="module")
def empty_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance with the launcher of the project's `dagster.yaml`, and everything else in a folder."""
    launcher = {"module": "ticket_pipeline.defs.run_launcher", "class": "WatchfulRunLauncher"}
    home = str(tmp_path_factory.mktemp("home"))
    with dg.DagsterInstance.local_temp(home, overrides={"run_launcher": launcher}) as opened:
        yield opened


@pytest.fixture
def instance(empty_instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """The same without any run; making one takes Dagster a second."""
    yield empty_instance
    for run in empty_instance.get_runs():
        empty_instance.delete_run(run.run_id)


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        try:
            yield process
        finally:
            process.kill()


def add_run(
    instance: dg.DagsterInstance,
    status: dg.DagsterRunStatus,
    *,
    launched: Mapping[str, Any] | None = None,
    code_server: Mapping[str, Any] | None = NOWHERE,
    pid: int | None = None,
    has_begun: bool = True,
    seen_at: float | None = None,
    inherited: Mapping[str, str] | None = None,
) -> dg.DagsterRun:
    """A run as the launcher, its code server and its own process leave it.

    Args:
        instance: where.
        status: its state.
        launched: where, instead of here.
        code_server: its address; None: nobody launched it, it is of a command line.
        pid: what is told of its process.
        has_begun: whether the process tells that itself; else its code server does.
        seen_at: the time of that, now unless given.
        inherited: tags of the run that this one does again.
    """
    run_id = str(uuid4())
    here = _here(instance) | {"run": run_id} | dict(launched or {})
    moment = time.time() if seen_at is None else seen_at
    tags = dict(inherited or {})
    if code_server is not None:
        tags |= {LAUNCHED_TAG: json.dumps(here), GRPC_INFO_TAG: json.dumps(code_server)}
    if pid is not None and has_begun:
        tags[PROCESS_TAG] = json.dumps({**here, "pid": pid, "at": moment})
    run = dg.DagsterRun(job_name="a_job", run_id=run_id, status=status, tags=tags)
    instance.add_run(run)
    if pid is not None and not has_begun:
        message = f"Started process for run (pid: {pid})."
        event = dg.DagsterEvent(
            dg.DagsterEventType.ENGINE_EVENT.value,
            job_name="a_job",
            message=message,
            event_specific_data=EngineEventData.in_process(pid),
        )
        instance.event_log_storage.store_event(
            dg.EventLogEntry(
                error_info=None,
                level=10,
                user_message=message,
                run_id=run.run_id,
                timestamp=moment,
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


@pytest.mark.parametrize(
    ("code_server", "has_begun"), [(NOWHERE, False), (NOWHERE, True), (BEHIND_A_PORT, True), (None, True)]
)
def test_a_run_lives_as_long_as_its_process(
    instance: dg.DagsterInstance, code_server: dict[str, Any] | None, *, has_begun: bool
) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, code_server=code_server, pid=process.pid, has_begun=has_begun)
        assert health(instance, run) is WorkerStatus.RUNNING
        process.kill()
        while health(instance, run) is WorkerStatus.RUNNING:  # killed, and not yet collected: gone all the same
            time.sleep(0.01)
        assert process.returncode is None
    assert health(instance, run) is WorkerStatus.FAILED


def test_a_run_that_is_done_again_is_not_judged_by_the_process_of_the_first(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Dagster hands on the tags of a run to the one that does it again."""
    path = tmp_path / "code_server"
    first = add_run(instance, STARTED, pid=NO_PID)
    again = add_run(
        instance,
        STARTING,
        code_server={"host": "localhost", "socket": str(path)},
        inherited={PROCESS_TAG: first.tags[PROCESS_TAG]},
    )
    of_a_command_line = add_run(instance, STARTING, code_server=None, inherited=first.tags)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert health(instance, again) is WorkerStatus.RUNNING
    assert health(instance, again) is WorkerStatus.FAILED
    assert health(instance, of_a_command_line) is WorkerStatus.RUNNING


def test_a_process_with_the_same_id_that_began_later_is_another(instance: dg.DagsterInstance) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, pid=process.pid, seen_at=time.time() - 3600)
        assert health(instance, run) is WorkerStatus.FAILED


@pytest.mark.parametrize("elsewhere", [{"host": "another-machine"}, {"home": "another home"}])
def test_a_run_of_another_machine_or_home_is_left_alone(
    instance: dg.DagsterInstance, elsewhere: dict[str, str]
) -> None:
    run = add_run(instance, STARTED, launched=elsewhere, pid=NO_PID)
    assert health(instance, run) is WorkerStatus.RUNNING


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has containers that share a name")
def test_containers_that_share_a_name_and_not_their_processes_are_two(instance: dg.DagsterInstance) -> None:
    assert _here(instance)["host"] == f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_new_container_that_has_the_home_to_itself_ends_the_runs_of_the_old_one(
    instance: dg.DagsterInstance, *, has_begun: bool
) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, launched={"host": "the-old-one"}, pid=process.pid, has_begun=has_begun)
        assert end_dead_runs(instance) == [run.run_id]


@pytest.mark.parametrize(
    ("launched", "code_server"),
    [({"home": "another home"}, NOWHERE), ({"host": "the-old-one"}, None), ({"home": "another home"}, None)],
)
def test_runs_of_command_lines_elsewhere_and_of_other_homes_are_not_ended(
    instance: dg.DagsterInstance, launched: dict[str, str], code_server: dict[str, Any] | None
) -> None:
    add_run(instance, STARTED, launched=launched, code_server=code_server, pid=NO_PID)
    assert end_dead_runs(instance) == []


@pytest.mark.parametrize("code_server", [None, BEHIND_A_PORT])
@pytest.mark.parametrize("status", [STARTING, STARTED])
def test_a_run_of_which_only_a_far_code_server_knows_is_left_alone(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, code_server: dict[str, Any] | None
) -> None:
    run = add_run(instance, status, code_server=code_server, pid=NO_PID, has_begun=False)
    assert health(instance, run) is WorkerStatus.RUNNING
    assert end_dead_runs(instance) == []


def test_a_process_that_the_system_hides_counts_as_alive() -> None:
    """Of those that are there: the first one of the system is another user's, but for root."""
    assert _is_hidden(1) is (os.getuid() != 0)
    assert not _is_hidden(NO_PID)


def test_no_run_outlives_the_boot(instance: dg.DagsterInstance) -> None:
    with sleeping() as process:
        run = add_run(instance, STARTED, launched={"boot": "an earlier one"}, pid=process.pid)
        assert health(instance, run) is WorkerStatus.FAILED


@pytest.mark.parametrize("step", [-7200.0, 7200.0])
def test_a_clock_that_was_set_meanwhile_ends_no_run(instance: dg.DagsterInstance, step: float) -> None:
    """Launched and seen by a clock that was wrong by `step` then; both moments tell the same distance from the boot."""
    with sleeping() as process:
        launched = {"boot_time": psutil.boot_time() + step}
        run = add_run(instance, STARTED, launched=launched, pid=process.pid, seen_at=time.time() + step)
        assert health(instance, run) is WorkerStatus.RUNNING


def test_a_run_that_has_not_begun_lives_as_long_as_its_code_server(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    path = tmp_path / "code_server"
    run = add_run(instance, STARTING, code_server={"host": "localhost", "socket": str(path)})
    assert health(instance, run) is WorkerStatus.FAILED
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert health(instance, run) is WorkerStatus.RUNNING
    assert health(instance, run) is WorkerStatus.FAILED


def test_what_was_left_behind_is_ended_and_what_lives_is_not(instance: dg.DagsterInstance) -> None:
    with sleeping() as process:
        living = add_run(instance, STARTED, pid=process.pid)
        waiting = add_run(instance, dg.DagsterRunStatus.NOT_STARTED, code_server=NOWHERE)
        left = {
            STARTING: add_run(instance, STARTING, code_server=NOWHERE),
            STARTED: add_run(instance, STARTED, pid=process.pid, seen_at=time.time() - 3600),
            CANCELING: add_run(instance, CANCELING, pid=process.pid, seen_at=time.time() - 3600),
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
