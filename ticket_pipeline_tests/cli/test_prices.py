"""`price-history` and `section-prices`: right without Dagster, honest about gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.storage.stored import Item, fail, items, stale_hours, store

HOUR = timedelta(hours=1)


@pytest.fixture
def this_hour() -> datetime:
    """The start of the hour under way."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def event(synced: Cli) -> Event:
    """The first event of the watchlist."""
    return synced.loopback.events(synced.loopback.keys[:1])[0]


def test_the_history_is_right_although_nothing_has_built_prices(synced: Cli, event: Event, this_hour: datetime) -> None:
    database = synced.loopback.database
    for hours_ago, price in ((5, 100.0), (4, 90.0), (3, 95.0)):
        stock = [Item(listing_id="1", price=price), Item(listing_id="2", price=300.0, quantity=1)]
        store(database, event, this_hour - hours_ago * HOUR, stock)
    document = synced.ask("price-history", event.external_id, "--days", "1", "--bucket", "6 hours")
    (series,) = document["series"]
    buckets = [bucket for bucket in series["buckets"] if bucket["snapshots"]]
    assert (series["currency"], series["fee_basis"], document["bucket_seconds"]) == ("USD", "all_in", 21600)
    assert sum(bucket["hours_covered"] for bucket in buckets) == 3
    assert (buckets[0]["open_price"], buckets[-1]["close_price"]) == ("100.00", "95.00")
    assert min(Decimal(bucket["low_price"]) for bucket in buckets) == 90
    assert (buckets[-1]["listings"], buckets[-1]["tickets"]) == (2, 3)
    assert stale_hours(database) == []


def test_a_gap_a_failure_and_a_suspect_are_told_apart(synced: Cli, event: Event, this_hour: datetime) -> None:
    database = synced.loopback.database
    store(database, event, this_hour - 8 * HOUR, items(10))
    fail(database, event, this_hour - 5 * HOUR + timedelta(minutes=1), Outcome.TIMEOUT)
    store(database, event, this_hour - 4 * HOUR, items(2))
    store(database, event, this_hour - 3 * HOUR, [])
    store(database, event, this_hour - 2 * HOUR, [])
    result = synced.run("price-history", event.external_id, "--days", "1", "--bucket", "1h")
    assert result.exit_code == 0
    assert_fits(result.stdout)
    assert result.stdout.count("no data") == 2  # the hours 7 and 6 ago as one line, and those after the last capture
    assert "1 failed" in result.stdout
    assert "1 suspect" in result.stdout
    assert "not an empty market" in result.stdout
    (series,) = synced.ask("price-history", event.external_id, "--days", "1", "--bucket", "1h")["series"]
    by_hours_ago = {
        (this_hour - datetime.fromisoformat(bucket["bucket_at"])) // HOUR: bucket for bucket in series["buckets"]
    }
    assert [by_hours_ago[n]["snapshots"] for n in range(8, 1, -1)] == [1, 0, 0, 0, 0, 1, 1]
    assert (by_hours_ago[2]["tickets"], by_hours_ago[6]["tickets"]) == (0, None)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.BAD_PAYLOAD, Outcome.BLOCKED])
def test_failures_alone_are_no_market_without_tickets(
    synced: Cli, event: Event, this_hour: datetime, outcome: Outcome
) -> None:
    fail(synced.loopback.database, event, this_hour - HOUR, outcome)
    shown = synced.run("price-history", event.external_id, "--days", "1").stdout
    assert "nothing could be read" in shown
    assert "nothing was for sale" not in shown


def test_the_history_of_one_zone_is_its_own(synced: Cli, event: Event, this_hour: datetime) -> None:
    stock = [Item(listing_id="1", price=50.0, zone="Upper"), Item(listing_id="2", price=200.0, zone="Floor")]
    store(synced.loopback.database, event, this_hour - HOUR, stock)
    floor, whole = (
        synced.ask("price-history", event.external_id, "--zone", zone)["series"][0]["buckets"]
        for zone in ("Floor", "*")
    )
    assert [bucket["low_price"] for bucket in floor if bucket["snapshots"]] == ["200.00"]
    assert [bucket["low_price"] for bucket in whole if bucket["snapshots"]] == ["50.00"]
    nothing = synced.run("price-history", event.external_id, "--zone", "Balcony")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "no zone 'Balcony'. There are Floor, Upper." in nothing.stderr
    store(synced.loopback.database, event, this_hour - 72 * HOUR, stock)
    asked = (synced.ask("price-history", event.external_id, "--days", days, "--bucket", "1h") for days in ("2", "4"))
    two, four = (len(document["series"][0]["buckets"]) for document in asked)
    assert two < 48 < four


