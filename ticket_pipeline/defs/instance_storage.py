"""Where Dagster keeps its own runs and events: in a schema of the pipeline's database, found by the same settings.

With Dagster's own configuration a password would stand in `dagster.yaml` or in one more variable, and the embedded
server, whose socket is not known beforehand, could not be named at all.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

import psycopg
from dagster import DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.storage.base_storage import DagsterStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import UniqueViolation
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError

from ticket_pipeline.defs.instance_tables import COMPLETE, complete_tables
from ticket_pipeline.defs.run_launcher import describe_process
from ticket_pipeline.errors import StorageError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.connect import database_url

_KEPT_CONNECTIONS_SECONDS = 600
_STATEMENT_MILLISECONDS = 60_000
_MORE_CONNECTIONS = 10

_BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
_BATCH_SIZE = "100"
"""Materializations that are written together at most, of those that are logged together (`materializations`)."""


class _KeptConnections:
    """Keeps the connections of one of Dagster's storages, each tried before it is used.

    By itself Dagster opens a connection per statement outside its web server: 10 ms for a logged event instead of 2
    (docs/benchmarks.md). Kept connections die with a restart of the server, and the first use of each would fail.
    """

    _engine: Engine

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        """Keep connections; called below for every process, and by the web server for itself."""
        super().optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)  # type: ignore[misc]
        event.listen(self._engine, "checkout", self._refuse_dead)

    def dispose(self) -> None:
        """Close what was kept."""
        super().dispose()  # type: ignore[misc]
        self._engine.dispose()

    def _refuse_dead(self, connection: DBAPIConnection, _record: object, _proxy: object) -> None:
        """Have the pool replace a connection that no longer answers: 0.1 ms, and a restart goes unnoticed."""
        dialect = self._engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


class _EventLogStorage(_KeptConnections, PostgresEventLogStorage):
    """Dagster's events."""

    def store_asset_check_event(self, event: EventLogEntry, event_id: int | None) -> None:
        """Store that a run plans a check, once; or what it found.

        Dagster plans the checks of a range once for each of its partitions, although a check without partitions is
        evaluated once: 720 hours would leave 719 rows for each that say "Skipped" for ever. No check here has any.
        """
        super().store_asset_check_event(_without_partitions(event), event_id)


def _without_partitions(event: EventLogEntry) -> EventLogEntry:
    told = event.dagster_event
    if told is None or not isinstance(planned := told.event_specific_data, AssetCheckEvaluationPlanned):
        return event
    once = AssetCheckEvaluationPlanned(asset_key=planned.asset_key, check_name=planned.check_name)
    return event._replace(dagster_event=told._replace(event_specific_data=once))


class _RunStorage(_KeptConnections, PostgresRunStorage):
    """Dagster's runs."""

    def handle_run_event(self, run_id: str, event: DagsterEvent, update_timestamp: datetime | None = None) -> None:
        """Follow a run's events. Its start is told by its own process: note which."""
        if event.event_type is DagsterEventType.RUN_START and self.has_run(run_id):
            self.add_run_tags(run_id, describe_process(self._instance, run_id))
        super().handle_run_event(run_id, event, update_timestamp)


class _ScheduleStorage(_KeptConnections, PostgresScheduleStorage):
    """Dagster's ticks and cursors."""


class PipelineStorage(DagsterStorage[Any], ConfigurableClass):
    """Dagster's PostgreSQL storage on the pipeline's database.

    Args:
        postgres_url: for SQLAlchemy and psycopg2, with the schema as search path; it may hold a password.
        inst_data: where `dagster.yaml` named this class.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._run_storage = _RunStorage(postgres_url)
        self._event_log_storage = _EventLogStorage(postgres_url)
        self._schedule_storage = _ScheduleStorage(postgres_url)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            part.optimize_for_webserver(_STATEMENT_MILLISECONDS, _KEPT_CONNECTIONS_SECONDS, _MORE_CONNECTIONS)
        # Dagster takes this from the environment only, and by itself writes no batches.
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

    def finish_tables(self) -> None:
        """Do with new tables what Dagster does after making them, and note that they are complete."""
        self._run_storage.migrate()
        self._run_storage.optimize()
        self._event_log_storage.reindex_events()
        self._event_log_storage.reindex_assets()
        self._run_storage.set_cursor_values({COMPLETE: "yes"})

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """No configuration: the settings say it all."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003 - Dagster's signature; the settings say it all
    ) -> Self:
        """Connect with the settings of this process; starts the embedded server by need.

        Raises:
            StorageError: the database cannot be reached.
        """
        settings = load_settings()
        url = database_url(settings)
        _create_schema(url, settings.tuning.dagster_db_schema)
        sqlalchemy_url = _as_sqlalchemy_url(url, settings.tuning.dagster_db_schema)
        has_new_tables = complete_tables(sqlalchemy_url)
        storage = cls(sqlalchemy_url, inst_data=inst_data)
        if has_new_tables:
            storage.finish_tables()
        return storage


def _create_schema(url: str, schema: str) -> None:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            exists = connection.execute("select to_regnamespace(%s) is not null", [schema]).fetchone()
            if exists is None or not exists[0]:
                # Another process may make it in the same moment, which `if not exists` does not see.
                with suppress(UniqueViolation):
                    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    except psycopg.Error as error:
        raise StorageError(
            f"Opened Dagster's storage in schema {schema}; the database answered: {str(error).strip()}"
        ) from error


def _as_sqlalchemy_url(url: str, schema: str) -> str:
    """The same database for SQLAlchemy and psycopg2, with the schema as search path."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    user, password = quote(parts.pop("user", ""), safe=""), quote(parts.pop("password", ""), safe="")
    name = quote(parts.pop("dbname", ""), safe="")
    options = f"{parts.pop('options', '')} -c search_path={schema}".strip()
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in [*parts.items(), ("options", options)])
    return f"postgresql+psycopg2://{user}{':' + password if password else ''}@/{name}?{query}"
