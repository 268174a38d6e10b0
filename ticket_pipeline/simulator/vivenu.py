"""vivenu on loopback: events, tickets, transactions and coupons, paged by `top` and `skip` behind a bearer token.

What belongs here: routes, paging, tokens. What does not: the organiser (`vivenu_world`) and the objects' keys
(`vivenu_payloads`); faults and records are those that every system shares.

The set moves as the real one does: the last updated stands first, so that a change between two pages shifts what is
still to come.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import Wire, behind_wire
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.vivenu_payloads import (
    coupon_payload,
    event_payload,
    iso,
    purchase_payload,
    series_payload,
    ticket_payload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ticket_pipeline.simulator.faults import FaultPlan
    from ticket_pipeline.simulator.recording import RequestLog
    from ticket_pipeline.simulator.vivenu_world import VivenuWorld
    from ticket_pipeline.simulator.wire import Latency

SIMULATED_TOKEN = "simulated-organiser"  # noqa: S105 - it opens nothing but this
DEFAULT_TOP = 25
MAX_TOP = 1000


@dataclass
class OrganiserDesk:
    """What a test may steer and see of a served organiser.

    Attributes:
        tokens: bearer tokens that are good now; take one out and it has expired.
        garbled: ids of objects that are sent in a form that nobody expects: every other value in a list of its own.
        served: what (`tickets`, `events`, …) → objects sent.
        after_page: called with what was asked for after each page is made, before it is sent: where a set may move.
    """

    tokens: set[str] = field(default_factory=lambda: {SIMULATED_TOKEN})
    garbled: set[str] = field(default_factory=set)
    served: Counter[str] = field(default_factory=Counter)
    after_page: Callable[[str], None] = lambda _: None


def create_vivenu_app(
    world: VivenuWorld,
    *,
    clock: Callable[[], datetime],
    desk: OrganiserDesk | None = None,
    faults: FaultPlan | None = None,
    log: RequestLog | None = None,
    latency: Latency | None = None,
) -> Starlette:
    """The API of one organiser, with the controls under `/_simulator` (loopback only).

    Args:
        world: the organiser.
        clock: aware UTC.
        desk: tokens and counts; None: the one token, and counts nobody reads.
        faults: requests that are to go wrong; may change while being served.
        log: gets every request outside the controls.
        latency: how long answers take.
    """
    api = _OrganiserApi(world, desk or OrganiserDesk())
    vivenu = Starlette(
        routes=[
            Route("/api/events", api.events),
            Route("/api/tickets", api.tickets),
            Route("/api/transactions", api.transactions),
            Route("/api/coupon/rich", api.coupons),
            Route("/api/coupon/series", api.series),
        ]
    )

    async def moved_on(scope: Scope, receive: Receive, send: Send) -> None:
        world.advance(clock())
        await vivenu(scope, receive, send)

    return behind_wire(
        moved_on,
        Wire.given(faults, log, latency),
        clock=clock,
        truth=_OrganiserTruth(world),
        external_id_of=external_id_of,
        error_response=error_response,
    )


def external_id_of(scope: Scope) -> str | None:
    """The event asked for, from the query string."""
    return parse_qs(str(scope["query_string"], "latin-1")).get("event", [None])[0]


def error_response(status: int) -> Response:
    """An error as the API's description has it; its code is text."""
    phrase = HTTPStatus(status).phrase
    body = {"statusCode": str(status), "error": phrase, "message": f"The simulator answers {status}."}
    return JSONResponse(body, status_code=status)


class _OrganiserTruth:
    """What the controls show: the organiser's events, and how many tickets of each are sold."""

    def __init__(self, world: VivenuWorld) -> None:
        self._world = world

    def events_at(self, now: datetime) -> list[dict[str, Any]]:
        self._world.advance(now)
        return [
            {
                "external_id": event.event_id,
                "name": event.name,
                "event_at": event.starts_at,
                "truth": {"sold": sum(ticket.is_sold for ticket in self._world.of_event(event.event_id))},
            }
            for event in self._world.events
        ]

    def sales_between(self, after: datetime, until: datetime) -> list[dict[str, Any]]:
        self._world.advance(until)
        return [
            {
                "external_id": ticket.event.event_id,
                "sold_at": ticket.created_at,
                "marketplace": Marketplace.VIVENU,
                "ticket_id": ticket.ticket_id,
                "quantity": 1,
                "all_in_price": Decimal(ticket.paid_cents) / 100,
            }
            for ticket in self._world.tickets.values()
            if after < ticket.created_at <= until
        ]


class _OrganiserApi:
    def __init__(self, world: VivenuWorld, desk: OrganiserDesk) -> None:
        self._world = world
        self._desk = desk

    async def events(self, request: Request) -> Response:
        return self._page(request, "events", self._world.events, event_payload)

    async def tickets(self, request: Request) -> Response:
        query = request.query_params
        events = set(query["event"].split(",")) if "event" in query else None
        statuses = set(query["status"].split(",")) if "status" in query else None
        since = query.get("updatedAt[$gte]", "")
        found = [
            ticket
            for ticket in self._world.tickets.values()
            if (events is None or ticket.event.event_id in events)
            and (statuses is None or ticket.status in statuses)
            and iso(ticket.updated_at) >= since
        ]
        found.sort(key=lambda ticket: (ticket.updated_at, ticket.ticket_id), reverse=True)
        return self._page(request, "tickets", found, ticket_payload)

    async def transactions(self, request: Request) -> Response:
        since = request.query_params.get("updatedAt[$gte]", "")
        found = [one for one in self._world.purchases.values() if iso(one.updated_at) >= since]
        found.sort(key=lambda one: (one.updated_at, one.transaction_id), reverse=True)
        return self._page(request, "transactions", found, purchase_payload, rows="docs")

    async def coupons(self, request: Request) -> Response:
        used = Counter(coupon.coupon_id for one in self._world.purchases.values() for coupon in one.coupons)
        return self._page(
            request, "coupons", self._world.coupons, lambda coupon: coupon_payload(coupon, used[coupon.coupon_id])
        )

    async def series(self, request: Request) -> Response:
        firsts = {coupon.series_id: coupon for coupon in self._world.coupons if coupon.series_id}
        return self._page(request, "series", list(firsts.values()), series_payload, rows=None)

    def _page(
        self,
        request: Request,
        what: str,
        found: Sequence[Any],
        payload: Callable[[Any], dict[str, Any]],
        rows: str | None = "rows",
    ) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._desk.tokens:
            return error_response(401)
        top, skip = (request.query_params.get(name, default) for name, default in (("top", DEFAULT_TOP), ("skip", 0)))
        if not (str(top).isdecimal() and str(skip).isdecimal() and 1 <= int(top) <= MAX_TOP):
            return error_response(400)
        page = [self._garbled(payload(item)) for item in found[int(skip) : int(skip) + int(top)]]
        self._desk.served[what] += len(page)
        self._desk.after_page(what)
        body: object = page if rows is None else {rows: page, "total": len(found)}
        return Response(orjson.dumps(body), media_type="application/json")

    def _garbled(self, sent: dict[str, Any]) -> dict[str, Any]:
        if sent["_id"] not in self._desk.garbled:
            return sent
        return {name: value if name in {"_id", "updatedAt"} else [value] for name, value in sent.items()}
