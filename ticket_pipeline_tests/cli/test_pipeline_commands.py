"""`pipelines`: what there is, what it does, and a run by Dagster as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ticket_pipeline.cli.app import app
from ticket_pipeline.primary_sales.pipeline_files import shipped_pipelines
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline_tests.cli.conftest import assert_fits
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation, open_organiser_location
from ticket_pipeline_tests.simulator_support.vivenu_truth import true_summary


@pytest.fixture
def place(migrated_url: str) -> Iterator[OrganiserLocation]:
    """Five events, three hundred tickets, nothing read yet."""
    with open_organiser_location(migrated_url, tickets=300) as opened:
        yield opened


@pytest.fixture
def env(place: OrganiserLocation, tmp_path: Path) -> dict[str, str]:
    """The settings of a user of that organiser."""
    return {
        "DATABASE_URL": place.database_url,
        "VIVENU_API_BASE_URL": place.organiser.url,
        "VIVENU_API_KEY": SIMULATED_TOKEN,
        "HTTPX_RETRIES": "0",
        "STATE_DIR": str(tmp_path / "state"),
        "TICKET_PIPELINE_ENV_FILE": str(tmp_path / "absent.env"),
        "COLUMNS": "80",
    }


def run(env: dict[str, str], *arguments: str) -> Result:
    """Run a command; a failure of our own code fails the test."""
    result = CliRunner().invoke(app, list(arguments), env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ask(env: dict[str, str], *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON document of a command that must succeed."""
    result = run(env, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_list_names_every_pipeline_and_every_rejected_file(tmp_path: Path) -> None:
    shipped = run({"COLUMNS": "80"}, "pipelines", "list")
    assert_fits(shipped.stdout)
    for name in ("default", "minimal", "parallel", "full", "40 * * * *", "by hand"):
        assert name in shipped.stdout
    (tmp_path / "bad.yaml").write_text("name: 1\n", encoding="utf-8")
    (tmp_path / "good.yml").write_text((shipped_pipelines() / "minimal.yaml").read_text(encoding="utf-8"))
    for options in ([], ["--json"]):
        bad = run({"PIPELINES_DIR": str(tmp_path)}, "pipelines", "list", *options)
        assert bad.exit_code == 1
        assert "minimal" in bad.stdout
        assert "1 of 2 pipeline files are rejected" in bad.stderr
        assert "bad.yaml, line 1, name: " in bad.stderr


def test_a_folder_without_a_good_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    env = {"PIPELINES_DIR": str(tmp_path)}
    listed = run(env, "pipelines", "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert f"No pipeline file (.yaml, .yml) in PIPELINES_DIR={tmp_path}" in listed.stderr
    assert "No pipeline is named default. No pipeline file" in run(env, "pipelines", "run", "default").stderr
    (tmp_path / "bad.yaml").write_text("name: 1\n", encoding="utf-8")
    assert "No pipeline is named default. Every file is rejected.\n" in run(env, "pipelines", "run", "default").stderr


def test_one_is_shown_with_its_tables_and_rules() -> None:
    shown = run({"COLUMNS": "80"}, "pipelines", "show", "full")
    assert_fits(shown.stdout)
    for text in ("vivenu_tickets", "3 retries", "at most 180 min", "reads everything again"):
        assert text in shown.stdout
    assert ask({}, "pipelines", "show", "minimal")["steps"][2]["condition"] == "new_tickets"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    answered = run({}, "pipelines", "run", "nightly")
    assert answered.exit_code == 1
    assert "The pipelines are default, full, minimal, parallel." in answered.stderr


def test_a_dagster_home_that_does_not_exist_is_named(env: dict[str, str], tmp_path: Path) -> None:
    absent = run(env | {"DAGSTER_HOME": str(tmp_path / "absent")}, "pipelines", "run", "minimal")
    assert absent.exit_code == 1
    assert f"DAGSTER_HOME={tmp_path / 'absent'} is not the absolute path of a folder." in absent.stderr


def test_a_run_is_a_process_of_dagster_whose_exit_code_is_the_commands(
    place: OrganiserLocation, env: dict[str, str], tmp_path: Path
) -> None:
    place.sync()
    place.organiser.faults.add(Fault(FaultKind.FORBIDDEN, times=None))  # what asks vivenu fails
    steps = "[{name: sales, selection: vivenu_sales_daily}, {name: coupons, selection: vivenu_coupons}]"
    text = (
        f"name: mine\ndescription: Mine.\nexecution: parallel\nsteps: {steps}\n"  # each table in a process of its own
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"} | env
    environment["PIPELINES_DIR"] = str(tmp_path)
    command = [str(Path(sys.executable).parent / "ticket-pipeline"), "pipelines", "run", "mine"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "vivenu_sales_daily: done\n" in ended.stderr
    assert "vivenu_coupons: failed. " in ended.stderr
    assert "Traceback" not in ended.stderr
    (sold,) = place.rows("select sum(tickets) as n from vivenu_sales_daily")
    assert sold["n"] == sum(row["sold"] for row in true_summary(place.organiser.world, NOW).values())
