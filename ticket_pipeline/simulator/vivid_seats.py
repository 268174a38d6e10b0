"""Vivid Seats on loopback: the listings of a production as the site's own `hermes` service sends them.

What belongs here: the routes. What does not: the body (`ticket_pipeline.simulator.hermes`), the market behind it,
faults and records, which every marketplace shares.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import Wire, behind_wire
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.hermes import listings_body, parking_event
from ticket_pipeline.simulator.marketplace_truth import MarketplaceTruth
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.wire import CHALLENGE_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.faults import FaultPlan
    from ticket_pipeline.simulator.recording import RequestLog
    from ticket_pipeline.simulator.wire import Latency
    from ticket_pipeline.simulator.world import SimulatedWorld

PARKING_PREFIX = "9"
FIELDS = FieldMeanings(quantities=("q", "quantity"), listing_id="i", time_zone="venueTimeZone")
LISTINGS_PATH = "/hermes/api/v1/listings"
PRODUCTION_PARAMETER = "productionId"


def create_vivid_seats_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    faults: FaultPlan | None = None,
    log: RequestLog | None = None,
    latency: Latency | None = None,
) -> Starlette:
    """The marketplace as an app, with its controls under `/_simulator` (loopback only).

    Args:
        world: the events it knows are those with a Vivid Seats id.
        clock: aware UTC; the market is asked for the moment of each request.
        faults: requests that are to go wrong; may change while being served.
        log: gets every request outside the controls.
        latency: how long answers take.
    """
    listings = _ListingsApi(world, clock)
    return behind_wire(
        Starlette(routes=[Route(LISTINGS_PATH, listings.answer)]),
        Wire.given(faults, log, latency),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.VIVID_SEATS),
        external_id_of=production_id_of,
        error_response=_error_response,
        fields=FIELDS,
    )


def parking_id_of(production_id: str) -> str:
    """The production that sells an event's parking passes."""
    return f"{PARKING_PREFIX}{production_id}"


def production_id_of(scope: Scope) -> str | None:
    """The production asked for, from the query string."""
    query = parse_qs(str(scope["query_string"], "latin-1"))
    return query[PRODUCTION_PARAMETER][0] if PRODUCTION_PARAMETER in query else None


class _ListingsApi:
    def __init__(self, world: SimulatedWorld, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._clock = clock
        self._replayed: Counter[str] = Counter()

    async def answer(self, request: Request) -> Response:
        production_id = production_id_of(request.scope)
        if production_id is None or not production_id.isdecimal():
            return _error_response(HTTPStatus.BAD_REQUEST)
        is_localized = request.query_params.get("localizeCurrency", "false").lower() == "true"
        body = self._body(production_id, is_localized=is_localized)
        if body is None:
            return _error_response(HTTPStatus.NOT_FOUND)
        return Response(body, media_type="application/json;charset=UTF-8")

    def _body(self, production_id: str, *, is_localized: bool) -> bytes | None:
        replay = self._world.replay(production_id, Marketplace.VIVID_SEATS)
        if replay is not None:
            turn = min(self._replayed[production_id], len(replay.bodies) - 1)
            self._replayed[production_id] += 1
            return replay.bodies[turn]
        now = self._clock()
        market = self._world.market(production_id, Marketplace.VIVID_SEATS)
        if market is not None:
            listings = market.listings_at(now, Marketplace.VIVID_SEATS)
            return listings_body(market.event, listings, now, is_localized=is_localized)
        with_parking = self._world.market(production_id.removeprefix(PARKING_PREFIX), Marketplace.VIVID_SEATS)
        if with_parking is not None:
            passes = with_parking.parking_at(now, Marketplace.VIVID_SEATS)
            return listings_body(
                parking_event(with_parking.event, production_id), passes, now, is_localized=is_localized
            )
        return None


def _error_response(status: int) -> Response:
    if status == HTTPStatus.FORBIDDEN:  # the bot wall answers, not the service
        return HTMLResponse(CHALLENGE_PAGE, status_code=status)
    return JSONResponse({"status": status, "message": f"The simulator answers {status}."}, status_code=status)
