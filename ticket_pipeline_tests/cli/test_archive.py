"""`archive` from the command line, and what other commands say of months that are there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ticket_pipeline.storage.archive import Month, last_due_month
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.storage.stored import HOUR, items, rejects, store

MONTH = last_due_month(datetime.now(UTC), 4)
AT = MONTH.start + timedelta(days=3, hours=18, minutes=20)


@pytest.fixture
def archived(synced: Cli, tmp_path: Path) -> Cli:
    """Event 0 has two captures in an hour of an archived month, before and after midnight in Kolkata."""
    synced.env["ARCHIVE_URL"] = str(tmp_path / "archive")
    (event, *_) = synced.loopback.events(synced.loopback.keys[:1])
    for moment in (AT, AT + HOUR / 3):
        store(synced.loopback.database, event, moment, items(5), rejects(2))
    hour = AT.replace(minute=0)
    rebuild_hourly(synced.loopback.database, Span(hour, hour + HOUR))
    found = synced.ask("archive", "run")
    assert [(each["state"], each["rows"]) for each in found["files"]] == [
        ("dropped", 0),
        ("dropped", 10),
        ("dropped", 4),
    ]
    return synced


def test_the_commands_of_the_archive(archived: Cli) -> None:
    assert str(MONTH) in archived.run("archive", "list").stdout
    assert "3 files of 3 hold what was archived" in archived.run("archive", "verify").stdout
    assert archived.ask("archive", "query", "select count(*) as n from listings") == [{"n": 10}]
    assert archived.ask("archive", "restore", str(MONTH))["rows"]["listings"] == 10
    assert "No month is due" in archived.run("archive", "run").stderr
    wrong = archived.run("archive", "restore", str(MONTH))
    assert (wrong.exit_code, "is not in the archive" in wrong.stderr) == (1, True)


def test_a_damaged_file_ends_verify_with_one(archived: Cli, tmp_path: Path) -> None:
    (file,) = (tmp_path / "archive").rglob("listings.parquet")
    file.write_bytes(b"")
    result = archived.run("archive", "verify")
    assert result.exit_code == 1
    assert "Could not read" in result.stderr
    assert json.loads(archived.run("archive", "verify", "--json").stdout)[1]["problem"]


def test_what_lacks_archived_listings_says_so(archived: Cli, tmp_path: Path) -> None:
    for command in ("show-listings event 0", "changes event 0 --days 300", f"export listings --to {tmp_path}/out"):
        result = archived.run(*command.split())
        assert result.exit_code == 0, command
        assert f"{MONTH.name} is archived; first run `ticket-pipeline archive restore {MONTH}`" in result.stderr, (
            command
        )


def test_an_hour_that_a_bucket_cuts_is_no_empty_market(archived: Cli) -> None:
    archived.loopback.rows("update events set timezone = 'Asia/Kolkata' returning 1")
    days = (datetime.now(UTC) - AT).days + 2
    (series,) = archived.ask("price-history", "event", "0", "--days", str(days))["series"]
    (bucket,) = [each for each in series["buckets"] if each["snapshots"]]
    assert (bucket["floor_price"], bucket["listings"]) == ("100.00", 5)


def test_months_have_neighbours() -> None:
    assert Month.parse("2026-01").plus(-1) == Month.parse("2025-12")
    assert Month.parse("2026-12").plus(1) == Month.parse("2027-01")
