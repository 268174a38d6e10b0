"""Bring the schema up to date: the files of `sql/migrations`, forward only, each in one transaction, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.database import as_query, set_search_path, storage_errors
from ticket_pipeline.storage.statements import sql_folder

_LOCK = 7_236_104_551
"""Advisory lock: of several processes that start at once, one migrates and the others wait."""

_CONNECT_SECONDS = 15
"""A host that drops packets is reported within this, not within the system's minutes."""


def apply_migrations(url: str, *, schema: str = "tickets") -> list[str]:
    """Create `schema` where it is missing and apply every migration that it lacks; returns their names, in order.

    Idempotent; safe to call from many processes at once. A failing migration leaves nothing behind.
    """
    with _connect(url, schema, f"bring the schema {schema} up to date") as connection:
        connection.execute("set client_min_messages to warning; set timezone to 'UTC'")
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        return _apply_missing(connection)


@contextmanager
def _connect(url: str, schema: str, doing: str) -> Iterator[psycopg.Connection]:
    # Statements may change under a prepared plan here, so none is prepared.
    with (
        storage_errors(doing),
        psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS) as connection,
    ):
        connection.execute(set_search_path(schema))
        yield connection


def _apply_missing(connection: psycopg.Connection) -> list[str]:
    connection.execute(
        "create table if not exists schema_migrations "
        "(name text primary key, checksum text not null, applied_at timestamptz not null default now())"
    )
    applied: dict[str, str] = dict(connection.execute("select name, checksum from schema_migrations").fetchall())
    done: list[str] = []
    for path in migration_files():
        name, text = path.stem, path.read_text(encoding="utf-8")
        checksum = hashlib.sha256(text.encode()).hexdigest()
        if name in applied:
            if applied[name] != checksum:
                raise StorageError(
                    f"{path.name} was changed after it was applied. Migrations are forward only: restore the file and "
                    "put the change into a new one."
                )
            continue
        try:
            with connection.transaction():
                connection.execute(as_query(text))
                connection.execute("insert into schema_migrations (name, checksum) values (%s, %s)", [name, checksum])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise StorageError(
                f"Migration {name} failed: {str(error).strip()}. That migration was rolled back; fix the cause and run "
                "`ticket-pipeline init-db` again."
            ) from error
        done.append(name)
    return done


def migration_files() -> list[Path]:
    """The migrations in the order in which they apply."""
    return sorted((sql_folder() / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))


def missing_migrations(url: str, *, schema: str = "tickets") -> list[str]:
    """The migrations that this database lacks, without changing it."""
    with _connect(url, schema, "read the applied migrations") as connection:
        row = connection.execute("select to_regclass('schema_migrations')").fetchone()
        known = set()
        if row and row[0]:
            known = {name for (name,) in connection.execute("select name from schema_migrations").fetchall()}
    return [path.stem for path in migration_files() if path.stem not in known]
