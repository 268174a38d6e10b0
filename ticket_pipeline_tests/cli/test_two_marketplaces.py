"""One event on two marketplaces: each its own listings and prices, never added up, and no command that guesses."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ticket_pipeline_tests.cli.conftest import HEADER, SOON, Cli, assert_fits
from ticket_pipeline_tests.marketplaces.ticketmaster.productions import PRODUCTION, WHAT_IS_WRONG, serve_production


@pytest.fixture
def both(cli: Cli) -> Iterator[Cli]:
    """A user with one event, followed on both marketplaces, the second with prices far below the first."""
    with serve_production() as url:
        cli.env["VIVID_SEATS_API_BASE_URL"] = url
        with cli.watchlist.open("w", newline="", encoding="utf-8") as file:
            when = f"{datetime.now(UTC) + SOON:%Y-%m-%d} 19:30"
            row = ["Game", "Crowd Arena", "Boston", "United States", when, cli.loopback.keys[0], "TRUE", PRODUCTION]
            csv.writer(file).writerows([[*HEADER, "Vivid Seats ID"], row])
        assert cli.run("sync-events").exit_code == 0
        yield cli


def by_marketplace(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The documents by the marketplace they are about; one each."""
    found = {document["marketplace"]: document for document in documents}
    assert len(found) == len(documents)
    return found


def test_a_fetch_polls_both_and_names_each(both: Cli) -> None:
    result = both.run("fetch-listings")
    assert (result.exit_code, result.stderr) == (0, "")
    assert_fits(result.stdout)
    assert {"stubhub", "vivid_seats"} <= set(result.stdout.split())
    found = by_marketplace(both.ask("fetch-listings"))
    assert found["vivid_seats"]["get_in_prices"][0] == "2.00"
    assert found["vivid_seats"]["get_in_prices"][1] == "1.00"
    assert float(found["stubhub"]["get_in_prices"][0]) > 3
    assert found["vivid_seats"]["checksum_problems"] == [WHAT_IS_WRONG]


def test_one_command_shows_every_marketplace_of_an_event_under_its_name(both: Cli) -> None:
    both.run("fetch-listings")
    for command in ("show-listings", "price-history", "section-prices"):
        for key in (PRODUCTION, both.loopback.keys[0], "game"):
            shown = both.run(command, key)
            assert_fits(shown.stdout)
            # The second marketplace has one suspect capture, and so no prices by section: a note says so.
            assert shown.output.index("Game on stubhub") < shown.output.index("Game on vivid_seats"), command
        one = both.run(command, "game", "--marketplace", "vivid_seats").output
        assert ("Game on vivid_seats" in one, "stubhub" in one) == (True, False), command


def test_totals_that_disagree_are_those_of_their_marketplace(both: Cli) -> None:
    both.run("fetch-listings")
    shown = {
        name: both.run("show-listings", "game", "--marketplace", name).stdout for name in ("stubhub", "vivid_seats")
    }
    assert f"Announced totals disagree: {WHAT_IS_WRONG}." in shown["vivid_seats"]
    assert "Announced totals" not in shown["stubhub"]


def test_words_fetch_every_marketplace_and_an_id_its_own(both: Cli) -> None:
    assert by_marketplace(both.ask("fetch-listings", "GAME", "boston")).keys() == {"stubhub", "vivid_seats"}
    assert by_marketplace(both.ask("fetch-listings", PRODUCTION)).keys() == {"vivid_seats"}


def test_without_a_key_a_marketplace_that_is_off_is_left_out_with_a_note(both: Cli) -> None:
    result = both.run("fetch-listings", DISABLED_MARKETPLACES="vivid_seats")
    assert result.exit_code == 0
    assert "1 events at vivid_seats were left out: it is disabled" in result.stderr
    assert both.loopback.rows("select distinct marketplace from snapshots") == [{"marketplace": "stubhub"}]
