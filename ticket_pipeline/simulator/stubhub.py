"""StubHub Pro on loopback: `GetCompListingsByEventId`, as documented by code that parsed real responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Unpack

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import WireOptions, build_app, query_parameter
from ticket_pipeline.simulator.controls import MarketplaceTruth
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from starlette.requests import Request

    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.world import SimulatedWorld

LISTINGS_PATH = "/api/Listing/GetCompListingsByEventId"
EVENT_PARAMETER = "viagogoEventId"
FIELDS = FieldMeanings(quantities=("availableTickets",), listing_id="listingId")
SYMBOLS = {"USD": "$", "CAD": "C$", "GBP": "£", "EUR": "€"}


def create_stubhub_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    unknown_event_status: int = HTTPStatus.OK,
    **options: Unpack[WireOptions],
) -> Starlette:
    """StubHub Pro with the world's events, simulated and replayed; `clock` gives aware UTC.

    For an unknown event id it returns `unknown_event_status`; 200 is an empty list, our best guess.
    """
    replayed: Counter[str] = Counter()

    async def respond(request: Request) -> Response:
        external_id = request.query_params.get(EVENT_PARAMETER)
        if external_id is None:
            return _error_response(HTTPStatus.BAD_REQUEST)
        if (replay := world.replays.get(external_id)) is not None:
            turn = min(replayed[external_id], len(replay.bodies) - 1)
            replayed[external_id] += 1
            body = replay.bodies[turn]
        elif (market := world.market(external_id)) is not None:
            body = listings_body(market.listings_at(clock()), market.event.venue.currency)
        elif unknown_event_status != HTTPStatus.OK:
            return _error_response(unknown_event_status)
        else:
            body = b"[]"
        return Response(body, media_type="application/json; charset=utf-8")

    return build_app(
        Starlette(routes=[Route(LISTINGS_PATH, respond, methods=["GET", "PUT", "POST"])]),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.STUBHUB),
        external_id_of=query_parameter(EVENT_PARAMETER),
        error_response=_error_response,
        fields=FIELDS,
        **options,
    )


def listings_body(listings: Sequence[SimulatedListing], currency: str) -> bytes:
    """A response's body: a bare JSON array, one object per listing."""
    return orjson.dumps([_item(listing, currency) for listing in listings])


def _item(listing: SimulatedListing, currency: str) -> dict[str, Any]:
    all_in = listing.all_in_price
    return {
        "listingId": listing.listing_id,
        "section": listing.section,
        "row": listing.row,
        "rowId": listing.row_id,
        "availableTickets": listing.quantity,
        "sellerNetProceeds": _money(listing.net_proceeds, currency),
        "sellerAllInPrice": None if all_in is None else _money(all_in, currency),
        "currencyCode": currency,
        "listingNotes": list(listing.notes),
    }


def _money(amount: Decimal, currency: str) -> dict[str, Any]:
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return {"amt": float(amount), "disp": f"{symbol}{amount:,.2f}", "currency": currency, "dec": 2}


def _error_response(status: int) -> Response:
    return JSONResponse({"message": f"The simulator returned {status}."}, status_code=status)
