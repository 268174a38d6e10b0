"""Documents of Ticketmaster's Discovery API v2: events, pages of them, and errors in both formats.

Ids that begin with `Z7r9j` are events that Ticketmaster lists but does not host: as in recorded responses, these have
neither a price range nor a timezone of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32
from zoneinfo import ZoneInfo

from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.simulator.market import EventMarket
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


def country_code(venue: Venue) -> str:
    """ISO 3166 code of the venue's country; empty for a country that is not in the simulator's table."""
    return _COUNTRIES.get(venue.country, (venue.country, ""))[1]


def event_document(market: EventMarket, now: datetime) -> dict[str, Any]:
    """One event at `now`, its venue embedded."""
    event = market.event
    event_id = event.ids[Marketplace.TICKETMASTER]
    is_hosted = not event_id.startswith(FOREIGN_PREFIX)
    local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
    on_sale_from = (event.event_at - ON_SALE_BEFORE).strftime(DATE_FORMAT) if is_hosted else PLACEHOLDER_START
    document: dict[str, Any] = {
        "name": event.name,
        "type": "event",
        "id": event_id,
        "test": False,
        "url": f"https://www.ticketmaster.com/event/{crc32(event_id.encode()):08X}{len(event.name):08X}",
        "sales": {"public": {"startDateTime": on_sale_from, "endDateTime": event.event_at.strftime(DATE_FORMAT)}},
        "dates": {
            "start": {
                "localDate": local.strftime("%Y-%m-%d"),
                "localTime": local.strftime("%H:%M:%S"),
                "dateTime": event.event_at.strftime(DATE_FORMAT),
                **dict.fromkeys(("dateTBD", "dateTBA", "timeTBA", "noSpecificTime"), False),
            },
            "status": {"code": "onsale" if now < event.event_at else "offsale"},
        },
        "_embedded": {"venues": [_venue_document(event.venue)]},
    }
    if is_hosted:
        document["dates"]["timezone"] = event.venue.timezone
        document["priceRanges"] = _price_ranges(market, now)
    return document


def page_document(found: Sequence[Mapping[str, Any]], *, number: int, size: int) -> dict[str, Any]:
    """Page `number`, from 0, of the documents found; an empty page has no `_embedded` at all."""
    shown = found[number * size : (number + 1) * size]
    return {
        **({"_embedded": {"events": list(shown)}} if shown else {}),
        "page": {"size": size, "totalElements": len(found), "totalPages": -(-len(found) // size), "number": number},
    }


def fault_document(text: str, code: str) -> dict[str, Any]:
    """An error of the gateway: keys and limits."""
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


def error_document(code: str, detail: str, status: str) -> dict[str, Any]:
    """An error of the service itself; its status is text."""
    about = {"about": {"href": f"{ROOT}/errors.html#{code}"}}
    return {"errors": [{"code": code, "detail": detail, "status": status, "_links": about}]}


def _venue_document(venue: Venue) -> dict[str, Any]:
    name, code = _COUNTRIES.get(venue.country, (venue.country, ""))
    return {
        "name": venue.name,
        "type": "venue",
        "id": f"KovZ{crc32(venue.name.encode()):08X}",
        "timezone": venue.timezone,
        "city": {"name": venue.city},
        "country": {"name": name, "countryCode": code},
    }


def _price_ranges(market: EventMarket, now: datetime) -> list[dict[str, Any]]:
    """Face values, which are fixed, and resale, which moves with the market."""
    event = market.event
    worths = [zone.worth for zone in event.venue.zones]
    averages = {"standard": FACE_VALUE * event.base_price, "resale": event.base_price * market.price_level_at(now)}
    return [
        {
            "type": kind,
            "currency": event.venue.currency,
            "min": round(2 * average * min(worths)) / 2,
            "max": round(2 * average * max(worths)) / 2,
        }
        for kind, average in averages.items()
    ]
