"""The life cycle of the embedded server: started by whoever needs it first, stopped only on request.

What belongs here: start, stop, status, and what state the server is in. What does not: how paths, users and programs
are chosen and run (the modules beside).

The pipeline's processes come and go (web server, daemon, runs, CLI), so none of them owns the server: each calls
`start`, which returns at once where it runs. It survives Ctrl-C and the death of its starter.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.pq import PGconn, Ping
from psycopg.rows import class_row

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import configuration, launch, postmaster
from ticket_pipeline.storage.embedded.binaries import find_binaries, make_reachable
from ticket_pipeline.storage.embedded.layout import (
    Layout,
    check_socket_dir,
    exclusive,
    find_layout,
    make_home,
    socket_dir_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ticket_pipeline.storage.embedded.binaries import PgBinaries

SYSTEM_DIR = Path("/var/lib/ticket-pipeline")

# Recovery after a crash replays up to 1 GB of log; a slow disk needs a minute for it.
_START_TIMEOUT_SECONDS = 120
_LOCK_TIMEOUT_SECONDS = 180
_POLL_SECONDS = 0.05
# A server killed with -9 leaves children that hold the shared memory for a moment: the first launch may meet them.
_LAUNCHES = 3
_PAUSE_AFTER_FAILED_LAUNCH_SECONDS = 0.25

_QUESTION = """
    select current_setting('data_directory') as data_directory,
           pg_postmaster_start_time() as started_at,
           exists (select from pg_database where datname = %s) as has_database
