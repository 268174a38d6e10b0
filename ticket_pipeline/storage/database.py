"""The database handle: a small pool of connections that run the statements of `sql/` by name.

What belongs here: connecting, transactions, and turning psycopg's errors into `StorageError`. What does not: what a
statement means; see the modules beside this one.
"""

from __future__ import annotations

import logging
import re
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from types import MappingProxyType, TracebackType
from typing import Any, Self

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from ticket_pipeline.errors import StorageError, StorageUnavailable
from ticket_pipeline.storage.statements import statement

_log = logging.getLogger(__name__)

Connection = psycopg.Connection[DictRow]
Row = dict[str, Any]

_TRUSTED_SECONDS = 5.0
"""A connection used within this is checked without a round trip."""

_MISSING_SCHEMA = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction)

_REMEDIES: dict[type[psycopg.Error], str] = {
    psycopg.errors.DiskFull: "Free space on the server's disk; what could not be stored is fetched again.",
    psycopg.errors.OutOfMemory: "Give the server more memory, or run fewer things on it.",
    psycopg.errors.TooManyConnections: "Raise the server's max_connections, or close other connections.",
    psycopg.errors.LockNotAvailable: "Another session holds a lock; see pg_stat_activity, and try again.",
    psycopg.errors.QueryCanceled: "It took longer than the server or role allows (statement_timeout).",
}
"""What to do where the server runs and refuses."""

_LACKS_RIGHT = (
    "Ask the database's administrator to grant this user what is missing, or to run `create schema … authorization …`."
)

_IS_IT_RUNNING = (
    "Is the server running? Check DATABASE_URL or DB_HOST; for the embedded server see `ticket-pipeline db status`."
)

_REFUSALS = (
    (re.compile(r"too many|connection slots|max_client_conn|pool_size"), _REMEDIES[psycopg.errors.TooManyConnections]),
    (re.compile(r"starting up|shutting down|in recovery|not accepting"), "Try again in a moment."),
    (
        re.compile(r"FATAL"),
        "Check the user, password and database of DATABASE_URL or DB_*, and what the server allows.",
    ),
)
"""Words of a server, or a pooler, that answers and lets nobody in → what to do; such errors have no code."""

_CONNECT_SECONDS = 15.0
"""How long to wait for a connection: long enough for a server that is restarting."""


# A day of 100 events with 500 listings an hour sorts in memory instead of on disk. The planner takes the listings of a
# span for a single row, because it cannot know that an event and a moment of capture belong together, and would nest
# loops over all of them: minutes for a day that takes a second. Hash joins are right at every size here; and forbidden
# plans look so costly that the compiler, where a server has it on, would start for nothing.
REBUILD_SETTINGS = MappingProxyType(
    {"work_mem": "128MB", "enable_nestloop": "off", "enable_mergejoin": "off", "jit": "off"}
)
"""What a rebuild sets for its own transaction."""


class _PooledConnection(Connection):
    """A connection that remembers when it was last used without trouble."""

    used_at = -_TRUSTED_SECONDS


