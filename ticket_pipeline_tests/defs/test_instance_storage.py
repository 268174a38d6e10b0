"""Dagster's own storage in the pipeline's database: found by the settings, and no secret is shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import dagster as dg
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Engine, make_url

from ticket_pipeline.defs.instance_storage import _as_sqlalchemy_url
from ticket_pipeline.errors import StorageError

ODD_PASSWORD = "p@ss:w/rd?#&=% '\"\\ü+1"  # noqa: S105 - every character that a URL treats as special


def tables(url: str) -> dict[str, set[str]]:
    """Schema → tables, without the server's own."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
            " and schemaname not like '\\_timescaledb%'"
        ).fetchall()
    return {schema: {table for other, table in rows if other == schema} for schema, _ in rows}


def cut_connections(url: str) -> int:
    """End every connection, as a restart of the server does; returns how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).rowcount


def engines(instance: dg.DagsterInstance) -> list[Engine]:
    """The engines of the three storages."""
    parts = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    return [part._engine for part in parts]  # type: ignore[union-attr]  # they are PostgreSQL's


def use(instance: dg.DagsterInstance) -> tuple[int, list[str], int]:
    """Read from each of the three storages."""
    states = instance.all_instigator_state()
    return instance.get_runs_count(), list(instance.get_dynamic_partitions("a_set")), len(states)


def test_dagsters_tables_are_in_their_own_schema(instance: dg.DagsterInstance, database_url: str) -> None:
    instance.add_dynamic_partitions("a_set", ["1"])
    found = tables(database_url)
    assert {"runs", "event_logs", "dynamic_partitions", "job_ticks", "alembic_version"} <= found["dagster"]
    assert set(found) == {"dagster"}


def test_instances_that_start_together_create_the_tables_once(
    home: Path,
) -> None:
    barrier = Barrier(4)

    def start(key: str) -> None:
        barrier.wait(60)
        with dg.DagsterInstance.from_config(str(home)) as opened:
            opened.add_dynamic_partitions("a_set", [key])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(start, str(number)) for number in range(4)]:
            done.result()
    with dg.DagsterInstance.from_config(str(home)) as opened:
        assert sorted(opened.get_dynamic_partitions("a_set")) == ["0", "1", "2", "3"]


def test_tables_that_a_killed_start_left_incomplete_are_created_again(home: Path, database_url: str) -> None:
    with dg.DagsterInstance.from_config(str(home)):
        whole = tables(database_url)["dagster"]
    with psycopg.connect(database_url) as connection:
        connection.execute("drop table dagster.dynamic_partitions, dagster.runs cascade")
        connection.execute("create table dagster.tables_are_being_created ()")
    with dg.DagsterInstance.from_config(str(home)) as opened:
        opened.add_dynamic_partitions("a_set", ["1"])
        assert use(opened) == (0, ["1"], 0)
    assert tables(database_url)["dagster"] == whole


def test_a_cut_connection_is_replaced_unnoticed(instance: dg.DagsterInstance, database_url: str) -> None:
    instance.add_dynamic_partitions("a_set", ["1"])
    before = use(instance)
    assert cut_connections(database_url) >= 3
    assert use(instance) == before
    cut_connections(database_url)
    instance.add_dynamic_partitions("a_set", ["2"])
    assert use(instance)[1] == ["1", "2"]


@pytest.mark.parametrize("timezone", ["America/New_York", "Asia/Kolkata"])
def test_times_are_right_in_a_database_of_another_timezone(home: Path, database_url: str, timezone: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = conninfo_to_dict(database_url)["dbname"]
        connection.execute(f"alter database {name} set timezone to '{timezone}'".encode())
    before = datetime.now(UTC)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        opened.add_run(dg.DagsterRun("a_job"))
        (record,) = opened.get_run_records()
    assert before <= record.create_timestamp <= datetime.now(UTC)


def with_odd_password(url: str) -> str:
    """The same database for a user with an odd password."""
    user = f"odd_{conninfo_to_dict(url)['dbname']}"
    create = sql.SQL("create role {} superuser login password {}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(user), sql.Literal(ODD_PASSWORD)))
    return make_conninfo(url, user=user, password=ODD_PASSWORD)


def test_a_password_of_special_characters_works_and_is_never_shown(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", with_odd_password(database_url))
    try:
        with dg.DagsterInstance.from_config(str(home)) as opened:
            opened.add_dynamic_partitions("a_set", ["1"])
            connection = engines(opened)[0].raw_connection()
            assert connection.driver_connection is not None
            assert connection.driver_connection.info.password == ODD_PASSWORD
            connection.close()
            shown = [opened.info_str(), repr(opened._ref), *map(repr, engines(opened))]
            assert [text for text in shown if ODD_PASSWORD[:6] in text or "p%40ss" in text] == []
    finally:
        with psycopg.connect(database_url, autocommit=True) as admin:
            user = f"odd_{conninfo_to_dict(database_url)['dbname']}"
            admin.execute(sql.SQL("drop owned by {0} cascade; drop role {0}").format(sql.Identifier(user)))


def test_an_unreachable_database_is_reported_without_its_password(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:1/tickets?connect_timeout=2")
    with pytest.raises(StorageError, match="Could not open Dagster's storage in the schema dagster") as raised:
        dg.DagsterInstance.from_config(str(home))
    assert "hunter2" not in str(raised.value)


OURS = r"-c search_path=dagster -c timezone=UTC -c default_transaction_isolation=read\ committed"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s%40crt@db.example:5433/tickets?sslmode=require",
        "host=db.example port=5433 dbname=tickets user=me password=s@crt sslmode=require",
    ],
)
def test_both_forms_of_a_url_name_the_same_database(url: str) -> None:
    made = make_url(_as_sqlalchemy_url(url, "dagster"))
    assert (made.username, made.password, made.database) == ("me", "s@crt", "tickets")
    assert dict(made.query) == {
        "host": "db.example",
        "port": "5433",
        "sslmode": "require",
        "options": OURS,
    }


def test_options_of_the_users_own_url_stay() -> None:
    made = make_url(_as_sqlalchemy_url("postgresql:///tickets?options=-c%20work_mem%3D8MB", "dagster"))
    assert made.query["options"] == f"-c work_mem=8MB {OURS}"
