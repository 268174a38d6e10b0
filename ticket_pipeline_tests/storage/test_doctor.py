"""Looking after a database: what the doctor finds, taking up TimescaleDB, readers, backup and restore."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.findings import State
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.doctor import examine
from ticket_pipeline.storage.embedded import EmbeddedServer, find_binaries
from ticket_pipeline.storage.migrations import apply_migrations, migration_files
from ticket_pipeline.storage.readers import grant_read
from ticket_pipeline_tests.servers import choose, throwaway_database
from ticket_pipeline_tests.storage.stored import capture_of, count, items, query, watch_one, write

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WEEKS = 3


def fill(database: Database) -> None:
    """An event with a capture a week."""
    event = watch_one(database)
    for week in range(WEEKS):
        write(database, capture_of(event, NOW - timedelta(weeks=week), items(4)))


def is_timescaledb(database: Database) -> bool:
    """Whether the server of the tests has TimescaleDB."""
    return bool((database.fetch_one("maintenance/examine_server") or {})["is_preloaded"])


def find(database: Database) -> dict[str, tuple[State, str, str]]:
    """What the doctor finds, by check."""
    found = examine(database, [], datetime.now(UTC))
    return {one.check: (one.state, one.words, one.advice) for one in found}


def test_a_good_server_has_no_failing_check_and_each_trouble_has_an_advice(database: Database) -> None:
    fill(database)
    found = find(database)
    assert found["fsync"][0] is State.FAILING, "the server of the tests forgets at a crash"
    troubles = {check: one for check, one in found.items() if one[0] is not State.OK}
    assert troubles.keys() <= {"fsync", "TimescaleDB"}
    assert all(advice for _, _, advice in troubles.values())
    assert ("Chunks" in found) == is_timescaledb(database)
    if is_timescaledb(database):
        assert found["TimescaleDB"][0] is State.WARNING, "Debian's version is older than the fixes"
        assert found["Chunks"][1].startswith(f"{WEEKS};")


def test_the_doctor_names_dead_rows_a_broken_index_a_wrong_clock_and_a_missing_migration(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("create table worn (n integer)")
        connection.execute("insert into worn select generate_series(1, 30000); delete from worn where n > 10000")
        connection.execute("select pg_stat_force_next_flush()")
        connection.execute("analyze worn")
        connection.execute("create index worn_n on worn (n)")
        connection.execute("update pg_index set indisvalid = false where indexrelid = 'worn_n'::regclass")
    try:
        found = examine(database, ["0002_events"], datetime.now(UTC) + timedelta(minutes=1))
        by_check = {one.check: one for one in found}
        assert by_check["Schema"].state is State.FAILING
        assert "worn: 20,000 beside 10,000 live ones" in by_check["Dead rows"].words
        assert by_check["Index"].advice == "Run reindex index worn_n."
        assert by_check["Clock"].state is State.WARNING
    finally:
        with database.connection() as connection:
            connection.execute("drop table worn")


def test_a_reader_reads_every_table_also_later_ones_and_writes_none(database: Database) -> None:
    fill(database)
    with pytest.raises(StorageError, match="create role reader_of_the_tests login"):
        grant_read(database, "reader_of_the_tests")
    with database.connection() as connection:
        connection.execute("create role reader_of_the_tests login")
    try:
        grant_read(database, "reader_of_the_tests")
        grant_read(database, "reader_of_the_tests")
        with database.connection() as connection:
            connection.execute("create table later (n integer)")
        as_reader = make_conninfo(database.url, user="reader_of_the_tests")
        with psycopg.connect(as_reader, autocommit=True) as reader:
            assert reader.execute("select count(*) from listings").fetchone() == (4 * WEEKS,)
            assert reader.execute("select count(*) from later").fetchone() == (0,)
            assert reader.execute("select timescaledb_edition()").fetchone()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("delete from listings")
    finally:
        with database.connection() as connection:
            connection.execute("drop table if exists later; drop owned by reader_of_the_tests")
            connection.execute("drop role reader_of_the_tests")


@pytest.fixture
def plain(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database that was set up without TimescaleDB, whatever the server has."""
    monkeypatch.setattr("ticket_pipeline.storage.migrations.migration_files", lambda: migration_files()[1:])
    with psycopg.connect(database_url) as connection:
        connection.execute("create schema tickets")
        text = migration_files()[0].read_text(encoding="utf-8")
        connection.execute("set search_path to tickets, public")
        connection.execute(text[text.index("-- 'none'") :].encode())
    apply_migrations(database_url)
    with Database(database_url, "tickets") as database:
        yield database


def test_timescaledb_that_came_later_is_taken_up_with_all_listings(plain: Database) -> None:
    fill(plain)
    before = contents(plain)
    if not is_timescaledb(plain):
        assert find(plain)["TimescaleDB"][0] is State.OK, "there is none to take up on this server"
        return
    assert "use-timescaledb" in find(plain)["TimescaleDB"][2]
    for _ in range(2):
        plain.execute("maintenance/use_timescaledb")
    assert find(plain)["Chunks"][1].startswith(f"{WEEKS};")
    assert contents(plain) == before
    fill(plain)
    assert count(plain, "listings") == 4 * WEEKS


def contents(database: Database) -> Mapping[str, str]:
    """Table → a checksum of its rows."""
    found = {}
    with database.connection() as connection:
        for row in query(database, _TABLES):
            table = sql.Identifier(row["name"])
            checksum = sql.SQL("select md5(string_agg(t::text, '|' order by t::text)) as rows from {} as t")
            found[row["name"]] = str((connection.execute(checksum.format(table)).fetchone() or {})["rows"])
    return found


_TABLES = (
    "select c.relname as name from pg_class as c where c.relkind = 'r' and c.relnamespace = 'tickets'::regnamespace"
)


def test_a_backup_restores_every_row_and_the_next_poll_is_stored(
    database: Database, database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As docs/operations.md says it; with TimescaleDB, between its own two steps."""
    fill(database)
    dump = tmp_path_factory.mktemp("backup") / "backup.dump"
    schemas = [] if is_timescaledb(database) else ["--schema=tickets"]
    run("pg_dump", "--format=custom", *schemas, f"--file={dump}", database.url)
    with throwaway_database(database_server) as url, Database(url, "tickets") as restored:
        if is_timescaledb(database):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("create extension timescaledb schema public")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("select public.timescaledb_pre_restore()")
        run("pg_restore", f"--dbname={url}", str(dump))
        if is_timescaledb(database):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("select public.timescaledb_post_restore()")
        assert apply_migrations(url) == []
        assert contents(restored) == contents(database)
        (event,) = query(restored, "select event_id from events")
        assert event
        assert find(restored).get("Chunks") == find(database).get("Chunks")


def run(name: str, *arguments: str) -> None:
    """Run a program of the server that the tests use."""
    folder = find_binaries(choose(os.environ).pg_bin, None).bin_dir
    done = subprocess.run([folder / name, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
