"""The body of a Vivid Seats listings response: tickets, their groups and sections, and totals that agree.

The format is that of a recorded body: nearly all scalars are strings, booleans come both as "true" and true, and
`productionId` is a number in groups and sections and a string in `global`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import orjson

from ticket_pipeline.simulator.marketplaces import CENT, Marketplace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.market import SimulatedEvent
    from ticket_pipeline.simulator.venue import Venue, Zone

    _Offer = tuple[SimulatedListing, "_Place"]

NO_MONEY = Decimal("0.00")
NO_ROW = "GA"
DELIVERIES = ("Ticketmaster Transfer", "E-tickets")
COUNTRY_CODES = {"United States": "US", "Canada": "CA", "United Kingdom": "GB"}


class _Place(NamedTuple):
    """A section with the ids of itself and its group."""

    group_id: str
    section_id: str
    name: str


def listings_body(event: SimulatedEvent, listings: Sequence[SimulatedListing], now: datetime) -> bytes:
    """The body of a response.

    Args:
        event: has an id at Vivid Seats.
        listings: its listings there; prices are in US dollars.
        now: aware UTC.
    """
    production_id = event.ids[Marketplace.VIVID_SEATS]
    places = _places(event.venue)
    zone_names = [zone.name for zone in event.venue.zones]
    offers = sorted(((item, places[item.section]) for item in listings), key=_by_price)
    body = {
        "global": [_totals(event, offers, now)],
        "tickets": [_ticket(offer) for offer in offers],
        "groups": [_group(production_id, event.venue, name, offers) for name in (*zone_names, "")],
        "sections": [_section(production_id, place, offers) for place in [*places.values(), _block(event.venue)]],
        "i18n": {"from": "USD", "to": "USD", "rate": 1, "applyCurrencyConversion": False},
    }
    return orjson.dumps(body)


def _by_price(offer: _Offer) -> tuple[Decimal, int]:
    return offer[0].ask_price, offer[0].listing_id


def _places(venue: Venue) -> dict[str, _Place]:
    """The venue's sections by their plain names."""
    places: dict[str, _Place] = {}
    for zone in venue.zones:
        for section in zone.sections:
            section_id = section if section.isdecimal() else str(1001 + len(places))
            places[section] = _Place(_group_id(venue, zone.name), section_id, _section_name(zone, section))
    return places


def _section_name(zone: Zone, section: str) -> str:
    """Numbered sections carry their zone's name, as in "Lower Bowl 101"."""
    return f"{zone.name} {section}" if section.isdecimal() else section


def _group_id(venue: Venue, zone_name: str) -> str:
    return str(390_000 + crc32(f"{venue.name}/{zone_name}".encode()) % 100_000)


def _block(venue: Venue) -> _Place:
    """The section of the group without a name."""
    return _Place(_group_id(venue, ""), "9999", "(Block)")


def _ticket(offer: _Offer) -> dict[str, Any]:
    listing, place = offer
    row = NO_ROW if listing.row is None else listing.row
    quantity, all_in = str(listing.quantity), str(listing.all_in_price)
    ticket = {
        "s": place.name,
        "r": row,
        "q": quantity,
        "p": str(listing.ask_price),
        "i": f"{'VF' if listing.is_fan else 'VB'}{listing.listing_id}",
        "d": place.section_id,
        "n": ". ".join(listing.notes),
        "f": "0",
        "l": place.name,
        "g": "1" if listing.is_fan else "0",
        "t": "3",
        "m": ",".join(str(number) for number in listing.splits),
        "c": place.group_id,
        **dict.fromkeys(("z", "zo", "ind", "instantElectronicTransfer", "instantFlashSeats", "sd"), "0"),
        "st": "1",
        "stp": DELIVERIES[listing.is_fan],
        "aip": all_in,
        "faceValue": "0.00",
        "di": False,
        "fdi": "",
        "pdi": "",
        "sectionName": place.name,
        "row": row,
        "quantity": quantity,
        "allInPricePerTicket": all_in,
        "badges": [],
        "perks": ["Seated Together"] if listing.quantity > 1 else [],
        "localPrices": None,
    }
    if listing.is_fan:
        return ticket
    score = f"{listing.listing_id % 101 / 10:.1f}"
    return ticket | {"ls": "", "hs": "", "vs": score, "dealScore": score}  # only brokers' tickets have these


def _group(production_id: str, venue: Venue, name: str, offers: Sequence[_Offer]) -> dict[str, Any]:
    """A zone; the one without a name never has tickets."""
    group_id = _group_id(venue, name)
    own = [offer for offer in offers if offer[1].group_id == group_id]
    return {"productionId": int(production_id), "i": group_id, "n": name, **_span(own), "localPrices": None}


def _section(production_id: str, place: _Place, offers: Sequence[_Offer]) -> dict[str, Any]:
    own = [offer for offer in offers if offer[1].section_id == place.section_id]
    return {
        "productionId": int(production_id),
        "i": place.section_id,
        "g": place.group_id,
        "n": place.name,
        **_span(own),
        "localPrices": None,
    }


def _span(offers: Sequence[_Offer]) -> dict[str, str]:
    """Whether there are tickets, the highest and lowest ask, and how many."""
    asks = [listing.ask_price for listing, _ in offers] or [NO_MONEY]
    quantity = sum(listing.quantity for listing, _ in offers)
    return {"a": "1" if offers else "0", "h": str(max(asks)), "l": str(min(asks)), "q": str(quantity)}


def _totals(event: SimulatedEvent, offers: Sequence[_Offer], now: datetime) -> dict[str, Any]:
    venue = event.venue
    asks = [listing.ask_price for listing, _ in offers] or [NO_MONEY]
    all_ins = [listing.all_in_price or NO_MONEY for listing, _ in offers] or [NO_MONEY]
    tickets = sum(listing.quantity for listing, _ in offers)
    return {
        "listingCount": str(len(offers)),
        "ticketCount": str(tickets),
        "venueCapacity": str(venue.capacity),
        "mapTitle": venue.name,
        "productionId": event.ids[Marketplace.VIVID_SEATS],
        "productionName": event.name,
        "venueTimeZone": venue.timezone,
        "priceLocalized": False,
        "dte": str(max(0, (event.event_at - now).days)),
        "lp": str(min(asks)),
        "hp": str(max(asks)),
        "mp": str(median(asks).quantize(CENT, ROUND_HALF_UP)),
        "hq": str(max((listing.quantity for listing, _ in offers), default=0)),
        "lowestAip": str(min(all_ins)),
        "highestAip": str(max(all_ins)),
        "countryCode": COUNTRY_CODES.get(venue.country, ""),
        "showAip": "true",
        "vsAvailable": True,
        "isPriceLocalized": False,
        "percentRemaining": round(100 * tickets / venue.capacity),
        "localPrices": None,
    }
