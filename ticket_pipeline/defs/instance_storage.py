"""Dagster's own storage in a schema of the pipeline's database, found by the same settings.

An optimisation of our `dagster.yaml`. dagster-postgres works as well, but it needs the URL in one more place, cannot
find the embedded server's socket, and opens a connection per statement.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import quote

import psycopg
from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.base_storage import DagsterStorage  # what `storage: custom` must be; no public name exists
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable  # the table of the storage extended below
from dagster._serdes import ConfigurableClass, ConfigurableClassData  # likewise, the interface of dagster.yaml
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError

from ticket_pipeline.errors import StorageError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.connect import database_url
from ticket_pipeline.storage.database import first_line

_SCHEMA = "dagster"
_KEPT_CONNECTIONS_SECONDS = 600
_STATEMENT_MILLISECONDS = 60_000
_MORE_CONNECTIONS = 10
_LOCK = 7_135_021_994
"""PostgreSQL's advisory lock while Dagster's tables are created."""

_CREATING = "tables_are_being_created"
"""An empty table that exists until all of Dagster's tables do."""

_PLANNED = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
_BATCH_SIZE = "100"
"""The most events that are written together."""


class _KeptConnections:
    """Keeps the connections of one of Dagster's storages, and tests each before it is used.

    Outside its web server Dagster opens a connection per statement: 10 ms for a logged event instead of 2
    (docs/benchmarks.md). Kept connections break when the server restarts, and the first use of each would fail.
    """

    _engine: Engine

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        """Keep connections; called below in every process, and by the web server."""
        super().optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)  # type: ignore[misc]
        event.listen(self._engine, "checkout", self._replace_broken)

    def dispose(self) -> None:
        """Close the connections."""
        super().dispose()  # type: ignore[misc]
        self._engine.dispose()

    def _replace_broken(self, connection: DBAPIConnection, _record: object, _proxy: object) -> None:
        """Let the pool replace a connection that is broken; the test takes 0.1 ms."""
        dialect = self._engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


class _EventLogStorage(_KeptConnections, PostgresEventLogStorage):
    """Dagster's events."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events that were logged together, planned materializations too.

        Dagster stores planned ones one by one, 10 to 29 ms each, and a run with a wide range would not start within
        `start_timeout_seconds`. The last one counts for the asset, as in Dagster's own batches.
        """
        planned = [entry for entry in events if entry.dagster_event_type is _PLANNED]
        others = [entry for entry in events if entry.dagster_event_type is not _PLANNED]
        if planned:
            insert = self.prepare_insert_event_batch(planned).returning(SqlEventLogStorageTable.c.id)
            with self._connect() as connection:
                ids = [row[0] for row in connection.execute(insert)]
            last_of_asset = {entry.get_dagster_event().asset_key: number for number, entry in enumerate(planned)}
            for number in last_of_asset.values():
                self.store_asset_event(planned[number], ids[number])
        if others:
            super().store_event_batch(others)


class _RunStorage(_KeptConnections, PostgresRunStorage):
    """Dagster's runs."""


class _ScheduleStorage(_KeptConnections, PostgresScheduleStorage):
    """Dagster's ticks and cursors."""


class PipelineStorage(DagsterStorage[Any], ConfigurableClass):
    """Dagster's PostgreSQL storage on the pipeline's database.

    `postgres_url` is for SQLAlchemy and psycopg2, with the schema as search path; it may hold a password.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._run_storage = _RunStorage(postgres_url)
        self._event_log_storage = _EventLogStorage(postgres_url)
        self._schedule_storage = _ScheduleStorage(postgres_url)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            part.optimize_for_webserver(_STATEMENT_MILLISECONDS, _KEPT_CONNECTIONS_SECONDS, _MORE_CONNECTIONS)
        # Dagster reads this from the environment only, and writes no batches without it.
        os.environ.setdefault(_BATCH_SIZE_VARIABLE, _BATCH_SIZE)

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where `dagster.yaml` named this class."""
        return self._inst_data

    @property
    def run_storage(self) -> PostgresRunStorage:
        """The runs."""
        return self._run_storage

    @property
    def event_log_storage(self) -> PostgresEventLogStorage:
        """The events of runs and assets."""
        return self._event_log_storage

    @property
    def schedule_storage(self) -> PostgresScheduleStorage:
        """The ticks and cursors of sensors and schedules."""
        return self._schedule_storage

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """No configuration: the settings have everything."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003 - Dagster's signature
    ) -> Self:
        """Connect with the settings of this process; starts the embedded server on demand."""
        url = database_url(load_settings())
        with _created_by_one(url, _SCHEMA):
            return cls(_as_sqlalchemy_url(url, _SCHEMA), inst_data=inst_data)


@contextmanager
def _created_by_one(url: str, schema: str) -> Iterator[None]:
    """Create the schema, and let one process at a time create Dagster's tables in it; Dagster itself takes no lock."""
    try:
        # With the options of Dagster's own connections, so that a pooler that rejects them does so here.
        with psycopg.connect(url, autocommit=True, options=_options(url, schema)) as connection:
            connection.execute("select pg_advisory_lock(%s)", [_LOCK])
            _create_schema(connection, schema)
            yield
            connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, _CREATING)))
    except psycopg.Error as error:
        remedy = ""
        if "unsupported startup parameter" in str(error):
            remedy = " Dagster needs it and this pooler rejects it: let DATABASE_URL lead to the server."
        raise StorageError(
            f"Could not open Dagster's storage in the schema {schema}: {first_line(error)}{remedy}"
        ) from error


def _create_schema(connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> None:
    """Create the schema where it is missing, or where a process was killed before all of Dagster's tables were there.

    Dagster creates its tables only where none exists. Such a schema holds no run yet.
    """
    marker = f'"{schema}".{_CREATING}'
    found = connection.execute("select to_regnamespace(%s), to_regclass(%s)", [f'"{schema}"', marker]).fetchone()
    exists, is_incomplete = (False, False) if found is None else (found[0] is not None, found[1] is not None)
    if exists and not is_incomplete:
        return
    with connection.transaction():
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("create table {} ()").format(sql.Identifier(schema, _CREATING)))


def _options(url: str, schema: str) -> str:
    """The startup options of a connection to the schema's tables.

    Dagster compares times of the session's clock with UTC: elsewhere a run that waits looks hours old. It retries no
    transaction that a stricter isolation would break off.
    """
    ours = rf"-c search_path={schema} -c timezone=UTC -c default_transaction_isolation=read\ committed"
    return f"{conninfo_to_dict(url).get('options') or ''} {ours}".strip()


def _as_sqlalchemy_url(url: str, schema: str) -> str:
    """The same database for SQLAlchemy and psycopg2, with the schema as search path."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    user, password = quote(parts.pop("user", ""), safe=""), quote(parts.pop("password", ""), safe="")
    name = quote(parts.pop("dbname", ""), safe="")
    parts["options"] = _options(url, schema)
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in parts.items())
    return f"postgresql+psycopg2://{user}{':' + password if password else ''}@/{name}?{query}"
