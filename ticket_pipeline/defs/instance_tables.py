"""Dagster's own tables, made whole or completed.

What belongs here: making them. What does not: using them (`instance_storage`).
"""

from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.sql import check_alembic_revision, stamp_alembic_rev
from dagster_postgres.run_storage import run_storage
from dagster_postgres.utils import pg_alembic_config
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

COMPLETE = "ticket_pipeline/tables_are_complete"
"""A key of Dagster's key-value store: set once everything is there."""

_PARTS = (RunStorageSqlMetadata, SqlEventLogStorageMetadata, ScheduleStorageSqlMetadata)
_LOCK = 7_135_021_994


def complete_tables(url: str) -> bool:
    """Make what is missing of Dagster's tables in one transaction; True until `COMPLETE` is set.

    By itself Dagster makes each table in a transaction of its own, and none of them where the first is there: a
    process that is killed meanwhile, or two at once, leave a storage that works for nobody. Tables of an older Dagster
    are left to `dagster instance migrate`.

    Args:
        url: for SQLAlchemy, with the schema as search path.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            if _is_complete(connection):
                return False
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = pg_alembic_config(run_storage.__file__)
            found, newest = check_alembic_revision(config, connection)
            if found not in (None, newest):
                return False
            for part in _PARTS:
                part.create_all(connection)
                # Of a table that is there, `create_all` does not look at the indexes.
                for index in (index for table in part.tables.values() for index in table.indexes):
                    index.create(connection, checkfirst=True)
            stamp_alembic_rev(config, connection)
    finally:
        engine.dispose()
    return True


def _is_complete(connection: Connection) -> bool:
    if not inspect(connection).has_table("kvs"):
        return False
    return connection.execute(text("select 1 from kvs where key = :key"), {"key": COMPLETE}).first() is not None
