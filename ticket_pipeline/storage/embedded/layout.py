"""Where the embedded server's data, settings, log, lock and socket lie, and who may own them.

    STATE_DIR/postgresql.lock       held while a process starts or stops the server; beside the data, never in it
    STATE_DIR/postgresql.location   only where the data had to go elsewhere: names that folder
    STATE_DIR/postgresql/           "home": data/, data.init/ while it is being made, postgresql.conf, server.log
    /tmp/ticket-pipeline-<hash>/    the socket: a socket's path may be no longer than about 100 bytes

Home belongs to the caller, and only data, log and socket folder to the server's account: root never writes a file into
a folder in which another user could have planted a link.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded.account import Account, can_reach, default_account, owner_account

# Fixed, not TMPDIR or XDG_RUNTIME_DIR: a cron job without them must find the same socket as a login shell with them.
_SOCKET_PARENT = Path("/tmp")  # noqa: S108 - the folder made in it is owner-checked before every use

_LOCK_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one embedded server; `pointer` is the file that names `home` where it lies elsewhere."""

    home: Path
    account: Account
    pointer: Path | None

    @property
    def data_dir(self) -> Path:
        """The server's data folder."""
        return self.home / "data"

    @property
    def lock_file(self) -> Path:
        """The lock file that a running server keeps in its data folder."""
        return self.data_dir / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        """The output of initdb, pg_ctl and the server."""
        return self.home / "server.log"

    @property
    def data_major(self) -> int | None:
        """The major version that wrote the data; None where there is none."""
        try:
            return int((self.data_dir / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return None


def socket_dir_of(state_dir: Path) -> Path:
    """The socket folder of a (resolved) state folder, the same in every process."""
    return _SOCKET_PARENT / f"ticket-pipeline-{_fingerprint(state_dir)}"


def _fingerprint(state_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]


def find_layout(state_dir: Path, system_dir: Path) -> Layout:
    """Decide where the data of `state_dir` lies, or will lie, without making anything.

    `system_dir` is for data of root, where the server's account cannot reach the state folder.
    """
    pointer, home = state_dir / "postgresql.location", state_dir / "postgresql"
    try:
        if pointer.exists():
            recorded = Path(pointer.read_text(encoding="utf-8").strip())
            if not (recorded / "data").is_dir():
                raise StorageError(
                    f"The embedded database is missing in {recorded}, which {pointer} names. Restore it, or delete "
                    "that file to begin with an empty database."
                )
            return Layout(recorded, owner_account(recorded / "data"), pointer)
        if (home / "data").exists():
            return Layout(home, owner_account(home / "data"), None)
    except PermissionError as error:
        raise StorageError(
            f"Could not look into {state_dir}: {error.strerror}. Run as the user who made it, or set STATE_DIR to a "
            "folder of your own."
        ) from error
    account = default_account()
    if account.is_other and not can_reach(state_dir, account):
        return Layout(system_dir / _fingerprint(state_dir), account, pointer)
    return Layout(home, account, None)


def check_socket_dir(folder: Path, account: Account) -> bool:
    """Whether the socket folder exists; a StorageError where it is not ours, since its server could be anyone's."""
    try:
        info = folder.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in (account.uid, os.geteuid()):
        raise StorageError(
            f"The socket folder {folder} is not a folder of user {account.name}, so its server cannot be trusted. "
            "Find out who made it, remove it, and start again."
        )
    return True


def make_socket_dir(folder: Path, account: Account) -> None:
    """Make the socket folder, open to `account` (and root) only."""
    if not check_socket_dir(folder, account):
        folder.mkdir(mode=0o700)
    give(folder, account)
    folder.chmod(0o700)


def make_home(layout: Layout) -> None:
    """Make home, and a log that the server may append to."""
    layout.home.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not can_reach(layout.home, layout.account):  # a strict umask
        layout.home.chmod(0o755)
    layout.log_file.touch(mode=0o600)
    give(layout.log_file, layout.account)


def give(path: Path, account: Account) -> None:
    """Make `account` the owner of `path`."""
    if account.is_other:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


@contextmanager
def exclusive(lock_file: Path, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock under which one process at a time starts or stops the server; it ends with its holder."""
    deadline = time.monotonic() + timeout_seconds
    lock_file.touch(mode=0o600)
    with lock_file.open("rb") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"Waited {timeout_seconds:.0f} s for {lock_file}: another process is starting or stopping the "
                        f"embedded database. Find it (fuser {lock_file}), end it, and try again."
                    ) from None
            time.sleep(_LOCK_POLL_SECONDS)
        yield
