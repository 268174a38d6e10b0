"""Ticketmaster's Discovery API v2 on loopback: events by id, search within its paging depth, keys and limits."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from typing import Unpack

    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.market import EventMarket
    from ticket_pipeline.simulator.venue import Venue
    from ticket_pipeline.simulator.world import SimulatedWorld

FIELDS = FieldMeanings(quantities=("priceRanges",), time_zone="timezone", local_time="localTime")
KEY_PARAMETER = "apikey"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DEFAULT_SIZE = 20
MAX_SIZE = 200
MAX_OFFSET = 1_000  # documented as below this; exactly this was still served

_EVENT_PATH = re.compile(rf"{ROOT}/events/([A-Za-z0-9_-]+?)\.json")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class Refusal(StrEnum):
    """Which limit a request exceeds."""

    PER_SECOND = "per_second"
    PER_DAY = "per_day"


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """How many requests any window may hold."""

    per_second: int = 5
    per_day: int = 5_000


class Quota:
    """The requests of one key; a refused request does not count. `limits` None: count, refuse nothing."""

    def __init__(self, limits: QuotaLimits | None) -> None:
        self._is_enforced = limits is not None
        self._limits = limits or QuotaLimits()
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> Refusal | None:
        """Count one request at `now` (aware UTC), or return the limit that refuses it."""
        while self._taken and now - self._taken[0] >= DAY:
            self._taken.popleft()
        if self._is_enforced:
            if len(self._taken) >= self._limits.per_day:
                return Refusal.PER_DAY
            if sum(1 for moment in self._taken if now - moment < SECOND) >= self._limits.per_second:
                return Refusal.PER_SECOND
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
    """The API with the world's events that have a Ticketmaster id.

    Args:
        world: the events.
        clock: aware UTC; limits are counted by it.
        limits: enforced per key; None: none are.
        keys: the valid keys; None: any that is not empty.
        options: faults, log and latency.
    """
    api = _DiscoveryApi(world, clock, limits, keys)
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


class _ParameterError(Exception):
    """A parameter for which the service returns 400 with `document`."""

    def __init__(self, code: str, detail: str, status: str = "400") -> None:
        super().__init__(detail)
        self.document = error_document(code, detail, status)


class _DiscoveryApi:
    def __init__(
        self,
        world: SimulatedWorld,
        clock: Callable[[], datetime],
        limits: QuotaLimits | None,
        keys: Collection[str] | None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._limits = limits
        self._quotas: dict[str, Quota] = {}
        self._markets = world.markets_at(Marketplace.TICKETMASTER)

    def guarded(self, respond: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        """Check key and limits, as the gateway does before the service."""

        async def guard(request: Request) -> Response:
            key = request.query_params.get(KEY_PARAMETER, "")
            if not key or (self._keys is not None and key not in self._keys):
                return _error_response(HTTPStatus.UNAUTHORIZED)
            quota = self._quotas.setdefault(key, Quota(self._limits))
            refusal = quota.take(self._clock())
            if refusal is not None:
                return _json(_too_many(refusal, key, self._limits or QuotaLimits()), HTTPStatus.TOO_MANY_REQUESTS)
            try:
                response = _json(respond(request))
            except _ParameterError as error:
                return _json(error.document, HTTPStatus.BAD_REQUEST)
            except KeyError as error:
                return _json(_not_found(error.args[0]), HTTPStatus.NOT_FOUND)
            response.headers.update(quota.headers())
            return response

        return guard

    def event(self, request: Request) -> dict[str, Any]:
        return event_document(self._markets[event_id_of(request.scope) or ""], self._clock())

    def search_events(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        starts, ends = (_date(query.get(name)) for name in ("startDateTime", "endDateTime"))
        found = [
            market
            for market in sorted(self._markets.values(), key=_date_and_id)
            if (starts is None or market.event.event_at >= starts)
            and (ends is None or market.event.event_at <= ends)
            and _is_wanted(f"{market.event.name} {market.event.venue.name}", market.event.venue, query)
        ]
        number, size = _page(query)
        documents = [event_document(market, self._clock()) for market in found]
        return page_document(documents, number=number, size=size)


def _date_and_id(market: EventMarket) -> tuple[datetime, str]:
    return market.event.event_at, market.event.ids[Marketplace.TICKETMASTER]


def _is_wanted(text: str, venue: Venue, query: Mapping[str, str]) -> bool:
    """Every word of the keyword is in `text`, and city and country are the venue's."""
    words = query.get("keyword", "").casefold().split()
    return (
        all(word in text.casefold() for word in words)
        and query.get("city", venue.city).casefold() == venue.city.casefold()
        and query.get("countryCode", country_code(venue)).upper() == country_code(venue)
    )


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    """Number and size of the page."""
    size, number = query.get("size", str(DEFAULT_SIZE)), query.get("page", "0")
    if not size.isdecimal() or not 0 < int(size) <= MAX_SIZE:
        raise _ParameterError("DIS1036", f'Query param "size" must be less than {MAX_SIZE}')
    if not number.isdecimal() or int(number) * int(size) > MAX_OFFSET:
        raise _ParameterError(
            "DIS1035",
            "API Limits Exceeded: Max paging depth exceeded. (page * size) must be less than 1,000",
            "400 BAD_REQUEST",
        )
    return int(number), int(size)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return datetime.strptime(text, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        pass
    detail = "Query param with date must be of valid format YYYY-MM-DDTHH:mm:ssZ {example: 2020-08-01T14:00:00Z }"
    raise _ParameterError("DIS1015", detail)


def _too_many(refusal: Refusal, key: str, limits: QuotaLimits) -> dict[str, Any]:
    if refusal is Refusal.PER_DAY:
        return fault_document(
            f"Rate limit quota violation. Quota limit  exceeded. Identifier : {key}",  # as documented, with the key
            "policies.ratelimit.QuotaViolation",
        )
    rate = (
        f"MessageRate{{messagesPerPeriod={limits.per_second}, periodInMicroseconds=1000000, maxBurstMessageCount=1.0}}"
    )
    return fault_document(f"Spike arrest violation. Allowed rate : {rate}", "policies.ratelimit.SpikeArrestViolation")


def _not_found(wanted: str) -> dict[str, Any]:
    return error_document("DIS1004", f"Resource not found with provided criteria (locale={LOCALE}, id={wanted})", "404")


def _error_response(status: int) -> Response:
    """Keys, limits and outages in the gateway's format, the rest in the service's."""
    documents = {
        HTTPStatus.UNAUTHORIZED: fault_document("Invalid ApiKey", "oauth.v2.InvalidApiKey"),
        HTTPStatus.TOO_MANY_REQUESTS: _too_many(Refusal.PER_SECOND, "simulated", QuotaLimits()),
        HTTPStatus.SERVICE_UNAVAILABLE: fault_document(
            "The Service is temporarily unavailable", "messaging.adaptors.http.flow.ServiceUnavailable"
        ),
        HTTPStatus.NOT_FOUND: _not_found("simulated"),
    }
    other = error_document("DIS0000", f"The simulator returned {status}.", str(status))
    return _json(documents.get(HTTPStatus(status), other), status)


def _json(document: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(document), status_code=status, media_type="application/json;charset=utf-8")
