"""Ticketmaster's Discovery API v2 on loopback: events by id, search, keys and limits."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Unpack

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from ticket_pipeline.simulator.app_factory import WireOptions, build_app
from ticket_pipeline.simulator.controls import MarketplaceTruth
from ticket_pipeline.simulator.discovery import (
    DATE_FORMAT,
    LOCALE,
    ROOT,
    country_code,
    error_document,
    event_document,
    fault_document,
    page_document,
)
from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.market import EventMarket
    from ticket_pipeline.simulator.world import SimulatedWorld

FIELDS = FieldMeanings(quantities=("priceRanges",), time_zone="timezone", local_time="localTime")
KEY_PARAMETER = "apikey"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DEFAULT_SIZE = 20

_EVENT_PATH = re.compile(rf"{ROOT}/events/([A-Za-z0-9_-]+?)\.json")


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """How many requests any window may hold."""

    per_second: int = 5
    per_day: int = 5_000


class Quota:
    """The requests of one key; a refused request does not count. `limits` None: count, refuse nothing."""

    def __init__(self, key: str, limits: QuotaLimits | None) -> None:
        self._key = key
        self._is_enforced = limits is not None
        self._limits = limits or QuotaLimits()
        self._taken: deque[datetime] = deque()

    def refuse(self, now: datetime) -> dict[str, Any] | None:
        """Count one request at `now` (aware UTC), or return the error of the limit that it exceeds."""
        while self._taken and now - self._taken[0] >= DAY:
            self._taken.popleft()
        if self._is_enforced:
            if len(self._taken) >= self._limits.per_day:
                return _day_spent(self._key)
            if sum(now - moment < SECOND for moment in self._taken) >= self._limits.per_second:
                return _too_fast(self._limits)
        self._taken.append(now)
        return None

    def headers(self) -> dict[str, str]:
        """The headers of a 200; the reset, in milliseconds, is when the oldest request will be a day old."""
        left = self._limits.per_day - len(self._taken)
        return {
            "Rate-Limit": str(self._limits.per_day),
            "Rate-Limit-Available": str(max(0, left)),
            "Rate-Limit-Over": str(max(0, -left)),
            "Rate-Limit-Reset": str(int((self._taken[0] + DAY).timestamp() * 1000)),
        }


def create_ticketmaster_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    limits: QuotaLimits | None = None,
    keys: Collection[str] | None = None,
    **options: Unpack[WireOptions],
) -> Starlette:
    """The API with the world's events that have a Ticketmaster id; `clock` gives aware UTC.

    `limits` hold per key, None enforces none; of `keys`, None accepts any that is not empty.
    """
    api = _DiscoveryApi(world.markets_at(Marketplace.TICKETMASTER), clock, limits, keys)
    routes = [
        Route(f"{ROOT}/events.json", api.guarded(api.search_events)),
        Route(f"{ROOT}/events/{{event_id}}", api.guarded(api.event)),
    ]
    return build_app(
        Starlette(routes=routes),
        clock=clock,
        truth=MarketplaceTruth(world, Marketplace.TICKETMASTER),
        external_id_of=event_id_of,
        error_response=_error_response,
        fields=FIELDS,
        **options,
    )


def event_id_of(scope: Scope) -> str | None:
    """The event id in the path; None for a search."""
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    found = _EVENT_PATH.fullmatch(path)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class _DiscoveryApi:
    markets: dict[str, EventMarket]
    clock: Callable[[], datetime]
    limits: QuotaLimits | None
    keys: Collection[str] | None
    quotas: dict[str, Quota] = field(default_factory=dict)

    def guarded(self, respond: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        """Check key and limits, as the gateway does before the service."""

        async def guard(request: Request) -> Response:
            key = request.query_params.get(KEY_PARAMETER, "")
            if not key or (self.keys is not None and key not in self.keys):
                return _error_response(HTTPStatus.UNAUTHORIZED)
            quota = self.quotas.setdefault(key, Quota(key, self.limits))
            if (refusal := quota.refuse(self.clock())) is not None:
                return _json(refusal, HTTPStatus.TOO_MANY_REQUESTS)
            try:
                response = _json(respond(request))
            except KeyError as error:
                return _json(_not_found(error.args[0]), HTTPStatus.NOT_FOUND)
            response.headers.update(quota.headers())
            return response

        return guard

    def event(self, request: Request) -> dict[str, Any]:
        return event_document(self.markets[event_id_of(request.scope) or ""], self.clock())

    def search_events(self, request: Request) -> dict[str, Any]:
        """A page of the events found, by their dates; parameters must be well-formed."""
        query = request.query_params
        documents = [
            event_document(market, self.clock())
            for market in sorted(self.markets.values(), key=lambda one: one.event.event_at)
            if _is_wanted(market, query)
        ]
        size = int(query.get("size", DEFAULT_SIZE))
        return page_document(documents, number=int(query.get("page", 0)), size=size)


def _is_wanted(market: EventMarket, query: Mapping[str, str]) -> bool:
    """Whether an event has every word of the keyword, and the dates, city and country of a search."""
    event, venue = market.event, market.event.venue
    start, end = (query.get(name) for name in ("startDateTime", "endDateTime"))
    return (
        all(word in f"{event.name} {venue.name}".casefold() for word in query.get("keyword", "").casefold().split())
        and query.get("city", venue.city).casefold() == venue.city.casefold()
        and query.get("countryCode", country_code(venue)).upper() == country_code(venue)
        and (start is None or event.event_at >= _moment(start))
        and (end is None or event.event_at <= _moment(end))
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text, DATE_FORMAT).replace(tzinfo=UTC)


def _day_spent(key: str) -> dict[str, Any]:
    text = f"Rate limit quota violation. Quota limit  exceeded. Identifier : {key}"  # as documented, with the key
    return fault_document(text, "policies.ratelimit.QuotaViolation")


def _too_fast(limits: QuotaLimits) -> dict[str, Any]:
    rate = f"{{messagesPerPeriod={limits.per_second}, periodInMicroseconds=1000000, maxBurstMessageCount=1.0}}"
    text = f"Spike arrest violation. Allowed rate : MessageRate{rate}"
    return fault_document(text, "policies.ratelimit.SpikeArrestViolation")


def _not_found(wanted: str) -> dict[str, Any]:
    return error_document("DIS1004", f"Resource not found with provided criteria (locale={LOCALE}, id={wanted})", "404")


def _error_response(status: int) -> Response:
    """Keys, limits and outages in the gateway's format, the rest in the service's."""
    documents = {
        HTTPStatus.UNAUTHORIZED: fault_document("Invalid ApiKey", "oauth.v2.InvalidApiKey"),
        HTTPStatus.TOO_MANY_REQUESTS: _too_fast(QuotaLimits()),
        HTTPStatus.SERVICE_UNAVAILABLE: fault_document(
            "The Service is temporarily unavailable", "messaging.adaptors.http.flow.ServiceUnavailable"
        ),
        HTTPStatus.NOT_FOUND: _not_found("simulated"),
    }
    other = error_document("DIS0000", f"The simulator returned {status}.", str(status))
    return _json(documents.get(HTTPStatus(status), other), status)


def _json(document: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(document), status_code=status, media_type="application/json;charset=utf-8")
