"""The settings of the embedded server and the arguments of initdb.

The settings file is written at every start; a user's own choices go through `alter system`, which wins over it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

SUPERUSER = "postgres"
PORT = 5432  # only a part of the socket's name: the server listens on no TCP port

_SETTINGS = {
    "listen_addresses": "",  # no TCP: nothing on the network can reach a database without passwords
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",  # the medians of an hour sort in memory
    "jit": "off",  # compiling costs more than it saves on statements of milliseconds
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}


def render(data_dir: Path, socket_dir: Path, extra: Mapping[str, str]) -> str:
    """The text of `postgresql.conf`: initdb's settings first, then ours, then `extra`; the last one wins."""
    settings = {**_SETTINGS, "unix_socket_directories": str(socket_dir), **extra}
    lines = [
        "# Written at every start; use ALTER SYSTEM for settings of your own.",
        f"include = {_quoted(str(data_dir / 'postgresql.conf'))}",
        *(f"{name} = {_quoted(value)}" for name, value in settings.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def initdb_arguments(major: int) -> list[str]:
    """UTF-8, sorted by code point on every machine, checksums on.

    Connections are trusted: whoever can enter the socket folder (its owner and root) could read the data files as well.
    """
    if major >= 17:  # noqa: PLR2004 - the first version that brings C.UTF-8 itself, on every system
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    else:
        locale = ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
    return [
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        *locale,
        "--auth-local=trust",
        "--auth-host=reject",
        "--data-checksums",
        "--no-instructions",
    ]
