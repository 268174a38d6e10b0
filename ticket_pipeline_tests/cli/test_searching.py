"""`search` and `match`, on the simulated Ticketmaster."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.cli.searching import from_price
from ticket_pipeline.marketplaces.ticketmaster.parser import PriceRange, read_event
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline_tests.cli.conftest import Cli, Searching, assert_fits
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import CANARY, EVENT


def test_it_prints_ids_to_paste_within_80_columns(searching: Searching) -> None:
    wanted = searching.events[0]
    result = searching.cli.run("search", wanted.name, "--city", wanted.venue.city)
    assert result.exit_code == 0, result.output
    assert_fits(result.stdout)
    assert wanted.ids[Marketplace.TICKETMASTER] in result.stdout
    assert "1 event." in result.stdout
    assert CANARY not in result.output


def test_the_document_has_all_of_an_event(searching: Searching) -> None:
    found = searching.cli.ask("search", searching.events[0].name)
    (first, *_) = found["events"]
    assert found["is_cut"] is False
    assert first["external_id"] in searching.ids()
    assert {"name", "status", "local_date", "timezone", "event_at", "price_ranges"} <= first.keys()
    code = first["venue"]["country"]
    (same,) = searching.cli.ask("search", searching.events[0].name, "--country", code.lower())["events"]
    assert same["external_id"] == first["external_id"]


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [
        ({"CAD": ("54", "80")}, "54.00 CAD"),
        ({"CAD": ("54", "80"), "USD": ("60",)}, "54.00 CAD\n60.00 USD"),
        ({"PLN": ("200",), "EUR": ("50", "45")}, "45.00 EUR\n200.00 PLN"),
        ({}, "\N{EN DASH}"),
    ],
)
def test_the_lowest_price_is_that_of_each_currency(amounts: dict[str, tuple[str, ...]], shown: str) -> None:
    ranges = [
        PriceRange("standard", currency, Decimal(low), Decimal(900))
        for currency, lows in amounts.items()
        for low in lows
    ]
    assert from_price(replace(read_event(EVENT), price_ranges=tuple(ranges))) == shown


def test_finding_nothing_is_not_an_error(searching: Searching) -> None:
    result = searching.cli.run("search", "zzzz nothing like this")
    assert result.exit_code == 0
    assert "has no event that matches 'zzzz nothing like this'" in result.stderr


def test_the_same_search_in_other_words_makes_no_request(searching: Searching) -> None:
    name = searching.events[0].name
    for arguments in ([name], [name], [name.upper(), "--limit", "7"], [f"  {name} ", "--limit", "50"]):
        assert searching.cli.run("search", *arguments).exit_code == 0
    assert len(searching.log.records()) == 1


def test_while_ticketmaster_is_down_the_old_response_is_shown_with_its_age(searching: Searching) -> None:
    name = searching.events[0].name
    watch_without_ids(searching)
    commands = [["search", name], ["match"]]
    for command in commands:
        searching.cli.run(*command)
    searching.cli.loopback.rows("update cached_responses set stored_at = stored_at - interval '3 hours'")
    searching.faults.add(Fault(FaultKind.UNAVAILABLE, times=None))
    for command in commands:
        result = searching.cli.run(*command)
        assert result.exit_code == 0
        assert "did not respond; the oldest cached response shown instead is from 3 h ago" in result.stderr


def test_a_refused_or_missing_key_names_its_setting(searching: Searching, cli: Cli) -> None:
    refused = searching.cli.run("search", "x", TICKETMASTER_API_KEY="anotherCanary")
    assert (refused.exit_code, "TICKETMASTER_API_KEY" in refused.stderr) == (1, True)
    assert "anotherCanary" not in refused.output
    del cli.env["TICKETMASTER_API_KEY"]
    missing = cli.run("search", "x")
    assert (missing.exit_code, "Set TICKETMASTER_API_KEY" in missing.stderr) == (1, True)


def test_a_country_that_is_no_code_is_not_searched_for(searching: Searching) -> None:
    result = searching.cli.run("search", "x", "--country", "Canada")
    assert (result.exit_code, "not a country code" in result.stderr) == (2, True)
    assert searching.log.records() == []


def watch_without_ids(searching: Searching, as_written: Callable[[str], str] = str) -> None:
    """Put the marketplace's events on the watchlist, without Ticketmaster's ids, under names of the user's own."""
    rows = [
        [
            as_written(event.name),
            event.venue.name,
            event.venue.city,
            event.venue.country,
            f"{event.event_at.astimezone(ZoneInfo(event.venue.timezone)):%Y-%m-%d %H:%M}",
            str(9000 + number),
            "TRUE",
        ]
        for number, event in enumerate(searching.events)
    ]
    searching.cli.write_watchlist(rows)
    assert searching.cli.run("sync-events").exit_code == 0


def test_match_proposes_the_id_of_every_event_that_lacks_it_and_writes_nothing(searching: Searching) -> None:
    watch_without_ids(searching)
    before = searching.cli.read_watchlist()
    found = searching.cli.ask("match")
    right = dict(zip([event.name for event in searching.events], searching.ids(), strict=True))
    assert {one["name"]: one["proposal"] for one in found["matches"]} == right
    assert all(one["score"] >= 60 for one in found["matches"])
    assert searching.cli.read_watchlist() == before
    assert searching.cli.loopback.rows("select 1 from event_sources where marketplace = 'ticketmaster'") == []

    shown = searching.cli.run("match")
    assert_fits(shown.stdout)
    assert "Nothing was written" in shown.stdout


@pytest.mark.parametrize("as_written", ["{} (general sale)", "WORLDTOURNAMENTSPECIAL {}"])
def test_match_finds_events_under_other_names(searching: Searching, as_written: str) -> None:
    watch_without_ids(searching, as_written.format)
    assert [one["proposal"] for one in searching.cli.ask("match")["matches"]] == searching.ids()
    assert len(searching.log.records()) <= 3 * len(searching.events)


def test_a_search_that_fails_does_not_end_those_for_the_others(searching: Searching) -> None:
    watch_without_ids(searching)
    searching.faults.add(Fault(FaultKind.UNAVAILABLE, times=1))
    result = searching.cli.run("match", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, len(found["failures"])) == (1, 1)
    assert found["failures"][0]["sheet_row"] is not None
    assert len(found["matches"]) == len(searching.events) - 1
    assert " failed: " in result.stderr


def test_an_error_that_holds_for_all_is_met_once(searching: Searching) -> None:
    watch_without_ids(searching)
    searching.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    result = searching.cli.run("match")
    assert result.exit_code == 1
    assert f"{len(searching.events) - 1} more events were not searched for" in result.stderr
    assert len(searching.log.records()) == 1


def test_match_has_nothing_to_do_where_every_event_has_its_id(searching: Searching) -> None:
    result = searching.cli.run("match")
    assert (result.exit_code, "has a Ticketmaster id" in result.stdout) == (0, True)
    assert searching.log.records() == []
