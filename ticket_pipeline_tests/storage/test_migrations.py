"""Bringing a schema up to date: once, whole, by however many processes at the same time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from pathlib import Path

import psycopg
import pytest

from ticket_pipeline.errors import StorageError, StorageUnavailable
from ticket_pipeline.storage import migrations, statements
from ticket_pipeline.storage.database import Database, set_search_path
from ticket_pipeline.storage.migrations import apply_migrations, migration_files, missing_migrations
from ticket_pipeline_tests.servers import choose

ALL = [path.stem for path in migration_files()]


@pytest.fixture
def own_sql_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `sql/` that the test may spoil; migrations are read from it."""
    folder = tmp_path / "sql"
    shutil.copytree(statements.sql_folder(), folder)
    monkeypatch.setattr(migrations, "sql_folder", lambda: folder)
    return folder


def test_migrations_apply_once_and_in_order_and_a_look_changes_nothing(database_url: str) -> None:
    assert missing_migrations(database_url) == ALL
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from pg_namespace where nspname = 'tickets'").fetchone()
    assert row == (0,)
    assert apply_migrations(database_url) == ALL
    assert apply_migrations(database_url) == []
    assert missing_migrations(database_url) == []


def _apply(url: str) -> list[str]:
    return apply_migrations(url)


def test_migrations_are_numbered_without_gaps() -> None:
    assert [int(name.partition("_")[0]) for name in ALL] == list(range(1, len(ALL) + 1))


def test_of_four_processes_that_start_at_once_one_migrates(database_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        applied = processes.map(_apply, [database_url] * 4, chunksize=1)
    assert sorted(map(len, applied)) == [0, 0, 0, len(ALL)]
    assert missing_migrations(database_url) == []


def test_two_schemas_of_one_database_are_independent(database_url: str) -> None:
    assert apply_migrations(database_url, schema="tickets") == ALL
    assert missing_migrations(database_url, schema="other") == ALL
    assert apply_migrations(database_url, schema="other") == ALL
    with Database(database_url, "other") as other, Database(database_url, "tickets") as tickets:
        other.execute("requests/upsert_breaker", marketplace="stubhub")
        assert tickets.fetch_all("requests/select_state", marketplace=None) == []
        assert len(other.fetch_all("requests/select_state", marketplace=None)) == 1
        permits = {"wanted": 1, "spacing": "0 s", "hold": "1 min", "is_polling": True}
        settled = {"ended": [], "unanswered": [], "is_healthy": False}
        row = other.fetch_one("requests/exchange_permits", marketplace="stubhub", **permits, **settled)
    assert row is not None
    assert row["permit_ids"] == [1]


def test_a_migration_changed_after_it_was_applied_is_rejected(database_url: str, own_sql_folder: Path) -> None:
    apply_migrations(database_url)
    changed = own_sql_folder / "migrations" / f"{ALL[1]}.sql"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n-- an afterthought\n", encoding="utf-8")
    with pytest.raises(
        StorageError, match=rf"{ALL[1]}\.sql was changed after it was applied.*put the change into a new one"
    ):
        apply_migrations(database_url)


def test_a_failing_migration_leaves_nothing_and_can_be_fixed(database_url: str, own_sql_folder: Path) -> None:
    new = own_sql_folder / "migrations" / "9001_half.sql"
    new.write_text("create table half (id integer);\nselect 1 / 0;\n", encoding="utf-8")
    with pytest.raises(StorageError, match=r"division by zero.*That migration was rolled back"):
        apply_migrations(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute(set_search_path("tickets"))
        row = connection.execute("select to_regclass('half')").fetchone()
    assert row == (None,)
    assert missing_migrations(database_url) == ["9001_half"]
    new.write_text("create table half (id integer);\n", encoding="utf-8")
    assert apply_migrations(database_url) == ["9001_half"]


def test_an_unreachable_database_is_an_error_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://someone:hunter2@/tickets?host={tmp_path}"
    for ask in (apply_migrations, missing_migrations):
        with pytest.raises(StorageUnavailable, match=r"the connection failed .*Is the server running") as caught:
            ask(url)
        assert "hunter2" not in str(caught.value)


def edition_of(url: str) -> str:
    """Which TimescaleDB the migrated database found."""
    with psycopg.connect(url) as connection:
        connection.execute(set_search_path("tickets"))
        row = connection.execute("select timescaledb_edition()").fetchone()
    return str(row[0]) if row else "none"


def test_timescaledb_is_used_exactly_where_the_suite_asks_for_it(migrated_url: str) -> None:
    assert (edition_of(migrated_url) != "none") == choose(os.environ).is_timescaledb


def test_listings_are_a_hypertable_of_weeks_or_have_a_time_index(migrated_url: str) -> None:
    with psycopg.connect(migrated_url, options="-c search_path=tickets,public") as connection:
        if edition_of(migrated_url) == "none":
            row = connection.execute("select to_regclass('listings_captured') is not null").fetchone()
            assert row == (True,)
        else:
            row = connection.execute(
                "select extract(epoch from time_interval) / 86400 from timescaledb_information.dimensions "
                "where hypertable_schema = 'tickets' and hypertable_name = 'listings' and column_name = 'captured_at'"
            ).fetchone()
            assert row == (7,)


_WITHOUT_COMMENT = """
select c.relname || coalesce('.' || a.attname, '')
from pg_class as c
left join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'tickets'::regnamespace and c.relkind in ('r', 'v', 'p')
  and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)
union all
select p.proname from pg_proc as p
where p.pronamespace = 'tickets'::regnamespace and obj_description(p.oid, 'pg_proc') is null
"""


def test_every_table_column_and_function_has_a_comment(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        assert connection.execute(_WITHOUT_COMMENT).fetchall() == []
