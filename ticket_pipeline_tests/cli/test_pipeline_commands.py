"""`pipelines`: what there is, what it does, and a run by Dagster as a user starts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ticket_pipeline.cli.app import app
from ticket_pipeline.primary_sales.pipeline_files import shipped_pipelines
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline_tests.cli.conftest import assert_fits
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation, open_organiser_location
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result


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


def test_the_list_names_every_pipeline_and_every_refused_file(tmp_path: Path) -> None:
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
        assert "Refused 1 of 2 pipeline files" in bad.stderr
        assert "bad.yaml, line 1, name: " in bad.stderr


def test_a_folder_without_a_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    env = {"PIPELINES_DIR": str(tmp_path)}
    listed = run(env, "pipelines", "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert f"PIPELINES_DIR={tmp_path} holds no pipeline file" in listed.stderr
    assert ask(env, "pipelines", "list") == {"pipelines": [], "refused": []}
    asked = run(env, "pipelines", "run", "default")
    assert asked.exit_code == 1
    assert f"PIPELINES_DIR={tmp_path} holds no pipeline file" in asked.stderr
    assert "unset PIPELINES_DIR" in asked.stderr
    (tmp_path / "bad.yaml").write_text("name: 1\n", encoding="utf-8")
    assert run(env, "pipelines", "list").stdout == ""
    assert "there is none. Every file is refused.\n" in run(env, "pipelines", "run", "default").stderr


def test_one_is_shown_with_its_steps_and_rules() -> None:
    shown = run({"COLUMNS": "80"}, "pipelines", "show", "full")
    assert_fits(shown.stdout)
    for text in ("vivenu_tickets", "3 retries", "at most 180 min", "the others go on", "reads everything again"):
        assert text in shown.stdout
    assert ask({}, "pipelines", "show", "minimal")["steps"][2]["condition"] == "new_tickets"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    answered = run({}, "pipelines", "run", "nightly")
    assert answered.exit_code == 1
    assert "default, full, minimal, parallel" in answered.stderr


def test_a_run_makes_every_number_true_and_another_one_fetches_nothing(
    place: OrganiserLocation, env: dict[str, str]
) -> None:
    first = run(env, "pipelines", "run", "parallel")  # whose steps are processes of their own
    assert first.exit_code == 0, first.output
    assert "sales: made vivenu_sales_daily" in first.stderr
    place.organiser.log.clear()
    again = run(env, "pipelines", "run", "default", "--skip-fetch")
    assert again.exit_code == 0, again.output
    assert place.organiser.log.records() == []
    # Dagster's processes have the real clock, so all but the pace is compared: every event's start is past for them.
    place.rebuild()
    assert_every_number_is_true(place, NOW)


def test_a_dagster_home_of_the_users_own_is_used_as_it_is(env: dict[str, str], tmp_path: Path) -> None:
    absent = run(env | {"DAGSTER_HOME": str(tmp_path / "absent")}, "pipelines", "run", "minimal", "--skip-fetch")
    assert absent.exit_code == 1
    assert "DAGSTER_HOME" in absent.stderr
    home = tmp_path / "home"
    home.mkdir()
    ended = run(env | {"DAGSTER_HOME": str(home)}, "pipelines", "run", "minimal", "--skip-fetch")
    assert ended.exit_code == 0, ended.output
    # Without a dagster.yaml Dagster keeps its records in files there, and none was put there.
    assert (home / "history").is_dir()
    assert not (home / "dagster.yaml").exists()


def test_after_a_failure_the_others_go_on_and_the_command_names_what_failed(
    place: OrganiserLocation, env: dict[str, str], tmp_path: Path
) -> None:
    place.sync()
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ndescription: Mine.\nexecution: parallel\non_failure: continue\nsteps:\n"
        "  - {name: coupons, selection: vivenu_coupons}\n  - {name: summary, selection: vivenu_summary}\n",
        encoding="utf-8",
    )
    place.organiser.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    ended = run(env | {"PIPELINES_DIR": str(tmp_path)}, "pipelines", "run", "mine")
    assert ended.exit_code == 1
    assert ended.stderr.index("coupons: failed") < ended.stderr.index("summary: made vivenu_summary")
    assert "it failed:\n  The step coupons failed: " in ended.stderr


def test_a_failed_run_says_why_without_a_traceback(place: OrganiserLocation, env: dict[str, str]) -> None:
    place.organiser.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    ended = run(env, "pipelines", "run", "minimal")
    assert ended.exit_code == 1
    assert "VIVENU_API_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert SIMULATED_TOKEN not in ended.output


def test_an_unverified_run_warns_once_and_names_each_skipped_step(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ndescription: Mine.\nsteps:\n"
        "  - {name: tickets, selection: [vivenu_events, vivenu_tickets]}\n"
        "  - {name: sales, selection: vivenu_sales_daily, condition: new_tickets}\n"
        "  - {name: people, selection: vivenu_gender, depends_on: sales}\n",
        encoding="utf-8",
    )
    mine = env | {"PIPELINES_DIR": str(tmp_path), "HTTPX_VERIFY_SSL": "false"}
    first = run(mine, "pipelines", "run", "mine")
    assert first.stderr.count("Warning: HTTPX_VERIFY_SSL is off: whoever") == 1
    again = run(mine, "pipelines", "run", "mine")
    assert again.exit_code == 0, again.output
    assert "sales: skipped, no ticket came or changed" in again.stderr
    assert "people: skipped, what it needs was skipped" in again.stderr


def test_an_unexpected_error_is_named_and_so_is_what_never_started(env: dict[str, str], tmp_path: Path) -> None:
    # A fault of our own, in the process of the run: Python reads this file at its start.
    (tmp_path / "sitecustomize.py").write_text("import httpx\nhttpx.AsyncClient.stream = lambda *_, **__: 1 // 0\n")
    broken = env | {"PYTHONPATH": str(tmp_path)}
    ended = run(broken, "pipelines", "run", "minimal")
    assert ended.exit_code == 1
    assert "events: failed\ntickets: not started\nsales: not started\n" in ended.stderr
    assert "The step events failed unexpectedly: ZeroDivisionError: integer division" in ended.stderr
    assert "--debug" in ended.stderr
    shown = run(broken, "pipelines", "run", "minimal", "--debug")
    assert "  The step events failed unexpectedly: ZeroDivisionError" in shown.stderr
    assert "with --debug" not in shown.stderr


def test_what_would_start_beside_a_failure_is_told_as_not_started(
    place: OrganiserLocation, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ndescription: Mine.\nexecution: parallel\nmax_parallel_steps: 1\nsteps:\n"
        "  - {name: coupons, selection: vivenu_coupons}\n  - {name: people, selection: vivenu_gender}\n",
        encoding="utf-8",
    )
    place.organiser.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    ended = run(env | {"PIPELINES_DIR": str(tmp_path)}, "pipelines", "run", "mine")
    assert "coupons: failed\npeople: not started, the step coupons failed\n" in ended.stderr


def test_a_wait_is_told_by_our_own_log_alone(place: OrganiserLocation, env: dict[str, str]) -> None:
    place.organiser.faults.add(Fault(FaultKind.RATE_LIMITED, times=1, retry_after="1"))
    waited = run(env | {"HTTPX_RETRIES": "1", "LOG_LEVEL": "INFO"}, "pipelines", "run", "minimal", "--debug")
    assert waited.exit_code == 0, waited.output
    assert "the answer was 429" in waited.stderr
    assert "stamina" not in waited.stderr
