"""`fetch-listings`: poll now, and say what came of each event."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import SOON, Cli, Searching, assert_fits
from ticket_pipeline_tests.http.wire import response, serve_wire


@pytest.mark.parametrize("name", ["fetch-listings", "scrape"])
def test_without_a_key_every_followed_event_to_come_is_fetched(synced: Cli, name: str) -> None:
    result = synced.run(name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert_fits(result.stdout)
    assert sorted(record.external_id or "" for record in synced.loopback.log.records()) == synced.loopback.keys
    assert synced.loopback.value("select count(*) from snapshots") == 4


def test_only_the_events_of_the_keys_are_fetched_each_once(synced: Cli) -> None:
    first, second, *_ = synced.loopback.keys
    documents = synced.ask("fetch-listings", second, first, second)
    assert {document["outcome"] for document in documents} == {"ok"}
    assert sorted(document["external_id"] for document in documents) == sorted([first, second])
    assert len(synced.loopback.log.records()) == 2


def test_the_document_equals_what_is_stored(synced: Cli) -> None:
    key = synced.loopback.keys[0]
    (document,) = synced.ask("fetch-listings", key)
    stored = synced.loopback.rows("select min(price) as get_in, count(*) as listings, sum(quantity) as q from listings")
    assert document["get_in_prices"][0] == str(stored[0]["get_in"])
    assert (document["listings"], document["tickets"]) == (stored[0]["listings"], stored[0]["q"])


def test_a_cached_response_is_shown_with_its_age(searching: Searching) -> None:
    cli, key = searching.cli, searching.ids()[0]
    header = "Event Name,Venue,City,Country,Event Date (Local),Ticketmaster ID,is_tracked"
    when = f"{datetime.now(UTC) + SOON:%Y-%m-%d} 19:30"
    cli.watchlist.write_text(f"{header}\nA show,Hall,Boston,United States,{when},{key},TRUE\n", encoding="utf-8")
    assert cli.run("sync-events").exit_code == 0
    (asked,) = cli.ask("fetch-listings", key)
    cli.loopback.rows("update cached_responses set stored_at = stored_at - interval '14 minutes'")
    cli.loopback.rows("update poll_schedule set last_success_at = last_success_at - interval '14 minutes'")
    shown = cli.run("fetch-listings", key)
    (again,) = cli.ask("fetch-listings", key)
    assert (asked["cached_for_seconds"], again["tries"], len(searching.log.records())) == (None, 0, 1)
    assert 14 * 60 < again["cached_for_seconds"] < 15 * 60
    assert_fits(shown.stdout)
    assert "cached, 14 min old" in " ".join(shown.stdout.split())
    assert "without a request" in shown.stdout
    assert "14 min ago" in cli.run("show-events").stdout


def test_a_failed_event_is_named_and_the_others_are_stored(synced: Cli) -> None:
    keys = synced.loopback.keys
    synced.loopback.faults.add(Fault(FaultKind.NOT_FOUND, external_id=keys[1]))
    result = synced.run("fetch-listings")
    assert result.exit_code == 1
    assert keys[1] in result.stderr
    assert keys[0] not in result.stderr
    assert "gone" in result.stdout
    assert_fits(result.stdout)
    assert synced.loopback.value("select count(*) from snapshots") == 3
    assert "1x gone" in synced.run("show-events").stdout


def test_a_block_stops_the_rest_and_shows_how_to_resume(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    result = synced.run("fetch-listings", HTTPX_MAX_CONNECTIONS="1")
    assert result.exit_code == 1
    assert "not tried" in result.stdout
    assert "3 events were not tried and stay due" in result.stderr
    documents = json.loads(synced.run("fetch-listings", "--json").stdout)
    assert [row["outcome"] for row in documents] == ["not_tried"] * 4
    synced.loopback.faults.clear()
    assert "polled again" in synced.run("resume", "stubhub").stdout
    assert synced.run("fetch-listings").exit_code == 0


def test_nothing_is_sent_to_a_marketplace_that_is_switched_off(synced: Cli) -> None:
    result = synced.run("fetch-listings", DISABLED_MARKETPLACES="stubhub")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "DISABLED_MARKETPLACES" in result.stderr
    assert synced.loopback.log.records() == []


def test_an_empty_watchlist_shows_what_to_do(cli: Cli) -> None:
    result = cli.run("fetch-listings")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ticket-pipeline sync-events" in result.stderr
    assert json.loads(cli.run("fetch-listings", "--json").stdout) == []


def test_an_error_that_repeats_the_session_is_recorded_and_shown_without_it(synced: Cli) -> None:
    env = {"STUBHUB_COOKIE": "theme=dark; session=S3CRETofTheSession", "LOG_LEVEL": "DEBUG"}
    body = b'{"message": "session S3CRETofTheSession is unknown"}'

    async def run() -> Result:
        async with serve_wire(response(418, body)) as server:
            chosen = env | {"STUBHUB_API_BASE_URL": server.url}
            return await asyncio.to_thread(synced.run, "fetch-listings", synced.loopback.keys[0], **chosen)

    result = asyncio.run(run())
    assert (result.exit_code, "418" in result.stderr) == (1, True)
    stored = [synced.loopback.rows(f"select * from {table}") for table in ("fetch_attempts", "breaker_state")]  # noqa: S608 - our own names
    assert "S3CRET" not in f"{result.output}{stored}"


@pytest.mark.parametrize(
    ("stock", "unit"),
    [
        ([("101", "USD"), ("102", "USD")], "USD"),
        ([("101", "USD"), ("102", "CAD")], "mixed"),
        ([("Gold Lot", "USD"), ("VIP Upgrade", "USD")], "no seats"),
        ([], "empty"),
    ],
)
def test_what_the_prices_are_in_or_why_there_are_none_stands_beside_them(
    synced: Cli, stock: list[tuple[str, str]], unit: str
) -> None:
    listings = [
        {"listingId": n, "section": section, "availableTickets": 2, "sellerAllInPrice": 100 + n, "currencyCode": code}
        for n, (section, code) in enumerate(stock)
    ]

    async def run() -> Result:
        async with serve_wire(response(200, json.dumps(listings).encode())) as server:
            env = {"STUBHUB_API_BASE_URL": server.url}
            return await asyncio.to_thread(synced.run, "fetch-listings", synced.loopback.keys[0], **env)

    result = asyncio.run(run())
    assert result.exit_code == 0
    assert f" {unit}" in result.stdout
