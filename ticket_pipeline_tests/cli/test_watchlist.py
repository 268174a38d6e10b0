"""`sync-events` and `show-events`."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import pytest

from ticket_pipeline_tests.cli.conftest import HEADER, Cli, assert_fits


def event(name: str, when: str, key: str, is_tracked: str = "TRUE") -> list[str]:
    """A row of the watchlist."""
    return [name, "Crowd Arena", "Boston", "United States", when, key, is_tracked]


def write_with_column(cli: Cli, header: str, cells: Sequence[str]) -> None:
    """Write the watchlist with one more column."""
    rows = [[*row, cell] for row, cell in zip(cli.read_watchlist(), cells, strict=True)]
    with cli.watchlist.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*HEADER, header], *rows])


@pytest.mark.parametrize("name", ["fetch-events", "sync-events"])
def test_both_names_of_the_command_sync_the_watchlist(cli: Cli, name: str) -> None:
    result = cli.run(name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "4 events; 4 added, 0 changed, 0 unchanged, 0 no longer followed." in " ".join(result.stdout.split())
    assert cli.ask(name)["unchanged"] == 4


def test_an_accident_in_the_watchlist_changes_nothing_unless_forced(synced: Cli) -> None:
    synced.write_watchlist(synced.read_watchlist()[:1])
    refused = synced.run("sync-events")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "sync-events --force" in refused.stderr
    assert len(synced.ask("show-events")) == 4
    assert synced.run("sync-events", "--force").exit_code == 0
    assert len(synced.ask("show-events")) == 1


def test_ids_that_a_forced_sync_removes_are_named(cli: Cli) -> None:
    rows = cli.read_watchlist()
    write_with_column(cli, "Vivid Seats ID", ["990", "991", "992", "993"])
    assert cli.run("sync-events").exit_code == 0
    cli.write_watchlist(rows)
    assert "the 4 vivid_seats ids" in cli.run("sync-events").stderr
    forced = " ".join(cli.run("sync-events", "--force").stdout.split())
    assert "0 added, 4 changed, 0 unchanged" in forced
    assert "Ids removed, no longer polled: vivid_seats:990, vivid_seats:991" in forced
    assert "Ids replaced" not in forced


def test_events_are_shown_with_key_local_time_and_next_poll(synced: Cli) -> None:
    result = synced.run("show-events")
    assert_fits(result.stdout)
    assert "19:30 E" in result.stdout  # EST or EDT: the venue is in Boston
    # Name, key, last capture and next poll of an event are on one line of 80 columns.
    assert len(re.findall(r"^\S.* stubhub +\d{9} +never +now *$", result.stdout, re.MULTILINE)) == 4
    assert "4 events." in result.stdout


def test_the_last_error_is_shown_in_full_and_breaks_between_words(synced: Cli) -> None:
    error = f"Réponse inattendue \N{EM DASH} le serveur a renvoyé une page d'erreur interminable. {'x' * 300}"
    synced.loopback.rows(
        "update poll_schedule set consecutive_failures = 3, last_outcome = 'bad_payload', last_error = %s", error
    )
    shown = synced.run("show-events").stdout
    assert_fits(shown)
    assert shown.split().count("payload") == 4
    assert "".join(error.split()) in "".join(shown.split())
    assert {word for word in error.split() if len(word) < 80} <= set(shown.split())


def test_events_that_are_over_or_untracked_are_shown_on_request_only(cli: Cli) -> None:
    keys = cli.loopback.keys
    nothing = cli.run("show-events")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "ticket-pipeline sync-events" in nothing.stderr
    over, off = event("Over", "2020-01-01 19:30", keys[0]), event("Off", "2090-01-01 19:30", keys[1], "FALSE")
    cli.write_watchlist([over, off])
    cli.run("sync-events")
    assert "show-events --all" in cli.run("show-events").stderr
    cli.write_watchlist([over, off, event("On", "2090-01-02 19:30", keys[2])])
    cli.run("sync-events")
    assert "2 more are over or no longer followed: --all." in cli.run("show-events").stdout
    assert [row["external_id"] for row in cli.ask("show-events")] == [keys[2]]
    everything = cli.run("show-events", "--all").stdout
    assert {"untracked", "over"} <= set(everything.split())
    assert len(cli.ask("show-events", "--all")) == 3


def test_rejected_rows_are_shown_with_every_reason(cli: Cli) -> None:
    good = event("Good", "2090-01-01 19:30", cli.loopback.keys[0])
    cli.write_watchlist([good, event("Bad [bold]name", "2090-13-01", "no number")])
    assert "1 rows rejected" in cli.run("sync-events").stdout
    shown = cli.run("show-events", "--rejected").stdout
    assert_fits(shown)
    assert "Bad [bold]name" in shown
    assert shown.count("- ") >= 2
    (row,) = cli.ask("show-events", "--rejected")
    assert (row["row_number"], len(row["reasons"]) >= 2) == (3, True)
    cli.write_watchlist()
    cli.run("sync-events")
    assert "No row of the watchlist is rejected." in cli.run("show-events", "--rejected").stdout


def test_columns_that_are_not_used_are_named(cli: Cli) -> None:
    write_with_column(cli, "Colour", ["red"] * 4)
    assert "Columns that are not used: Colour." in cli.run("sync-events").stdout
    assert cli.ask("sync-events")["ignored_columns"] == ["Colour"]
