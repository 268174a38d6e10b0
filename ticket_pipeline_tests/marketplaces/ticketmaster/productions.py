"""A Vivid Seats on loopback that knows one production: two listings with prices far below the simulated StubHub's.

What belongs here: what tests of an event on two marketplaces share. What does not: a market that moves
(`ticket_pipeline.simulator`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ticket_pipeline_tests.simulator_support.serving import serve

PRODUCTION = "5990417"
TICKETS = [
    {"i": "VB1", "s": "Loge 18", "r": "A", "q": "2", "p": "0.75", "aip": "1.00", "m": "2", "c": "1"},
    {"i": "VB2", "s": "Loge 19", "r": "B", "q": "1", "p": "1.50", "aip": "2.00", "m": "1", "c": "1"},
]
"""The cheapest is a pair that is sold as a pair only."""

WRONG_TOTALS = {"listingCount": "3", "ticketCount": "3"}
WHAT_IS_WRONG = "listingCount is 3, the listings give 2"


@contextmanager
def serve_production() -> Iterator[str]:
    """The URL of a Vivid Seats whose totals disagree with its listings, as in `WHAT_IS_WRONG`."""
    body = {"tickets": TICKETS, "groups": [{"i": "1", "n": "Loge"}], "global": [WRONG_TOTALS]}

    async def listings(request: Request) -> Response:
        if request.query_params["productionId"] != PRODUCTION:
            return Response(status_code=404)
        return Response(json.dumps(body), media_type="application/json")

    with serve(Starlette(routes=[Route("/hermes/api/v1/listings", listings)])) as served:
        yield served.url
