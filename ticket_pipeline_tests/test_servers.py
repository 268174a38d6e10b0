"""The test servers: a wrong choice fails, so that no green run is on another database."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.servers import choose, throwaway_database


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


def test_a_misspelt_server_is_an_error() -> None:
    with pytest.raises(ValueError, match="set it to postgresql or timescaledb"):
        choose({"TICKET_PIPELINE_TEST_SERVER": "timescale"})


def test_no_setting_of_the_developer_reaches_a_test() -> None:
    assert {name.upper() for name in Settings.model_fields}.isdisjoint(os.environ)


def test_a_database_is_gone_afterwards_even_with_a_session_left_open(database_server: EmbeddedServer) -> None:
    with throwaway_database(database_server) as url:
        left_open = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    left_open.close()


def test_the_server_is_the_chosen_one(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select current_setting('shared_preload_libraries') = 'timescaledb'").fetchone()

    assert row == (choose(os.environ).is_timescaledb,)
