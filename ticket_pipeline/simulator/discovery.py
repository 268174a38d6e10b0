"""Documents of Ticketmaster's Discovery API v2: events, venues, pages of them, and errors in both of its shapes.

What belongs here: turning the world's events into those documents. What does not: routes, keys and limits
(`ticket_pipeline.simulator.ticketmaster`).

Ids that begin with `Z7r9j` are events that Ticketmaster lists but does not host: as in recorded answers, these have
neither a price range nor a time zone of their own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zlib import crc32
from zoneinfo import ZoneInfo

from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
    from ticket_pipeline.simulator.venue import Venue

ROOT = "/discovery/v2"
LOCALE = "en-us"
FOREIGN_PREFIX = "Z7r9j"
PLACEHOLDER_START = "1900-01-01T06:00:00Z"
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ON_SALE_BEFORE = timedelta(days=120)
FACE_VALUE = 0.75  # of what resellers ask for the same seat, on average

_COUNTRIES = {  # name as Ticketmaster writes it, and code
    "United States": ("United States Of America", "US"),
    "Canada": ("Canada", "CA"),
    "United Kingdom": ("Great Britain", "GB"),
}
_ID_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UNDEFINED = "Undefined"


def venue_id(venue: Venue) -> str:
    """The venue's id, made from its name."""
    number, digits = crc32(venue.name.encode()), ""
    for _ in range(8):
        number, digit = divmod(number, len(_ID_DIGITS))
        digits += _ID_DIGITS[digit]
    return f"KovZ{digits}"


def country_code(venue: Venue) -> str:
    """ISO 3166 code of the venue's country; empty where the simulator knows none."""
    return _COUNTRIES.get(venue.country, (venue.country, ""))[1]


def event_document(market: EventMarket, now: datetime) -> dict[str, Any]:
    """One event as it is told at `now`, its venue embedded."""
    event = market.event
    event_id = event.ids[Marketplace.TICKETMASTER]
    is_foreign = event_id.startswith(FOREIGN_PREFIX)
    document: dict[str, Any] = {
        "name": event.name,
        "type": "event",
        "id": event_id,
        "test": False,
        "url": f"https://www.ticketmaster.com/event/{crc32(event_id.encode()):08X}{len(event.name):08X}",
        "locale": LOCALE,
        "images": [],
        "sales": _sales(event, is_foreign=is_foreign),
        "dates": _dates(event, now, is_foreign=is_foreign),
        "classifications": [_classification()],
    }
    if not is_foreign:
        document["priceRanges"] = _price_ranges(market, now)
    venue = venue_document(event.venue)
    return document | {
        "_links": {"self": _link(f"{ROOT}/events/{event_id}"), "venues": [venue["_links"]["self"]]},
        "_embedded": {"venues": [venue]},
    }


def venue_document(venue: Venue) -> dict[str, Any]:
    """One venue."""
    name, code = _COUNTRIES.get(venue.country, (venue.country, ""))
    return {
        "name": venue.name,
        "type": "venue",
        "id": venue_id(venue),
        "test": False,
        "locale": LOCALE,
        "timezone": venue.timezone,
        "city": {"name": venue.city},
        "country": {"name": name, "countryCode": code},
        "_links": {"self": _link(f"{ROOT}/venues/{venue_id(venue)}")},
    }


def page_document(
    kind: str, shown: Sequence[Mapping[str, Any]], *, total: int, number: int, size: int, query: Mapping[str, str]
) -> dict[str, Any]:
    """One page of a search; where it is empty, there is no `_embedded` at all.

    Args:
        kind: `events` or `venues`.
        shown: the documents of this page.
        total: how many were found in all.
        number: which page, from 0.
        size: documents per page.
        query: the search's other parameters, without the key; they come back in the links.
    """
    pages = -(-total // size)
    numbers = {"first": 0, "prev": number - 1, "self": number, "next": number + 1, "last": pages - 1}
    links = {
        name: {"href": f"{ROOT}/{kind}.json?{urlencode({**query, 'page': page, 'size': size})}"}
        for name, page in numbers.items()
        if name == "self" or (pages > 1 and 0 <= page < pages)
    }
    page = {"size": size, "totalElements": total, "totalPages": pages, "number": number}
    return {**({"_embedded": {kind: list(shown)}} if shown else {}), "_links": links, "page": page}


def fault_document(text: str, code: str) -> dict[str, Any]:
    """An error of the gateway: keys and limits."""
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


def error_document(code: str, detail: str, status: str) -> dict[str, Any]:
    """An error of the service itself; its status is text, and not always a number."""
    about = {"about": {"href": f"{ROOT}/errors.html#{code}"}}
    return {"errors": [{"code": code, "detail": detail, "status": status, "_links": about}]}


def _link(path: str) -> dict[str, str]:
    return {"href": f"{path}?locale={LOCALE}"}


def _sales(event: SimulatedEvent, *, is_foreign: bool) -> dict[str, Any]:
    starts_at = event.event_at - ON_SALE_BEFORE
    return {
        "public": {
            "startDateTime": PLACEHOLDER_START if is_foreign else starts_at.strftime(DATE_FORMAT),
            "startTBD": False,
            "startTBA": False,
            "endDateTime": event.event_at.strftime(DATE_FORMAT),
        }
    }


def _dates(event: SimulatedEvent, now: datetime, *, is_foreign: bool) -> dict[str, Any]:
    local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
    start = {
        "localDate": local.strftime("%Y-%m-%d"),
        "localTime": local.strftime("%H:%M:%S"),
        "dateTime": event.event_at.strftime(DATE_FORMAT),
        **dict.fromkeys(("dateTBD", "dateTBA", "timeTBA", "noSpecificTime"), False),
    }
    return {
        "start": start,
        **({} if is_foreign else {"timezone": event.venue.timezone}),
        "status": {"code": "onsale" if now < event.event_at else "offsale"},
        "spanMultipleDays": False,
    }


def _classification() -> dict[str, Any]:
    named = {"id": "KnvZfZ7v7ll", "name": _UNDEFINED}
    return {"primary": True, "segment": {"id": "KZFzniwnSyZfZ7v7n1", "name": "Miscellaneous"}, "genre": named}


def _price_ranges(market: EventMarket, now: datetime) -> list[dict[str, Any]]:
    """Face values, which stand still, and resale, which moves with the market."""
    event = market.event
    worths = [zone.worth for zone in event.venue.zones]
    resale = event.base_price * market.price_level_at(now)
    return [
        _price_range("standard", event, FACE_VALUE * event.base_price, worths),
        _price_range("resale", event, resale, worths),
    ]


def _price_range(kind: str, event: SimulatedEvent, average: float, worths: Sequence[float]) -> dict[str, Any]:
    least, most = (round(2 * average * worth) / 2 for worth in (min(worths), max(worths)))
    return {"type": kind, "currency": event.venue.currency, "min": least, "max": most}
