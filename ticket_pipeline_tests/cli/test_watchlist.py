"""`fetch-events` and `show-events`."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline_tests.cli.conftest import HEADER, assert_fits

if TYPE_CHECKING:
    from ticket_pipeline_tests.cli.conftest import Cli


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


def test_a_lost_column_of_ids_changes_nothing_unless_forced_and_then_they_are_removed(cli: Cli) -> None:
    rows = cli.read_watchlist()
    with_column = [[*HEADER, "Vivid Seats ID"], *([*row, f"99{number}"] for number, row in enumerate(rows))]
    with cli.watchlist.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(with_column)
    assert cli.run("sync-events").exit_code == 0
    cli.write_watchlist(rows)
    refused = cli.run("sync-events")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "the 4 vivid_seats ids" in refused.stderr
    forced = " ".join(cli.run("sync-events", "--force").stdout.split())
    assert "0 added, 4 changed, 0 unchanged" in forced
    assert "Ids removed, no longer polled: vivid_seats:990, vivid_seats:991" in forced
    assert "Ids replaced" not in forced


def test_a_missing_watchlist_is_told_without_a_traceback(cli: Cli) -> None:
    cli.watchlist.unlink()
    result = cli.run("fetch-events")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "watchlist.csv" in result.stderr


def test_events_are_shown_with_key_local_time_and_next_poll(synced: Cli) -> None:
    result = synced.run("show-events")
    assert_fits(result.stdout)
    assert all(key in result.stdout for key in synced.loopback.keys)
    assert "19:30 E" in result.stdout  # EST or EDT: the venue is in Boston
    # Name, key, last capture and next poll of an event stand on one line of 80 columns.
    assert len(re.findall(r"^\S.* stubhub +\d{9} +never +now *$", result.stdout, re.MULTILINE)) == 4
    assert "4 events." in result.stdout


def test_how_an_event_fails_breaks_between_words_only(synced: Cli) -> None:
    synced.loopback.rows("update poll_schedule set consecutive_failures = 3, last_outcome = 'rate_limited'")
    shown = synced.run("show-events").stdout
    assert_fits(shown)
    lines = [line.split() for line in shown.splitlines()]
    assert sum("limited" in words for words in lines) == 4


def test_events_that_are_over_or_untracked_are_shown_on_request_only(cli: Cli) -> None:
    keys = cli.loopback.keys
    cli.write_watchlist(
        [
            ["Over", "Crowd Arena", "Boston", "United States", "2020-01-01 19:30", keys[0], "TRUE"],
            ["Off", "Crowd Arena", "Boston", "United States", "2090-01-01 19:30", keys[1], "FALSE"],
            ["On", "Crowd Arena", "Boston", "United States", "2090-01-02 19:30", keys[2], "TRUE"],
        ]
    )
    cli.run("sync-events")
    shown = cli.run("show-events").stdout
    assert (keys[0] in shown, keys[1] in shown, keys[2] in shown) == (False, False, True)
    assert "2 more are over or no longer followed: --all." in shown
    everything = cli.run("show-events", "--all").stdout
    assert "untracked" in everything
    assert "over" in everything
    assert [row["external_id"] for row in cli.ask("show-events")] == [keys[2]]
    assert len(cli.ask("show-events", "--all")) == 3


def test_an_empty_list_says_what_to_do(cli: Cli) -> None:
    nothing = cli.run("show-events")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "ticket-pipeline sync-events" in nothing.stderr
    over = ["Over", "Crowd Arena", "Boston", "United States", "2020-01-01 19:30", cli.loopback.keys[0], "TRUE"]
    cli.write_watchlist([over])
    cli.run("sync-events")
    assert "show-events --all" in cli.run("show-events").stderr


def test_rejected_rows_are_shown_with_every_reason(cli: Cli) -> None:
    cli.write_watchlist(
        [
            ["Good", "Crowd Arena", "Boston", "United States", "2090-01-01 19:30", cli.loopback.keys[0], "TRUE"],
            ["Bad [bold]name", "Crowd Arena", "Boston", "United States", "2090-13-01", "no number", "TRUE"],
        ]
    )
    synced = cli.run("sync-events")
    assert "1 rows rejected" in synced.stdout
    shown = cli.run("show-events", "--rejected").stdout
    assert_fits(shown)
    assert "Bad [bold]name" in shown
    assert shown.count("- ") >= 2
    (row,) = cli.ask("show-events", "--rejected")
    assert (row["row_number"], len(row["reasons"]) >= 2) == (3, True)
    cli.write_watchlist()
    cli.run("sync-events")
    assert "No row of the watchlist is rejected." in cli.run("show-events", "--rejected").stdout


def test_an_ambiguous_date_is_read_as_the_setting_says(cli: Cli) -> None:
    cli.write_watchlist([["Spring", "Crowd Arena", "Boston", "United States", "03/04/2090 19:30", "157284301", "TRUE"]])
    cli.run("sync-events")
    assert cli.ask("show-events") == []
    dates = {}
    for order in ("month_first", "day_first"):
        assert cli.run("sync-events", "--force", WATCHLIST_DATE_ORDER=order).exit_code == 0
        dates[order] = cli.ask("show-events")[0]["event_date"]
    assert dates == {"month_first": "2090-03-04T19:30:00", "day_first": "2090-04-03T19:30:00"}


def test_columns_that_mean_nothing_are_named(cli: Cli) -> None:
    rows = cli.read_watchlist()
    with cli.watchlist.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*HEADER, "Colour"], *([*row, "red"] for row in rows)])
    assert "Columns that are not used: Colour." in cli.run("sync-events").stdout
    assert cli.ask("sync-events")["ignored_columns"] == ["Colour"]
