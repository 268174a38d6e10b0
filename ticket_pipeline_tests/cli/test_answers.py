"""`trend`, `get-in`, `changes`, `compare`, `comps`, `overview`: right, at 80 columns, with gaps and doubts said."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.cli.overview import Order, _sorted
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline_tests.cli.conftest import HEADER, Cli, assert_fits
from ticket_pipeline_tests.storage.stored import Item, fail, items, stale_hours, store

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COMMANDS = {
    "trend": [],
    "get-in": [],
    "changes": [],
    "compare": [],
    "comps": ["--section", "101"],
}


@pytest.fixture
def now() -> datetime:
    """A minute ago."""
    return datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def event(synced: Cli, now: datetime) -> Event:
    """Event 0 at two marketplaces, captured daily for a week with two days missing, a failure and a suspect."""
    rows = [[*row, str(5990417 + number)] for number, row in enumerate(synced.read_watchlist())]
    with synced.watchlist.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*HEADER, "Vivid Seats ID"], *rows])
    synced.run("sync-events")
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    same = {name: getattr(event, name) for name in Event.__slots__}
    twin = Event(**same | {"marketplace": Marketplace.VIVID_SEATS, "external_id": "5990417"})
    database = synced.loopback.database
    for days_ago in (7, 6, 5, 2, 1, 0):
        store(database, event, now - days_ago * DAY, stock(100 + 2 * days_ago))
        store(database, twin, now - days_ago * DAY, stock(130))
    fail(database, event, now - 3 * DAY)
    store(database, event, now - 12 * HOUR, stock(100)[:1])
    return event


def stock(price: float) -> list[Item]:
    """Four seats in two sections of one zone, the cheapest at this price."""
    seats = [("101", "3"), ("101", "12"), ("102", "3"), ("102", "9")]
    return [
        Item(listing_id=str(n), price=price + n, quantity=4, section=section, row=row, zone="Lower")
        for n, (section, row) in enumerate(seats)
    ]


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.usefixtures("event")
def test_an_answer_fits_the_screen_and_names_every_marketplace_and_its_prices(synced: Cli) -> None:
    for command, options in COMMANDS.items():
        result = synced.run(command, "event", "0", *options)
        assert (result.exit_code, result.stderr) == (0, ""), command
        assert_fits(result.stdout)
        for word in ("Event 0", "stubhub", "vivid_seats", "USD", "fees included"):
            assert word in words(result.stdout), command
        if command != "compare":
            assert "vivid_seats" not in synced.run(command, "event", "0", *options, "--marketplace", "stubhub").stdout


def test_without_a_capture_an_answer_says_how_to_get_one(synced: Cli) -> None:
    for command, options in COMMANDS.items():
        for arguments in ([], ["--csv"]):
            result = synced.run(command, "event", "0", *options, *arguments)
            assert (result.exit_code, "ticket-pipeline " in result.output) == (0, True), command
        assert result.stdout == "", command


def test_a_trend_is_of_the_last_captures_of_days_with_its_gaps_and_doubts_said(synced: Cli, event: Event) -> None:
    document = synced.ask("trend", "event", "0", "--days", "9")
    floors = {one["marketplace"]: one for one in document["series"] if one["measure"] == "floor"}
    assert [one["measure"] for one in document["series"]].count("tickets") == 2
    assert (floors["stubhub"]["trend"]["direction"], floors["vivid_seats"]["trend"]["direction"]) == ("down", "flat")
    assert [point["value"] for point in floors["stubhub"]["points"]].count(None) == 2
    shown = words(synced.run("trend", "event", "0", "--days", "9", "--marketplace", "stubhub").stdout)
    assert "Floor 114.00 100.00 -14.00 -12.3% down" in shown
    assert "Tickets 16 16 +0 +0.0% flat" in shown
    assert "1 suspect capture left out. 1 attempt failed." in shown
    trend = floors["stubhub"]["trend"]
    zone = ZoneInfo(event.timezone)
    first, last = (datetime.fromisoformat(trend[name]).astimezone(zone).date() for name in ("first_at", "last_at"))
    assert f"First and last: of {first} and {last}." in shown
    assert stale_hours(synced.loopback.database) == []


@pytest.mark.usefixtures("event")
def test_a_point_of_a_short_trend_is_as_long_as_the_time_between_captures(synced: Cli, now: datetime) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    assert synced.ask("trend", "event", "0", "--days", "3")["bucket_seconds"] == 24 * 3600
    for hours_ago in range(3, 60, 3):
        store(synced.loopback.database, event, now - hours_ago * HOUR, stock(100))
    assert synced.ask("trend", "event", "0", "--days", "3", "--marketplace", "stubhub")["bucket_seconds"] == 3 * 3600
    assert synced.ask("trend", "event", "0", "--days", "3", "--by", "6h")["bucket_seconds"] == 6 * 3600


@pytest.mark.usefixtures("event")
def test_a_trend_of_one_measure_is_drawn_with_a_gap(synced: Cli) -> None:
    arguments = ("trend", "event", "0", "--days", "9", "--measure", "get-in", "--together", "4")
    drawn = synced.run(*arguments, "--chart").stdout
    assert_fits(drawn)
    assert "For 4, USD all-in" in drawn
    assert "A stubhub (solid)   B vivid_seats (dashed)" in drawn
    assert "Median" not in drawn
    assert "⠀" not in synced.run(*arguments).stdout + drawn
    rows = list(csv.DictReader(io.StringIO(synced.run(*arguments, "--csv").stdout)))
    assert {row["measure"] for row in rows} == {"get_in 4"}
    assert [row["value"] for row in rows if row["marketplace"] == "vivid_seats"].count("130.00") == 6


@pytest.mark.usefixtures("event")
def test_a_change_of_the_fee_basis_parts_a_trend_and_is_said(synced: Cli, event: Event, now: datetime) -> None:
    asks = [Item(listing_id=str(n), price=80.0 + n, fee_basis="ask", zone="Lower") for n in range(4)]
    store(synced.loopback.database, event, now - 9 * DAY, asks)
    shown = words(synced.run("trend", "event", "0", "--days", "20", "--marketplace", "stubhub").stdout)
    assert "no trend goes across" in shown
    assert shown.count("Event 0 on stubhub") == 2


@pytest.mark.usefixtures("event")
def test_the_way_in_is_shown_for_one_to_eight_and_by_days_to_the_event(synced: Cli) -> None:
    document = synced.ask("get-in", "event", "0")
    stubhub = next(one for one in document["now"] if one["marketplace"] == "stubhub")
    assert [stubhub["get_in_prices"][n] for n in (0, 3, 4)] == ["100.00", "100.00", None]
    result = synced.run("get-in", "event", "0", "--together", "4", "--chart")
    assert_fits(result.stdout)
    shown = words(result.stdout)
    assert "For 2 For 4" in shown
    assert "1 failed" in shown
    assert "Get-in price for 4, USD all-in" in shown
    assert "of the past events of its kind can be compared; 5 are needed." in shown
    days = [point["days_to_event"] for point in document["curves"][0]["points"]]
    rows = list(csv.DictReader(io.StringIO(synced.run("get-in", "event", "0", "--csv").stdout)))
    assert [int(row["days_to_event"]) for row in rows if row["marketplace"] == "stubhub"] == days
    assert {row["get_in_4_price"] for row in rows} >= {"100.00", "130.00", ""}


def test_changes_are_listed_newest_first_and_counted(synced: Cli, event: Event, now: datetime) -> None:
    after = [*stock(100)[1:3], *stock(90)[3:], Item(listing_id="new", price=70.0, section="=9", zone="Lower")]
    store(synced.loopback.database, event, now + timedelta(seconds=30), after)
    result = synced.run("changes", "event", "0", "--days", "1", "--limit", "2", "--marketplace", "stubhub")
    assert_fits(result.stdout)
    shown = words(result.stdout)
    assert "2 of 7 shown; --limit 0 shows all." in shown
    assert "stubhub: 1 listed, 1 removed, 5 repriced; 2 comparisons of 2 captures" in shown
    assert "1 suspect left out" in shown
    repriced = synced.ask("changes", "event", "0", "--kind", "repriced", "--days", "1", "--limit", "1")
    assert (repriced["count"], repriced["changes"][0]["change"]) == (5, "repriced")
    listed = synced.run("changes", "event", "0", "--kind", "listed", "--days", "1", "--csv").stdout
    assert "'=9" in listed


def test_sales_are_estimates_with_a_range_and_what_they_rest_on(synced: Cli, now: datetime) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    nothing = synced.run("sales", "event", "0")
    assert (nothing.exit_code, f"ticket-pipeline fetch-listings {event.external_id}" in nothing.stderr) == (0, True)
    for hours_ago in range(6):
        store(synced.loopback.database, event, now - hours_ago * HOUR, stock(100) + items(hours_ago, quantity=4))
    result = synced.run("sales", "event", "0", "--days", "2")
    assert_fits(result.stdout)
    assert "hours that are covered; sell-through" in words(result.stdout)
    rows = list(csv.DictReader(io.StringIO(synced.run("sales", "event", "0", "--csv").stdout)))
    expected = sum(Decimal(row["tickets"]) for row in rows)
    assert 0 < expected <= 20
    assert all(Decimal(row["low_tickets"]) <= Decimal(row["tickets"]) <= Decimal(row["high_tickets"]) for row in rows)


@pytest.mark.usefixtures("event")
def test_marketplaces_stand_side_by_side_the_cheapest_first(synced: Cli) -> None:
    shown = words(synced.run("compare", "event", "0", "--together", "4").stdout)
    assert shown.index("stubhub 100.00 100.00 0.00 +0.0%") < shown.index("vivid_seats 130.00 130.00 30.00 +30.0%")
    assert "*" not in shown
    nobody = synced.ask("compare", "event", "0", "--together", "8")["markets"]
    assert [one["get_in_price"] for one in nobody] == [None, None]


def test_a_lone_ask_is_marked_and_currencies_are_not_compared(synced: Cli, event: Event, now: datetime) -> None:
    lone = [Item(listing_id="lone", price=9.0, quantity=2), *stock(100)]
    canadian = [Item(listing_id=f"C{n}", price=80.0 + n, currency="CAD") for n in range(3)]
    store(synced.loopback.database, event, now + timedelta(seconds=1), lone + canadian)
    result = synced.run("compare", "event", "0")
    assert_fits(result.stdout)
    shown = words(result.stdout)
    assert "stubhub 80.00 80.00 3 6" in shown
    assert "stubhub 100.00 9.00* 0.00 +0.0%" in shown
    assert "Prices in USD and CAD are not compared with each other." in shown
    assert "* thin" in shown


@pytest.mark.usefixtures("event")
def test_own_seats_are_ranked_among_near_rows_section_and_zone(synced: Cli) -> None:
    arguments = ("comps", "event", "0", "--section", "101", "--rows", "2-4", "--ask", "101.50")
    shown = words(synced.run(*arguments, "--marketplace", "stubhub").stdout)
    assert "rows 1 4 100.00" in shown
    assert "section 2 8 100.00" in shown
    assert "zone Lower 4 16 100.00" in shown
    assert ("2 of 2" in shown, "3 of 3" in shown, "3 of 5" in shown) == (True, True, True)
    assert "rows: yours, 2 to 4, and 3 on either side." in shown
    assert "Your rank: of 101.50 USD, taken as what the buyer pays, fees included." in shown
    assert "Most listings" not in shown
    contradicted = words(synced.run("comps", "event", "0", "--section", "101", "--zone", "Balcony").stdout)
    assert contradicted.count("Most listings of section 101 are in zone Lower, not in Balcony.") == 2
    assert "Most listings" not in words(synced.run("comps", "event", "0", "--section", "101", "--zone", "lower").stdout)
    elsewhere = words(synced.run("comps", "event", "0", "--section", "999").stdout)
    assert "another way: see `show-listings`" in elsewhere


@pytest.mark.usefixtures("event")
def test_seats_that_cannot_be_compared_are_refused_with_the_reason(synced: Cli) -> None:
    for options, message in (("--rows 3", "Name the section"), ("--section 101 --rows 3-C", "a number to a number")):
        refused = synced.run("comps", "event", "0", *options.split())
        assert (refused.exit_code, message in refused.stderr) == (1, True), options
    assert synced.run("comps", "event", "0", "--section", "1", "--ask", "cheap").exit_code == 2


@pytest.mark.usefixtures("event")
def test_a_price_of_another_currency_has_no_rank(synced: Cli) -> None:
    arguments = ("comps", "event", "0", "--section", "101", "--marketplace", "stubhub", "--ask")
    assert "No rank: your price is in EUR, and prices are not converted." in words(
        synced.run(*arguments, "101.50 EUR").stdout
    )
    for given, ranks in (("101.50 EUR", {None}), ("101.50 usd", {3}), ("101.50", {3})):
        (market,) = synced.ask(*arguments, given, "--json")["markets"]
        assert {ring["ask_rank"] for ring in market["rings"]} == ranks, given


@pytest.mark.usefixtures("event")
def test_estimates_have_no_digits_that_mean_nothing(synced: Cli) -> None:
    synced.loopback.rows(
        "insert into estimated_sales (event_id, marketplace, zone, hour_at, tickets, variance, low_tickets, "
        "high_tickets, covered_seconds, polling_seconds, method) "
        "select event_id, 'stubhub', '*', date_trunc('hour', now()), 7, 2.3, 5, 9, 3600, 3600, 1 from events"
    )
    first, *_ = synced.ask("overview", "--json")["events"]
    assert first["sold_low_tickets"] is not None
    for text in (*map(str, first.values()), *synced.run("overview", "--csv").stdout.replace(",", " ").split()):
        assert not re.fullmatch(r"-?\d+\.\d{5,}", text), text


def test_the_overview_begins_with_what_moved_or_sold_most_and_keeps_an_events_marketplaces_together() -> None:
    def row(event_id: int, before: int | None, now: int | None, sold: int | None) -> Any:  # noqa: ANN401 - a stand-in
        return SimpleNamespace(event_id=event_id, day_ago_floor_price=before, floor_price=now, sold_tickets=sold)

    rows = [row(1, 100, 110, None), row(1, 100, 70, 5), row(2, None, 50, 9), row(3, 100, 60, 2), row(4, 100, None, 0)]
    orders = {Order.START: [1, 1, 2, 3, 4], Order.MOVED: [3, 1, 1, 2, 4], Order.SOLD: [2, 1, 1, 3, 4]}
    assert {order: [one.event_id for one in _sorted(rows, order)] for order in Order} == orders


@pytest.mark.usefixtures("event")
def test_the_overview_has_a_line_per_marketplace_and_counts_what_is_wrong(synced: Cli) -> None:
    result = synced.run("overview")
    assert_fits(result.stdout)
    shown = words(result.stdout)
    assert "Event 0 stubhub 40 d 100.00 -2.0% -12.3% 100.00 16" in shown
    assert "problems: ticket-pipeline overview --problems" in shown
    row = next(
        one for one in synced.ask("overview")["events"] if one["marketplace"] == "stubhub" and one["name"] == "Event 0"
    )
    assert (Decimal(row["floor_price"]), row["tickets"]) == (100, 16)
    problems = synced.run("overview", "--problems")
    assert_fits(problems.stdout)
    assert "never seen Event 1" in words(problems.stdout)


def test_an_empty_watchlist_says_what_to_do(cli: Cli) -> None:
    assert "sync-events" in cli.run("overview").stderr
    assert "sync-events" in cli.run("trend", "anything").stderr
    assert "Nothing is wrong." in cli.run("overview", "--problems").stdout


def test_items_of_an_answer_are_no_formula(synced: Cli, now: datetime) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    store(synced.loopback.database, event, now, items(3, section="-1"))
    assert "'-1" in synced.run("show-listings", "event", "0", "--csv").stdout


def test_a_zone_is_found_in_any_case_and_one_that_is_not_there_is_no_empty_market(synced: Cli) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    now = datetime.now(UTC)
    for hours_ago in (2, 1):
        store(synced.loopback.database, event, now - hours_ago * HOUR, items(3, zone="Lower Bowl"))
    for command in ("sales", "changes", "get-in", "trend", "price-history"):
        assert synced.run(command, "event", "0", "--zone", "lower bowl").exit_code == 0, command
        unknown = synced.run(command, "event", "0", "--zone", "Upper")
        assert unknown.exit_code == 1, command
        assert "no zone 'Upper'. There are Lower Bowl." in words(unknown.stderr), command
