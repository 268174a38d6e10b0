"""Made-up answers of Ticketmaster's Discovery API, in its shapes, and a client of a server that gives them.

What belongs here: bodies and the way to ask for them. What does not: what should come of it.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import orjson

from ticket_pipeline.http.gate import RequestGate
from ticket_pipeline.http.response_cache import ResponseCache
from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient, open_ticketmaster_client
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.http.wire import TEST_SECONDS, Wire, response, serve_wire
from ticket_pipeline_tests.overrides import settings_from

_T = TypeVar("_T")

CANARY = "CanaryKey0123456789"
"""An API key to look for in everything that is written."""

EVENT: dict[str, Any] = {
    "name": "The Lanterns",
    "type": "event",
    "id": "vvG1zZ_Test-1",
    "test": False,
    "url": "https://tickets.example/event/1",
    "sales": {"public": {"startDateTime": "2026-08-29T20:00:00Z", "startTBD": False}},
    "dates": {
        "start": {
            "localDate": "2027-01-19",
            "localTime": "20:00:00",
            "dateTime": "2027-01-20T01:00:00Z",
            "dateTBD": False,
            "dateTBA": False,
            "timeTBA": False,
            "noSpecificTime": False,
        },
        "timezone": "America/Toronto",
        "status": {"code": "onsale"},
    },
    "priceRanges": [
        {"type": "standard", "currency": "CAD", "min": 54.0, "max": 315.5},
        {"type": "resale", "currency": "CAD", "min": 80, "max": 900},
    ],
    "_embedded": {
        "venues": [
            {
                "name": "Lakeside Hall",
                "id": "KovZtest",
                "timezone": "America/Toronto",
                "city": {"name": "Toronto"},
                "state": {"name": "Ontario", "stateCode": "ON"},
                "country": {"name": "Canada", "countryCode": "CA"},
                "location": {"longitude": "-79.3", "latitude": "43.6"},
            }
        ],
        "attractions": [{"name": "The Lanterns"}, {"name": "Small Support"}],
    },
}

INVALID_KEY = {"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}}
QUOTA = {
    "fault": {
        "faultstring": f"Rate limit quota violation. Quota limit  exceeded. Identifier : {CANARY}",
        "detail": {"errorcode": "policies.ratelimit.QuotaViolation"},
    }
}
SPIKE = {
    "fault": {
        "faultstring": "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5}",
        "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"},
    }
}
UNKNOWN_ID = {"errors": [{"code": "DIS1004", "detail": "Resource not found with provided criteria", "status": "404"}]}
TOO_DEEP = {"errors": [{"code": "DIS1035", "detail": "Max paging depth exceeded", "status": "400 BAD_REQUEST"}]}


def event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The made-up event; a name like `dates__start__timeTBA` leads inside."""
    made = copy.deepcopy(EVENT)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = made
        for step in way:
            place = place[step]
        place[last] = value
    return made


def page(events: Sequence[dict[str, Any]], *, number: int = 0, size: int = 100, total: int | None = None) -> bytes:
    """A page of a search; without events it has no `_embedded`, as at the API."""
    count = len(events) if total is None else total
    numbers = {"size": size, "totalElements": count, "totalPages": -(-count // size), "number": number}
    return orjson.dumps(({"_embedded": {"events": events}} if events else {}) | {"page": numbers})


def sends(body: object, status: int = 200, **headers: str) -> bytes:
    """A response with this JSON body."""
    return response(status, body if isinstance(body, bytes) else orjson.dumps(body), **headers)


def settings_for(url: str, **changes: object) -> Settings:
    """Settings with the canary as the key, which wait for nothing."""
    fixed = {
        "ticketmaster_api_key": CANARY,
        "ticketmaster_api_base_url": url,
        "httpx_retries": 0,
        "httpx_timeout_read": 5,
        "random_seed": 1,
    }
    return settings_from(fixed | changes)


def ask(
    question: Callable[[TicketmasterClient], Awaitable[_T]],
    *responses: Wire,
    gate: RequestGate | None = None,
    cache: ResponseCache | None = None,
    **changes: object,
) -> tuple[_T | Exception, list[str]]:
    """Ask a server that sends `responses`; the result, and the heads of the requests that it received."""

    async def run() -> tuple[_T | Exception, list[str]]:
        async with asyncio.timeout(TEST_SECONDS), serve_wire(*responses) as server:
            settings = settings_for(server.url, **changes)
            async with open_ticketmaster_client(settings, gate=gate, cache=cache) as client:
                try:
                    return await question(client), server.heads
                except Exception as error:  # noqa: BLE001 - a test looks at it
                    return error, server.heads

    return asyncio.run(run())
