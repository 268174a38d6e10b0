"""Ticketmaster's Discovery API v2 on loopback: events by id, search within its paging depth, venues, keys and limits.

What belongs here: routes, parameters, and what is refused. What does not: the documents
(`ticket_pipeline.simulator.discovery`), counting requests (`ticket_pipeline.simulator.quota`).
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import Wire, behind_wire
from ticket_pipeline.simulator.discovery import (
    LOCALE,
    ROOT,
    error_document,
    event_document,
    fault_document,
    page_document,
    venue_document,
    venue_id,
)
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.marketplace_truth import MarketplaceTruth
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.quota import Quota, QuotaLimits, Refusal
from ticket_pipeline.simulator.search import EventFilter, Page, RefusedParameterError, in_order, is_wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.faults import FaultPlan
    from ticket_pipeline.simulator.recording import RequestLog
    from ticket_pipeline.simulator.wire import Latency
    from ticket_pipeline.simulator.world import SimulatedWorld

EVENTS_PATH = f"{ROOT}/events.json"
VENUES_PATH = f"{ROOT}/venues.json"
FIELDS = FieldMeanings(quantities=("priceRanges",), time_zone="timezone", local_time="localTime")
KEY_PARAMETER = "apikey"

_EVENT_PATH = re.compile(rf"{ROOT}/events/([A-Za-z0-9_-]+?)(?:\.json)?")


def create_ticketmaster_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    faults: FaultPlan | None = None,
    log: RequestLog | None = None,
    latency: Latency | None = None,
    limits: QuotaLimits | None = None,
    keys: Collection[str] | None = None,
) -> Starlette:
    """The API as an app, with its controls under `/_simulator` (loopback only).

    Args:
        world: the events it knows are those with a Ticketmaster id.
        clock: aware UTC; limits are counted by it.
        faults: requests that are to go wrong; may change while being served.
        log: gets every request outside the controls.
        latency: how long answers take.
        limits: enforced per key; None: none are.
        keys: the valid keys; None: any that is not empty.
    """
    api = _DiscoveryApi(world, clock)
    gateway = _Gateway(clock, limits, keys)
    routes = [
        Route(EVENTS_PATH, gateway.guarded(api.search_events)),
        Route(f"{ROOT}/events", gateway.guarded(api.search_events)),
        Route(f"{ROOT}/events/{{event_id}}", gateway.guarded(api.event)),
        Route(VENUES_PATH, gateway.guarded(api.search_venues)),
        Route(f"{ROOT}/venues", gateway.guarded(api.search_venues)),
        Route(f"{ROOT}/venues/{{venue_id}}", gateway.guarded(api.venue)),
    ]
    return behind_wire(
        Starlette(routes=routes),
        Wire.given(faults, log, latency),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.TICKETMASTER),
        external_id_of=event_id_of,
        error_response=_error_response,
        fields=FIELDS,
    )


def event_id_of(scope: Scope) -> str | None:
    """The event asked for, from the path; None for a search."""
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    found = _EVENT_PATH.fullmatch(path)
    return found[1] if found else None


class _Gateway:
    """Keys and limits, which come before the service: refusals are in the gateway's own shape."""

    def __init__(self, clock: Callable[[], datetime], limits: QuotaLimits | None, keys: Collection[str] | None) -> None:
        self._clock = clock
        self._limits = limits
        self._keys = keys
        self._quotas: dict[str, Quota] = {}

    def guarded(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def guard(request: Request) -> Response:
            key = request.query_params.get(KEY_PARAMETER, "")
            if not key or (self._keys is not None and key not in self._keys):
                return _error_response(HTTPStatus.UNAUTHORIZED)
            quota = self._quotas.setdefault(key, Quota(self._limits))
            now = self._clock()
            refusal = quota.take(now)
            if refusal is not None:
                return _json(_too_many(refusal, key, self._limits or QuotaLimits()), HTTPStatus.TOO_MANY_REQUESTS)
            try:
                response = answer(request)
            except RefusedParameterError as error:
                return _json(error.document, HTTPStatus.BAD_REQUEST)
            if response.status_code == HTTPStatus.OK:
                response.headers.update(quota.headers(now))
            return response

        return guard


class _DiscoveryApi:
    def __init__(self, world: SimulatedWorld, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        markets = (
            world.market(event_id, Marketplace.TICKETMASTER)
            for event_id, _ in world.events_at(Marketplace.TICKETMASTER)
        )
        self._markets = {market.event.ids[Marketplace.TICKETMASTER]: market for market in markets if market is not None}
        self._venues = {venue_id(market.event.venue): market.event.venue for market in self._markets.values()}

    def event(self, request: Request) -> Response:
        event_id = event_id_of(request.scope) or ""
        if event_id not in self._markets:
            return _json(_not_found(event_id), HTTPStatus.NOT_FOUND)
        return _json(event_document(self._markets[event_id], self._clock()))

    def venue(self, request: Request) -> Response:
        wanted = str(request.path_params["venue_id"]).removesuffix(".json")
        if wanted not in self._venues:
            return _json(_not_found(wanted), HTTPStatus.NOT_FOUND)
        return _json(venue_document(self._venues[wanted]))

    def search_events(self, request: Request) -> Response:
        query, now = _query(request), self._clock()
        wanted = EventFilter.asked_for(query)
        found = in_order([market for market in self._markets.values() if wanted.admits(market)], query)
        return _page_of("events", found, lambda market: event_document(market, now), query)

    def search_venues(self, request: Request) -> Response:
        query = _query(request)
        found = [venue for _, venue in sorted(self._venues.items()) if is_wanted(venue.name, venue, query)]
        return _page_of("venues", found, venue_document, query)


def _page_of(
    kind: str, found: Sequence[Any], document_of: Callable[[Any], dict[str, Any]], query: Mapping[str, str]
) -> Response:
    page = Page.asked_for(query)
    shown = found[page.number * page.size : (page.number + 1) * page.size]
    others = {name: value for name, value in query.items() if name not in {"page", "size"}}
    documents = [document_of(one) for one in shown]
    return _json(page_document(kind, documents, total=len(found), number=page.number, size=page.size, query=others))


def _query(request: Request) -> dict[str, str]:
    """The parameters without the key, so that no link repeats it."""
    return {name: value for name, value in request.query_params.items() if name != KEY_PARAMETER}


def _too_many(refusal: Refusal, key: str, limits: QuotaLimits) -> dict[str, Any]:
    if refusal is Refusal.PER_DAY:
        return fault_document(
            f"Rate limit quota violation. Quota limit  exceeded. Identifier : {key}",  # as documented, key and all
            "policies.ratelimit.QuotaViolation",
        )
    rate = (
        f"MessageRate{{messagesPerPeriod={limits.per_second}, periodInMicroseconds=1000000, maxBurstMessageCount=1.0}}"
    )
    return fault_document(f"Spike arrest violation. Allowed rate : {rate}", "policies.ratelimit.SpikeArrestViolation")


def _not_found(wanted: str) -> dict[str, Any]:
    return error_document("DIS1004", f"Resource not found with provided criteria (locale={LOCALE}, id={wanted})", "404")


def _error_response(status: int) -> Response:
    """A fault of this status: keys, limits and outages in the gateway's shape, the rest in the service's."""
    faults = {
        HTTPStatus.UNAUTHORIZED: fault_document("Invalid ApiKey", "oauth.v2.InvalidApiKey"),
        HTTPStatus.TOO_MANY_REQUESTS: _too_many(Refusal.PER_SECOND, "simulated", QuotaLimits()),
        HTTPStatus.SERVICE_UNAVAILABLE: fault_document(
            "The Service is temporarily unavailable", "messaging.adaptors.http.flow.ServiceUnavailable"
        ),
    }
    if status in faults:
        return _json(faults[HTTPStatus(status)], status)
    if status == HTTPStatus.NOT_FOUND:
        return _json(_not_found("simulated"), status)
    return _json(error_document("DIS0000", f"The simulator answers {status}.", str(status)), status)


def _json(document: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(document), status_code=status, media_type="application/json;charset=utf-8")
