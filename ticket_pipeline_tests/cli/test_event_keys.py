"""Event keys as users type them: unknown, ambiguous, replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ticket_pipeline_tests.cli.conftest import Cli

COMMANDS = ["show-listings", "price-history", "section-prices", "fetch-listings"]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_key_is_answered_with_what_it_is_near_ones_and_what_to_do(synced: Cli, command: str) -> None:
    result = synced.run(command, "158000009")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'158000009'" in result.stderr
    assert "4 are known (nearest 15800000" in result.stderr
    assert "ticket-pipeline show-events --all" in result.stderr
    assert "Traceback" not in result.output


def test_without_any_event_the_answer_counts_none(cli: Cli) -> None:
    assert "0 are known." in cli.run("show-listings", "158000009").stderr


def test_the_same_id_at_two_marketplaces_asks_for_the_marketplace(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    synced.loopback.rows(
        "insert into event_sources (marketplace, external_id, event_id) values ('vivid_seats', %s, "
        "(select max(event_id) from events))",
        key,
    )
    asked = synced.run("show-listings", key)
    assert asked.exit_code == 1
    assert "--marketplace" in asked.stderr
    assert "stubhub (Event 0), vivid_seats (Event 3)" in asked.stderr
    answered = synced.ask("show-listings", key, "--marketplace", "vivid_seats")
    assert answered["event"]["name"] == "Event 3"


def test_a_key_of_another_marketplace_is_unknown_there(synced: Cli) -> None:
    result = synced.run("show-listings", synced.loopback.keys[0], "--marketplace", "vivenu")
    assert "No event of vivenu has the key" in result.stderr


def test_a_replaced_key_still_works_and_says_so(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    text = synced.watchlist.read_text(encoding="utf-8")
    synced.watchlist.write_text(text.replace(key, "158999999"), encoding="utf-8")
    synced.run("sync-events")
    result = synced.run("show-listings", key)
    assert result.exit_code == 0
    assert f"replaced {key}" in result.stderr


def test_spaces_around_a_key_do_not_matter(synced: Cli) -> None:
    assert synced.run("show-listings", f" {synced.loopback.keys[0]} ").exit_code == 0
