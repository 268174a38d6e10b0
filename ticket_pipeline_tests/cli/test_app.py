"""The command line as a program: exit codes, streams, help, and what a user's mistake looks like."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ticket_pipeline.cli.app import app
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.ports import reserved_port

GROUPS = {
    "alerts": ["list", "history", "deliveries", "test", "mute", "unmute", "replay", "preview"],
    "archive": ["list", "run", "verify", "restore", "query"],
    "cache": ["show", "clear"],
    "db": ["doctor", "grant-read", "retention", "start", "stop", "status", "use-timescaledb"],
    "pipelines": ["list", "show", "run"],
}
ALIASES = {"fetch-events", "scrape"}
TABLES = {"show-events", "sources", "plan", "search", "match", "fetch-listings", "show-listings", "event-details"}
TABLES |= {"price-history", "section-prices", "overview", "get-in", "trend", "changes", "sales", "compare", "comps"}
TABLES |= {"primary-sales", "cache show"}
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group
LEAVES = [name for name in COMMANDS if name not in GROUPS]
LEAVES += [f"{group} {name}" for group, names in GROUPS.items() for name in names]


@pytest.mark.parametrize("command", sorted({*COMMANDS, *LEAVES}))
def test_the_help_of_every_command_fits_the_screen_and_has_an_example_on_a_line_of_its_own(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert_fits(result.stdout)
    assert "\N{HORIZONTAL ELLIPSIS}" not in result.stdout  # a name that is cut helps nobody
    examples = [line for line in result.stdout.splitlines() if line.strip().startswith(f"ticket-pipeline {command}")]
    assert examples or command in {*GROUPS, *ALIASES}
    assert [line for line in examples if line.count("ticket-pipeline") > 1] == []
    formats = ("--json", "--csv", "--parquet") if command in TABLES else ()
    assert [option for option in formats if option not in result.stdout] == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["frobnicate"], ["show-listings"], ["show-events", "--wrong"], ["--env-file", "nowhere.env", "show-events"]],
)
def test_a_mistake_in_the_command_line_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["price-history", "1", "--bucket", "often"], ["cache", "clear", "--older-than", "soon"]]
)
def test_a_value_that_cannot_be_read_is_named_in_our_words_alone(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert f"{arguments[-1]!r} is not a duration" in result.stderr
    assert "Value error" not in result.stderr


def test_the_version_is_shown() -> None:
    assert re.fullmatch(r"ticket-pipeline \d+\.\d+\S*\n", CliRunner().invoke(app, ["--version"]).stdout)


@pytest.mark.parametrize("command", ["show-events", "init-db"])
def test_a_database_that_is_away_ends_with_what_to_look_at_and_without_the_password(command: str) -> None:
    with reserved_port() as port:
        url = f"postgresql://someone:dont-tell@127.0.0.1:{port}/x"
        result = CliRunner().invoke(app, [command], env={"DATABASE_URL": url})
    assert result.exit_code == 1
    assert "Connection refused" in result.stderr
    assert "Is the server running? Check DATABASE_URL or DB_HOST" in result.stderr
    assert "dont-tell" not in result.output


def test_a_bug_of_our_own_keeps_its_traceback() -> None:
    code = (
        "import sys\n"
        "from ticket_pipeline.cli.app import app, main\n"
        "app.command('boom')(lambda: [][0])\n"
        "sys.argv[1:] = ['boom']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr, "IndexError" in done.stderr) == (1, True, True)


def test_the_env_file_holds_under_the_environment(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.env"
    file.write_text("WEB_PORT=4321\nSIMULATOR_PORT=4322\n", encoding="utf-8")
    shown = cli.run("--env-file", str(file), "settings", "--changed", "--json", SIMULATOR_PORT="4323").stdout
    assert '"WEB_PORT": 4321' in shown
    assert '"SIMULATOR_PORT": 4323' in shown


def test_commands_load_neither_dagster_nor_what_only_few_of_them_use() -> None:
    """A question waits for what is loaded: pandas alone takes as long as half of the others together."""
    slow = "'dagster', 'pandas', 'pandera', 'numpy', 'duckdb', 'gspread', 'google', 'starlette', 'ticket_pipeline.http'"
    modules = ("app", "get_in", "trend", "changes", "comps", "overview", "show_listings", "prices")
    code = (
        f"import sys, {', '.join(f'ticket_pipeline.cli.{module}' for module in modules)}\n"
        f"sys.exit(', '.join({{{slow}}} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("", 0)


def test_as_a_program_it_fits_a_pipe_and_a_terminal_without_dashes(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    synced.run("fetch-listings", key)
    with synced.start("show-listings", key, PYTHONIOENCODING="ascii") as program:
        out, err = program.communicate(timeout=150)
    assert (program.returncode, err) == (0, "")
    assert_fits(out)
    assert "?" in out  # for the dashes


def test_a_reader_that_goes_away_is_not_an_error(synced: Cli) -> None:
    with synced.start("show-events", "--json", PYTHONUNBUFFERED="") as program:
        assert program.stdout is not None
        program.stdout.close()  # before a line is written
        assert program.stderr is not None
        err = program.stderr.read()
        program.wait(timeout=150)
    assert err == ""


def test_logs_go_to_stderr_by_level_and_ctrl_c_ends_with_130_and_without_a_traceback(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.HANG, external_id=synced.loopback.keys[1], times=None))
    with synced.start("fetch-listings", "--json", LOG_LEVEL="DEBUG") as program:
        assert program.stderr is not None
        lines = []
        for line in program.stderr:
            lines.append(line)
            if "try 1 of 1" in line:  # a response came; another is waited for
                break
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=150)
    assert (program.returncode, out, "Traceback" in err) == (130, "", False)
    assert any(line.startswith("DEBUG: queries/select_events") for line in lines)
