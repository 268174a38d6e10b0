"""The test servers themselves: a wrong choice must fail loudly, never turn into a green run on another database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest

from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests import servers
from ticket_pipeline_tests.servers import choose, environment_without, throwaway_database

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.storage.embedded import EmbeddedServer


def test_plain_postgresql_is_the_default() -> None:
    choice = choose({})

    assert not choice.is_timescaledb
    assert choice.missing is None
    assert choice.describe().startswith("PostgreSQL ")


def test_an_absent_timescaledb_is_reported_and_on_ci_a_failure(tmp_path: Path) -> None:
    wanted = {"TICKET_PIPELINE_TEST_SERVER": "timescaledb", "TICKET_PIPELINE_TEST_PG_BIN": str(tmp_path)}

    assert "Run scripts/install_timescaledb.py" in (choose(wanted).missing or "")
    assert not choose(wanted).must_exist
    assert choose({**wanted, "CI": "true"}).must_exist


def test_a_misspelt_server_is_refused() -> None:
    with pytest.raises(ValueError, match="set it to postgresql or timescaledb"):
        choose({"TICKET_PIPELINE_TEST_SERVER": "timescale"})


def test_no_setting_of_the_developer_reaches_a_test() -> None:
    assert {name.upper() for name in Settings.model_fields}.isdisjoint(os.environ)


def test_a_hidden_variable_comes_back_and_a_test_s_own_does_not_stay() -> None:
    with environment_without({"TICKET_PIPELINE_EXAMPLE"}):
        os.environ["TICKET_PIPELINE_EXAMPLE"] = "outer"
        with environment_without({"TICKET_PIPELINE_EXAMPLE"}):
            assert "TICKET_PIPELINE_EXAMPLE" not in os.environ
            os.environ["TICKET_PIPELINE_EXAMPLE"] = "inner"
        assert os.environ["TICKET_PIPELINE_EXAMPLE"] == "outer"
    assert "TICKET_PIPELINE_EXAMPLE" not in os.environ


def test_a_database_is_gone_afterwards_even_with_a_session_left_open(database_server: EmbeddedServer) -> None:
    with throwaway_database(database_server) as url:
        left_open = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    left_open.close()


def test_the_server_is_the_one_that_was_asked_for(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select current_setting('shared_preload_libraries') = 'timescaledb'").fetchone()

    assert row == (choose(os.environ).is_timescaledb,)


def test_a_migrated_database_has_our_tables_and_an_empty_one_has_none(migrated_url: str, database_url: str) -> None:
    for url, expected in ((migrated_url, True), (database_url, False)):
        with psycopg.connect(url) as connection:
            row = connection.execute("select to_regclass('tickets.listings') is not null").fetchone()
        assert row == (expected,)


def test_servers_are_kept_in_memory_where_there_is_room_and_else_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_MEMORY", tmp_path)
    monkeypatch.setattr(servers, "_ROOM_BYTES", 0)
    assert servers._roomy_folder() == tmp_path
    monkeypatch.setattr(servers, "_ROOM_BYTES", 1 << 60)
    assert servers._roomy_folder() == servers._DISK
    monkeypatch.setattr(servers, "_MEMORY", tmp_path / "absent")
    monkeypatch.setattr(servers, "_ROOM_BYTES", 0)
    assert servers._roomy_folder() == servers._DISK