def _check(connection: _PooledConnection) -> None:
    """Raise where a connection from the pool was lost.

    The server sends a last message when it ends a session, so an idle connection with something to read is suspect. A
    network that drops everything is noticed only by a round trip, which is made after a pause.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0) or time.monotonic() - connection.used_at > _TRUSTED_SECONDS:
        ConnectionPool.check_connection(connection)


class Database:
    """A PostgreSQL or TimescaleDB database, used through the statements of `sql/`.

    Nothing connects before the first use. Safe to share between threads.

    Args:
        url: a libpq URL or conninfo string. It may hold a password, so it is never shown.
        schema: schema of all our tables; set as the search path of every connection.
        max_connections: most connections of this process.
        connect_seconds: how long one use may wait for a connection.
        limit: the longest that a statement may take.
        read_only: whether every transaction can only read.
    """

    def __init__(
        self,
        url: str,
        schema: str,
        *,
        max_connections: int = 4,
        connect_seconds: float = _CONNECT_SECONDS,
        limit: timedelta | None = None,
        read_only: bool = False,
    ) -> None:
        self.url = url
        self.schema = schema
        self._limit = limit
        self._read_only = read_only
        self._pool: ConnectionPool[_PooledConnection] = ConnectionPool(
            url,
            connection_class=_PooledConnection,
            kwargs={"row_factory": dict_row, "autocommit": True, "client_encoding": "UTF8"},
            configure=self._configure,
            min_size=0,
            max_size=max_connections,
            max_idle=60,
            timeout=connect_seconds,
            reconnect_timeout=connect_seconds,
            check=_check,
            open=False,
            name="ticket_pipeline",
        )

    def __repr__(self) -> str:
        return f"Database(schema={self.schema!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._pool.close()

    def _configure(self, connection: Connection) -> None:
        connection.execute(set_search_path(self.schema))
        # The server, the database or the role may have other defaults.
        connection.execute(
            "set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'postgres'; "
            "set default_transaction_isolation to 'read committed'"
        )
        if self._read_only:
            connection.execute("set default_transaction_read_only to on")
        if self._limit is not None:
            milliseconds = max(1, round(self._limit.total_seconds() * 1000))
            connection.execute("select set_config('statement_timeout', %s, false)", [str(milliseconds)])

    @contextmanager
    def connection(self, doing: str = "use the database") -> Iterator[Connection]:
        """One connection in autocommit mode, returned to the pool at the end. Errors are those of `storage_errors`."""
        with storage_errors(doing):
            self._pool.open()
            with self._pool.connection() as connection:
                yield connection
                connection.used_at = time.monotonic()

    @contextmanager
    def transaction(self, doing: str = "change the database") -> Iterator[Transaction]:
        """One transaction: committed at the end, rolled back on any exception."""
        with self.connection(doing) as connection, connection.transaction():
            yield Transaction(connection)

    def fetch_all(self, name: str, /, **parameters: object) -> list[Row]:
        """Run one statement of `sql/` and return its rows."""
        with self.connection(f"run {name}") as connection:
            return Transaction(connection).fetch_all(name, **parameters)

    def fetch_one(self, name: str, /, **parameters: object) -> Row | None:
        """Run one statement and return its first row, or None."""
        rows = self.fetch_all(name, **parameters)
        return rows[0] if rows else None

    def execute(self, name: str, /, **parameters: object) -> int:
        """Run one statement and return how many rows it touched."""
        with self.connection(f"run {name}") as connection:
            return Transaction(connection).execute(name, **parameters)


class Transaction:
    """The statements of `sql/` inside one open transaction (or one autocommit connection)."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def fetch_all(self, name: str, /, **parameters: object) -> list[Row]:
        """Run one statement of `sql/` and return its rows."""
        return self._run(name, parameters).fetchall()

    def fetch_one(self, name: str, /, **parameters: object) -> Row | None:
        """Run one statement and return its first row, or None."""
        return self._run(name, parameters).fetchone()

    def execute(self, name: str, /, **parameters: object) -> int:
        """Run one statement and return how many rows it touched."""
        return self._run(name, parameters).rowcount

    def _run(self, name: str, parameters: dict[str, object]) -> psycopg.Cursor[DictRow]:
        started = time.monotonic()
        cursor = self.connection.execute(as_query(statement(name)), parameters)
        # By name only: parameters may hold secrets.
        _log.debug("%s: %d rows in %.1f ms", name, cursor.rowcount, 1000 * (time.monotonic() - started))
        return cursor

    def expect_many_rows(self) -> None:
        """Plan what follows in this transaction for the rows of whole spans."""
        self.connection.execute(
            "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as u (name, value)",
            [list(REBUILD_SETTINGS), list(REBUILD_SETTINGS.values())],
        )

    def copy(self, name: str, text: str) -> None:
        """Run one `copy … from stdin` statement over a text."""
        with self.connection.cursor() as cursor, cursor.copy(as_query(statement(name))) as copy:
            copy.write(text)


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Raise psycopg's errors as ours: StorageUnavailable where there is no connection, else StorageError."""
    try:
        yield
    except _MISSING_SCHEMA as error:
        raise StorageError(
            f"Could not {doing}: the schema is not up to date ({first_line(error)}). Run `ticket-pipeline init-db`."
        ) from error
    except psycopg.OperationalError as error:
        is_refused = error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P"))
        failed = "the server refused it" if is_refused else "the connection failed"
        remedy = next((text for kind, text in _REMEDIES.items() if isinstance(error, kind)), None)
        remedy = remedy or next((text for words, text in _REFUSALS if words.search(str(error))), _IS_IT_RUNNING)
        raise StorageUnavailable(f"Could not {doing}: {failed} ({first_line(error)}). {remedy}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StorageError(f"Could not {doing}: {first_line(error)}. {_LACKS_RIGHT}") from error
    except psycopg.Error as error:
        raise StorageError(f"Could not {doing}: {first_line(error)}") from error


def as_json(rows: Sequence[Row]) -> Jsonb:
    """Rows as one parameter of a statement."""
    return Jsonb(rows, dumps=orjson.dumps)


@cache
def as_query(text: str) -> sql.SQL:
    """Our own statement files are trusted text: values reach them as bound parameters only."""
    return sql.SQL(text)


def set_search_path(schema: str) -> sql.Composed:
    """The statement that makes `schema` the home of all our tables (`public` holds the extensions' functions)."""
    return sql.SQL("set search_path to {}, public").format(sql.Identifier(schema))


def first_line(error: psycopg.Error) -> str:
    """The message of the server or the driver, without its hints and context."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
