"""A real system in a throw-away folder: database, simulator, and Dagster's programs as the project configures them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from dagster import DagsterEventType, DagsterInstance, DagsterRun, RunsFilter

# Private: what `dagster sensor start` works with, for which Dagster has no public name.
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from psycopg.rows import dict_row

from ticket_pipeline.defs.resources import utc_now
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.migrations import apply_migrations
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.end_to_end.programs import Program, program, wait_until
from ticket_pipeline_tests.ingest.loopback import watched
from ticket_pipeline_tests.overrides import as_environment
from ticket_pipeline_tests.servers import environment_without
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ticket_pipeline.simulator.world import ReplayEvent

_T = TypeVar("_T")

MODULE = ("-m", "ticket_pipeline.definitions")
LOCATION = "ticket_pipeline"

# The settings' lower bounds: what takes minutes in production takes seconds here.
FAST = {
    "POLL_TICK_SECONDS": "5",
    "LEASE_SECONDS": "25",
    "IS_CADENCE_EVEN": "true",
    "BASE_SCRAPE_INTERVAL_HOURS": "1",
    "MIN_RANDOM_FACTOR": "1",
    "MAX_RANDOM_FACTOR": "1",
    "MIN_REQUEST_DELAY": "0",
    "MAX_REQUEST_DELAY": "0",
    "STUBHUB_REQUESTS_PER_MINUTE": "10000",
    "HTTPX_RETRIES": "0",
    # What runs by itself costs seconds of CPU; a test starts the sensor that it needs.
    "DAGSTER_START_RUNNING": "false",
}


@dataclass
class System:
    """One system in `folder`; made by `running_system`.

    Attributes:
        env: the whole environment of its programs.
        faults: what goes wrong at its marketplace.
        log: the requests that reached its marketplace.
        instance: Dagster's own records.
    """

    folder: Path
    database_url: str
    env: dict[str, str]
    faults: FaultPlan
    log: RequestLog
    instance: DagsterInstance
    programs: dict[str, Program] = field(default_factory=dict)
    _opened: ExitStack = field(default_factory=ExitStack)

    def start_daemon(self) -> None:
        """Dagster's code server, which starts the runs, and its daemon, which would replace its own every minute."""
        self.serve_code(LOCATION, *MODULE)
        self.start("daemon", ["dagster-daemon", "run", "-w", str(self.folder / f"{LOCATION}.yaml")])

    def serve_code(self, name: str, *code: str) -> None:
        """A code server, and a workspace file with its name in `folder` that leads to it."""
        sockets = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="ticket-pipeline-")))
        file = sockets / "code-server"
        served = ["--log-level", "warning", "--location-name", name, "--socket", str(file), *code]
        self.start(name, ["dagster", "api", "grpc", *served])
        server = {"grpc_server": {"socket": str(file), "location_name": name}}
        # JSON is YAML.
        (self.folder / f"{name}.yaml").write_text(json.dumps({"load_from": [server]}), encoding="utf-8")
        self.wait_for(lambda: listens(str(file)), f"the code server of {name}", seconds=60)

    def start_sensor(self, name: str) -> None:
        """Let the daemon evaluate a sensor from now on."""
        workspace = WorkspaceFileTarget([str(self.folder / f"{LOCATION}.yaml")])
        with WorkspaceProcessContext(self.instance, workspace) as context:
            (location,) = context.create_request_context().code_locations
            (repository,) = location.get_repositories().values()
            self.instance.start_sensor(repository.get_sensor(name))

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start one of the project's programs; it ends with the system."""
        self.programs[name] = Program([program(command[0]), *command[1:]], self.env | environment, self.folder, name)

    def run(self, *command: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run one of the project's programs to its end, whatever its exit code."""
        return subprocess.run(
            [program(command[0]), *command[1:]],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def kill(self) -> None:
        """End every program and all runs at once, as a crash of the machine does."""
        for each in self.programs.values():
            each.kill()

    def stop(self) -> None:
        """End every program."""
        for each in self.programs.values():
            each.stop()
        self._opened.close()

    def rows(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a statement on the pipeline's tables."""
        with psycopg.connect(
            self.database_url, autocommit=True, row_factory=dict_row, options="-c search_path=tickets"
        ) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, **parameters: object) -> Any:  # noqa: ANN401 - whatever the statement selects
        """The first value of a statement's first row."""
        return next(iter(self.rows(query, **parameters)[0].values()))

    def poll_runs(self) -> list[DagsterRun]:
        """The runs that poll, newest first."""
        return list(self.instance.get_runs(RunsFilter(job_name="poll_stubhub")))

    def worker_pid(self, run_id: str) -> int:
        """The process of a run."""
        found = [
            int(str(event.dagster_event.engine_event_data.metadata["pid"].value))
            for event in self.instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)
            if event.dagster_event is not None and "pid" in event.dagster_event.engine_event_data.metadata
        ]
        return found[-1]

    def wait_for(self, is_so: Callable[[], _T], what: str, *, seconds: float) -> _T:
        """As `wait_until`; an error shows the ends of all programs' logs."""
        return wait_until(is_so, what, seconds=seconds, explain=self._tails)

    def _tails(self) -> str:
        return "\n".join(f"--- {each.name}\n{each.tail()}" for each in self.programs.values())


@contextmanager
def running_system(
    folder: Path,
    database_url: str,
    events: Sequence[ReplayEvent],
    dagster_yaml: str,
    *,
    latency_seconds: float = 0,
    **settings: str,
) -> Iterator[System]:
    """A migrated, synced system whose marketplace responds; its programs are started by the tests and ended here.

    Args:
        folder: of its own.
        database_url: an empty database.
        events: what the marketplace plays and the watchlist names.
        dagster_yaml: the instance's configuration.
        latency_seconds: how long each response takes.
        settings: environment variables beside `FAST`.
    """
    now, faults, log = utc_now(), FaultPlan(), RequestLog()
    world, latency = SimulatedWorld(events, started_at=now), Latency(latency_seconds)
    with serve(create_stubhub_app(world, clock=utc_now, faults=faults, log=log, latency=latency)) as marketplace:
        env = as_environment(outside_environment(folder) | FAST | settings)
        env["DATABASE_URL"] = database_url
        env["STUBHUB_API_BASE_URL"] = marketplace.url
        env["PRICES_START_DATE"] = f"{now - timedelta(days=45):%Y-%m-%d}"
        apply_migrations(database_url)
        with Database(database_url, "tickets") as database:
            rows = [watched(n, event.external_id, now + timedelta(hours=10)) for n, event in enumerate(events, 2)]
            sync_watchlist(database, rows, [], source="a test", this_moment=now, max_untrack_fraction=1)
        home = Path(env["DAGSTER_HOME"])
        home.mkdir(parents=True)
        (home / "dagster.yaml").write_text(dagster_yaml, encoding="utf-8")
        with _environment_of(env):
            # This creates Dagster's tables before two programs do so at once.
            opened = DagsterInstance.from_config(str(home))
        with opened as instance:
            system = System(folder, database_url, env, faults, log, instance)
            try:
                yield system
            finally:
                system.stop()


def outside_environment(folder: Path) -> dict[str, str]:
    """An environment without any setting, with home and state in `folder`."""
    names = {name.upper() for name in Settings.model_fields} | {"DAGSTER_HOME"}
    env = {name: value for name, value in os.environ.items() if name not in names}
    env["HOME"] = str(folder)
    env["STATE_DIR"] = str(folder / "state")
    env["DAGSTER_HOME"] = str(folder / "state" / "dagster")
    env[ENV_FILE_VARIABLE] = str(folder / "no.env")
    env["PYTHONUNBUFFERED"] = "1"
    return env


@contextmanager
def _environment_of(env: Mapping[str, str]) -> Iterator[None]:
    """Give this process the settings of another one."""
    names = {name.upper() for name in Settings.model_fields} | {"DAGSTER_HOME", ENV_FILE_VARIABLE}
    with environment_without(names):
        os.environ.update({name: env[name] for name in names & env.keys()})
        yield


def listens(address: str | tuple[str, int]) -> bool:
    """Whether a program listens on a socket file, or on a host's port."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        return probe.connect_ex(address) == 0
