"""`write-results`."""

from __future__ import annotations

import csv

from ticket_pipeline_tests.cli.conftest import Cli


def test_results_are_counted_written_beside_the_watchlist_and_not_written_when_dry(synced: Cli) -> None:
    target = synced.watchlist.with_suffix(".results.csv")
    assert synced.ask("write-results", "--dry-run")["cells"] == 48
    assert not target.exists()
    shown = synced.run("write-results").stdout
    assert "4 rows of" in shown
    assert "48 cells changed" in " ".join(shown.split())
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert all(row["Link"].startswith("http://127.0.0.1:") for row in rows)


def test_a_column_that_does_not_exist_is_named_with_those_that_do(synced: Cli) -> None:
    failed = synced.run("write-results", "--columns", "Flor, status")
    assert failed.exit_code == 1
    assert "No column of results is called 'Flor'. There are: Floor, Get-in 1" in failed.stderr
