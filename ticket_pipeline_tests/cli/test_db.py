"""`init-db`, `db` and `settings`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ticket_pipeline.cli.app import app
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.servers import throwaway_state_dir


def test_an_empty_database_is_set_up_once(cli: Cli, database_url: str) -> None:
    lacking = cli.run("show-events", DATABASE_URL=database_url)
    assert lacking.exit_code == 1
    assert "Run `ticket-pipeline init-db`." in lacking.stderr
    lacking = cli.run("db", "use-timescaledb", DATABASE_URL=database_url)
    assert "Run `ticket-pipeline init-db`." in " ".join(lacking.stderr.split())
    before = cli.run("db", "status", DATABASE_URL=database_url)
    assert "run ticket-pipeline init-db" in " ".join(before.stdout.split())
    first = cli.run("init-db", DATABASE_URL=database_url)
    assert first.exit_code == 0
    assert_fits(first.stdout)
    assert "Applied 0001_timescaledb" in first.stdout
    assert "PostgreSQL 1" in first.stdout
    assert "TimescaleDB" in first.stdout
    again = cli.run("init-db", "--json", DATABASE_URL=database_url)
    assert json.loads(again.stdout)["applied"] == []
    after = cli.run("db", "status", "--json", DATABASE_URL=database_url)
    assert json.loads(after.stdout).items() >= {"encoding": "UTF8", "missing_migrations": []}.items()
    assert cli.run("show-events", DATABASE_URL=database_url).exit_code == 0


def test_the_doctor_shows_what_it_found_and_what_to_do(cli: Cli) -> None:
    shown = cli.run("db", "doctor")
    assert shown.exit_code == 1, "the server of the tests has fsync off"
    assert_fits(shown.stdout)
    assert "Set fsync = on: without it" in " ".join(shown.stdout.split())
    found = {one["check"]: one["state"] for one in json.loads(cli.run("db", "doctor", "--json").stdout)}
    assert (found["Schema"], found["fsync"]) == ("ok", "failing")


def test_the_embedded_database_needs_no_init() -> None:
    with throwaway_state_dir() as state_dir:
        env = {"STATE_DIR": str(state_dir), "COLUMNS": "80", "TICKET_PIPELINE_ENV_FILE": str(state_dir / "absent.env")}

        def run(*arguments: str) -> str:
            result = CliRunner().invoke(app, list(arguments), env=env)
            assert result.exit_code == 0, result.output
            return result.stdout

        assert json.loads(run("show-events", "--json")) == []
        assert json.loads(run("db", "status", "--json"))["running"] is True
        assert "is stopped" in run("db", "stop")
        assert "stopped; any command starts it" in run("db", "status")
        assert "was not running" in run("db", "stop")
        assert "postgresql://" in run("db", "start")
        assert "running" in run("db", "status")


@pytest.mark.parametrize("command", ["start", "stop"])
def test_a_database_of_the_users_own_is_neither_started_nor_stopped(cli: Cli, command: str) -> None:
    result = cli.run("db", command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the database of DATABASE_URL" in result.stderr


def test_settings_are_shown_without_secrets(cli: Cli) -> None:
    shown = cli.run("settings", STUBHUB_COOKIE="dont-tell", WEB_PORT="3333")
    assert_fits(shown.stdout)
    assert "dont-tell" not in shown.output
    assert "DATABASE_URL" in shown.stdout
    assert "postgresql://" not in shown.stdout
    values = json.loads(cli.run("settings", "--json", "--changed", STUBHUB_COOKIE="dont-tell", WEB_PORT="3333").stdout)
    assert (values["WEB_PORT"], values["STUBHUB_COOKIE"]) == (3333, "(secret)")
    assert "LOG_LEVEL" not in values
    assert cli.ask("settings")["LOG_LEVEL"] == "WARNING"


def test_settings_show_urls_without_credentials_and_queries(cli: Cli) -> None:
    url = "https://me:S3CRET@h.example:8/api?key=S3CRET#S3CRET"
    names = [name.upper() for name in Settings.model_fields if name.endswith("_base_url")]
    assert len(names) == 3
    env = dict.fromkeys(names, url) | {"VIVENU_API_KEY": "dont-tell", "EVENTS_WORKSHEET_NAME": url}
    assert "S3CRET" not in cli.run("settings", **env).output
    values = json.loads(cli.run("settings", "--json", **env).stdout)
    assert {values[name] for name in (*names, "EVENTS_WORKSHEET_NAME")} == {"https://h.example:8/api?***"}
