"""Which user runs the server's programs, what that user can reach, and running a program as that user.

What belongs here: users and permissions. What does not: paths of this project and what the programs do.

PostgreSQL refuses to run as root, so root (the usual user of a container) lends the work to `postgres`, else `nobody`.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ticket_pipeline.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

_STAND_INS_FOR_ROOT = ("postgres", "nobody")

# The server must not depend on who happens to start it first: no PG* variables, no locale, no working folder.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the data and run the server."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether this process has to change its user to become the account."""
        return self.uid != os.geteuid()

    @property
    def name(self) -> str:
        """The user's name for messages, or its number where it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def default_account() -> Account:
    """The current user, or as root the first of `postgres` and `nobody` that exists.

    Raises:
        StorageError: root, and neither of the two exists.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in _STAND_INS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StorageError(
        "Looked for an ordinary user to run PostgreSQL as, since it refuses to run as root: neither postgres nor "
        "nobody exists here. Create one (useradd --system postgres), run as an ordinary user, or set DATABASE_URL."
    )


def owner_account(path: Path) -> Account:
    """The account that owns the data folder `path`, where this process may act for it.

    Raises:
        StorageError: the folder belongs to root, or to a user this process cannot become.
    """
    info = path.stat()
    account = Account(info.st_uid, info.st_gid)
    if account.uid == 0:
        raise StorageError(
            f"Read the owner of {path}: root, as whom PostgreSQL never runs. Give it to an ordinary user "
            f"(chown -R), or move it away to begin with an empty database."
        )
    if account.is_other and os.geteuid() != 0:
        raise StorageError(
            f"Read the owner of {path}: {account.name}, not the current user. Run as {account.name}, or set STATE_DIR "
            f"to a folder of your own."
        )
    return account


def can_reach(path: Path, account: Account) -> bool:
    """Whether `account` may pass through every existing folder on the way to `path` and `path` itself.

    Judged by owner, group and mode. An access list may allow more than this sees; the answer errs to "no".
    """
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(_may_execute(folder.stat(), account) for folder in existing)


def _may_execute(info: os.stat_result, account: Account) -> bool:
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def run_as(account: Account, command: list[str], *, log_file: Path) -> int:
    """Run `command` as `account`, its output appended to `log_file`; give the exit status.

    The child inherits no descriptor but the log: a server that inherited the start lock or a pipe would hold it for
    ever.

    Raises:
        StorageError: the program could not be started at all, or the user could not be changed.
    """
    is_other = account.is_other
    with log_file.open("ab") as log:
        try:
            return subprocess.run(  # noqa: S603 - programs we located ourselves, no shell
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_ENVIRONMENT,
                user=account.uid if is_other else None,
                group=account.gid if is_other else None,
                extra_groups=[] if is_other else None,
            ).returncode
        except OSError as error:
            raise StorageError(
                f"Ran {command[0]} as {account.name}: {error}. Check that this user may execute it, set PG_BIN to "
                f"another PostgreSQL, or set DATABASE_URL."
            ) from error
