"""From settings to a database: the user's own, or the embedded server, started on demand."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.values import is_host
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings


_SCHEME = re.compile(r"postgres(?:ql)?://")
_ADDRESS = re.compile(
    r"(?:[^@/?#\[\]\s]*@)?"  # user and password: libpq ends them at the first @ and takes the rest for the host
    r"(?:\[[0-9a-fA-F:.%]*\]|[^@/?#:,\[\]\s]*)(?::[0-9]*)?"
    r"(?:,(?:\[[0-9a-fA-F:.%]*\]|[^@/?#:,\[\]\s]*)(?::[0-9]*)?)*"  # further hosts
    r"(?:/[^@/?#\s]*)?(?:\?\S*)?"
)
"""What follows the scheme of a URL in which every special character is escaped."""


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of this state folder; nothing is started."""
    return EmbeddedServer(settings.state_dir / "postgres", settings.pg_bin)


def database_url(settings: Settings) -> str:
    """The URL of the database: DATABASE_URL, else DB_*, else the embedded server, which is started if it is down.

    The URL may hold a password: hand it to drivers only.
    """
    if settings.database_url is not None:
        return _checked(settings.database_url.get_secret_value())
    if settings.db_host is not None:
        password = settings.db_password.get_secret_value() if settings.db_password else None
        return make_conninfo(
            host=settings.db_host,
            port=settings.db_port,
            dbname=settings.db_name,
            user=settings.db_user,
            password=password,
        )
    return embedded_server(settings).start()


def _checked(url: str) -> str:
    """The URL, where libpq reads all of it as it was meant; its own messages would quote parts of the password."""
    try:
        is_clear = is_host(str(conninfo_to_dict(url).get("host", ""))) and (
            not _SCHEME.match(url) or _ADDRESS.fullmatch(_SCHEME.sub("", url)) is not None
        )
    except psycopg.ProgrammingError:
        is_clear = False
    if not is_clear:
        raise ConfigurationError(
            "DATABASE_URL is not a database URL such as postgresql://user:password@host:5432/name. "
            "In user, password and name, write % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, [ as %5B."
        )
    return url


def open_database(settings: Settings, *, max_connections: int = 4, limit: timedelta | None = None) -> Database:
    """A database handle for these settings; close it, or use it as a context manager."""
    return Database(database_url(settings), settings.db_schema, max_connections=max_connections, limit=limit)


def describe_database(settings: Settings) -> str:
    """Which database is used, without secrets."""
    if settings.database_url is not None:
        return "the database of DATABASE_URL"
    if settings.db_host is not None:
        return f"{settings.db_name} on {settings.db_host}:{settings.db_port}"
    return f"the embedded PostgreSQL under {settings.state_dir}"
