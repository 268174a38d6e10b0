"""What is past its time is deleted, and nothing else; the sizes of all tables are shown."""

from __future__ import annotations

from datetime import timedelta

from psycopg import sql

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.retention import KEPT, delete_old_rows, describe_tables
from ticket_pipeline_tests.storage.stored import DAY, NOON, count, fail, items, query, store, watch_one


def test_old_attempts_go_and_young_ones_stay(database: Database) -> None:
    event = watch_one(database)
    for step in (-timedelta(minutes=1), timedelta(minutes=1)):
        fail(database, event, NOON - 730 * DAY + step)
    assert delete_old_rows(database, NOON)["fetch_attempts"] == 1
    assert count(database, "fetch_attempts") == 1


def test_the_last_sync_stays(database: Database) -> None:
    watch_one(database)
    watch_one(database)
    query(database, "update watchlist_syncs set synced_at = %(at)s returning 1", at=NOON - 100 * DAY)
    assert delete_old_rows(database, NOON)["watchlist_syncs"] == 1
    assert count(database, "watchlist_syncs") == 1


def test_every_table_that_is_emptied_knows_the_age_of_its_rows(database: Database) -> None:
    with database.connection() as connection:
        for each in KEPT:
            question = sql.SQL("select {} from {} where {}").format(
                sql.Identifier(each.column), sql.Identifier(each.table), sql.SQL(each.only)
            )
            kind = connection.execute(question).description or ()
            assert kind[0].type_display in {"timestamptz", "date"}


def test_sizes_and_times_of_all_tables_are_shown(database: Database) -> None:
    store(database, watch_one(database), NOON, items(50))
    query(database, "select 1 from listings")
    with database.connection() as connection:
        connection.execute("analyze listings")
    found = {row["table"]: row for row in describe_tables(database, Settings())}
    assert found["listings"]["rows"] == 50
    assert found["listings"]["bytes"] > 8192
    assert found["listings"]["kept"] == "4 months, then in the archive"
    assert (found["raw_payloads"]["kept"], found["snapshots"]["kept"]) == ("30 days", "forever")
