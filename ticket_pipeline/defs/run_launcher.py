"""Launch runs as Dagster does by itself, and know whether the process of a run still lives.

Dagster's own launcher cannot tell: a run whose process died together with its code server (a power cut, a killed
terminal), or that was one of a command line, stays "started" until its longest time is over, and holds one of the few
places for runs until then.
"""

import json
import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import psutil
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG, HIDDEN_TAG_PREFIX

LAUNCHED_TAG = f"{HIDDEN_TAG_PREFIX}ticket_pipeline_launched"
"""Where and when a run was launched, as JSON: `_here` with the `run`'s id. Process ids mean nothing anywhere else."""

PROCESS_TAG = f"{HIDDEN_TAG_PREFIX}ticket_pipeline_process"
"""The process of a run that has begun, as JSON: `_here`, the `run`, its `pid` and a moment `at` which it lived."""

_HOME_ID_FILE = "launcher_id"
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")
_PROBE_SECONDS = 1.0

_STARTED_PROCESS = re.compile(r"Started process for run \(pid: ([0-9]+)\)")
"""How Dagster tells the process of a run before the run's first own event, which names it too."""

_CLOCK_SECONDS = 2.0
"""The start of a process, as the system tells it, is about so exact."""

_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


class WatchfulRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which also answers the daemon's question whether a run's process lives."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run and note where."""
        run_id = context.dagster_run.run_id
        self._instance.add_run_tags(run_id, {LAUNCHED_TAG: json.dumps({**_here(self._instance), "run": run_id})})
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: the daemon then asks for each run that has started."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a run lives. What cannot be known counts as alive: Dagster ends what is not."""
        return self.judge(run, is_alone=False)

    def judge(self, run: dg.DagsterRun, *, is_alone: bool) -> CheckRunHealthResult:
        """Whether the process of a run lives.

        Args:
            run: as it was just read.
            is_alone: nobody else launches runs in this Dagster home now. Then those that were launched in it on a
                machine of another name are gone: a container that is made anew has a new name each time.
        """
        code_server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")
        launched, begun = _note_of(run, LAUNCHED_TAG), _note_of(run, PROCESS_TAG)
        noted = begun or launched
        here = _here(self._instance)
        # Before a run begins: a code server behind a port may be anywhere, and its processes with it.
        is_ours = noted.get("home") == here["home"] and ("pid" in noted or code_server is not None)
        if is_ours and noted["host"] != here["host"] and is_alone and launched:
            return CheckRunHealthResult(WorkerStatus.FAILED, f"{noted['host']} no longer has this home")
        if not is_ours or noted["host"] != here["host"]:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process cannot be seen from here")
        if noted["boot"] != here["boot"]:
            return CheckRunHealthResult(WorkerStatus.FAILED, "the machine was started again meanwhile")
        worker = (noted["pid"], noted["at"]) if "pid" in noted else _find_worker(self._instance, run)
        if worker is None:
            # Only the code server that was to start it can tell.
            return _told(is_alive=_listens(code_server), what="the code server that was to start it")
        pid, seen_at = worker
        return _told(is_alive=_lives(pid, seen_at - noted["boot_time"]), what=f"its process {pid}")


def describe_process(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """The tag (`PROCESS_TAG`) of a run that begins in this process, whoever launched it."""
    return {PROCESS_TAG: json.dumps({**_here(instance), "run": run_id, "pid": os.getpid(), "at": time.time()})}


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the unfinished runs whose processes are gone as ended; returns their ids.

    For a program that has this Dagster home to itself (`ticket-pipeline run` holds its lock). The daemon does so for
    runs that have begun, half a minute after its start; one that was about to begin it would wait for, for minutes, and
    nothing else of its job begins until then.
    """
    launcher = instance.run_launcher
    if not isinstance(launcher, WatchfulRunLauncher):
        return []
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        health = launcher.judge(run, is_alone=True)
        if health.status is WorkerStatus.RUNNING:
            continue
        # It may have ended by itself since the runs were read, and what it says of itself holds.
        latest = instance.get_run_by_id(run.run_id)
        if latest is None or latest.status is not run.status:
            continue
        message = f"Looked for this run when the pipeline was started; {health.msg}. What it had stored stays stored."
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message)
        else:
            instance.report_run_failed(run, message)
        ended.append(run.run_id)
    return ended


def _find_worker(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """The process id of a launched run and a moment (seconds since the epoch) at which it lived; None without one."""
    for entry in instance.all_logs(run.run_id, of_type={dg.DagsterEventType.ENGINE_EVENT}):
        if found := _STARTED_PROCESS.search(entry.get_dagster_event().message or ""):
            return int(found[1]), entry.timestamp
    return None


def _note_of(run: dg.DagsterRun, tag: str) -> dict[str, Any]:
    """What a tag tells of this run; nothing where it is another run's, as one that is done again inherits them."""
    note: dict[str, Any] = json.loads(run.tags.get(tag, "{}"))
    return note if note.get("run") == run.run_id else {}


def _here(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What tells this Dagster home, machine and its time since boot from others.

    The home has an id of its own: names of machines repeat, and a container that is started again keeps its home.
    Containers may share name and boot; what one sees of processes is its own. Moments are compared by their distance
    from the boot, since the clock may be set between them.
    """
    return {
        "home": _home_id(Path(instance.root_directory)),
        "host": f"{socket.gethostname()} {_PROCESSES.readlink() if _PROCESSES.is_symlink() else ''}".rstrip(),
        "boot": _BOOT_ID_FILE.read_text(encoding="ascii").strip() if _BOOT_ID_FILE.exists() else None,
        "boot_time": psutil.boot_time(),
    }


def _home_id(home: Path) -> str:
    """The id of a Dagster home; made where there is none, whole at once, by one of several that come at a time."""
    id_file = home / _HOME_ID_FILE
    if not id_file.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = home / f"{_HOME_ID_FILE}.{uuid4().hex}"
        fresh.write_text(uuid4().hex, encoding="ascii")
        with suppress(FileExistsError):
            os.link(fresh, id_file)
        fresh.unlink()
    return id_file.read_text(encoding="ascii")


def _told(*, is_alive: bool, what: str) -> CheckRunHealthResult:
    if is_alive:
        return CheckRunHealthResult(WorkerStatus.RUNNING, f"{what} lives")
    return CheckRunHealthResult(WorkerStatus.FAILED, f"{what} is gone")


def _lives(pid: int, seen_after_boot: float) -> bool:
    """Whether the process that had this id so many seconds after the boot still lives: ids are used again."""
    try:
        process = psutil.Process(pid)
        began = process.create_time() - psutil.boot_time()
        return began <= seen_after_boot + _CLOCK_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return _is_hidden(pid)


def _is_hidden(pid: int) -> bool:
    """Whether a process lives that we may not look at: another user's, where the system hides those."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        pass
    return False


def _listens(path: str) -> bool:
    """Whether a code server of this machine still listens; True where that cannot be known."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True
