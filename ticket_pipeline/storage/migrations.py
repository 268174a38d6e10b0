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
        # A migration may take longer than the role or the database allows others.
        connection.execute(
            "set client_min_messages to warning; set timezone to 'UTC'; "
            "set statement_timeout to 0; set lock_timeout to 0"
        )
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        # `if not exists` asks for the right to create even where nothing is to do; a role may lack it.
        if connection.execute("select to_regnamespace(%s)", [_quoted(schema)]).fetchone() == (None,):
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        return _apply_missing(connection, schema)


@contextmanager
def _connect(url: str, schema: str, doing: str) -> Iterator[psycopg.Connection]:
    # Statements may change under a prepared plan here, so none is prepared.
    with (
        storage_errors(doing),
        psycopg.connect(
            url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS, client_encoding="UTF8"
        ) as connection,
    ):
        check_server(connection, url)
        connection.execute(set_search_path(schema))
        yield connection


def _quoted(*names: str) -> str:
    return sql.Identifier(*names).as_string()


def _read_applied(connection: psycopg.Connection, schema: str) -> dict[str, str] | None:
    """The applied migrations and their checksums; None where the schema has no list of them."""
    # With its schema: `public` may have a table of this name, of another program.
    table = sql.Identifier(schema, "schema_migrations")
    if connection.execute("select to_regclass(%s)", [_quoted(schema, "schema_migrations")]).fetchone() == (None,):
        return None
    try:
        return dict(connection.execute(sql.SQL("select name, checksum from {}").format(table)).fetchall())
    except psycopg.errors.UndefinedColumn as error:
        raise StorageError(
            f"The schema {schema} belongs to another program: its table schema_migrations is not ours. Set "
            "DB_SCHEMA to the name of another schema."
        ) from error


def _apply_missing(connection: psycopg.Connection, schema: str) -> list[str]:
    applied = _read_applied(connection, schema)
    if applied is None:
        applied = {}
        connection.execute(
            "create table schema_migrations "
            "(name text primary key, checksum text not null, applied_at timestamptz not null default now())"
        )
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


def check_server(connection: psycopg.Connection, url: str) -> None:
    """Raise a StorageError where the server cannot hold our data, or where its sessions are not our own."""
    encoding = connection.execute("select current_setting('server_encoding'), current_database()").fetchone()
    if encoding is not None and encoding[0] != "UTF8":
        raise StorageError(
            f"The database {encoding[1]} has the encoding {encoding[0]}, which cannot hold every name. Create one with "
            "`create database … encoding 'UTF8' template template0`, and name it in DATABASE_URL or DB_NAME."
        )
    extension = connection.execute(
        "select extnamespace::regnamespace::text from pg_extension where extname = 'timescaledb'"
    ).fetchone()
    if extension not in (None, ("public",)):
        raise StorageError(
            f"TimescaleDB is in the schema {extension[0]} of this database, and is used in public only. Name a "
            "database in DATABASE_URL or DB_NAME that has it there, or not at all."
        )
    if _shares_sessions(connection, url):
        raise StorageError(
            "DATABASE_URL or DB_HOST leads to a connection pooler in transaction mode, where settings and locks of a "
            "session do not last. Connect to the server itself, or set pool_mode = session (PgBouncer)."
        )


def _shares_sessions(connection: psycopg.Connection, url: str) -> bool:
    """Whether two clients at once are served by one session of the server, as in PgBouncer's transaction mode."""

    def session(of: psycopg.Connection) -> tuple[object, ...] | None:
        return of.execute("select pg_backend_pid()").fetchone()

    if session(connection) == (connection.info.backend_pid,):
        return False  # no pooler is between: it would name a process of its own
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS) as other:
        return any(session(connection) == session(other) for _ in range(3))


def migration_files() -> list[Path]:
    """The migrations in the order in which they apply."""
    return sorted((sql_folder() / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))


def missing_migrations(url: str, *, schema: str = "tickets") -> list[str]:
    """The migrations that this database lacks, without changing it."""
    with _connect(url, schema, "read the applied migrations") as connection:
        known = _read_applied(connection, schema) or {}
    return [path.stem for path in migration_files() if path.stem not in known]
