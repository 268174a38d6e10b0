"""Ticketmaster under contract: an offer is a price range of an event, or an event that a search finds.

What belongs here: rendering, and putting its results into the contract's words. What does not: the claims.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.response_cache import ReadResponse
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.marketplaces.ticketmaster.client import open_ticketmaster_client
from ticket_pipeline.marketplaces.ticketmaster.fields import read_text
from ticket_pipeline.marketplaces.ticketmaster.parser import (
    EventDetails,
    Page,
    parse_page,
    parse_ticketmaster_event,
    read_event,
)
from ticket_pipeline.marketplaces.ticketmaster.search import MAX_DEPTH, Search
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.marketplaces.contract.readings import Item, Offer, Reading, is_storable
from ticket_pipeline_tests.marketplaces.contract.subject import VALID_ID, Subject
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import EVENT

_MOST = 1_000_000
_RANGE_PROBLEM = "a price range "
_TEXT_CHARACTERS = 500


# --- an event and its price ranges ----------------------------------------------------------------------------------


def _event(offers: Sequence[Offer], currency: str) -> dict[str, Any]:
    ranges = [
        {"type": offer.section, "currency": currency, "min": offer.price, "max": offer.price + 10} for offer in offers
    ]
    return EVENT | {"id": VALID_ID, "priceRanges": ranges}


async def _ask_for_event(settings: Settings, external_id: str) -> Reading:
    async with open_ticketmaster_client(settings) as client:
        return _ranges_of(await client.get_event_details(external_id))


def _read_event(body: bytes) -> Reading:
    reading = _ranges_of(parse_ticketmaster_event(body))
    sent = _sent(body, "priceRanges")
    if sent is not None:
        assert reading.received == (len(sent) if isinstance(sent, list) else 0)
        assert isinstance(sent, list) or reading.problems
    return reading


def _ranges_of(event: EventDetails) -> Reading:
    _assert_storable(event)
    unreadable = sum(problem.startswith(_RANGE_PROBLEM) for problem in event.problems)
    return Reading(
        [Item(found.price_type, float(found.min_price)) for found in event.price_ranges],
        received=len(event.price_ranges) + unreadable,
        unreadable=unreadable,
        currencies=frozenset(found.currency for found in event.price_ranges),
        problems=event.problems,
    )


def _assert_storable(event: EventDetails) -> None:
    venue = event.venue
    texts = [event.external_id, event.name, event.url, event.status, event.timezone, *event.attractions]
    texts += [venue.name, venue.city, venue.country] if venue else []
    texts += [text for found in event.price_ranges for text in (found.price_type, found.currency)]
    assert all(text is None or is_storable(text, _TEXT_CHARACTERS) for text in texts)
    assert all(0 <= found.min_price <= found.max_price for found in event.price_ranges)
    assert event.event_at is None or event.event_at.utcoffset() is not None
    assert all(event.problems)


# --- a search and its events ----------------------------------------------------------------------------------------


def _search(offers: Sequence[Offer], currency: str) -> dict[str, Any]:
    dates, embedded = EVENT["dates"], EVENT["_embedded"]
    events = [
        {
            "id": str(offer.number),
            "name": offer.section,
            "type": "event",
            "url": None,
            "dates": dates,
            "priceRanges": [{"type": "standard", "currency": currency, "min": offer.price, "max": offer.price}],
            "_embedded": embedded,
        }
        for offer in offers
    ]
    page = {"size": 200, "totalElements": len(events), "totalPages": min(1, len(events)), "number": 0}
    return ({"_embedded": {"events": events}} if events else {}) | {"page": page}


async def _ask_for_search(settings: Settings, _: str) -> Reading:
    async with open_ticketmaster_client(settings) as client:
        search = client.search_events("lanterns")
        return _found_by(await search.first(_MOST), search.unreadable)


def _read_search(body: bytes) -> Reading:
    """As a search of one page would read it."""
    page = parse_page(body)
    response = RawResponse(Marketplace.TICKETMASTER, "", body, datetime.now(UTC), 200, 1, 0.0)

    async def fetch_page(_: int) -> ReadResponse[Page]:
        return ReadResponse(page, response)

    search = Search(fetch_page, lambda item, _: read_event(item), MAX_DEPTH)
    events = asyncio.run(search.first(_MOST))
    sent = _sent(body, "_embedded", "events")
    if not isinstance(sent, list):
        return _found_by(events, search.unreadable)
    objects = [item for item in sent if isinstance(item, dict)]
    reading = _found_by(events, search.unreadable, repeated=_count_repeated(objects))
    assert len(objects) <= reading.received <= len(sent)  # what is no object at all may be counted
    return reading


def _count_repeated(objects: Sequence[dict[str, Any]]) -> int:
    """How many have the id of one before them that can be read."""
    seen: set[str] = set()
    repeated = 0
    for item in objects:
        external_id = read_text(item, "id", [])
        if external_id in seen:
            repeated += 1
        else:
            with contextlib.suppress(UnexpectedPayload):
                seen.add(read_event(item).external_id)
    return repeated


def _found_by(events: Sequence[EventDetails], unreadable: int, repeated: int = 0) -> Reading:
    for event in events:
        _assert_storable(event)
    ranges = [event.price_ranges[0] if event.price_ranges else None for event in events]
    return Reading(
        [
            Item(event.name, None if found is None else float(found.min_price), event.external_id)
            for event, found in zip(events, ranges, strict=True)
        ],
        received=len(events) + unreadable + repeated,
        unreadable=unreadable,
        repeated=repeated,
        currencies=frozenset(found.currency for event in events for found in event.price_ranges),
        problems=tuple(problem for event in events for problem in event.problems),
    )


def _sent(body: bytes, *way: str) -> Any:  # noqa: ANN401 - JSON is anything
    """What stands in a body there, found without our parser; None where nothing does."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for step in way:
        found = found.get(step) if isinstance(found, dict) else None
    return found


_TICKETMASTER = {
    "marketplace": Marketplace.TICKETMASTER,
    "base_url_setting": "ticketmaster_api_base_url",
    "fixed": {"ticketmaster_api_key": "k"},
    "has_listings": False,
}

TICKETMASTER_EVENT = Subject(
    name="ticketmaster_event",
    read=_read_event,
    ask_about=_ask_for_event,
    render=_event,
    parts=lambda document: list(document["priceRanges"]),
    expected=lambda offer: Item(offer.section, offer.price),
    without={"min": "unreadable", "max": "unreadable", "currency": "unreadable", "type": "read"},
    samples="ticketmaster/doc_get_event.json",
    has_ids=False,
    **_TICKETMASTER,
)

TICKETMASTER_SEARCH = Subject(
    name="ticketmaster_search",
    read=_read_search,
    ask_about=_ask_for_search,
    render=_search,
    parts=lambda document: list(document.get("_embedded", {"events": []})["events"]),
    expected=lambda offer: Item(offer.section, offer.price, str(offer.number)),
    without={
        "id": "unreadable",
        "name": "unreadable",
        **dict.fromkeys(("type", "url", "dates", "priceRanges", "_embedded"), "read"),
    },
    samples="ticketmaster/*search*.json",
    asks_by_id=False,
    huge=2_000,  # ten times what a page can be asked for
    **_TICKETMASTER,
)
