"""Slips in an env file: ours are named by line, other programs' names and all values stay out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.cli.env_file import find_slips
from ticket_pipeline.settings.model import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline_tests.cli.conftest import Cli

KNOWN = {name.upper() for name in Settings.model_fields}
SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for

STRANGERS = (
    "APP_LOG_LEVEL AWS_SECRET_ACCESS_KEY COMPOSE_PROJECT_NAME DAGSTER_HOME DAGSTER_PG_HOST DATABASE_HOST DATABASE_NAME "
    "DATABASE_PASSWORD DATABASE_URI DATABASE_USER DB_CONNECTION DB_DATABASE DB_HOSTNAME DB_PASS DB_SSLMODE DB_USERNAME "
    "DEBUG GOOGLE_APPLICATION_CREDENTIALS HTTPS_PROXY HTTP_PROXY HTTP_TIMEOUT LOGLEVEL LOG_FORMAT MAX_RETRIES NO_PROXY "
    "PGDATABASE PGHOST PGPASSWORD PGPORT PGUSER PORT POSTGRES_DB POSTGRES_PASSWORD POSTGRES_USER REDIS_URL SECRET_KEY "
    "SENTRY_DSN TEST_DATABASE_URL TICKETMASTER_API_SECRET TZ WEB_CONCURRENCY"
)


def slips(tmp_path: Path, text: str, *already_set: str) -> list[str]:
    """What is said about a file with this text, without the file's name."""
    file = tmp_path / "mine.env"
    file.write_text(text, encoding="utf-8")
    found = find_slips(file, KNOWN, already_set)
    assert SECRET not in str(found)
    return [slip.removeprefix(f"{file}, ") for slip in found]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STUBHUB_COKIE", "STUBHUB_COOKIE"),
        ("stubhub_cookies", "STUBHUB_COOKIE"),
        ("TICKETMASTER_APIKEY", "TICKETMASTER_API_KEY"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("VIVIDSEATS_API_BASE_URL", "VIVID_SEATS_API_BASE_URL"),
        ("WEB_PROT", "WEB_PORT"),
    ],
)
def test_a_misspelt_name_is_told_with_its_line_and_the_near_one(tmp_path: Path, name: str, meant: str) -> None:
    (slip,) = slips(tmp_path, f"# a comment\n\nLOG_LEVEL=INFO\n\n\nexport {name}='{SECRET}'\n")
    assert slip.startswith(f"line 6: {name.upper()} is no setting. Is ")
    assert meant in slip


@pytest.mark.parametrize("name", [*STRANGERS.split(), *sorted(KNOWN)])
def test_names_of_other_programs_and_of_all_settings_are_no_slips(tmp_path: Path, name: str) -> None:
    assert slips(tmp_path, f"{name}={SECRET}\n{name.lower()}=\n") == []


def test_a_near_name_that_is_set_elsewhere_was_not_meant(tmp_path: Path) -> None:
    assert slips(tmp_path, f"DB_HOSTS={SECRET}\nDB_HOST=db\n") == []
    assert slips(tmp_path, f"DB_HOSTS={SECRET}\n", "DB_HOST") == []


def test_lines_that_are_none_are_told_once_by_number(tmp_path: Path) -> None:
    text = f"WEB_PORT=1\n{SECRET} and more\n\n{SECRET}\nexport LOG_LEVEL=INFO\n=x\n"
    assert slips(tmp_path, text) == [
        "line 2, 4, 6: nothing of it is read. A setting stands on one line, like NAME=value."
    ]
    assert "line 1, 2, 3, 4, 5 …: " in slips(tmp_path, "a b\n" * 9)[0]


def test_a_key_over_several_lines_in_quotes_is_one_setting(tmp_path: Path) -> None:
    assert slips(tmp_path, f'OTHER_KEY="-----BEGIN-----\n{SECRET}\n-----END-----"\nWEB_PORT=1\n') == []


def test_a_file_that_cannot_be_read_has_no_slips(tmp_path: Path) -> None:
    assert find_slips(tmp_path / "absent.env", KNOWN, ()) == []
    (tmp_path / "old.env").write_bytes(b"A=\xff\n")
    assert find_slips(tmp_path / "old.env", KNOWN, ()) == []


def test_a_command_tells_each_slip_once_on_stderr_and_goes_on(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.env"
    file.write_text(f"STUBHUB_COKIE={SECRET}\nno line of any kind\n", encoding="utf-8")
    with cli.start("--env-file", str(file), "fetch-events", "--json") as program:
        out, err = program.communicate(timeout=150)
    assert program.returncode == 0
    assert out.startswith("{")
    assert err == (
        f"Warning: {file}, line 1: STUBHUB_COKIE is no setting. Is STUBHUB_COOKIE meant?\n"
        f"Warning: {file}, line 2: nothing of it is read. A setting stands on one line, like NAME=value.\n"
    )
