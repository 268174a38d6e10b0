"""`show-listings`: the newest capture, whole or narrowed down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON
from ticket_pipeline.market.vocabulary import RejectedListing
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.storage.stored import Item, capture_of, fail, store, write

STOCK = [
    Item(listing_id="1", price=80.0, quantity=1, zone="Floor", section="A", is_general_admission=True),
    Item(listing_id="2", price=90.0, quantity=4, splits=(1, 2, 4), zone="Floor", section="B", row="3"),
    Item(listing_id="3", price=95.0, quantity=4, splits=(2, 4), section="205", is_speculative=True),
    Item(listing_id="4", price=400.0, quantity=3, section="Upper [red] 9", row="12"),
]


@pytest.fixture
def stocked(synced: Cli) -> Cli:
    """The first event has two captures: an old one, and one with four listings a minute ago."""
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    now = datetime.now(UTC)
    store(synced.loopback.database, event, now - timedelta(hours=2), [*STOCK, Item(listing_id="5", price=1.0)])
    store(synced.loopback.database, event, now - timedelta(minutes=1), STOCK)
    return synced


def ids(cli: Cli, *options: str) -> list[str]:
    """The listings shown, in order."""
    listings = cli.market(cli.loopback.keys[0], *options)["listings"]
    return [listing["listing_id"] for listing in listings]


def test_the_newest_capture_is_shown_cheapest_first_with_money_as_text(stocked: Cli) -> None:
    document = stocked.market(stocked.loopback.keys[0])
    assert [listing["price"] for listing in document["listings"]] == ["80.00", "90.00", "95.00", "400.00"]
    assert (document["floor_price"], document["listings_near_floor"], document["matching"]) == (None, None, 4)
    result = stocked.run("show-listings", stocked.loopback.keys[0])
    assert_fits(result.stdout)
    assert "4 listings, 12 tickets" in result.stdout
    thin = "No floor: no three listings are within 15 %; get-in 80.00 USD (thin: fewer than three listings"
    assert thin in " ".join(result.stdout.split())
    assert "Upper [red] 9" in result.stdout
    assert "fees included" in result.stdout


def test_a_quantity_counts_only_what_can_be_bought_together(stocked: Cli) -> None:
    assert [ids(stocked, "--quantity", str(number)) for number in (1, 2, 3, 4, 5)] == [
        ["1", "2", "4"],
        ["2", "3", "4"],
        ["4"],
        ["2", "3"],
        [],
    ]
    shown = stocked.run("show-listings", stocked.loopback.keys[0], "--quantity", "4").stdout
    assert "get-in for 4 together 90.00 USD" in shown


def test_a_zone_is_the_zone_or_the_section_in_any_case(stocked: Cli) -> None:
    assert ids(stocked, "--zone", "floor") == ["1", "2"]
    assert ids(stocked, "--zone", "205") == ["3"]
    assert ids(stocked, "--zone", "A") == []
    nothing = stocked.run("show-listings", stocked.loopback.keys[0], "--zone", "A")
    assert "No listing matches." in nothing.stdout


def test_a_limit_shows_how_many_it_hides_and_zero_hides_nothing(stocked: Cli) -> None:
    assert ids(stocked, "--limit", "2") == ["1", "2"]
    assert ids(stocked, "--limit", "0") == ["1", "2", "3", "4"]
    shown = stocked.run("show-listings", stocked.loopback.keys[0], "--limit", "2").stdout
    assert "2 of 4 shown; --limit 0 shows all." in shown
    assert "get-in 80.00" in shown


def test_prices_that_cannot_be_compared_have_no_get_in_and_a_suspect_capture_is_marked(stocked: Cli) -> None:
    (event,) = stocked.loopback.events(stocked.loopback.keys[:1])
    mixed = [Item(listing_id="1", price=80.0), Item(listing_id="2", price=70.0, fee_basis="ask")]
    store(stocked.loopback.database, event, datetime.now(UTC), [*mixed, *mixed])
    result = stocked.run("show-listings", stocked.loopback.keys[0]).stdout
    assert "get-in" not in result
    assert "before the buyer's fees" in " ".join(result.split())
    assert sum(line.rstrip().endswith("USD ask") for line in result.splitlines()) == 2
    store(stocked.loopback.database, event, datetime.now(UTC), STOCK[:1])
    assert (
        "Suspect: these listings are far fewer than before"
        in stocked.run("show-listings", stocked.loopback.keys[0]).stdout
    )


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([("price is missing",)] * 2, "2 received, none readable: 2 x price is missing."),
        ([("a",), ("b", "a"), ("a",)], "3 received, none readable: 3 x a; 1 x b."),
        (
            [(PARKING_REASON,)] * 2 + [("q is missing",)],
            "3 received, none readable: 2 x parking pass, not a seat; 1 x q",
        ),
    ],
)
def test_a_response_that_cannot_be_read_is_no_empty_market_and_the_last_trusted_capture_is_shown(
    stocked: Cli, reasons: list[tuple[str, ...]], told: str
) -> None:
    key = stocked.loopback.keys[0]
    (event,) = stocked.loopback.events([key])
    rejected = [RejectedListing(position, {}, why) for position, why in enumerate(reasons)]
    for seconds in (30, 20):
        store(stocked.loopback.database, event, datetime.now(UTC) - timedelta(seconds=seconds), [], rejected)
    shown = " ".join(stocked.run("show-listings", key).stdout.split())
    assert told in shown
    assert "Shown is the last trusted capture. Captured" in shown
    assert "4 listings, 12 tickets" in shown
    assert "The market was empty" not in shown
    document = stocked.market(key)
    assert (document["unreadable"]["received"], document["snapshot"]["accepted"]) == (len(reasons), 4)
    assert document["get_in_price"] == "80.00"


def test_a_market_of_parking_passes_alone_has_no_seat(synced: Cli) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    parking = [RejectedListing(position, {}, (PARKING_REASON,), {}) for position in range(3)]
    capture = replace(capture_of(event, datetime.now(UTC), [], parking), set_aside=3)
    write(synced.loopback.database, capture)
    shown = synced.run("show-listings", synced.loopback.keys[0]).stdout
    assert "No ticket is for a seat." in shown
    assert "readable" not in shown


def aside(position: int, reason: str, **columns: object) -> RejectedListing:
    """A listing that was excluded, as polling stores it."""
    listing = {"section": "Gold Lot", "row": None, "quantity": 2, "price": 35.5, "currency": "USD"} | columns
    return RejectedListing(position, {"listingId": position}, (reason,), listing)


@pytest.fixture
def beside_passes(synced: Cli) -> Cli:
    """The newest capture has three seats, a grounds pass, three parking passes, an extra and an unreadable listing."""
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    lots = [aside(number, PARKING_REASON, price=30.0 + number) for number in range(3)]
    extra = aside(3, EXTRA_REASON, section="VIP Lounge", row="[A]", notes="Not an event ticket.")
    rejected = [RejectedListing(4, {"listingId": "unreadable"}, ("quantity is missing",)), *lots, extra]
    stock = [*STOCK[:3], Item(listing_id="9", price=20.0, section="Grounds pass", admission="grounds")]
    capture = capture_of(event, datetime.now(UTC), stock, rejected)
    write(synced.loopback.database, replace(capture, set_aside=4, tickets=9))
    return synced


def test_what_was_set_aside_is_counted_and_grounds_are_marked(beside_passes: Cli) -> None:
    shown = " ".join(beside_passes.run("show-listings", beside_passes.loopback.keys[0]).stdout.split())
    assert "20.00 USD grounds" in shown
    assert "get-in 80.00 USD" in shown
    assert "3 parking passes, 1 extra excluded; 1 rejected: --excluded." in shown


def test_what_was_set_aside_is_shown_with_the_reason(beside_passes: Cli) -> None:
    key = beside_passes.loopback.keys[0]
    result = beside_passes.run("show-listings", key, "--excluded")
    assert_fits(result.stdout)
    shown = " ".join(result.stdout.split())
    assert "Gold Lot - 2 30.00 USD parking pass, not a seat" in shown.replace("\N{EN DASH}", "-").replace(
        "\N{EM DASH}", "-"
    )
    assert "VIP Lounge" in shown
    assert "EXCLUSIONS" in shown
    document = beside_passes.market(key, "--excluded", "--limit", "2")
    assert (document["count"], [one["price"] for one in document["excluded"]]) == (5, ["30.00", "31.00"])
    everything = beside_passes.market(key, "--excluded")["excluded"]
    assert [one["section"] for one in everything] == ["Gold Lot"] * 3 + ["VIP Lounge", None]
    assert everything[3]["notes"] == "Not an event ticket."
    assert (everything[4]["reasons"], everything[4]["quantity"]) == (["quantity is missing"], None)


def test_nothing_was_set_aside_of_a_market_of_seats(stocked: Cli) -> None:
    assert "--excluded" not in stocked.run("show-listings", stocked.loopback.keys[0]).stdout
    shown = stocked.run("show-listings", stocked.loopback.keys[0], "--excluded").stdout
    assert "nothing excluded or rejected" in shown


def test_a_first_response_that_cannot_be_read_is_all_there_is(synced: Cli) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    store(synced.loopback.database, event, datetime.now(UTC), [], [RejectedListing(0, {}, ("price is missing",))])
    shown = " ".join(synced.run("show-listings", synced.loopback.keys[0]).stdout.split())
    assert "1 received, none readable: 1 x price is missing. No capture of the event is trusted yet." in shown
    assert "The market was empty" not in shown


def test_unknown_fields_and_contradicted_totals_of_a_capture_are_shown(synced: Cli) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    capture = capture_of(event, datetime.now(UTC), STOCK)
    unknown = {"net_proceeds is above the price": 3, "splits exceed the quantity": 1}
    doubts = ("listingCount is 20, the listings give 4",)
    write(synced.loopback.database, replace(capture, unknown_fields=unknown, checksum_problems=doubts))
    shown = " ".join(synced.run("show-listings", synced.loopback.keys[0]).stdout.split())
    assert "3 x net_proceeds is above the price; 1 x splits exceed the quantity." in shown
    assert "Suspect: these listings are not the totals announced beside them" in shown
    assert "listingCount is 20, the listings give 4" in shown
    assert synced.market(synced.loopback.keys[0])["snapshot"]["unknown_fields"] == unknown


def test_a_capture_dated_later_than_now_is_named_and_any_other_wins(stocked: Cli) -> None:
    (event,) = stocked.loopback.events(stocked.loopback.keys[:1])
    store(stocked.loopback.database, event, datetime.now(UTC) + timedelta(hours=1), STOCK[:3])
    assert ids(stocked) == ["1", "2", "3", "4"]
    shown = " ".join(stocked.run("show-listings", stocked.loopback.keys[0]).stdout.split())
    assert "1 captures are dated later than now" in shown
    assert "the clock was set back" in shown


def test_an_empty_market_is_not_a_missing_capture(synced: Cli) -> None:
    key, other = synced.loopback.keys[:2]
    (event,) = synced.loopback.events([key])
    store(synced.loopback.database, event, datetime.now(UTC), [])
    assert "The market was empty." in synced.run("show-listings", key).stdout
    missing = synced.run("show-listings", other)
    assert (missing.exit_code, missing.stdout) == (0, "")
    assert f"ticket-pipeline fetch-listings {other}" in missing.stderr
    assert synced.market(other)["snapshot"] is None


def test_a_newest_attempt_that_failed_is_named_beside_the_listings(stocked: Cli) -> None:
    (event,) = stocked.loopback.events(stocked.loopback.keys[:1])
    assert "failed" not in stocked.run("show-listings", stocked.loopback.keys[0]).stdout
    for seconds in (30, 20):
        fail(stocked.loopback.database, event, datetime.now(UTC) - timedelta(seconds=seconds))
    shown = " ".join(stocked.run("show-listings", stocked.loopback.keys[0]).stdout.split())
    assert "No newer capture: 2 attempts failed since: it was too slow" in shown
    market = stocked.market(stocked.loopback.keys[0])
    assert (market["health"], market["reason"], market["matching"]) == ("failing", "it was too slow", 4)
