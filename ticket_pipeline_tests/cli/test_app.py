"""The command line as a program: exit codes, streams, help, and what a user's mistake looks like."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from ticket_pipeline.cli.app import app
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import assert_fits
from ticket_pipeline_tests.ports import reserved_port

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline_tests.cli.conftest import Cli

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group
PROMISED = {
    "cleanup-untracked-events",
    "db",
    "fetch-events",
    "fetch-listings",
    "init-db",
    "plan",
    "price-history",
    "resume",
    "run",
    "scrape",
    "section-prices",
    "settings",
    "show-events",
    "show-listings",
    "simulate",
    "start-scheduler",
    "sync-events",
}


def test_every_promised_command_is_there() -> None:
    assert set(COMMANDS) >= PROMISED


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_fits_the_screen_and_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert_fits(result.stdout)
    assert len(result.stdout.splitlines()) > 5
    assert "\N{HORIZONTAL ELLIPSIS}" not in result.stdout  # a name that is cut helps nobody


@pytest.mark.parametrize("command", [*COMMANDS, "cache clear", "pipelines run", "pipelines list", "pipelines show"])
def test_each_example_in_the_help_stands_on_a_line_of_its_own(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "100"}).stdout
    examples = [line for line in shown.splitlines() if line.strip().startswith(f"ticket-pipeline {command}")]
    assert [line for line in examples if line.count("ticket-pipeline") > 1] == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["frobnicate"], ["show-listings"], ["show-events", "--wrong"], ["--env-file", "nowhere.env", "show-events"]],
)
def test_a_mistake_in_the_command_line_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["price-history", "1", "--bucket", "1 minute"], ["cache", "clear", "--older-than", "soon"]]
)
def test_a_value_that_cannot_be_read_is_told_in_our_words_alone(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert f"{arguments[-1]!r} is " in result.stderr
    assert "Value error" not in result.stderr


def test_a_database_that_refuses_the_connection_says_what_to_look_at() -> None:
    with reserved_port() as port:
        for command in ("show-events", "init-db"):
            result = CliRunner().invoke(app, [command], env={"DATABASE_URL": f"postgresql://127.0.0.1:{port}/x"})
            assert result.exit_code == 1
            assert "Connection refused" in result.stderr
            assert "Is the server running? Check DATABASE_URL or DB_HOST" in result.stderr


def test_a_near_command_is_suggested() -> None:
    assert "show-events" in CliRunner().invoke(app, ["show-event"]).stderr


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, re.fullmatch(r"ticket-pipeline \d+\.\d+\S*\n", result.stdout) is not None) == (0, True)


def test_what_the_database_refuses_is_told_without_a_traceback(synced: Cli) -> None:
    synced.loopback.rows("alter table events rename column venue to place")
    failed = synced.run("show-events")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: Tried to run watchlist/select_events")


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    code = (
        "import sys\n"
        "from ticket_pipeline.cli.app import app, main\n"
        "app.command('boom')(lambda: [][0])\n"
        "sys.argv[1:] = ['boom']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "IndexError" in done.stderr


def test_the_env_file_holds_for_one_command_and_under_the_environment(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.env"
    file.write_text("WEB_PORT=4321\nSIMULATOR_PORT=4322\n", encoding="utf-8")
    del cli.env["TICKET_PIPELINE_ENV_FILE"]
    before = dict(os.environ)
    shown = cli.run("--env-file", str(file), "settings", "--changed", "--json", SIMULATOR_PORT="4323").stdout
    assert '"WEB_PORT": 4321' in shown
    assert '"SIMULATOR_PORT": 4323' in shown
    assert dict(os.environ) == before
    assert '"WEB_PORT"' not in cli.run("settings", "--changed", "--json").stdout


def test_the_command_line_loads_neither_dagster_nor_what_only_few_commands_use() -> None:
    """Every command waits for what is loaded: pandas alone takes as long as half of the others together."""
    code = (
        "import sys, ticket_pipeline.cli\n"
        "sys.exit(', '.join({'dagster', 'pandas', 'pandera', 'gspread', 'google'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("", 0)


def test_as_a_program_it_fits_a_pipe_and_ends_with_0(synced: Cli) -> None:
    with synced.start("show-events") as program:
        out, err = program.communicate(timeout=150)
    assert (program.returncode, err) == (0, "")
    assert_fits(out)
    assert synced.loopback.keys[0] in out


def test_a_reader_that_goes_away_is_no_error(synced: Cli) -> None:
    with synced.start("show-events", "--json", PYTHONUNBUFFERED="") as program:
        assert program.stdout is not None
        program.stdout.close()  # before a line is written
        assert program.stderr is not None
        err = program.stderr.read()
        program.wait(timeout=150)
    assert err == ""


def test_ctrl_c_ends_with_130_and_without_a_traceback(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.HANG, times=None))
    program = synced.start("fetch-listings")
    try:
        while not synced.loopback.log.records():
            assert program.poll() is None
            time.sleep(0.02)
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=150)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 130
    assert "Traceback" not in err


def test_an_old_terminal_gets_a_question_mark_and_no_traceback(synced: Cli) -> None:
    with synced.start("show-listings", synced.loopback.keys[0], PYTHONIOENCODING="ascii") as program:
        out, err = program.communicate(timeout=150)
    assert (program.returncode, out) == (0, "")
    assert err.startswith("No capture of Event 0 yet.")
    synced.run("fetch-listings")
    with synced.start("show-listings", synced.loopback.keys[0], PYTHONIOENCODING="ascii") as program:
        out, err = program.communicate(timeout=150)
    assert (program.returncode, err) == (0, "")
    assert "?" in out
