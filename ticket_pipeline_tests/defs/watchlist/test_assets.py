"""The events asset: the watchlist synced, its ids registered as partitions, its bad rows shown as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.simulator.world import sample_watchlist_rows, sample_world
from ticket_pipeline_tests.defs.location import Location, evaluations, materializations


def watch(location: Location, path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    location.settings = location.loopback.settings(watchlist_csv=path)


@pytest.fixture
def rows(location: Location) -> list[list[str]]:
    """A watchlist of six events with another id each; those in the database are untracked by it."""
    location.loopback.rows("delete from events")
    return sample_watchlist_rows(sample_world(location.now))


def test_the_ids_of_every_marketplace_become_its_partitions(
    location: Location, tmp_path: Path, rows: list[list[str]]
) -> None:
    watch(location, tmp_path / "watchlist.csv", rows)
    assert location.run("sync_events").success

    header, *events = rows
    for marketplace, column in (
        (Marketplace.STUBHUB, "viagId"),
        (Marketplace.VIVID_SEATS, "Vivid Seats ID"),
        (Marketplace.TICKETMASTER, "Ticketmaster ID"),
    ):
        ids = [event[header.index(column)] for event in events]
        assert sorted(location.instance.get_dynamic_partitions(f"{marketplace}_events")) == sorted(ids)
    assert location.instance.get_dynamic_partitions(f"{Marketplace.VIVENU}_events") == []


def test_a_second_sync_adds_only_what_is_new_and_a_retired_event_keeps_its_key(
    location: Location, tmp_path: Path, rows: list[list[str]]
) -> None:
    path = tmp_path / "watchlist.csv"
    watch(location, path, rows[:5])
    location.run("sync_events")
    watch(location, path, [rows[0], *rows[2:]])
    assert location.run("sync_events").success
    assert sorted(location.instance.get_dynamic_partitions("stubhub_events")) == sorted(row[5] for row in rows[1:])
    tracked = read_events(location.loopback.database, tracked_only=True, marketplace=Marketplace.STUBHUB)
    assert {event.external_id for event in tracked} == {row[5] for row in rows[2:]}


def test_metadata_counts_the_rows_and_the_bad_ones_are_a_table_and_a_yellow_check(
    location: Location, tmp_path: Path, rows: list[list[str]]
) -> None:
    bad = ["No date", "Hall", "Boston", "United States", "someday", "12x", "TRUE", "", ""]
    watch(location, tmp_path / "watchlist.csv", [[*rows[0], "Notes"], *([*row, "…"] for row in rows[1:]), [*bad, ""]])
    result = location.run("sync_events")
    assert evaluations(result) == {"every_row_could_be_used": False}
    metadata: dict[str, Any] = materializations(result, location.instance)[None]
    counts = {
        name: metadata[name] for name in ("dagster/row_count", "tracked", "added", "changed", "untracked", "rejected")
    }
    assert counts == {"dagster/row_count": 6, "tracked": 6, "added": 6, "changed": 0, "untracked": 0, "rejected": 1}
    assert metadata["ignored_columns"] == "Notes"
    assert str(tmp_path) in metadata["source"]
    (record,) = metadata["rejected_rows"].records
    assert record.data["row"] == len(rows) + 1
    assert "someday" in record.data["reasons"]
    assert "No date" in record.data["cells"]


def test_a_long_table_of_bad_rows_is_cut(
    location: Location, tmp_path: Path, rows: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_pipeline.defs.watchlist.assets._MOST_TABLE_ROWS", 2)
    bad = [["No date", "", "", "", "", str(number), "", "", ""] for number in range(3)]
    watch(location, tmp_path / "watchlist.csv", [*rows, *bad])
    metadata = materializations(location.run("sync_events"), location.instance)[None]
    assert metadata["rejected"] == 3
    assert len(metadata["rejected_rows"].records) == 2


def test_a_sync_that_drops_most_events_fails_unless_it_is_forced(
    location: Location, tmp_path: Path, rows: list[list[str]]
) -> None:
    path = tmp_path / "watchlist.csv"
    watch(location, path, rows)
    location.run("sync_events")
    watch(location, path, rows[:2])
    assert not location.run("sync_events").success
    assert location.run("sync_events", config={"force": True}).success
