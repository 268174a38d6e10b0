"""The simulator's own routes, for clients on loopback: set faults, show requests, events and true sales.

GET, POST, DELETE /faults     the planned faults; POST takes one fault as JSON, or a list
GET, DELETE       /requests   counts, and the last `?limit=` requests (of `?external_id=`)
GET               /events     the events, with the true metrics of their listings now
GET               /sales      the true sales of the last `?hours=` (1), of all events
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.faults import Fault
from ticket_pipeline.simulator.marketplaces import Marketplace, currency_at
from ticket_pipeline.web_guard import Guard

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ticket_pipeline.simulator.vivenu import OrganiserTruth
    from ticket_pipeline.simulator.wire import Wire
    from ticket_pipeline.simulator.world import SimulatedWorld

DEFAULT_LIMIT = 1000
MAX_HOURS = 24 * 60


@dataclass(frozen=True, slots=True)
class MarketplaceTruth:
    """The truth about one marketplace of a world, beyond its responses."""

    world: SimulatedWorld
    marketplace: Marketplace

    def events_at(self, now: datetime) -> list[dict[str, Any]]:
        """The events, with the true metrics of their listings at `now`; Ticketmaster has no listings."""
        has_listings = self.marketplace is not Marketplace.TICKETMASTER
        return [
            {
                "external_id": external_id,
                "name": market.event.name,
                "venue": market.event.venue.name,
                "currency": currency_at(self.marketplace, market.event.venue.currency),
                "event_at": market.event.event_at,
                "truth": asdict(market.true_metrics_at(now, self.marketplace)) if has_listings else None,
            }
            for external_id, market in self.world.markets_at(self.marketplace).items()
        ]

    def sales_between(self, after: datetime, until: datetime) -> list[dict[str, Any]]:
        """The true sales at the marketplace, event by event."""
        return [
            {"external_id": external_id, **asdict(sale)}
            for external_id, market in self.world.markets_at(self.marketplace).items()
            for sale in market.sales_between(after, until, self.marketplace)
        ]


def create_controls(wire: Wire, truth: MarketplaceTruth | OrganiserTruth) -> ASGIApp:
    """The routes above as an app that returns 403 to clients that are not on loopback, and to pages of other sites."""
    controls = _Controls(wire, truth)
    routes = [
        Route("/faults", controls.faults, methods=["GET", "POST", "DELETE"]),
        Route("/requests", controls.requests, methods=["GET", "DELETE"]),
        Route("/events", controls.events),
        Route("/sales", controls.sales),
    ]
    return _loopback_only(Guard(Starlette(routes=routes)))


@dataclass(frozen=True, slots=True)
class _Controls:
    wire: Wire
    truth: MarketplaceTruth | OrganiserTruth

    async def faults(self, request: Request) -> Response:
        plan = self.wire.faults
        if request.method == "DELETE":
            plan.clear()
        elif request.method == "POST":
            try:
                given = TypeAdapter(list[Fault] | Fault).validate_json(await request.body())
            except ValidationError as error:
                return _json({"errors": error.errors(include_url=False, include_input=False)}, status=422)
            faults = given if isinstance(given, list) else [given]
            for fault in faults:
                plan.add(fault)
        return _json([asdict(fault) for fault in plan.pending()])

    async def requests(self, request: Request) -> Response:
        log = self.wire.log
        if request.method == "DELETE":
            log.clear()
        limit = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdecimal():
            return _json({"errors": ["limit must be a whole number"]}, status=422)
        records = log.records(request.query_params.get("external_id"))
        shown = {
            "count": len(records),
            "busiest_60_seconds": log.busiest_window(60),
            "most_at_once": log.most_at_once(),
            "requests": [asdict(record) for record in records[max(0, len(records) - int(limit)) :]],
        }
        return _json(shown)

    async def events(self, _: Request) -> Response:
        return _json(self.truth.events_at(self.wire.clock()))

    async def sales(self, request: Request) -> Response:
        hours = request.query_params.get("hours", "1")
        if not hours.isdecimal() or int(hours) > MAX_HOURS:
            return _json({"errors": [f"hours must be a whole number up to {MAX_HOURS}"]}, status=422)
        now = self.wire.clock()
        return _json(self.truth.sales_between(now - timedelta(hours=int(hours)), now))


def _loopback_only(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        host = (scope.get("client") or ("0.0.0.0", 0))[0]  # noqa: S104 - an unknown client is not on loopback
        if ipaddress.ip_address(host).is_loopback:
            await app(scope, receive, send)
        else:
            await JSONResponse({"message": "Loopback only."}, status_code=403)(scope, receive, send)

    return guarded


def _json(value: object, *, status: int = 200) -> Response:
    """JSON with money as text, so that no digit is lost."""
    return Response(orjson.dumps(value, default=str), status_code=status, media_type="application/json")
