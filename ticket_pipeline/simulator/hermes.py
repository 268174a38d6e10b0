"""The body of a Vivid Seats listings response: tickets, the names of their groups and sections, and the totals.

The format is that of a recorded body, without keys that are not about prices, seats or totals: nearly all scalars are
strings, and `productionId` is a number in groups and sections and a string in `global`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import orjson

from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.market import SimulatedEvent
    from ticket_pipeline.simulator.venue import Venue

NO_MONEY = Decimal("0.00")
NO_ROW = "GA"


class _Place(NamedTuple):
    group_id: str
    group: str
    section_id: str
    section: str


def listings_body(event: SimulatedEvent, listings: Sequence[SimulatedListing]) -> bytes:
    """The body of a response; `listings` are the event's at Vivid Seats, priced in US dollars."""
    production_id = event.ids[Marketplace.VIVID_SEATS]
    places = _places(event.venue)
    cheapest_first = sorted(listings, key=lambda listing: (listing.ask_price, listing.listing_id))
    body = {
        "global": [_totals(event, listings)],
        "tickets": [_ticket(listing, places[listing.section]) for listing in cheapest_first],
        "groups": _named(production_id, {place.group_id: place.group for place in places.values()}),
        "sections": _named(production_id, {place.section_id: place.section for place in places.values()}),
        "i18n": {"from": "USD", "to": "USD", "rate": 1, "applyCurrencyConversion": False},
    }
    return orjson.dumps(body)


def _places(venue: Venue) -> dict[str, _Place]:
    """The venue's sections by their plain names; numbered ones carry their zone's name, as in "Lower Bowl 101"."""
    places: dict[str, _Place] = {}
    for zone in venue.zones:
        group_id = str(390_000 + crc32(f"{venue.name}/{zone.name}".encode()) % 100_000)
        for section in zone.sections:
            is_number = section.isdecimal()
            section_id = section if is_number else str(1001 + len(places))
            places[section] = _Place(
                group_id, zone.name, section_id, f"{zone.name} {section}" if is_number else section
            )
    return places


def _named(production_id: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"productionId": int(production_id), "i": key, "n": name} for key, name in names.items()]


def _ticket(listing: SimulatedListing, place: _Place) -> dict[str, Any]:
    row = NO_ROW if listing.row is None else listing.row
    quantity, all_in = str(listing.quantity), str(listing.all_in_price)
    return {
        "s": place.section,
        "r": row,
        "q": quantity,
        "p": str(listing.ask_price),
        "i": f"{'VF' if listing.is_fan else 'VB'}{listing.listing_id}",
        "d": place.section_id,
        "n": ". ".join(listing.notes),
        "m": ",".join(str(number) for number in listing.splits),
        "c": place.group_id,
        "aip": all_in,
        "sectionName": place.section,
        "row": row,
        "quantity": quantity,
        "allInPricePerTicket": all_in,
    }


def _totals(event: SimulatedEvent, listings: Sequence[SimulatedListing]) -> dict[str, Any]:
    asks = [listing.ask_price for listing in listings] or [NO_MONEY]
    all_ins = [listing.all_in_price or NO_MONEY for listing in listings] or [NO_MONEY]
    return {
        "listingCount": str(len(listings)),
        "ticketCount": str(sum(listing.quantity for listing in listings)),
        "venueCapacity": str(event.venue.capacity),
        "productionId": event.ids[Marketplace.VIVID_SEATS],
        "productionName": event.name,
        "venueTimeZone": event.venue.timezone,
        "priceLocalized": False,
        "lp": str(min(asks)),
        "hp": str(max(asks)),
        "lowestAip": str(min(all_ins)),
        "highestAip": str(max(all_ins)),
    }
