"""Running the server's programs: make a data folder, launch a server on it, tell one to stop.

What belongs here: initdb and pg_ctl with their arguments. What does not: deciding when, and being alone while doing it
(see `server`, which holds the lock).
"""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import configuration, postmaster
from ticket_pipeline.storage.embedded.account import run_as
from ticket_pipeline.storage.embedded.layout import give, make_home, make_socket_dir

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.storage.embedded.binaries import PgBinaries
    from ticket_pipeline.storage.embedded.layout import Layout

_PG_CTL_TIMEOUT_SECONDS = 60
_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_LOG_TAIL_BYTES = 4096
_LOG_TAIL_LINES = 15
_SHELL_CHARACTERS = frozenset('"$`\\\n')


def check_name(home: Path) -> None:
    """Refuse a folder whose name pg_ctl cannot hand on: it puts paths into a shell command, between double quotes.

    Raises:
        StorageError: the path holds a character that means something to the shell there.
    """
    if _SHELL_CHARACTERS & set(str(home)):
        raise StorageError(
            f"Prepared the embedded database in {home}: that path holds a quote, a $, a backslash "
            f"or a line break, which PostgreSQL's pg_ctl cannot handle. Set STATE_DIR to a folder with a plainer name."
        )


def make_data(layout: Layout, binaries: PgBinaries, *, is_durable: bool) -> None:
    """Make the data folder, whole or not at all: a half-made one has another name and is thrown away next time.

    Args:
        layout: where.
        binaries: whose initdb.
        is_durable: whether to wait until it is safely on disk; not for throw-away servers.

    Raises:
        StorageError: initdb failed; the message ends with what it said.
    """
    unfinished = layout.home / "data.init"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    give(unfinished, layout.account)
    command = [str(binaries.bin_dir / "initdb"), "-D", str(unfinished), *configuration.initdb_arguments(binaries.major)]
    if not is_durable:
        command.append("--no-sync")
    if run_as(layout.account, command, log_file=layout.log_file) != 0:
        raise StorageError(
            f"Made a new database folder {unfinished} with {binaries}: initdb failed. Mend what it says, or set "
            f"DATABASE_URL to a server of your own.\n{log_tail(layout.log_file)}"
        )
    unfinished.rename(layout.data_dir)
    if layout.pointer is not None:
        layout.pointer.write_text(f"{layout.home}\n", encoding="utf-8")


def prepare(layout: Layout, socket_dir: Path, settings_text: str) -> None:
    """Put everything in place that a launch needs besides data: log, settings file, socket folder, lock files."""
    make_home(layout)
    if layout.log_file.stat().st_size > _LOG_LIMIT_BYTES:
        layout.log_file.replace(layout.log_file.with_suffix(".log.1"))
        make_home(layout)
    settings_file = layout.home / "postgresql.conf"
    settings_file.write_text(settings_text, encoding="utf-8")
    settings_file.chmod(0o644)
    make_socket_dir(socket_dir, layout.account)
    for lock_file in (postmaster.data_lock_file(layout.data_dir), postmaster.socket_lock_file(socket_dir)):
        postmaster.disown_foreign_pid(lock_file, layout.data_dir)


def launch(layout: Layout, binaries: PgBinaries) -> bool:
    """Start the server and wait until it takes connections; pg_ctl puts it into a session of its own."""
    # pg_ctl hands its options to a shell.
    options = f"-c config_file={shlex.quote(str(layout.home / 'postgresql.conf'))}"
    return _pg_ctl(layout, binaries, "start", "-l", str(layout.log_file), "-o", options) == 0


def stop(layout: Layout, binaries: PgBinaries) -> bool:
    """Stop the server the fast way: sessions are ended, a checkpoint is written."""
    return _pg_ctl(layout, binaries, "stop", "-m", "fast") == 0


def _pg_ctl(layout: Layout, binaries: PgBinaries, action: str, *options: str) -> int:
    command = [str(binaries.bin_dir / "pg_ctl"), action, "--silent", "-w", "-t", str(_PG_CTL_TIMEOUT_SECONDS)]
    return run_as(layout.account, [*command, "-D", str(layout.data_dir), *options], log_file=layout.log_file)


def log_tail(log_file: Path) -> str:
    """The last lines of the server's log, for an error message; it holds no passwords, for there are none."""
    with log_file.open("rb") as file:
        file.seek(max(0, log_file.stat().st_size - _LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])
