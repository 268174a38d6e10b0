"""The server's own lock files: whose process they name, and what to do when that is no longer a server.

What belongs here: reading `postmaster.pid` and the socket's lock file. What does not: asking the server itself; whether
it is alive is decided by connecting (see `server`), never by a process id.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

PORT = 5432  # only a part of the socket's name: the server listens on no TCP port

# Linux gives no process a number above 4194304 (PID_MAX_LIMIT), so this one names no process, ever.
_NOBODYS_PID = 4194305


def socket_lock_file(socket_dir: Path) -> Path:
    """The lock file that a server keeps beside its socket."""
    return socket_dir / f".s.PGSQL.{PORT}.lock"


def data_lock_file(data_dir: Path) -> Path:
    """The lock file that a server keeps in its data folder."""
    return data_dir / "postmaster.pid"


def named_pid(lock_file: Path) -> int | None:
    """The process id that a lock file names, whether or not that process lives; None without a readable file."""
    try:
        first_line = lock_file.read_text().partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first_line) if first_line.isdecimal() else None


def is_server_of(pid: int, data_dir: Path) -> bool:
    """Whether process `pid` is a server that was started on `data_dir`. Zombies are not.

    Read from the command line, which every user may read; where the system shows none (no /proc), a living process is
    taken for the server.
    """
    if not Path("/proc/self/cmdline").exists():
        return _is_alive(pid)
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return Path(os.fsdecode(arguments[0])).name == "postgres" and os.fsencode(data_dir) in arguments


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def disown_foreign_pid(lock_file: Path, data_dir: Path) -> None:
    """Make a lock file name no process where the one it names is somebody else's.

    After a crash the file stays, and a container that restarts hands out the same low numbers again: the server would
    take our own Python for itself and refuse to start. Only the number is replaced: the rest of the file lets the
    server see for itself whether orphans of its predecessor still use the shared memory.
    """
    pid = named_pid(lock_file)
    if pid is None or not _is_alive(pid) or is_server_of(pid, data_dir):
        return
    rest = lock_file.read_text().partition("\n")[2]
    descriptor = os.open(lock_file, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{_NOBODYS_PID}\n{rest}")


def orphan_pid(socket_dir: Path, data_dir: Path) -> int | None:
    """The process of a server that lives on although its data folder was deleted (`rm -r` of the state folder)."""
    if data_lock_file(data_dir).exists():
        return None
    pid = named_pid(socket_lock_file(socket_dir))
    return pid if pid is not None and is_server_of(pid, data_dir) else None


def dismiss(pid: int) -> None:
    """Tell a server to quit at once, saving nothing."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT)
