"""The life cycle of the embedded server: started by the first process that needs it, stopped only on request.

The pipeline's processes come and go (web server, daemon, runs, CLI), so none of them owns the server: each calls
`start`, which returns at once where it runs. It survives Ctrl-C and the death of its starter.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping
from psycopg.rows import dict_row

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import configuration, launch
from ticket_pipeline.storage.embedded.binaries import PgBinaries, find_binaries, make_reachable
from ticket_pipeline.storage.embedded.layout import (
    Layout,
    check_socket_dir,
    exclusive,
    find_layout,
    make_home,
    socket_dir_of,
)

SYSTEM_DIR = Path("/var/lib/ticket-pipeline")

_DATABASE = "tickets"

# Recovery after a crash replays up to 1 GB of log; a slow disk needs a minute for it.
_START_TIMEOUT_SECONDS = 120
_LOCK_TIMEOUT_SECONDS = 180
_POLL_SECONDS = 0.1
# A server killed with -9 leaves children that hold the shared memory for a moment: the first start may meet them.
_MOST_STARTS = 3

_DESCRIBE = """
    select current_setting('data_directory') as data_directory,
           pg_postmaster_start_time() as started_at,
           exists (select from pg_database where datname = %s) as has_database
"""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The state of the server; `pid` and `started_at` are None where it is down, `major` before the first start."""

    running: bool
    pid: int | None
    major: int | None
    data_dir: Path
    log_file: Path
    size_bytes: int
    started_at: datetime | None


class _Running(NamedTuple):
    pid: int
    started_at: datetime
    has_database: bool


