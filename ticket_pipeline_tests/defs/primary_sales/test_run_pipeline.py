"""The program behind `pipelines run`, in process: what it prints of a run, and its exit code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline.defs.primary_sales import run_pipeline, tables
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation, open_organiser_location


@pytest.fixture
def place(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OrganiserLocation]:
    """An organiser whose address and key are in the environment, with a DAGSTER_HOME."""
    with open_organiser_location(migrated_url, tickets=100) as opened:
        variables = {
            "DAGSTER_HOME": str(tmp_path),
            "DATABASE_URL": migrated_url,
            "VIVENU_API_BASE_URL": opened.organiser.url,
            "VIVENU_API_KEY": SIMULATED_TOKEN,
            "HTTPX_RETRIES": "0",
            "TICKET_PIPELINE_ENV_FILE": str(tmp_path / "absent.env"),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        # Dagster keeps the last job of a process, with the settings of the test before.
        cached = type(dg.build_reconstructable_job("ticket_pipeline.definitions", "resolve_job", ("vivenu_minimal",)))
        cached.get_definition.cache_clear()
        cached.get_repository_definition.cache_clear()
        logs = "python_logs: {managed_python_loggers: [ticket_pipeline]}\n"
        (tmp_path / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{logs}", encoding="utf-8")
        yield opened


def test_every_table_is_printed_with_how_it_ended(place: OrganiserLocation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_pipeline.main(["minimal"]) == 0
    first = capsys.readouterr()
    tables_in_order = ("vivenu_events", "vivenu_tickets", "vivenu_sales_daily")
    lines = [line for line in first.err.splitlines() if line.startswith("vivenu_")]
    assert lines == [f"{table}: {text}" for table in tables_in_order for text in ("started", "done")]
    assert "Warning: Check nothing_is_oversold: More was sold than the capacity (" in first.err
    assert first.out == "The pipeline minimal is done.\n"
    assert run_pipeline.main(["minimal"]) == 0
    assert "vivenu_sales_daily: skipped, no new tickets\n" in capsys.readouterr().err
    place.organiser.log.clear()
    assert run_pipeline.main(["minimal", "--skip-fetch"]) == 0
    assert capsys.readouterr().err == "vivenu_sales_daily: started\nvivenu_sales_daily: done\n"
    assert place.organiser.log.records() == []


@pytest.mark.usefixtures("place")
def test_a_table_is_printed_while_the_run_is_still_under_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def wait_for_the_line(*_: object) -> tables.Metadata:
        deadline = time.monotonic() + 60
        while "vivenu_tickets: done\n" not in "".join(printed) and time.monotonic() < deadline:
            printed.append(capsys.readouterr().err)
            time.sleep(0.01)
        return {}

    monkeypatch.setattr(
        "ticket_pipeline.defs.primary_sales.assets.MAKE", tables.MAKE | {"vivenu_sales_daily": wait_for_the_line}
    )
    assert run_pipeline.main(["minimal"]) == 0
    assert "vivenu_tickets: done\n" in "".join(printed)


def test_a_failure_has_its_reason_and_no_traceback_or_secret(
    place: OrganiserLocation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPX_VERIFY_SSL", "false")
    place.organiser.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    assert run_pipeline.main(["minimal"]) == 1
    started, warning, failed, *others = capsys.readouterr().err.splitlines()
    assert started == "vivenu_events: started"
    assert warning.startswith("Warning: HTTPX_VERIFY_SSL is off")
    assert failed.startswith("vivenu_events: failed. ")
    assert "VIVENU_API_KEY" in failed
    assert others == [
        "vivenu_tickets: not made, a table it needs failed",
        "vivenu_sales_daily: not made, a table it needs failed",
        "Error: The pipeline minimal failed. Run it with --debug to see Dagster's log.",
    ]
    assert SIMULATED_TOKEN not in failed


def test_an_unexpected_error_is_named_without_secrets(
    place: OrganiserLocation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: object) -> tables.Metadata:
        raise KeyError("api_key=verysecret")

    place.sync()
    monkeypatch.setattr("ticket_pipeline.defs.primary_sales.assets.MAKE", tables.MAKE | {"vivenu_sales_daily": make})
    assert run_pipeline.main(["minimal", "--skip-fetch"]) == 1
    shown = capsys.readouterr().err
    assert "vivenu_sales_daily: failed. KeyError: 'api_key=***" in shown
    assert "Traceback" not in shown


@pytest.mark.usefixtures("place")
def test_what_cannot_run_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    head = 'description: Mine.\ncron: "61 * * * *"\nsteps: '
    (folder / "never.yaml").write_text(f"name: never\n{head}[{{name: all, selection: vivenu_gender}}]\n")
    fetched = head.replace("61", "1") + "[{name: all, selection: vivenu_events}]\n"
    (folder / "fetched.yaml").write_text(f"name: fetched\n{fetched}")
    monkeypatch.setenv("PIPELINES_DIR", str(folder))
    assert run_pipeline.main(["never"]) == 1
    assert "No pipeline never is loaded.\nThe pipeline never has a cron expression" in capsys.readouterr().err
    assert run_pipeline.main(["fetched", "--skip-fetch"]) == 1
    assert "Run it without --skip-fetch." in capsys.readouterr().err
