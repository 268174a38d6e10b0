"""Listings as StubHub Pro sends them, and what is read of them."""

from __future__ import annotations

import json
from typing import Any

from ticket_pipeline.market.vocabulary import ParsedListings
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings


def item(**changes: object) -> dict[str, Any]:
    """A listing as StubHub Pro sends it, with changes; a key changed to `...` is left out."""
    base: dict[str, object] = {
        "listingId": 13706863000,
        "section": "Loge 18",
        "row": "16",
        "availableTickets": 2,
        "sellerNetProceeds": {"amt": 210.6, "disp": "$210.60", "currency": "USD", "dec": 2},
        "sellerAllInPrice": {"amt": 285.89, "disp": "$285.89", "currency": "USD", "dec": 2},
        "currencyCode": "USD",
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def parse(*items: object) -> ParsedListings:
    return parse_stubhub_listings(json.dumps(items).encode())


def one(**changes: object) -> dict[str, Any]:
    """The columns of one accepted listing."""
    parsed = parse(item(**changes))
    assert parsed.rejected == []
    return {name: values[0] for name, values in parsed.columns.items()}


def reasons(**changes: object) -> tuple[str, ...]:
    """Why one listing is rejected."""
    parsed = parse(item(), item(**changes))
    assert parsed.positions == [0]
    return parsed.rejected[0].reasons
