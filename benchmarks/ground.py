"""The ground that benchmarks stand on: durable servers, migrated databases, one core, and what a process used.

What belongs here: what is the same for all of them. What does not: any workload.
"""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.migrations import apply_migrations
from ticket_pipeline_tests.servers import throwaway_database, throwaway_state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_T = TypeVar("_T")

PROJECT = Path(__file__).resolve().parent.parent
SCHEMA = "tickets"
_WHO_ARE_YOU = """
    select
      current_setting('server_version'), (select extversion from pg_extension where extname = 'timescaledb'),
      current_setting('timescaledb.license', true), current_setting('fsync'), current_setting('synchronous_commit')
"""
PLAIN, TIMESCALEDB = "plain", "timescaledb"

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    PLAIN: {},
    TIMESCALEDB: {
        "shared_preload_libraries": "timescaledb",
        "max_worker_processes": "24",  # its background workers need more than the default 8
        "timescaledb.telemetry_level": "off",
    },
}


class ServerUnavailableError(Exception):
    """A server to measure on cannot be had."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A running server of the pipeline's own configuration: unlike in the tests, fsync is on.

    Attributes:
        server: the embedded server, as the pipeline starts it.
        name: what it is, with version, for the titles.
        kind: `plain` or `timescaledb`.
        pg_bin: its programs; None: those that the embedded default finds.
        template: a migrated database of it, to clone from; without one each database is migrated anew.
    """

    server: EmbeddedServer
    name: str
    kind: str = "plain"
    pg_bin: Path | None = None
    template: str | None = None

    def server_in(self, folder: Path) -> EmbeddedServer:
        """A server of this kind whose data stay in a folder; not started."""
        return EmbeddedServer(folder, self.pg_bin, server_settings=_SETTINGS[self.kind])

    def on(self, server: EmbeddedServer) -> Ground:
        """The same ground with another running server of this kind."""
        return replace(self, server=server, template=None)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, migrated database."""
        with throwaway_database(self.server, template=self.template or "template0") as url:
            apply_migrations(url, schema=SCHEMA)
            yield url

    def processes(self) -> list[psutil.Process]:
        """The server's processes, the postmaster first."""
        postmaster = psutil.Process(self.server.status().pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """What all of its processes have used so far; those that ended count through the postmaster."""
        used = 0.0
        for number, process in enumerate(self.processes()):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used += times.user + times.system + (times.children_user + times.children_system if number == 0 else 0.0)
        return used


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took: seconds on the clock, CPU seconds of this process and of the server."""

    wall: float
    client: float
    server: float

    @property
    def cpu(self) -> float:
        """CPU seconds of both; other work on the machine hardly moves them."""
        return self.client + self.server


def spend(ground: Ground, work: Callable[[], _T]) -> tuple[_T, Spent]:
    """Do `work` with no garbage of others to collect; its result, and what it took."""
    gc.collect()
    server, client, wall = ground.cpu_seconds(), time.process_time(), time.perf_counter()
    result = work()
    wall, client = time.perf_counter() - wall, time.process_time() - client
    return result, Spent(wall, client, ground.cpu_seconds() - server)


@contextmanager
def open_ground(kind: str) -> Iterator[Ground]:
    """A server of `kind` on a throw-away folder.

    Raises:
        ServerUnavailableError: TimescaleDB cannot be installed here.
    """
    pg_bin = _install_timescaledb() if kind == TIMESCALEDB else None
    with throwaway_state_dir() as state_dir:
        server = EmbeddedServer(state_dir, pg_bin, server_settings=_SETTINGS[kind])
        try:
            server.start()
            with throwaway_database(server, template="template0") as url:
                apply_migrations(url, schema=SCHEMA)
                # A background worker of TimescaleDB would hold a template, and one in use cannot be cloned.
                template = None if kind == TIMESCALEDB else str(conninfo_to_dict(url)["dbname"])
                yield Ground(server, _describe(url), kind, pg_bin, template)
        finally:
            server.stop()


def _install_timescaledb() -> Path:
    script = PROJECT / "scripts" / "install_timescaledb.py"
    found = subprocess.run([sys.executable, script], check=False, stdout=subprocess.PIPE, text=True)
    if found.returncode:
        raise ServerUnavailableError("TimescaleDB cannot be installed here; the reason stands above.")
    return Path(found.stdout.strip())


def _describe(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(_WHO_ARE_YOU).fetchone()
    assert row is not None  # noqa: S101 - a select without a table returns one row
    server, extension, edition, fsync, commit = row
    name = f"PostgreSQL {server.split()[0]}" + (f" with TimescaleDB {extension} ({edition})" if extension else "")
    return f"{name}, fsync {fsync}, synchronous_commit {commit}"


@contextmanager
def one_core(ground: Ground) -> Iterator[str]:
    """Bind this process and the server's to one and the same core; says what was done.

    Work goes back and forth between the two without overlap, so "on one core" means both: what the server does for us
    counts. Binding the server of another user needs a right that root may lack in a container.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield "not bound to a core (this system cannot)"
        return
    cores = os.sched_getaffinity(0)
    last = max(cores)
    bound: list[int] = []
    try:
        for process in [psutil.Process(), *ground.processes()]:
            os.sched_setaffinity(process.pid, {last})
            bound.append(process.pid)
        yield f"client and server bound to core {last}"
    except PermissionError:
        yield "client alone bound to a core (the server's processes may not be)"
    finally:
        for pid in bound:
            if psutil.pid_exists(pid):
                os.sched_setaffinity(pid, cores)


def describe_machine() -> str:
    """Processor, cores, memory and Python, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; load before: {busy}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor unknown"
    )
