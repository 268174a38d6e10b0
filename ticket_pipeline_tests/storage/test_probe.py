"""A database that cannot be written shows why, before any run has failed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ticket_pipeline.errors import StorageError, StorageUnavailable
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.probe import probe_writes


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Used by one session, whose process is known."""
    with Database(migrated_url, "tickets", max_connections=1, connect_seconds=1) as database:
        yield database


def fill_disk(database: Database) -> None:
    """Let the kernel report a full disk for the next temporary file of the session."""
    with database.connection() as connection:
        row = connection.execute(
            "select current_setting('data_directory') as folder, pg_backend_pid() as pid"
        ).fetchone()
    assert row is not None
    folder = Path(row["folder"], "base", "pgsql_tmp")
    folder.mkdir(exist_ok=True)
    os.chown(folder, folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    (folder / f"pgsql_tmp{row['pid']}.0").symlink_to("/dev/full")


def test_a_full_disk_is_found_although_a_single_row_would_still_fit(database: Database) -> None:
    fill_disk(database)
    with pytest.raises(StorageUnavailable, match=r"No space left on device\)\. Free space on the server's disk"):
        probe_writes(database)
    probe_writes(database)  # the next temporary file is an ordinary one


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("alter database {} set default_transaction_read_only to on", "in a read-only transaction"),
        ("alter table tickets.fetch_attempts rename to lost", "Run `ticket-pipeline init-db`"),
        ("lock table tickets.listings in exclusive mode", "Another session holds a lock"),
    ],
)
def test_the_cause_is_shown_where_the_database_cannot_be_written(
    database: Database, statement: str, words: str
) -> None:
    name = conninfo_to_dict(database.url)["dbname"]
    with psycopg.connect(database.url) as holder:
        holder.execute(statement.format(name).encode())
        if not statement.startswith("lock"):
            holder.commit()
        with pytest.raises(StorageError, match=words):
            probe_writes(database, lock_timeout="10ms")


def test_a_missing_right_and_an_absent_server_are_shown(database: Database) -> None:
    role = f"reader_of_{conninfo_to_dict(database.url)['dbname']}"
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"create role {role} login".encode())
        try:
            connection.execute(f"grant usage on schema tickets to {role}".encode())
            connection.execute(f"grant select on all tables in schema tickets to {role}".encode())
            url = make_conninfo(database.url, user=role)
            with Database(url, "tickets") as reader, pytest.raises(StorageError, match="permission denied for table"):
                probe_writes(reader)
        finally:
            connection.execute(f"drop owned by {role}".encode())
            connection.execute(f"drop role {role}".encode())
    url = make_conninfo(database.url, port=1)
    with (
        Database(url, "tickets", connect_seconds=0.1) as absent,
        pytest.raises(StorageUnavailable, match="Is the server running"),
    ):
        probe_writes(absent)
