"""`event-details`, and the way there from the commands that show listings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline_tests.cli.conftest import Searching, assert_fits

LISTED = "158000900"


@pytest.fixture
def described(searching: Searching) -> Searching:
    """Two events on the watchlist: one with ids of StubHub and Ticketmaster, one with Ticketmaster's only."""
    cli = searching.cli
    header = ["Event Name", "Venue", "City", "Country", "Event Date (Local)", "viagId", "Ticketmaster ID"]
    rows = [
        [*_row(event), stubhub, external_id]
        for event, stubhub, external_id in zip(searching.events, [LISTED, ""], searching.ids(), strict=False)
    ]
    with cli.watchlist.open("w", encoding="utf-8", newline="") as file:
        file.writelines(",".join(f'"{cell}"' for cell in row) + "\n" for row in [header, *rows])
    assert cli.run("sync-events").exit_code == 0
    return searching


def _row(event: SimulatedEvent) -> list[str]:
    local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
    return [event.name, event.venue.name, event.venue.city, event.venue.country, f"{local:%Y-%m-%d %H:%M}"]


def test_before_the_first_fetch_it_shows_how_to_fetch(described: Searching) -> None:
    first = described.ids()[0]
    result = described.cli.run("event-details", first)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"ticket-pipeline fetch-listings {first}" in result.stderr


def test_it_shows_the_details_for_any_id_of_the_event(described: Searching) -> None:
    first = described.ids()[0]
    assert described.cli.run("fetch-listings", first).exit_code == 0
    for key in (first, LISTED):
        shown = described.cli.run("event-details", key)
        assert_fits(shown.stdout)
        assert f"({first}) at Ticketmaster" in shown.stdout
        assert "Status onsale" in shown.stdout
        assert "Nothing changed." in shown.stdout
    (capture,) = described.cli.ask("event-details", first)["captures"]
    assert (capture["external_id"], capture["status"]) == (first, "onsale")


def test_every_change_is_shown_with_the_value_before(described: Searching) -> None:
    first = described.ids()[0]
    described.cli.run("fetch-listings", first)
    described.cli.loopback.rows(
        "insert into ticketmaster_events (event_id, captured_at, external_id, name, status, local_date, local_time,"
        " is_date_open, is_time_open, venue, payload_hash)"
        " select event_id, captured_at - %s, external_id, name, 'rescheduled', local_date, local_time,"
        " is_date_open, is_time_open, 'Old Hall', payload_hash from ticketmaster_events",
        timedelta(days=1),
    )
    described.cli.loopback.rows("update ticketmaster_events set is_test = true")
    shown = described.cli.run("event-details", first).stdout
    assert_fits(shown)
    assert "A test event of Ticketmaster: nothing is sold." in shown
    words = " ".join(shown.split())
    assert "status rescheduled onsale" in words
    assert "venue Old Hall" in words
    assert "2 captures in 30 days" in words


def test_an_id_without_listings_shows_those_of_the_event_elsewhere(described: Searching) -> None:
    with_listings, without = described.ids()[:2]
    for command in ("show-listings", "price-history", "section-prices"):
        shown = described.cli.run(command, with_listings)
        advised = f"ticket-pipeline fetch-listings {LISTED}" in shown.output.replace("price-history", "fetch-listings")
        assert (shown.exit_code, advised) == (0, True), command
        for arguments in ([without], [with_listings, "--marketplace", "ticketmaster"]):
            refused = described.cli.run(command, *arguments)
            assert refused.exit_code == 1, command
            assert f"ticket-pipeline event-details {arguments[0]}" in refused.stderr, command
            assert ("has no other id of" in refused.stderr) is (arguments[0] == without), command


def test_an_event_without_a_ticketmaster_id_leads_to_match(searching: Searching) -> None:
    assert searching.cli.run("sync-events").exit_code == 0
    result = searching.cli.run("event-details", searching.cli.loopback.keys[0])
    assert "ticket-pipeline match" in result.stderr


def test_a_watchlist_of_ticketmaster_only_is_not_called_empty(described: Searching) -> None:
    described.cli.loopback.rows("delete from event_sources where marketplace = 'stubhub'")
    described.cli.loopback.rows("update events set event_at = %s", datetime.now(UTC) + timedelta(days=9))
    result = described.cli.run("fetch-listings")
    assert f"they have no listings; fetch their details by key: {', '.join(described.ids()[:2])}" in result.stderr


def test_events_without_listings_are_named_beside_those_that_are_fetched(described: Searching) -> None:
    result = described.cli.run("fetch-listings")
    assert f"by key: {described.ids()[1]}" in result.stderr
    assert LISTED in result.stdout
