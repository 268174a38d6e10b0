"""vivenu on loopback: events, tickets, transactions and coupons, paged by `top` and `skip` behind a bearer token.

The last updated object comes first, as in the real API, so a change between two pages shifts the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Unpack

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import WireOptions, build_app, query_parameter
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.vivenu_payloads import (
    coupon_payload,
    event_payload,
    purchase_payload,
    series_payload,
    ticket_payload,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ticket_pipeline.simulator.vivenu_world import VivenuWorld

HandOver = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]
SIMULATED_TOKEN = "simulated-organiser"  # noqa: S105 - valid only here
DEFAULT_TOP = 25
MAX_TOP = 1000


def create_vivenu_app(
    world: VivenuWorld,
    *,
    clock: Callable[[], datetime],
    is_valid: Callable[[str], bool] = lambda token: token == SIMULATED_TOKEN,
    hand_over: HandOver = lambda _, page: page,
    **options: Unpack[WireOptions],
) -> Starlette:
    """The API of one organiser; `clock` gives aware UTC.

    `is_valid` judges bearer tokens; `hand_over` makes of a page of `tickets`, `events`, … the objects to send.
    """
    api = _OrganiserApi(world, is_valid, hand_over)
    vivenu = Starlette(
        routes=[
            Route("/api/events", api.events),
            Route("/api/tickets", api.tickets),
            Route("/api/transactions", api.transactions),
            Route("/api/coupon/rich", api.coupons),
            Route("/api/coupon/series", api.series),
        ]
    )

    async def advanced(scope: Scope, receive: Receive, send: Send) -> None:
        world.advance(clock())
        await vivenu(scope, receive, send)

    return build_app(
        advanced,
        clock=clock,
        truth=OrganiserTruth(world),
        external_id_of=query_parameter("event"),
        error_response=error_response,
        **options,
    )


def error_response(status: int) -> Response:
    """An error in the format of the API's description; its code is text."""
    phrase = HTTPStatus(status).phrase
    body = {"statusCode": str(status), "error": phrase, "message": f"The simulator returned {status}."}
    return JSONResponse(body, status_code=status)


@dataclass(frozen=True, slots=True)
class OrganiserTruth:
    """The truth about an organiser's events, beyond its responses."""

    world: VivenuWorld

    def events_at(self, now: datetime) -> list[dict[str, Any]]:
        """The events, with the tickets sold by `now`."""
        self.world.advance(now)
        return [
            {
                "external_id": event.event_id,
                "name": event.name,
                "event_at": event.starts_at,
                "truth": {"sold": sum(ticket.is_sold for ticket in self.world.of_event(event.event_id))},
            }
            for event in self.world.events
        ]

    def sales_between(self, after: datetime, until: datetime) -> list[dict[str, Any]]:
        """The true sales later than `after` and not later than `until`."""
        self.world.advance(until)
        return [
            {
                "external_id": ticket.event.event_id,
                "sold_at": ticket.created_at,
                "marketplace": Marketplace.VIVENU,
                "ticket_id": ticket.ticket_id,
                "quantity": 1,
                "all_in_price": Decimal(ticket.paid_cents) / 100,
            }
            for ticket in self.world.tickets.values()
            if after < ticket.created_at <= until
        ]


@dataclass(frozen=True, slots=True)
class _OrganiserApi:
    world: VivenuWorld
    is_valid: Callable[[str], bool]
    hand_over: HandOver

    async def events(self, request: Request) -> Response:
        return self._page(request, "events", self.world.events, event_payload)

    async def tickets(self, request: Request) -> Response:
        query = request.query_params
        events, statuses = (set(query[name].split(",")) if name in query else None for name in ("event", "status"))
        found = [
            ticket
            for ticket in _updated_since(request, self.world.tickets.values())
            if (events is None or ticket.event.event_id in events) and (statuses is None or ticket.status in statuses)
        ]
        found.sort(key=lambda ticket: (ticket.updated_at, ticket.ticket_id), reverse=True)
        return self._page(request, "tickets", found, ticket_payload)

    async def transactions(self, request: Request) -> Response:
        found = _updated_since(request, self.world.purchases.values())
        found.sort(key=lambda purchase: (purchase.updated_at, purchase.transaction_id), reverse=True)
        return self._page(request, "transactions", found, purchase_payload, rows="docs")

    async def coupons(self, request: Request) -> Response:
        used = Counter(coupon.coupon_id for one in self.world.purchases.values() for coupon in one.coupons)
        return self._page(
            request, "coupons", self.world.coupons, lambda coupon: coupon_payload(coupon, used[coupon.coupon_id])
        )

    async def series(self, request: Request) -> Response:
        firsts = {coupon.series_id: coupon for coupon in self.world.coupons if coupon.series_id}
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
        if scheme != "Bearer" or not self.is_valid(token):
            return error_response(HTTPStatus.UNAUTHORIZED)
        top, skip = (request.query_params.get(name, default) for name, default in (("top", DEFAULT_TOP), ("skip", 0)))
        if not (str(top).isdecimal() and str(skip).isdecimal() and 1 <= int(top) <= MAX_TOP):
            return error_response(HTTPStatus.BAD_REQUEST)
        page = self.hand_over(what, [payload(item) for item in found[int(skip) : int(skip) + int(top)]])
        body: object = page if rows is None else {rows: page, "total": len(found)}
        return Response(orjson.dumps(body), media_type="application/json")


def _updated_since(request: Request, items: Any) -> list[Any]:  # noqa: ANN401 - tickets or purchases
    if (since := request.query_params.get("updatedAt[$gte]")) is None:
        return list(items)
    moment = datetime.fromisoformat(since)
    return [item for item in items if item.updated_at >= moment]
