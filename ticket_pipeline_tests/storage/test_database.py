"""The database handle and its settings: transactions, and errors with a remedy and without the password."""

from __future__ import annotations

import traceback
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError, StorageError, StorageUnavailable
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.connect import database_url, describe_database, open_database
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.storage.stored import count, query

PASSWORD = "hunter2"  # noqa: S105 - of nothing


def test_a_transaction_is_kept_whole_or_left_by_an_error_not_at_all(database: Database) -> None:
    def write(error: type[Exception] | None) -> None:
        with database.transaction() as transaction:
            assert transaction.execute("requests/upsert_breaker", marketplace="stubhub") == 1
            if error is not None:
                raise error

    with pytest.raises(LookupError):
        write(LookupError)
    assert count(database, "breaker_state") == 0
    write(None)
    assert count(database, "breaker_state") == 1


def test_a_statement_gives_its_rows_one_row_or_none(database: Database) -> None:
    assert database.execute("requests/upsert_breaker", marketplace="stubhub") == 1
    assert len(database.fetch_all("requests/select_state", marketplace=None)) == 1
    row = database.fetch_one("requests/reset_breaker", marketplace="stubhub", force=False)
    assert row == {"marketplace": "stubhub", "was_paused": False}
    assert database.fetch_one("requests/reset_breaker", marketplace="other", force=False) is None


def test_an_error_of_the_server_is_one_line(database: Database) -> None:
    with pytest.raises(StorageError, match=r"run prices/select_mixed_currencies.*invalid input syntax") as caught:
        database.fetch_all("prices/select_mixed_currencies", starts_from="no moment", starts_until="none")
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, StorageUnavailable)


def test_a_missing_schema_is_named_with_its_remedy(database_url: str) -> None:
    with Database(database_url, "tickets") as bare, pytest.raises(StorageError, match="Run `ticket-pipeline init-db`"):
        bare.fetch_all("watchlist/select_rejected_rows")


def test_a_connection_that_the_server_cut_may_come_back(database: Database) -> None:
    def cut() -> None:
        with database.connection("hold a connection") as connection:
            connection.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StorageUnavailable, match="Could not hold a connection"):
        cut()
    assert query(database, "select 1 as one") == [{"one": 1}]


def test_no_statement_takes_longer_than_the_limit(migrated_url: str) -> None:
    with (
        Database(migrated_url, "tickets", limit=timedelta(seconds=0.1)) as limited,
        pytest.raises(StorageUnavailable, match="statement timeout"),
    ):
        query(limited, "select pg_sleep(600)")


def test_the_defaults_of_a_shared_database_do_not_matter(migrated_url: str) -> None:
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        for setting, value in (
            *(("timezone", "Asia/Tokyo"), ("datestyle", "German"), ("intervalstyle", "iso_8601")),
            ("default_transaction_isolation", "serializable"),
        ):
            change = sql.SQL("alter database {} set {} to {}")
            connection.execute(change.format(name, sql.Identifier(setting), sql.Literal(value)))
    with Database(migrated_url, "tickets") as database:
        (row,) = query(
            database,
            "select '2026-01-02 03:04+00'::timestamptz::text as moment, interval '90 seconds' as length, "
            "date_trunc('day', timestamptz '2026-01-02 23:00+00')::text as day, "
            "current_setting('transaction_isolation') as isolation",
        )
    assert row == {
        "moment": "2026-01-02 03:04:00+00",
        "length": timedelta(seconds=90),
        "day": "2026-01-02 00:00:00+00",
        "isolation": "read committed",
    }


def test_an_unreachable_server_is_an_error_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://someone:{PASSWORD}@/tickets?host={tmp_path}"
    with (
        Database(url, "tickets", connect_seconds=0.2) as away,
        pytest.raises(StorageUnavailable, match="ticket-pipeline db status") as caught,
    ):
        away.fetch_all("watchlist/select_rejected_rows")
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(away)


@pytest.mark.parametrize(
    ("fields", "url", "description"),
    [
        (
            {"database_url": SecretStr(f"postgresql://u:{PASSWORD}@h/d")},
            f"postgresql://u:{PASSWORD}@h/d",
            "DATABASE_URL",
        ),
        (
            {"db_host": "h", "db_user": "u", "db_password": SecretStr("it's %c@d"), "db_name": "d", "db_port": 6000},
            r"user=u password='it\'s %c@d' dbname=d host=h port=6000",
            "d on h:6000",
        ),
        ({"db_host": "h"}, "dbname=tickets host=h port=5432", "tickets on h:5432"),
    ],
)
def test_settings_name_the_database(fields: dict[str, object], url: str, description: str, tmp_path: Path) -> None:
    settings = settings_from({"state_dir": tmp_path, **fields})
    assert conninfo_to_dict(database_url(settings)) == conninfo_to_dict(url)
    assert description in describe_database(settings)
    assert PASSWORD not in describe_database(settings)


@pytest.mark.parametrize("url", ["dbname=x password=s3c'retpw %", "postgresql://me:s3c%retpw@127.0.0.1/db"])
def test_a_malformed_url_is_explained_without_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"%25") as raised:
        database_url(Settings(database_url=SecretStr(url)))
    assert "retpw" not in "".join(traceback.format_exception(raised.value))


def test_without_a_database_in_the_settings_it_is_the_embedded_one(tmp_path: Path) -> None:
    assert str(tmp_path) in describe_database(Settings(state_dir=tmp_path))


def test_a_database_of_settings_uses_their_schema(migrated_url: str) -> None:
    settings = Settings(database_url=SecretStr(migrated_url), db_schema="elsewhere")
    with open_database(settings) as database:
        assert query(database, "show search_path") == [{"search_path": "elsewhere, public"}]
