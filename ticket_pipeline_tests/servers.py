"""Throw-away database servers for the tests: plain PostgreSQL by default, or TimescaleDB. Fixtures are in `conftest`.

TICKET_PIPELINE_TEST_SERVER   `postgresql` (default) or `timescaledb`
TICKET_PIPELINE_TEST_PG_BIN   bin folder of the server; `scripts/install_timescaledb.py` prints one
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from ticket_pipeline.storage.embedded import EmbeddedServer, find_binaries
from ticket_pipeline.storage.embedded.layout import socket_dir_of

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# A background worker of TimescaleDB would hold every database it is in, and a template in use cannot be cloned.
TIMESCALEDB_SETTINGS = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
TIMESCALEDB_SETTINGS |= {"timescaledb.max_background_workers": "0"}

_POSTGRESQL, _TIMESCALEDB = "postgresql", "timescaledb"

_COPY_FILES = sql.SQL(" strategy file_copy")
"""A third less CPU than the default, which writes every page to the log too."""
_STRATEGIES_SINCE = 150_000

_MEMORY, _DISK = Path("/dev/shm"), Path("/tmp")  # noqa: S108 - parents of folders of our own
_ROOM_BYTES = 4 * 1024**3
"""For some servers with the databases of a few tests each; a container may have 64 MB."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which server the tests run on.

    Attributes:
        pg_bin: its bin folder; None: the one that the embedded default finds.
        must_exist: without it tests fail (on CI); elsewhere they are skipped.
    """

    is_timescaledb: bool
    pg_bin: Path | None
    must_exist: bool

    @property
    def missing(self) -> str | None:
        """Why the chosen server cannot be used; None where it can."""
        if self.is_timescaledb and self._timescaledb_version() is None:
            return (
                f"There is no TimescaleDB in TICKET_PIPELINE_TEST_PG_BIN={self.pg_bin}. "
                f"Run scripts/install_timescaledb.py and use the folder it prints."
            )
        return None

    def describe(self) -> str:
        """One line for the head of the test report."""
        if self.missing:
            return self.missing
        server = str(find_binaries(self.pg_bin, None))
        return f"{server}, TimescaleDB {self._timescaledb_version()}" if self.is_timescaledb else server

    def _timescaledb_version(self) -> str | None:
        """Version and edition from the files beside the binaries, such as `2.19.3 (apache)`."""
        if self.pg_bin is None or (pg_config := shutil.which("pg_config", path=str(self.pg_bin))) is None:
            return None
        share, library = (
            Path(subprocess.run([pg_config, option], check=True, capture_output=True, text=True).stdout.strip())
            for option in ("--sharedir", "--pkglibdir")
        )
        control = share / "extension" / "timescaledb.control"
        if not control.exists():
            return None
        version = re.search(r"default_version = '([^']+)'", control.read_text())
        edition = "timescale" if list(library.glob("timescaledb-tsl-*")) else "apache"
        return f"{version[1] if version else 'unknown'} ({edition})"


def choose(environment: Mapping[str, str]) -> Choice:
    """Read from the environment which server the tests run on.

    Raises:
        ValueError: TICKET_PIPELINE_TEST_SERVER is neither of the two.
    """
    name = environment.get("TICKET_PIPELINE_TEST_SERVER") or _POSTGRESQL
    if name not in (_POSTGRESQL, _TIMESCALEDB):
        raise ValueError(
            f"TICKET_PIPELINE_TEST_SERVER={name} is not a known server; set it to {_POSTGRESQL} or {_TIMESCALEDB}."
        )
    folder = environment.get("TICKET_PIPELINE_TEST_PG_BIN")
    return Choice(name == _TIMESCALEDB, Path(folder) if folder else None, environment.get("CI") == "true")


@contextmanager
def throwaway_state_dir(pg_bin: Path | None = None) -> Iterator[Path]:
    """A state folder that the server's user can reach even where root runs the tests (pytest's own folders are 0700).

    In memory where there is room: cloning a database, a thousand files, to disk costs seven times the CPU. A server
    that still runs in it is stopped before it is removed.
    """
    with tempfile.TemporaryDirectory(prefix="ticket-pipeline-test-", dir=_roomy_folder()) as scratch:
        root = Path(scratch)
        root.chmod(0o755)
        state_dir = root / "state"
        try:
            yield state_dir
        finally:
            for folder in (state_dir, state_dir / "postgres"):
                EmbeddedServer(folder, pg_bin).stop()
                shutil.rmtree(socket_dir_of(folder.resolve()), ignore_errors=True)


def _roomy_folder() -> Path:
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    return _MEMORY if has_room else _DISK


@contextmanager
def throwaway_server(choice: Choice) -> Iterator[EmbeddedServer]:
    """A running, empty server, removed afterwards."""
    with throwaway_state_dir() as state_dir:
        server = EmbeddedServer(
            state_dir,
            choice.pg_bin,
            server_settings=FORGETFUL | (TIMESCALEDB_SETTINGS if choice.is_timescaledb else {}),
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def throwaway_database(server: EmbeddedServer, *, template: str = "template1") -> Iterator[str]:
    """The URL of a new database cloned from `template`, dropped afterwards even with open sessions."""
    name = f"test_{uuid.uuid4().hex}"
    _administer(server, sql.SQL("create database {} template {}"), name, template, option=_COPY_FILES)
    try:
        yield server.url_of(name)
    finally:
        server.start()  # a test may have stopped it
        _administer(server, sql.SQL("drop database if exists {} with (force)"), name)


def _administer(server: EmbeddedServer, statement: sql.SQL, *names: str, option: sql.SQL | None = None) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        query: sql.Composable = statement.format(*map(sql.Identifier, names))
        if option is not None and connection.info.server_version >= _STRATEGIES_SINCE:
            query += option
        connection.execute(query)


@contextmanager
def environment_without(names: set[str]) -> Iterator[None]:
    """`os.environ` without `names`; restored afterwards."""
    hidden = {name: os.environ.pop(name) for name in names & os.environ.keys()}
    try:
        yield
    finally:
        for name in names & os.environ.keys():
            del os.environ[name]
        os.environ.update(hidden)
