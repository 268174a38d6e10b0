"""The simulator's own routes: set faults, see requests and events of a running process. Loopback only.

What belongs here: looking into the simulator and steering it. What does not: anything a marketplace answers.

    GET, POST, DELETE /faults     the faults still to happen; POST takes one fault as JSON, or a list, of the kinds
                                  that mean something to the marketplace
    GET, DELETE       /requests   counts, and the last `?limit=` requests (of `?external_id=`)
    GET               /events     the events, with the truth about their listings now
    GET               /sales      the true sales of the last `?hours=` (1), of all the marketplace's events
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from decimal import Decimal

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ticket_pipeline.simulator.recording import RequestLog


BUDGET_WINDOW_SECONDS = 60.0
DEFAULT_LIMIT = 1000
MAX_HOURS = 24 * 60


class Truth(Protocol):
    """What a marketplace knows of its events and does not tell."""

    def events_at(self, now: datetime) -> list[dict[str, Any]]:
        """The events, with the truth about their listings at `now`."""

    def sales_between(self, after: datetime, until: datetime) -> list[dict[str, Any]]:
        """The true sales of all events later than `after` and not later than `until`."""


def loopback_controls(
    truth: Truth,
    *,
    faults: FaultPlan,
    kinds: frozenset[FaultKind],
    log: RequestLog,
    clock: Callable[[], datetime],
) -> ASGIApp:
    """The routes above as an app that answers 403 to clients that are not on loopback.

    Args:
        truth: what `/events` and `/sales` show.
        faults: what `/faults` steers.
        kinds: the faults that answers of this marketplace can have.
        log: what `/requests` shows.
        clock: aware UTC.
    """
    controls = _Controls(truth, faults, kinds, log, clock)
    methods = ["GET", "POST", "DELETE"]
    return _loopback_only(
        Starlette(
            routes=[
                Route("/faults", controls.faults, methods=methods),
                Route("/requests", controls.requests, methods=["GET", "DELETE"]),
                Route("/events", controls.events),
                Route("/sales", controls.sales),
            ]
        )
    )


class _Controls:
    def __init__(
        self,
        truth: Truth,
        faults: FaultPlan,
        kinds: frozenset[FaultKind],
        log: RequestLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._truth = truth
        self._faults = faults
        self._kinds = kinds
        self._log = log
        self._clock = clock

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._faults.clear()
        elif request.method == "POST":
            try:
                given = TypeAdapter(list[Fault] | Fault).validate_json(await request.body())
            except ValidationError as error:
                return _orjson({"errors": error.errors(include_url=False, include_input=False)}, status=422)
            wanted = given if isinstance(given, list) else [given]
            if impossible := {fault.kind for fault in wanted} - self._kinds:
                return _orjson({"errors": [_impossible(impossible, self._kinds)]}, status=422)
            for fault in wanted:
                self._faults.add(fault)
        return _orjson([asdict(fault) for fault in self._faults.pending()])

    async def requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._log.clear()
        limit = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdecimal():
            return JSONResponse({"errors": ["limit is no number: give 0 or more"]}, status_code=422)
        records = self._log.records(request.query_params.get("external_id"))
        return _orjson(
            {
                "count": len(records),
                "busiest_60_seconds": self._log.busiest_window(BUDGET_WINDOW_SECONDS),
                "most_at_once": self._log.most_at_once(),
                "requests": [asdict(record) for record in records[max(0, len(records) - int(limit)) :]],
            }
        )

    async def events(self, _: Request) -> Response:
        return _orjson(self._truth.events_at(self._clock()))

    async def sales(self, request: Request) -> Response:
        hours = request.query_params.get("hours", "1")
        if not hours.isdecimal() or int(hours) > MAX_HOURS:
            return JSONResponse({"errors": [f"hours is no number up to {MAX_HOURS}"]}, status_code=422)
        now = self._clock()
        return _orjson(self._truth.sales_between(now - timedelta(hours=int(hours)), now))


def _impossible(kinds: Collection[FaultKind], possible: Collection[FaultKind]) -> dict[str, Any]:
    """In the form of the other errors of a fault."""
    message = f"{', '.join(sorted(kinds))}: answers of this marketplace hold nothing that could go wrong so"
    return {"type": "impossible", "loc": ["kind"], "msg": f"{message}. It knows: {', '.join(sorted(possible))}"}


def _loopback_only(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        host = (scope.get("client") or ("0.0.0.0", 0))[0]  # noqa: S104 - an unknown client is not on loopback
        if ipaddress.ip_address(host).is_loopback:
            await app(scope, receive, send)
        else:
            await JSONResponse({"message": "Loopback only."}, status_code=403)(scope, receive, send)

    return guarded


def _orjson(value: object, *, status: int = 200) -> Response:
    """JSON with money as text, so that no digit is lost."""

    def text(given: Decimal) -> str:
        return str(given)

    return Response(orjson.dumps(value, default=text), status_code=status, media_type="application/json")