def test_two_currencies_are_two_tables(synced: Cli, event: Event, this_hour: datetime) -> None:
    mixed = [Item(listing_id="1"), Item(listing_id="2", currency="CAD")]
    store(synced.loopback.database, event, this_hour - HOUR, mixed)
    shown = synced.run("price-history", event.external_id).stdout
    assert shown.count("Local time") == 2
    assert "of 24 in a whole bucket" in " ".join(shown.split())
    assert "per ticket in CAD" in shown
    assert "per ticket in USD" in shown


def test_each_line_of_zones_in_two_currencies_names_its_own(synced: Cli, event: Event, this_hour: datetime) -> None:
    mixed = [Item(listing_id="1"), Item(listing_id="2", currency="CAD"), Item(listing_id="3", fee_basis="ask")]
    store(synced.loopback.database, event, this_hour - HOUR, mixed)
    lines = synced.run("section-prices", event.external_id, "--limit", "1").stdout.splitlines()
    assert sorted(line.split()[2] for line in lines if line.startswith("whole event")) == ["CAD", "USD", "USD"]
    assert [line.split()[-1] for line in lines if line.strip() in {"ask", "all-in"}].count("ask") == 1
    assert "1 of 3 zones shown" in "".join(lines)


def test_dear_prices_still_fit_the_screen(synced: Cli, event: Event, this_hour: datetime) -> None:
    stock = [
        Item(listing_id=str(n), price=9_000.25 + 90_000.0 * n, quantity=900, zone=f"Club level {n}") for n in range(120)
    ]
    store(synced.loopback.database, event, this_hour - 2 * HOUR, stock)
    for arguments in (["price-history", "--bucket", "1h"], ["price-history"], ["section-prices", "--limit", "3"]):
        result = synced.run(arguments[0], event.external_id, *arguments[1:])
        assert_fits(result.stdout)
        assert "108,000" in result.stdout


def test_floors_are_shown_by_zone_the_whole_event_first(synced: Cli, event: Event, this_hour: datetime) -> None:
    database = synced.loopback.database
    before = [Item(listing_id=str(n), price=50.0 + n, zone="Upper") for n in range(3)]
    before += [Item(listing_id="f", price=200.0, zone="Floor", quantity=4)]
    after = [Item(listing_id=str(n), price=40.0 + n, zone="Upper") for n in range(3)]
    after += [Item(listing_id="junk", price=4.58, zone="Upper", quantity=1)]
    store(database, event, this_hour - 27 * HOUR, before)
    store(database, event, this_hour - 2 * HOUR, after)
    zones = synced.ask("section-prices", event.external_id, "--days", "1")["zones"]
    assert [(zone["zone"], zone["floor_price"], zone["get_in_prices"][:2]) for zone in zones] == [
        ("*", "40.00", ["4.58", "40.00"]),
        ("Upper", "40.00", ["4.58", "40.00"]),
    ]
    shown = synced.run("section-prices", event.external_id, "--days", "1", "--limit", "1")
    assert_fits(shown.stdout)
    assert "-20.0%" in shown.stdout
    assert "4.58*" in shown.stdout
    assert "* thin" in shown.stdout
    assert "200" not in shown.stdout


def test_an_event_without_prices_says_what_to_do(synced: Cli, event: Event) -> None:
    for command, advice in (("price-history", "fetch-listings"), ("section-prices", "price-history")):
        result = synced.run(command, event.external_id)
        assert (result.exit_code, result.stdout) == (0, "")
        assert f"ticket-pipeline {advice} {event.external_id}" in result.stderr
    assert synced.ask("section-prices", event.external_id)["zones"] == []
