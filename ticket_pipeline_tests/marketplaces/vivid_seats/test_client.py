"""The Vivid Seats client: what it sends, what it rejects, and a whole call against the simulator."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.validated import ValidatedListings
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.vivid_seats.client import open_vivid_seats_client
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator import marketplaces as simulated
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.http.wire import response, serve_wire
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.simulator_support.serving import serve

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BODY = json.dumps({"tickets": [{"i": "VB1", "s": "101", "q": "2", "p": "10.00", "aip": "13.00", "m": "2"}]}).encode()


def _settings(base_url: str | None = "https://www.vividseats.com", **changes: object) -> Settings:
    return settings_from({"vivid_seats_api_base_url": base_url} | changes)


def test_the_request_pins_the_currency_and_names_its_sender() -> None:
    async def run() -> str:
        async with serve_wire(response(body=BODY)) as server:
            settings = _settings(f"{server.url}/", vivid_seats_currency="EUR", stubhub_cookie="c=1")
            async with open_vivid_seats_client(settings) as client:
                listings = await client.get_listings("5990417")
                found = await client.fetch_listings("5990417")
            assert (found.marketplace, found.external_id) == (Marketplace.VIVID_SEATS, "5990417")
            assert (listings.columns["price"], listings.currency) == ([13.0], "EUR")
            return server.heads[0]

    lines = asyncio.run(run()).split("\r\n")
    assert lines[0] == (
        "GET /hermes/api/v1/listings?productionId=5990417&includeIpAddress=true&currency=EUR&localizeCurrency=false"
        "&priceGroupId=21 HTTP/1.1"
    )
    named = {line.partition(":")[0].lower(): line.partition(": ")[2] for line in lines[1:] if line}
    assert named.keys() == {"host", "user-agent", "accept-encoding", "accept", "connection"}
    assert (named["accept"], named["user-agent"]) == ("application/json", "ticket-pipeline/0.1")


def test_a_response_about_another_production_is_rejected() -> None:
    async def run() -> None:
        body = {"global": [{"productionId": "5990418", "listingCount": "0"}], "tickets": []}
        async with (
            serve_wire(response(200, json.dumps(body).encode())) as server,
            open_vivid_seats_client(_settings(server.url)) as client,
        ):
            await client.get_listings("5990417")

    with pytest.raises(UnexpectedPayload, match="for event 5990417 is about 5990418"):
        asyncio.run(run())


@pytest.mark.parametrize("production", ["5284301", "5563127", "5422590"])
def test_one_call_gives_the_true_market_of_the_simulator(production: str) -> None:
    async def run(base_url: str) -> ValidatedListings:
        async with open_vivid_seats_client(_settings(base_url)) as client:
            return await client.get_listings(production)

    world = sample_world(NOW)
    with serve(create_vivid_seats_app(world, clock=lambda: NOW)) as served:
        listings = asyncio.run(run(served.url))
    market = world.market(production, simulated.Marketplace.VIVID_SEATS)
    assert market is not None
    truth = {f"{each.listing_id}": each for each in market.listings_at(NOW, simulated.Marketplace.VIVID_SEATS)}
    assert (listings.received, listings.checksum_problems) == (len(truth), ())
    assert listings.accepted + len(listings.rejected) == listings.received
    assert listings.accepted > 50
    columns = listings.columns
    assert sum(columns["quantity"]) + sum(int(each.raw["q"]) for each in listings.rejected) == sum(
        each.quantity for each in truth.values()
    )
    assert None not in columns["zone"]
    assert all(quantity in splits for quantity, splits in zip(columns["quantity"], columns["splits"], strict=True))
