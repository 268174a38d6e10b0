"""Dagster's own storage in the pipeline's database: found by the settings, no secret to be seen, healed after a cut."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url
from ticket_pipeline.defs.run_launcher import end_dead_runs

from ticket_pipeline.defs.instance_storage import _as_sqlalchemy_url, _create_schema
from ticket_pipeline.defs.standing_checks import LAST, as_standing
from ticket_pipeline.errors import StorageError
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

CONFIG = Path(__file__).resolve().parent.parent.parent / "dagster.yaml"
ODD_PASSWORD = "p@ss:w/rd?#&=% '\"\\ü+1"  # noqa: S105 - made up, of all that a URL treats as special


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home with the project's own configuration, and no `.env` beside it."""
    shutil.copy(CONFIG, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def instance(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster` commands get with these settings."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


def tables(url: str) -> dict[str, set[str]]:
    """Schema → tables, without the server's own."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
            " and schemaname not like '\\_timescaledb%'"
        ).fetchall()
    return {schema: {table for other, table in rows if other == schema} for schema, _ in rows}


def cut_connections(url: str) -> int:
    """End every connection to the database, as a restart of the server does; how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).rowcount


def engines(instance: dg.DagsterInstance) -> list[Engine]:
    """What the three storages connect by."""
    parts = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    return [part._engine for part in parts]  # type: ignore[union-attr]  # they are PostgreSQL's


def use(instance: dg.DagsterInstance) -> tuple[int, list[str], int]:
    """Ask each of the three storages once."""
    states = instance.all_instigator_state()
    return instance.get_runs_count(), list(instance.get_dynamic_partitions("a_set")), len(states)


def test_dagsters_tables_stand_in_a_schema_of_their_own(instance: dg.DagsterInstance, database_url: str) -> None:
    instance.add_dynamic_partitions("a_set", ["1"])
    found = tables(database_url)
    assert {"runs", "event_logs", "dynamic_partitions", "job_ticks", "alembic_version"} <= found["dagster"]
    assert set(found) == {"dagster"}


def test_the_schema_is_a_setting(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TUNING", '{"dagster_db_schema": "elsewhere"}')
    with dg.DagsterInstance.from_config(str(home)):
        assert set(tables(database_url)) == {"elsewhere"}


def test_two_instances_see_the_same(instance: dg.DagsterInstance, home: Path) -> None:
    instance.add_dynamic_partitions("a_set", ["1", "2"])
    with dg.DagsterInstance.from_config(str(home)) as other:
        assert use(other) == (0, ["1", "2"], 0)
        other.delete_dynamic_partition("a_set", "1")
    assert use(instance) == (0, ["2"], 0)


@pytest.mark.parametrize(
    "missing",
    [
        ["table asset_check_executions", "table alembic_version"],
        ["table kvs", "table jobs", "table job_ticks"],
        ["index idx_dynamic_partitions", "table secondary_indexes"],
    ],
)
def test_tables_that_a_killed_process_left_half_made_are_completed(
    instance: dg.DagsterInstance, home: Path, database_url: str, missing: list[str]
) -> None:
    whole = tables(database_url)
    instance.dispose()
    with psycopg.connect(database_url) as connection:
        connection.execute("set search_path = dagster")
        connection.execute("delete from kvs")
        for each in missing:
            connection.execute(f"drop {each} cascade")  # type: ignore[call-overload]  # from the list above
    with dg.DagsterInstance.from_config(str(home)) as mended:
        assert mended.event_log_storage.supports_asset_checks
        mended.add_dynamic_partitions("a_set", ["1"])
        assert use(mended) == (0, ["1"], 0)
    assert tables(database_url) == whole
    with psycopg.connect(database_url) as connection:
        found = connection.execute("select to_regclass('dagster.idx_dynamic_partitions')::text").fetchone()
        marked = connection.execute("select count(*) from dagster.kvs where key like 'ticket_pipeline/%'").fetchone()
    assert (found, marked) == (("dagster.idx_dynamic_partitions",), (1,))


def test_tables_of_an_older_dagster_are_left_to_its_own_migration(
    instance: dg.DagsterInstance, home: Path, database_url: str
) -> None:
    instance.dispose()
    with psycopg.connect(database_url) as connection:
        connection.execute("set search_path = dagster")
        connection.execute("delete from kvs")
        connection.execute("drop table asset_check_executions")
        connection.execute("update alembic_version set version_num = '29a8e9d74220'")
    with dg.DagsterInstance.from_config(str(home)) as opened:
        assert not opened.event_log_storage.supports_asset_checks
    assert "asset_check_executions" not in tables(database_url)["dagster"]


def test_instances_that_start_at_once_make_the_tables_once(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
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


def test_processes_that_start_at_once_agree_on_the_schema(database_url: str) -> None:
    barrier = Barrier(8)

    def create() -> None:
        barrier.wait(60)
        _create_schema(database_url, "dagster")

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(create) for _ in range(8)]:
            done.result()


def test_a_schema_that_another_process_is_making_is_no_error(database_url: str) -> None:
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("create schema dagster")
        made = pool.submit(_create_schema, database_url, "dagster")
        while not other.execute("select 1 from pg_locks where not granted").fetchone():
            assert not made.done()
        other.commit()
        made.result(60)


def test_a_cut_connection_is_replaced_before_anybody_notices(instance: dg.DagsterInstance, database_url: str) -> None:
    instance.add_dynamic_partitions("a_set", ["1"])
    before = use(instance)
    assert cut_connections(database_url) >= 3
    assert use(instance) == before
    cut_connections(database_url)
    instance.add_dynamic_partitions("a_set", ["2"])
    assert use(instance)[1] == ["1", "2"]


def test_it_heals_in_the_web_server_too(instance: dg.DagsterInstance, database_url: str) -> None:
    instance.optimize_for_webserver(15_000, 3600, 20)
    before = use(instance)
    assert cut_connections(database_url) >= 3
    assert use(instance) == before


def test_connections_are_kept_and_closed_with_the_instance(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        use(opened)
        assert [engine.pool.checkedin() for engine in engines(opened)] == [1, 1, 1]  # type: ignore[attr-defined]  # a QueuePool
    # Dagster itself ends no schedule storage.
    assert [engine.pool.checkedin() for engine in engines(opened)[:2]] == [0, 0]  # type: ignore[attr-defined]  # a QueuePool


def with_odd_password(url: str) -> str:
    """The same database for a user of its own, whose password is odd."""
    user = f"odd_{conninfo_to_dict(url)['dbname']}"
    create = sql.SQL("create role {} superuser login password {}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(user), sql.Literal(ODD_PASSWORD)))
    return make_conninfo(url, user=user, password=ODD_PASSWORD)


def test_a_password_of_special_characters_arrives_whole_and_is_never_shown(
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


def test_no_file_of_the_project_or_of_the_home_holds_a_password(home: Path, instance: dg.DagsterInstance) -> None:
    assert use(instance) == (0, [], 0)
    assert "password" not in CONFIG.read_text(encoding="utf-8")
    assert "postgresql://" not in "".join(
        path.read_text(encoding="utf-8", errors="replace") for path in home.rglob("*") if path.is_file()
    )


def test_an_unreachable_database_is_told_without_its_password(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:1/tickets?connect_timeout=2")
    with pytest.raises(StorageError, match="Opened Dagster's storage in schema dagster; the database answered") as told:
        dg.DagsterInstance.from_config(str(home))
    assert "hunter2" not in str(told.value)


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
        "options": "-c search_path=dagster",
    }


def test_options_of_the_users_own_url_stay() -> None:
    made = make_url(_as_sqlalchemy_url("postgresql:///tickets?options=-c%20work_mem%3D8MB", "dagster"))
    assert made.query["options"] == "-c work_mem=8MB -c search_path=dagster"


def test_a_check_of_a_range_leaves_one_row_with_what_it_found(instance: dg.DagsterInstance, database_url: str) -> None:
    hours = dg.HourlyPartitionsDefinition(start_date="2026-03-01-00:00")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)

        @dg.asset(
            name="prices", partitions_def=hours, backfill_policy=dg.BackfillPolicy.single_run(), output_required=False
        )
        def prices() -> Any:  # noqa: ANN401 - a generator without output; Dagster reads the annotation
            yield from ()

    @dg.asset_check(asset=prices, op_tags=LAST)
    def all_is_well() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    defs = dg.Definitions(assets=[prices], asset_checks=[as_standing(all_is_well)], executor=dg.in_process_executor)
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, tags={RANGE_START: "2026-03-01-00:00", RANGE_END: "2026-03-02-23:00"}
    )
    assert result.success
    with psycopg.connect(database_url) as connection:
        rows = connection.execute('select execution_status, "partition" from dagster.asset_check_executions').fetchall()
    assert rows == [("SUCCEEDED", None)]


SLEEPING_ASSET = """
import time
from pathlib import Path
import dagster as dg

@dg.asset
def sleeper() -> None:
    Path("begun").touch()
    time.sleep(60)
"""


def test_the_killed_run_of_a_command_line_is_ended_and_a_living_one_is_not(
    instance: dg.DagsterInstance, home: Path, database_url: str
) -> None:
    (home / "sleeping.py").write_text(SLEEPING_ASSET, encoding="utf-8")
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-f", "sleeping.py", "--select", "sleeper"]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DATABASE_URL": database_url}
    with subprocess.Popen(command, cwd=home, env=environment, start_new_session=True) as process:
        try:
            while not (home / "begun").exists():
                assert process.poll() is None
                time.sleep(0.05)
            assert end_dead_runs(instance) == []
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.STARTED

    assert end_dead_runs(instance) == [run.run_id]
    (ended,) = instance.get_runs()
    assert ended.status is dg.DagsterRunStatus.FAILURE
