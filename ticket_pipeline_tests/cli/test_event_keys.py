"""Event keys as users type them: unknown, ambiguous, replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ticket_pipeline_tests.cli.conftest import Cli


@pytest.mark.parametrize("command", ["show-listings", "price-history", "section-prices", "fetch-listings"])
def test_an_unknown_key_is_met_with_near_ones_and_what_to_do(synced: Cli, command: str) -> None:
    result = synced.run(command, "158000009")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No event has the key '158000009'" in result.stderr
    assert "4 are known (nearest 15800000" in result.stderr
    assert "ticket-pipeline show-events --all" in result.stderr
    assert "Traceback" not in result.output


def test_a_key_of_another_marketplace_is_unknown_there(synced: Cli) -> None:
    result = synced.run("show-listings", synced.loopback.keys[0], "--marketplace", "vivenu")
    assert "No event of vivenu has the key" in result.stderr
    assert "0 are known." in result.stderr


def test_the_same_id_at_two_marketplaces_needs_the_marketplace(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    synced.loopback.rows(
        "insert into event_sources (marketplace, external_id, event_id) values ('vivid_seats', %s, "
        "(select max(event_id) from events))",
        key,
    )
    refused = synced.run("show-listings", key)
    assert refused.exit_code == 1
    assert "stubhub (Event 0), vivid_seats (Event 3). Choose one with --marketplace." in refused.stderr
    assert synced.ask("show-listings", key, "--marketplace", "vivid_seats")["event"]["name"] == "Event 3"


def test_a_replaced_key_still_shows_its_history_with_a_note_and_is_not_fetched(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    text = synced.watchlist.read_text(encoding="utf-8")
    synced.watchlist.write_text(text.replace(key, "158999999"), encoding="utf-8")
    synced.run("sync-events")
    shown = synced.run("show-listings", f" {key} ")
    assert (shown.exit_code, f"replaced {key}" in shown.stderr) == (0, True)
    fetched = synced.run("fetch-listings", key)
    assert (fetched.exit_code, "Fetch the new ids" in fetched.stderr) == (1, True)
    assert synced.loopback.log.records() == []
