"""Launch runs as Dagster does by itself, and know whether the process of a run still lives.

Dagster's own launcher cannot tell: a run whose process died together with its code server (a power cut, a killed
terminal) stays "started" until its longest time is over, and holds one of the few places for runs until then.
"""

import json
import re
import socket
from collections.abc import Mapping
from typing import Any

import dagster as dg
import psutil
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG, HIDDEN_TAG_PREFIX

HOST_TAG = f"{HIDDEN_TAG_PREFIX}ticket_pipeline_host"
"""Where a run was launched: process ids mean nothing anywhere else."""

_STARTED_PROCESS = re.compile(r"Started process for run \(pid: ([0-9]+)\)")
"""How Dagster tells the process of a run before the run's first own event, which names it too."""

_CLOCK_SECONDS = 2.0
"""The start of a process, as the system tells it, is about so exact."""

_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


class WatchfulRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which also answers the daemon's question whether a run's process lives."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run and note on which machine."""
        self._instance.add_run_tags(context.dagster_run.run_id, {HOST_TAG: socket.gethostname()})
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: the daemon then asks for each run that has started."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives. What cannot be known counts as alive: Dagster ends what is not."""
        if run.tags.get(HOST_TAG) != socket.gethostname():
            return CheckRunHealthResult(WorkerStatus.RUNNING, "launched elsewhere")
        worker = _find_worker(self._instance, run)
        if worker is None:
            # It has not begun; only the code server that was to start it can tell.
            is_alive = _answers(run.tags.get(GRPC_INFO_TAG))
            what = "the code server that was to start it"
        else:
            is_alive = _lives(*worker)
            what = f"its process {worker[0]}"
        return CheckRunHealthResult(
            WorkerStatus.RUNNING if is_alive else WorkerStatus.FAILED, f"{what} {'lives' if is_alive else 'is gone'}"
        )


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the unfinished runs whose processes are gone as ended; returns their ids.

    The daemon does so for runs that have begun, half a minute after its start; one that was about to begin it would
    wait for, for minutes, and nothing else of its job begins until then.
    """
    launcher = instance.run_launcher
    if not isinstance(launcher, WatchfulRunLauncher):
        return []
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        health = launcher.check_run_worker_health(run)
        if health.status is WorkerStatus.RUNNING:
            continue
        message = f"Looked for this run when the pipeline was started; {health.msg}. What it had stored stays stored."
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message)
        else:
            instance.report_run_failed(run, message)
        ended.append(run.run_id)
    return ended


def _find_worker(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """The process id of a run and a moment (seconds since the epoch) at which it lived; None before it began."""
    kinds = {dg.DagsterEventType.RUN_START, dg.DagsterEventType.ENGINE_EVENT}
    for entry in instance.all_logs(run.run_id, of_type=kinds):
        event = entry.get_dagster_event()
        if event.event_type is dg.DagsterEventType.RUN_START and event.pid is not None:
            return event.pid, entry.timestamp
        if found := _STARTED_PROCESS.search(event.message or ""):
            return int(found[1]), entry.timestamp
    return None


def _lives(pid: int, seen_at: float) -> bool:
    """Whether the process that had this id at that moment still lives: ids are used again."""
    try:
        process = psutil.Process(pid)
        return process.create_time() <= seen_at + _CLOCK_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _answers(grpc_info: str | None) -> bool:
    """Whether a code server of this machine still listens; True where that cannot be known."""
    address: Mapping[str, Any] = json.loads(grpc_info) if grpc_info else {}
    if "socket" not in address:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address["socket"])
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