class EmbeddedServer:
    """One PostgreSQL server per state folder, for all processes of the user.

    Args:
        state_dir: the folder it belongs to; made where absent.
        pg_bin: the PG_BIN setting.
        server_settings: further PostgreSQL settings, such as `{"fsync": "off"}` for a throw-away server.
        search_path: see `find_binaries`.
        system_dir: where root keeps data and programs that the server's user could not reach otherwise.
    """

    def __init__(
        self,
        state_dir: Path,
        pg_bin: Path | None,
        *,
        server_settings: Mapping[str, str] | None = None,
        search_path: str | None = None,
        system_dir: Path = SYSTEM_DIR,
    ) -> None:
        self._state_dir = state_dir.resolve()
        self._pg_bin = pg_bin
        self._server_settings = dict(server_settings or {})
        self._search_path = search_path
        self._system_dir = system_dir
        self._socket_dir = socket_dir_of(self._state_dir)

    @property
    def url(self) -> str:
        """A libpq URL without a secret, whether or not the server runs."""
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        """The URL of another database on the same server, such as Dagster's own; nothing is made."""
        # The port is named although it is the default: PGPORT in the environment would change it.
        return f"postgresql://{configuration.SUPERUSER}@/{database}?host={self._socket_dir}&port={configuration.PORT}"

    def start(self) -> str:
        """Make sure that the server runs and the database exists; returns its URL.

        Idempotent, and safe in any number of processes at once: one starts it, the others wait for it.
        """
        running = self._describe(self._layout())
        if running is None or not running.has_database:
            with self._locked():
                running = self._bring_up(self._layout())
                if not running.has_database:
                    with self._connect() as connection:
                        connection.execute(sql.SQL("create database {}").format(sql.Identifier(_DATABASE)))
        return self.url

    def stop(self) -> bool:
        """Stop the server, which ends its sessions; returns whether there was one to stop."""
        layout = self._layout()
        if not layout.data_dir.exists():
            return False
        with self._locked():
            running = self._describe(layout)
            if running is None:
                return False
            if not launch.stop(layout, self._binaries(layout)):
                raise StorageError(
                    f"Could not stop the embedded database in {layout.data_dir}: process {running.pid} still runs. "
                    f"Try again when its sessions have ended.\n{launch.log_tail(layout.log_file)}"
                )
        return True

    def status(self) -> ServerStatus:
        """Describe the server without starting it."""
        layout = self._layout()
        running = self._describe(layout)
        return ServerStatus(
            running=running is not None,
            pid=running.pid if running else None,
            major=layout.data_major,
            data_dir=layout.data_dir,
            log_file=layout.log_file,
            size_bytes=sum(_file_sizes(layout.data_dir)),
            started_at=running.started_at if running else None,
        )

    def _layout(self) -> Layout:
        return find_layout(self._state_dir, self._system_dir)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from starting or stopping this server; errors of the file system become StorageError."""
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            with exclusive(self._state_dir / "postgresql.lock", timeout_seconds=_LOCK_TIMEOUT_SECONDS):
                yield
        except OSError as error:
            raise StorageError(
                f"Could not prepare the embedded database in {self._state_dir}: {error}. Check the owner and the free "
                "space of that folder, or set STATE_DIR to another one."
            ) from error

    def _binaries(self, layout: Layout) -> PgBinaries:
        found = find_binaries(self._pg_bin, layout.data_major, search_path=self._search_path)
        return make_reachable(found, layout.account, self._system_dir)

    def _bring_up(self, layout: Layout) -> _Running:
        """Start the server unless it runs, is starting, or has yet to finish stopping; the lock must be held."""
        starts = 0
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and starts < _MOST_STARTS:
            if running := self._describe(layout):
                return running
            ping = self._ping(layout)
            if ping is Ping.OK and not layout.lock_file.exists():
                self._end_orphan()
            if ping is Ping.NO_RESPONSE:
                starts += not self._start(layout)
            time.sleep(_POLL_SECONDS)
        raise StorageError(
            f"Could not start the embedded database in {layout.data_dir}. Fix what its log reports "
            f"({layout.log_file}), or set DATABASE_URL to a server of your own.\n{launch.log_tail(layout.log_file)}"
        )

    def _start(self, layout: Layout) -> bool:
        binaries = self._binaries(layout)
        make_home(layout)
        if not layout.data_dir.exists():
            launch.make_data(layout, binaries, is_durable=self._server_settings.get("fsync") != "off")
        settings = configuration.render(layout.data_dir, self._socket_dir, self._server_settings)
        return launch.start(layout, binaries, self._socket_dir, settings)

    def _end_orphan(self) -> None:
        """End a server whose data folder was deleted (`rm -r` of the state folder)."""
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            lock_file = self._socket_dir / f".s.PGSQL.{configuration.PORT}.lock"
            os.kill(int(lock_file.read_text().partition("\n")[0]), signal.SIGQUIT)

    def _ping(self, layout: Layout) -> Ping:
        if not check_socket_dir(self._socket_dir, layout.account):
            return Ping.NO_RESPONSE
        return Ping(PGconn.ping(f"{self.url_of('postgres')}&connect_timeout=10".encode()))

    def _describe(self, layout: Layout) -> _Running | None:
        """The server on our socket; None where none accepts connections, or its data folder was deleted."""
        if self._ping(layout) is not Ping.OK:
            return None
        try:
            with self._connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
                row = cursor.execute(_DESCRIBE, [_DATABASE]).fetchone()
        except psycopg.OperationalError as error:
            if not layout.lock_file.exists():
                return None
            raise StorageError(
                f"The embedded database in {self._socket_dir} runs but accepts no connection: {str(error).strip()}. "
                "Try again in a moment, or stop and start it."
            ) from error
        if row is None or Path(row["data_directory"]).resolve() != layout.data_dir.resolve():
            raise StorageError(
                f"The server in {self._socket_dir} serves {row and row['data_directory']}, not {layout.data_dir}. "
                "Stop that server, then start again."
            )
        if not layout.lock_file.exists():
            return None
        pid = int(layout.lock_file.read_text().partition("\n")[0])
        return _Running(pid, row["started_at"], row["has_database"])

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=10)
        connection.execute("set datestyle to 'ISO'")  # PGDATESTYLE may ask for another
        return connection


def _file_sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a running server removes files meanwhile
                yield Path(parent, name).lstat().st_blocks * 512
