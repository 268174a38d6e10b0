"""A database of the version before, with data made by its code, opens, migrates and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from ticket_pipeline.storage.database import Database, as_query, set_search_path
from ticket_pipeline.storage.migrations import apply_migrations, migration_files, missing_migrations
from ticket_pipeline.storage.prices import HOUR, Span, read_stale_windows, rebuild_hourly
from ticket_pipeline_tests.ingest.loopback import open_loopback
from ticket_pipeline_tests.simulator_support.large_world import large_world
from ticket_pipeline_tests.storage.stored import count, query

_OLD_MIGRATIONS = 15
_ROWS = Path(__file__).with_name("rows_of_migration_0015.sql")
_STARTS_AT = datetime(2026, 11, 29, 5, tzinfo=UTC)
"""The hour of the first poll, and the only one whose prices were built."""

_TABLES = ("events", "event_sources", "poll_schedule", "fetch_attempts", "snapshots", "listings", "rejected_listings")


@pytest.fixture
def old_database(database_url: str) -> Iterator[Database]:
    """The schema and the rows of the version before; its list of migrations came with the rows."""
    with psycopg.connect(database_url) as connection:
        connection.execute("create schema tickets")
        connection.execute(set_search_path("tickets"))
        for path in migration_files()[:_OLD_MIGRATIONS]:
            connection.execute(as_query(path.read_text(encoding="utf-8")))
        connection.execute(
            "create table schema_migrations "
            "(name text primary key, checksum text not null, applied_at timestamptz not null default now())"
        )
        connection.execute(as_query(_ROWS.read_text(encoding="utf-8")))
    with Database(database_url, "tickets") as database:
        yield database


def prices_at(database: Database, hour: datetime) -> list[dict[str, object]]:
    """The prices of one hour, by the columns whose meaning stayed."""
    rows = query(
        database,
        "select event_id, zone, snapshots, listings, tickets, observations, open_price, high_price, low_price,"
        " close_price, min_price, mean_price, median_price, max_price from hourly_prices where hour_at = %(hour)s"
        " order by event_id, zone",
        hour=hour,
    )
    return [dict(row) for row in rows]


def test_an_old_database_migrates_and_keeps_its_rows(old_database: Database) -> None:
    new = [path.stem for path in migration_files()[_OLD_MIGRATIONS:]]
    before = {table: count(old_database, table) for table in _TABLES}
    assert all(before.values())
    assert missing_migrations(old_database.url) == new

    assert apply_migrations(old_database.url) == new

    assert apply_migrations(old_database.url) == []
    assert {table: count(old_database, table) for table in _TABLES} == before


def test_old_captures_give_the_same_prices_and_new_polls_are_stored_beside_them(old_database: Database) -> None:
    apply_migrations(old_database.url)
    built_before = prices_at(old_database, _STARTS_AT)
    assert built_before
    assert read_stale_windows(old_database, "hour") == [_STARTS_AT, _STARTS_AT + HOUR]

    rebuild_hourly(old_database, Span(_STARTS_AT, _STARTS_AT + 2 * HOUR))

    assert prices_at(old_database, _STARTS_AT) == built_before
    assert prices_at(old_database, _STARTS_AT + HOUR)
    new_columns = "select count(*) filter (where sum_price is null or p25_price is null) as missing from hourly_prices"
    assert query(old_database, new_columns)[0]["missing"] == 0
    assert read_stale_windows(old_database, "hour") == []
    snapshots = count(old_database, "snapshots")
    world = large_world(_STARTS_AT, 3, listings=4, templates=3)
    with open_loopback(old_database.url, world) as loopback:
        batch = loopback.poll(loopback.events())
        assert (len(batch.results), batch.failures, batch.skipped) == (3, [], [])
        assert count(old_database, "snapshots") == snapshots + 3
        schedule = loopback.rows("select lease_id, consecutive_failures from poll_schedule")
    assert [tuple(row.values()) for row in schedule] == [(None, 0)] * 3
