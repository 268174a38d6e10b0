"""Vivid Seats on loopback: the listings of a production from the site's `hermes` service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Unpack

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import WireOptions, build_app, query_parameter
from ticket_pipeline.simulator.controls import MarketplaceTruth
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.hermes import listings_body
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.wire import CHALLENGE_PAGE

if TYPE_CHECKING:
    from starlette.requests import Request

    from ticket_pipeline.simulator.world import SimulatedWorld

FIELDS = FieldMeanings(quantities=("q", "quantity"), listing_id="i", time_zone="venueTimeZone")
LISTINGS_PATH = "/hermes/api/v1/listings"
PRODUCTION_PARAMETER = "productionId"


def create_vivid_seats_app(
    world: SimulatedWorld, *, clock: Callable[[], datetime], **options: Unpack[WireOptions]
) -> Starlette:
    """Vivid Seats with the world's events that have an id there; `clock` gives aware UTC."""

    async def respond(request: Request) -> Response:
        production_id = request.query_params.get(PRODUCTION_PARAMETER)
        if production_id is None or not production_id.isdecimal():
            return _error_response(HTTPStatus.BAD_REQUEST)
        market = world.market(production_id, Marketplace.VIVID_SEATS)
        if market is None:
            return _error_response(HTTPStatus.NOT_FOUND)
        body = listings_body(market.event, market.listings_at(clock(), Marketplace.VIVID_SEATS))
        return Response(body, media_type="application/json;charset=UTF-8")

    return build_app(
        Starlette(routes=[Route(LISTINGS_PATH, respond)]),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.VIVID_SEATS),
        external_id_of=query_parameter(PRODUCTION_PARAMETER),
        error_response=_error_response,
        fields=FIELDS,
        **options,
    )


def _error_response(status: int) -> Response:
    if status == HTTPStatus.FORBIDDEN:  # sent by the bot wall, not the service
        return HTMLResponse(CHALLENGE_PAGE, status_code=status)
    return JSONResponse({"status": status, "message": f"The simulator returned {status}."}, status_code=status)
