"""Run the server's programs: make a data folder, start a server on it, stop one."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded import configuration
from ticket_pipeline.storage.embedded.account import run_as
from ticket_pipeline.storage.embedded.layout import Layout, give, make_home, make_socket_dir

if TYPE_CHECKING:
    from ticket_pipeline.storage.embedded.binaries import PgBinaries

_PG_CTL_TIMEOUT_SECONDS = 60
_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_LOG_TAIL_BYTES = 4096
_LOG_TAIL_LINES = 15

# Linux gives no process a number above 4194304 (PID_MAX_LIMIT).
_UNUSED_PID = 4194305


def make_data(layout: Layout, binaries: PgBinaries, *, is_durable: bool) -> None:
    """Make the data folder, whole or not at all: a half-made one has another name and is deleted next time."""
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
            f"Could not make the database folder {unfinished} with {binaries}. Fix what initdb reports, or set "
            f"DATABASE_URL to a server of your own.\n{log_tail(layout.log_file)}"
        )
    unfinished.rename(layout.data_dir)
    if layout.pointer is not None:
        layout.pointer.write_text(f"{layout.home}\n", encoding="utf-8")


def start(layout: Layout, binaries: PgBinaries, socket_dir: Path, settings_text: str) -> bool:
    """Start the server on existing data and wait until it takes connections; pg_ctl gives it a session of its own."""
    if layout.log_file.stat().st_size > _LOG_LIMIT_BYTES:
        layout.log_file.replace(layout.log_file.with_suffix(".log.1"))
        make_home(layout)
    settings_file = layout.home / "postgresql.conf"
    settings_file.write_text(settings_text, encoding="utf-8")
    settings_file.chmod(0o644)
    make_socket_dir(socket_dir, layout.account)
    for lock_file in (layout.lock_file, socket_dir / f".s.PGSQL.{configuration.PORT}.lock"):
        _disown_foreign_pid(lock_file, layout.data_dir)
    # pg_ctl passes its options to a shell.
    options = f"-c config_file={shlex.quote(str(settings_file))}"
    return _pg_ctl(layout, binaries, "start", "-l", str(layout.log_file), "-o", options) == 0


def _disown_foreign_pid(lock_file: Path, data_dir: Path) -> None:
    """Replace the process id in a server's lock file where it is that of another program.

    The file stays after a crash, and a restarted container uses the same low ids again, so the server would refuse to
    start. The rest of the file stays: by it the server notices orphans that still use the shared memory.
    """
    with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
        pid, _, rest = lock_file.read_text().partition("\n")
        if str(data_dir) not in psutil.Process(int(pid)).cmdline():
            descriptor = os.open(lock_file, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{_UNUSED_PID}\n{rest}")


def stop(layout: Layout, binaries: PgBinaries) -> bool:
    """Stop the server the fast way: sessions are ended, a checkpoint is written."""
    return _pg_ctl(layout, binaries, "stop", "-m", "fast") == 0


def _pg_ctl(layout: Layout, binaries: PgBinaries, action: str, *options: str) -> int:
    command = [str(binaries.bin_dir / "pg_ctl"), action, "--silent", "-w", "-t", str(_PG_CTL_TIMEOUT_SECONDS)]
    return run_as(layout.account, [*command, "-D", str(layout.data_dir), *options], log_file=layout.log_file)


def log_tail(log_file: Path) -> str:
    """The last lines of the server's log, for an error message; no passwords occur in it."""
    with log_file.open("rb") as file:
        file.seek(max(0, log_file.stat().st_size - _LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])
