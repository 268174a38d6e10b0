"""What is written is true: settings, assets, commands, links, SQL and names in documents are those of the code."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
import typer
import yaml
from psycopg import sql

from ticket_pipeline.alerts.incidents import RUNBOOK, Kind
from ticket_pipeline.cli.app import app
from ticket_pipeline.defs.alerts.checks import ALERT_CHECKS
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.settings.model import Settings, user_settings
from ticket_pipeline.storage.retention import KEPT
from ticket_pipeline_tests.docs.documents import (
    PROJECT,
    README,
    anchors,
    code_of,
    documents,
    marked,
    relative_links,
    sql_blocks,
    table_rows,
)

_ENV_EXAMPLE = PROJECT / ".env.example"
_SETTINGS = PROJECT / "docs" / "settings.md"
_FIELDS = {name: Settings.model_fields[name] for name in user_settings()}
_DATA_MODEL = PROJECT / "docs" / "data-model.md"
_RUNBOOK = PROJECT / "docs" / "runbook.md"
_OPERATIONS = PROJECT / "docs" / "operations.md"

# Written in parts, so that this file does not hold what it forbids.
_FORBIDDEN = re.compile(
    "|".join(
        [
            r"pypi\.(?:" + "org)",
            "python" + "hosted",
            r"deb\." + r"debian\.org",
            r"registry\." + "npmjs",
            r"(?:docker|ghcr|quay)\." + "io",
            r"(?<![\w.])/(?:" + "work|root|mnt|Users)/",
            r"(?<![\w.])/home/" + r"\w",
        ]
    )
)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """What Dagster loads with nothing configured."""
    from ticket_pipeline.definitions import build_defs  # noqa: PLC0415 - loading Dagster takes a second

    return build_defs(Settings())


def test_env_example_uncommented_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    env_file = tmp_path / "uncommented"
    text = _ENV_EXAMPLE.read_text(encoding="utf-8")
    env_file.write_text(re.sub(r"^#([A-Z0-9_]+=)", r"\1", text, flags=re.MULTILINE), encoding="utf-8")
    read = Settings(_env_file=env_file).model_dump()
    assert read | {"state_dir": read["state_dir"].resolve()} == Settings().model_dump()


def test_every_setting_is_documented_with_default_and_meaning() -> None:
    rows = [row for row in table_rows(marked(_SETTINGS, "settings")) if row[0].isupper()]
    expected = [(name.upper(), field.description) for name, field in _FIELDS.items()]
    assert sorted((name, meaning) for name, _, meaning in rows) == sorted(expected)
    defaults = {name.lower(): default for name, default, _ in rows if default}
    assert Settings.model_validate(defaults | {"state_dir": PROJECT / defaults["state_dir"]}) == Settings()


def test_a_user_finds_few_settings_and_a_dozen_in_the_readme() -> None:
    assert len(user_settings()) <= 70
    assert len(table_rows(marked(README, "settings"))) <= 13


def test_rendering_again_changes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    script = str(PROJECT / "scripts" / "render_settings.py")
    monkeypatch.setattr(sys, "argv", [script])
    runpy.run_path(script, run_name="__main__")
    shown = capsys.readouterr().out
    tables = [(README, "settings"), (README, "assets"), (_SETTINGS, "settings")]
    parts = [_ENV_EXAMPLE.read_text(encoding="utf-8"), *(marked(*table) for table in tables)]
    assert re.sub(r"\n{2,}", "\n", shown) == re.sub(r"\n{2,}", "\n", "\n".join(parts) + "\n"), (
        "run scripts/render_settings.py --write"
    )


def test_readme_is_short() -> None:
    text = README.read_text(encoding="utf-8")
    tables = marked(README, "settings").splitlines() + marked(README, "assets").splitlines()
    assert len(text.splitlines()) - len(tables) <= 90


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    links = relative_links(document)
    assert [str(path) for path, _ in links if not path.exists()] == []
    assert [anchor for path, anchor in links if anchor and anchor not in anchors(path)] == []


def test_make_targets_in_documents_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {name for document in documents() for name in re.findall(r"\bmake ([a-z-]+)", code_of(document))}
    assert "run" in named
    assert named - targets == set()


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_commands_in_documents_exist_with_their_options(document: Path) -> None:
    assert [problem for line in _commands(code_of(document)) for problem in _problems(line)] == []


def test_commands_that_messages_recommend_exist() -> None:
    files = [path for room in ("ticket_pipeline", "sql") for path in (PROJECT / room).rglob("*.[ps][yq]*")]
    named = {
        found
        for path in files
        if path.suffix in {".py", ".sql"}
        for found in re.findall(r"ticket-pipeline((?: [a-z][a-z-]+| --[a-z-]+)+)", path.read_text(encoding="utf-8"))
    }
    assert any("init-db" in found for found in named)
    assert [problem for found in sorted(named) for problem in _problems(found)] == []


def test_dagster_commands_in_documents_name_our_assets(definitions: dg.Definitions) -> None:
    assets = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}
    named = {name for document in documents() for name in re.findall(r"--select ([a-z_]+)", code_of(document))}
    assert named - assets == set()


def test_variables_in_documents_exist() -> None:
    known = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [
            *(PROJECT / "ticket_pipeline").rglob("*.py"),
            *(PROJECT / "ticket_pipeline_tests").glob("*.py"),
            *(PROJECT / "deploy").rglob("*.yaml"),
            *(PROJECT / name for name in ("Makefile", ".env.example")),
        ]
    )
    named = {
        name
        for document in documents()
        for name in re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", document.read_text(encoding="utf-8"))
    }
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", known)] == []


def test_decisions_are_numbered_without_gaps() -> None:
    decisions = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    numbers = [int(path.name.partition("-")[0]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))


@pytest.mark.parametrize(
    "decision", sorted((PROJECT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.name.partition("-")[0]
)
def test_a_decision_says_why_what_and_what_would_change_it(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(decision.name.partition('-')[0])}. ")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "What would change our mind"]


def test_the_runbook_says_how_long_each_table_is_kept() -> None:
    rows = table_rows(marked(PROJECT / "docs" / "operations.md", "retention"))
    assert rows == [[each.table, f"{each.days} days", each.needed_for.replace("`", "")] for each in KEPT]


def test_data_model_describes_every_table(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'tickets'"
        ).fetchall()
    described = re.findall(r"^### `(\w+)`", _DATA_MODEL.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(name for (name,) in rows)


def test_data_model_names_every_question_and_the_schema_says_what_it_is(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute(
            "select proname, obj_description(oid, 'pg_proc') from pg_proc "
            "where pronamespace = 'tickets'::regnamespace and proretset and provolatile <> 'v'"
        ).fetchall()
    text = _DATA_MODEL.read_text(encoding="utf-8")
    assert len(rows) > 10
    assert [name for name, comment in rows if not comment or not re.search(rf"`{name}\b", text)] == []


def test_example_sql_runs(migrated_url: str) -> None:
    blocks = [block for document in documents() for block in sql_blocks(document)]
    assert len(blocks) >= 5
    with psycopg.connect(migrated_url) as connection:
        for block in blocks:
            connection.execute(sql.SQL(block))


def test_runbook_explains_every_kind_of_incident_outcome_and_check(definitions: dg.Definitions) -> None:
    text = _RUNBOOK.read_text(encoding="utf-8")
    assert re.findall(r"^### `(\w+)`", text, re.MULTILINE) == list(Kind)
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)[: len(Kind)] == list(Kind)
    assert {f"{RUNBOOK}#{kind}" for kind in Kind} <= {f"docs/runbook.md#{anchor}" for anchor in anchors(_RUNBOOK)}
    checks = {key.name for part in definitions.asset_checks or [] for key in part.check_keys}
    names = checks | {check.name for check in ALERT_CHECKS} | {str(outcome) for outcome in Outcome}
    assert [name for name in sorted(names) if f"| `{name}`" not in text and f"`{name}` |" not in text] == []


def test_operations_name_every_sensor_and_schedule(definitions: dg.Definitions) -> None:
    sensors = {sensor.name for sensor in definitions.sensors or []}
    schedules = {schedule.name for schedule in definitions.schedules or []}
    text = _OPERATIONS.read_text(encoding="utf-8")
    assert [name for name in sorted(sensors | schedules) if f"`{name}`" not in text] == []


def test_changelog_knows_this_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"\n## [{project['version']}]" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_hooks_run_what_the_project_brings() -> None:
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    programs = {shlex.split(hook["entry"])[0] for hook in hooks}
    assert [name for name in programs if not name.startswith(".venv/bin/")] == []
    files = {word for hook in hooks for word in shlex.split(hook["entry"]) if word.startswith("scripts/")}
    assert files
    assert [name for name in files if not (PROJECT / name).is_file()] == []


def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout: nothing tells which files are tracked")
    tracked = subprocess.run([git, "-C", PROJECT, "ls-files", "-z"], capture_output=True, check=True).stdout
    paths = [PROJECT / name for name in tracked.decode().split("\0") if name]
    found = {
        str(path.relative_to(PROJECT)): match.group()
        for path in paths
        if path.is_file() and (match := _FORBIDDEN.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def _commands(code: str) -> Iterator[str]:
    """What follows `ticket-pipeline` in each line, up to a comment."""
    for line in code.splitlines():
        found = re.search(r"(?:^|\s|/)ticket-pipeline(?P<rest>(?: .*)?)$", line)
        if found:
            yield found["rest"].partition("#")[0]


def _problems(line: str) -> list[str]:
    """The words of a command line that our program does not know."""
    command: Any = typer.main.get_command(app)
    problems = []
    for word in shlex.split(line):
        if word.startswith("--"):
            options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            if word.partition("=")[0] not in options | {"--help"}:
                problems.append(f"{command.name}: no option {word}")
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return [f"{command.name}: no command {word}"]
            command = command.commands[word]
    return problems


@pytest.mark.parametrize("name", ["code", "daemon", "webserver", "dashboard"])
def test_a_systemd_unit_runs_the_command_of_its_service(name: str) -> None:
    unit = (PROJECT / "deploy" / "systemd" / f"ticket-pipeline-{name}.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=/opt/ticket-pipeline/bin/(.+)$", unit, re.MULTILINE)
    services = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    in_a_container = {"127.0.0.1": "0.0.0.0"}  # noqa: S104 - published on loopback of the host
    assert [in_a_container.get(word, word) for word in shlex.split(line)] == services[name]["command"]


def test_helm_serves_the_same_code_as_compose() -> None:
    values = yaml.safe_load((PROJECT / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8"))
    services = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    (served,) = values["dagster-user-deployments"]["deployments"]
    assert services["code"]["command"][-4:] == served["dagsterApiGrpcArgs"]
    dashboard, health = (one["spec"] for one in values["extraManifests"])
    (container,) = dashboard["template"]["spec"]["containers"]
    assert container["command"] == services["dashboard"]["command"]
    (container,) = health["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    unit = (PROJECT / "deploy" / "systemd" / "ticket-pipeline-health.service").read_text(encoding="utf-8")
    assert f"/bin/{shlex.join(container['command'])}\n" in unit