"""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known about the server, running or not.

    Attributes:
        running: whether it answers and is ours.
        pid: of the postmaster, where running.
        major: the major version of the data; None before the first start.
        data_dir: its data folder.
        log_file: what it had to say.
        size_bytes: of the data folder on disk, 0 before the first start.
        started_at: aware time of the last start, where running.
    """

    running: bool
    pid: int | None
    major: int | None
    data_dir: Path
    log_file: Path
    size_bytes: int
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a running server says about itself."""

    data_directory: str
    started_at: datetime
    has_database: bool


class EmbeddedServer:
    """One PostgreSQL server per state folder, for all processes of the user.

    Args:
        state_dir: the folder it belongs to; made where absent.
        pg_bin: the PG_BIN setting.
        shared_preload_libraries: such as `("timescaledb",)`, where the binaries have it.
        database: the database to make and to name in the URL.
        server_settings: further PostgreSQL settings, such as `{"fsync": "off"}` for a throw-away server.
        search_path: where a system PostgreSQL is looked for (see `find_binaries`); "" hides it.
        system_dir: where root keeps data and programs that the server's user could not reach otherwise.
    """

    def __init__(
        self,
        state_dir: Path,
        pg_bin: Path | None,
        *,
        shared_preload_libraries: tuple[str, ...] = (),
        database: str = "tickets",
        server_settings: Mapping[str, str] | None = None,
        search_path: str | None = None,
        system_dir: Path = SYSTEM_DIR,
    ) -> None:
        self._state_dir = state_dir.resolve()
        self._pg_bin = pg_bin
        self._shared_preload_libraries = shared_preload_libraries
        self._database = database
        self._server_settings = dict(server_settings or {})
        self._search_path = search_path
        self._system_dir = system_dir
        self._socket_dir = socket_dir_of(self._state_dir)

    @property
    def url(self) -> str:
        """A libpq URL, for psycopg and SQLAlchemy alike; it holds no secret and does not say whether anything runs."""
        return self.url_of(self._database)

    def url_of(self, database: str) -> str:
        """The URL of another database on the same server, such as Dagster's own; nothing is made."""
        # The port is named although it is the default: PGPORT in somebody's environment would change it.
        return f"postgresql://{configuration.SUPERUSER}@/{database}?host={self._socket_dir}&port={postmaster.PORT}"

    def start(self) -> str:
        """Make sure that the server runs and the database exists; give its URL.

        Idempotent, and safe in any number of processes at once: one starts it, the others wait for it.

        Raises:
            ConfigurationError: PG_BIN is not usable.
            StorageError: there are no fitting binaries, the folder is not ours, or the server does not start; the
                message ends with the tail of its log.
        """
        answer = self._ask(self._layout())
        if answer is None or not answer.has_database:
            with self._alone():
                answer = self._bring_up(self._layout())
                if not answer.has_database:
                    self._create_database()
        return self.url

    def stop(self) -> bool:
        """Stop the server; sessions are cut off, their open transactions undone. Nothing committed is lost.

        Returns:
            Whether there was a running server to stop.

        Raises:
            StorageError: it does not stop.
        """
        layout = self._layout()
        if not layout.data_dir.exists():
            return False
        with self._alone():
            # pg_ctl signals whatever process the file names; after a crash that may be a stranger.
            if (pid := self._running_pid(layout)) is None:
                return False
            if not launch.stop(layout, self._binaries(layout)):
                raise StorageError(
                    f"Told the embedded database in {layout.data_dir} to stop: process {pid} still runs. Try again "
                    f"when its sessions have ended.\n{launch.log_tail(layout.log_file)}"
                )
        return True

    def status(self) -> ServerStatus:
        """Describe the server without starting it.

        Raises:
            StorageError: the state folder or the socket folder belongs to somebody else.
        """
        layout = self._layout()
        answer = self._ask(layout)
        return ServerStatus(
            running=answer is not None,
            pid=self._running_pid(layout) if answer else None,
            major=layout.data_major,
            data_dir=layout.data_dir,
            log_file=layout.log_file,
            size_bytes=sum(_file_sizes(layout.data_dir)),
            started_at=answer.started_at if answer else None,
        )

    def _layout(self) -> Layout:
        return find_layout(self._state_dir, self._system_dir)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this server meanwhile; what the file system refuses becomes our own error."""
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            with exclusive(self._state_dir / "postgresql.lock", timeout_seconds=_LOCK_TIMEOUT_SECONDS):
                yield
        except OSError as error:
            raise StorageError(
                f"Prepared the embedded database in {self._state_dir}: {error}. Check who owns that folder and whether "
                f"there is free space, or set STATE_DIR to another one."
            ) from error

    def _binaries(self, layout: Layout) -> PgBinaries:
        found = find_binaries(self._pg_bin, layout.data_major, search_path=self._search_path)
        return make_reachable(found, layout.account, self._system_dir)

    def _bring_up(self, layout: Layout) -> _Answer:
        """Launch the server unless it runs, is about to, or has yet to finish stopping; the lock must be held."""
        failures = 0
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if answer := self._ask(layout):
                return answer
            if orphan := postmaster.orphan_pid(self._socket_dir, layout.data_dir):
                postmaster.dismiss(orphan)
            if self._ping(layout) is Ping.NO_RESPONSE and not self._launch(layout):
                failures += 1
                time.sleep(_PAUSE_AFTER_FAILED_LAUNCH_SECONDS)
            if failures == _LAUNCHES:
                break
            time.sleep(_POLL_SECONDS)
        raise StorageError(
            f"Started the embedded database in {layout.data_dir}: it does not answer. Mend what its log says "
            f"({layout.log_file}), or set DATABASE_URL to a server of your own.\n{launch.log_tail(layout.log_file)}"
        )

    def _launch(self, layout: Layout) -> bool:
        launch.check_name(layout.home)
        binaries = self._binaries(layout)
        make_home(layout)
        if not layout.data_dir.exists():
            launch.make_data(layout, binaries, is_durable=self._server_settings.get("fsync") != "off")
        settings = configuration.render(
            layout.data_dir, self._socket_dir, self._shared_preload_libraries, self._server_settings
        )
        launch.prepare(layout, self._socket_dir, settings)
        return launch.launch(layout, binaries)

    def _ping(self, layout: Layout) -> Ping:
        if not check_socket_dir(self._socket_dir, layout.account):
            return Ping.NO_RESPONSE
        return Ping(PGconn.ping(f"{self.url_of('postgres')}&connect_timeout=10".encode()))

    def _ask(self, layout: Layout) -> _Answer | None:
        """What the server on our socket says; None where none answers, or it is one whose data folder was deleted.

        Raises:
            StorageError: it is not our server, or it refuses to talk.
        """
        if self._ping(layout) is not Ping.OK or postmaster.orphan_pid(self._socket_dir, layout.data_dir):
            return None
        try:
            with self._connect() as connection, connection.cursor(row_factory=class_row(_Answer)) as cursor:
                answer = cursor.execute(_QUESTION, [self._database]).fetchone()
        except psycopg.OperationalError as error:
            raise StorageError(
                f"Asked the embedded database in {self._socket_dir}: {str(error).strip()}. It runs; try again in a "
                f"moment, or stop and start it."
            ) from error
        if answer is None or Path(answer.data_directory).resolve() != layout.data_dir.resolve():
            raise StorageError(
                f"Asked the server in {self._socket_dir} whose data it keeps: {answer and answer.data_directory}, not "
                f"{layout.data_dir}. Stop that server, then start again."
            )
        return answer

    def _running_pid(self, layout: Layout) -> int | None:
        pid = postmaster.named_pid(postmaster.data_lock_file(layout.data_dir))
        return pid if pid is not None and postmaster.is_server_of(pid, layout.data_dir) else None

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=10)

    def _create_database(self) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(self._database)))


def _file_sizes(folder: Path) -> Iterator[int]:
    """Sizes of all files below `folder`; a server at work removes files and folders while we look."""
    for parent, _, names in os.walk(folder):  # which passes over a folder that is gone
        for name in names:
            with suppress(FileNotFoundError):
                yield Path(parent, name).lstat().st_blocks * 512
