"""StubHub Pro on loopback: `GetCompListingsByEventId` as documented by code that parsed real answers.

What belongs here: the listings body and the route. What does not: the market behind it
(`ticket_pipeline.simulator.market`), faults and records, which every marketplace shares.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import Wire, behind_wire
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.marketplace_truth import MarketplaceTruth
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.faults import FaultPlan
    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.recording import RequestLog
    from ticket_pipeline.simulator.wire import Latency
    from ticket_pipeline.simulator.world import SimulatedWorld

LISTINGS_PATH = "/api/Listing/GetCompListingsByEventId"
EVENT_PARAMETER = "viagogoEventId"
FIELDS = FieldMeanings(quantities=("availableTickets",), listing_id="listingId")
SYMBOLS = {"USD": "$", "CAD": "C$", "GBP": "£", "EUR": "€"}


def create_stubhub_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    faults: FaultPlan | None = None,
    log: RequestLog | None = None,
    latency: Latency | None = None,
    unknown_event_status: int = 200,
    freeze: bool = False,
) -> Starlette:
    """The marketplace as an app, with its controls under `/_simulator` (loopback only).

    Args:
        world: the events it knows.
        clock: aware UTC; the market is asked for the moment of each request.
        faults: requests that are to go wrong; may change while being served.
        log: gets every request outside the controls.
        latency: how long answers take.
        unknown_event_status: 200 answers `[]`, which is our best guess; 404 answers an error.
        freeze: markets stand still at the world's start, and each body is made once: for benches.
    """
    listings = _ListingsApi(world, clock=clock, unknown_event_status=unknown_event_status, freeze=freeze)
    return behind_wire(
        Starlette(routes=[Route(LISTINGS_PATH, listings.answer, methods=["GET", "PUT", "POST"])]),
        Wire.given(faults, log, latency),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.STUBHUB),
        external_id_of=external_id_of,
        error_response=_error_response,
        fields=FIELDS,
    )


def listings_body(listings: Sequence[SimulatedListing], currency: str) -> bytes:
    """The answer's body: a bare JSON array, one object per listing."""
    return orjson.dumps([_item(listing, currency) for listing in listings])


def external_id_of(scope: Scope) -> str | None:
    """The event asked for, from the query string."""
    query = parse_qs(str(scope["query_string"], "latin-1"))
    return query[EVENT_PARAMETER][0] if EVENT_PARAMETER in query else None


class _ListingsApi:
    def __init__(
        self, world: SimulatedWorld, *, clock: Callable[[], datetime], unknown_event_status: int, freeze: bool
    ) -> None:
        self._world = world
        self._clock = clock
        self._unknown_event_status = unknown_event_status
        self._freeze = freeze
        self._frozen: dict[str, bytes] = {}
        self._replayed: Counter[str] = Counter()

    async def answer(self, request: Request) -> Response:
        external_id = external_id_of(request.scope)
        if external_id is None:
            return _error_response(400)
        body = self._body(external_id)
        if body is None and self._unknown_event_status != HTTPStatus.OK:
            return _error_response(self._unknown_event_status)
        return Response(body or b"[]", media_type="application/json; charset=utf-8")

    def _body(self, external_id: str) -> bytes | None:
        replay = self._world.replay(external_id)
        if replay is not None:
            turn = min(self._replayed[external_id], len(replay.bodies) - 1)
            self._replayed[external_id] += 1
            return replay.bodies[turn]
        market = self._world.market(external_id)
        if market is None:
            return None
        if not self._freeze:
            return listings_body(market.listings_at(self._clock()), market.event.venue.currency)
        if external_id not in self._frozen:
            listings = market.listings_at(self._world.started_at)
            self._frozen[external_id] = listings_body(listings, market.event.venue.currency)
        return self._frozen[external_id]


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
    return JSONResponse({"message": f"The simulator answers {status}."}, status_code=status)
