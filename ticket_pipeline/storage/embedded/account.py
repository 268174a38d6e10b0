"""Which user runs the server's programs, and what that user can reach.

PostgreSQL refuses to run as root, so root (the usual user of a container) runs it as `postgres`, else `nobody`.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ticket_pipeline.errors import StorageError

_STAND_INS_FOR_ROOT = ("postgres", "nobody")

# The server must not depend on who happens to start it first: no PG* variables, no locale, no secrets.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the data and run the server."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is another user than the one of this process."""
        return self.uid != os.geteuid()

    @property
    def name(self) -> str:
        """The user's name for messages, or its number where it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def default_account() -> Account:
    """The current user, or as root the first of `postgres` and `nobody` that exists."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in _STAND_INS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StorageError(
        "PostgreSQL cannot run as root, and neither user postgres nor nobody exists here. Create one "
        "(useradd --system postgres), run as an ordinary user, or set DATABASE_URL."
    )


def owner_account(path: Path) -> Account:
    """The account that owns the data folder `path`; a StorageError where this process cannot act for it."""
    info = path.stat()
    account = Account(info.st_uid, info.st_gid)
    if account.uid == 0:
        raise StorageError(
            f"{path} belongs to root, and PostgreSQL cannot run as root. Give it to an ordinary user (chown -R), or "
            "move it away to begin with an empty database."
        )
    if account.is_other and os.geteuid() != 0:
        raise StorageError(
            f"{path} belongs to {account.name}, not to the current user. Run as {account.name}, or set STATE_DIR to a "
            "folder of your own."
        )
    return account


def can_reach(path: Path, account: Account) -> bool:
    """Whether `account` may enter every existing folder on the way to `path`, judged by owner, group and mode."""
    return all(_may_execute(folder.stat(), account) for folder in (path, *path.parents) if folder.exists())


def _may_execute(info: os.stat_result, account: Account) -> bool:
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def run_as(account: Account, command: list[str], *, log_file: Path) -> int:
    """Run `command` as `account`, its output appended to `log_file`; returns the exit status.

    The child inherits no descriptor but the log: a server that inherited the start lock or a pipe would keep it open.
    """
    user: dict[str, object] = {"user": account.uid, "group": account.gid, "extra_groups": []}
    with log_file.open("ab") as log:
        try:
            return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own programs, no shell
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_ENVIRONMENT,
                **(user if account.is_other else {}),
            ).returncode
        except OSError as error:
            raise StorageError(
                f"Could not run {command[0]} as {account.name}: {error}. Set PG_BIN to another PostgreSQL, or set "
                "DATABASE_URL."
            ) from error
