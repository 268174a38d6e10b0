"""The body of a Vivid Seats listings answer: tickets, the groups and sections they are in, and totals that agree.

What belongs here: turning one market's listings into that body. What does not: routes, and the market.

The shape is that of a recorded body: nearly all scalars are strings, booleans come both as "true" and true, and
`productionId` is a number in groups and sections and a string in `global`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from statistics import mean, median
from typing import TYPE_CHECKING, Any
from zlib import crc32

import orjson

from ticket_pipeline.simulator.holdings import PARKING_PLACES
from ticket_pipeline.simulator.marketplaces import CENT, DOLLARS, Marketplace, currency_at
from ticket_pipeline.simulator.venue import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.market import SimulatedEvent
    from ticket_pipeline.simulator.venue import Venue

NO_MONEY = Decimal("0.00")
NO_ROW = "GA"
DELIVERIES = ("Ticketmaster Transfer", "E-tickets")
BLOCK_NAME = "(Block)"  # an unnamed group that never has tickets holds it
COUNTRY_CODES = {"United States": "US", "Canada": "CA", "United Kingdom": "GB"}
_COLOURS = ("0xD95BA0", "0x5AAD58", "0x5690D6", "0xE0A030", "0x8060C0")


@dataclass(frozen=True, slots=True)
class _Offer:
    """A listing with where Vivid Seats says it is, and its prices in the answer's currency."""

    listing: SimulatedListing
    place: _Place
    ask: Decimal
    all_in: Decimal


@dataclass(frozen=True, slots=True)
class _Place:
    """A section with the ids of itself and its group."""

    group_id: str
    section_id: str
    name: str


def listings_body(
    event: SimulatedEvent, listings: Sequence[SimulatedListing], now: datetime, *, is_localized: bool = False
) -> bytes:
    """The answer's body.

    Args:
        event: has an id at Vivid Seats.
        listings: its listings there, prices in US dollars.
        now: aware UTC.
        is_localized: give prices in the venue's currency, as the site does for a caller who is there.
    """
    production_id = event.ids[Marketplace.VIVID_SEATS]
    local = event.venue.currency
    base = currency_at(Marketplace.VIVID_SEATS, local)
    currency = local if is_localized else base
    rate = DOLLARS[base] / DOLLARS[currency]
    places = _places(event.venue)
    offers = [_offer(listing, places[listing.section], rate) for listing in listings]
    offers.sort(key=lambda offer: (offer.ask, offer.listing.listing_id))
    in_group, in_section = (_by(name, offers) for name in ("group_id", "section_id"))
    body = {
        "global": [_totals(event, offers, now, is_localized=currency != base)],
        "tickets": [_ticket(offer) for offer in offers],
        "groups": [_group(production_id, group, in_group[group[0]]) for group in _groups(event.venue)],
        "sections": [
            _section(production_id, place, in_section[place.section_id])
            for place in [*places.values(), _block(event.venue)]
        ],
        "i18n": {
            "from": base,
            "to": currency,
            "rate": 1 if currency == base else float(rate),
            "applyCurrencyConversion": currency != base,
        },
    }
    return orjson.dumps(body)


def parking_event(event: SimulatedEvent, production_id: str) -> SimulatedEvent:
    """The event as the production that sells its parking passes."""
    places = tuple(dict.fromkeys(section for section, _ in PARKING_PLACES))
    lots = Zone("Parking", places, (), worth=1.0, share=1.0, pattern="Parking*")
    venue = replace(event.venue, name=f"{event.venue.name} Parking Lots", zones=(lots,))
    return replace(
        event, name=f"Parking: {event.name}", venue=venue, other_ids={Marketplace.VIVID_SEATS: production_id}
    )


def _offer(listing: SimulatedListing, place: _Place, rate: Decimal) -> _Offer:
    if listing.all_in_price is None:
        raise ValueError(f"Listing {listing.listing_id} has no all-in price: Vivid Seats always tells one")
    ask, all_in = ((price * rate).quantize(CENT, ROUND_HALF_UP) for price in (listing.ask_price, listing.all_in_price))
    return _Offer(listing, place, ask, all_in)


def _by(name: str, offers: Sequence[_Offer]) -> defaultdict[str, list[_Offer]]:
    """The offers by an id of their place."""
    found: defaultdict[str, list[_Offer]] = defaultdict(list)
    for offer in offers:
        found[getattr(offer.place, name)].append(offer)
    return found


def _places(venue: Venue) -> dict[str, _Place]:
    """The venue's sections by their plain names."""
    places: dict[str, _Place] = {}
    for zone in venue.zones:
        group_id = _group_id(venue, zone.name)
        for section in zone.sections:
            section_id = section if section.isdecimal() else str(1001 + len(places))
            places[section] = _Place(group_id, section_id, _section_name(zone, section))
    return places


def _section_name(zone: Zone, section: str) -> str:
    """Numbered sections carry their zone's name, as in "Lower Bowl 101"."""
    return f"{zone.name} {section}" if section.isdecimal() else section


def _group_id(venue: Venue, zone_name: str) -> str:
    return str(390_000 + crc32(f"{venue.name}/{zone_name}".encode()) % 100_000)


def _groups(venue: Venue) -> list[tuple[str, str, str]]:
    """Id, name and colour of every group; the last one has no name and no tickets."""
    named = [
        (_group_id(venue, zone.name), zone.name, _COLOURS[number % len(_COLOURS)])
        for number, zone in enumerate(venue.zones)
    ]
    return [*named, (_group_id(venue, ""), "", "")]


def _block(venue: Venue) -> _Place:
    return _Place(_group_id(venue, ""), "9999", BLOCK_NAME)


def _ticket(offer: _Offer) -> dict[str, Any]:
    listing, place = offer.listing, offer.place
    row = NO_ROW if listing.row is None else listing.row
    quantity, all_in = str(listing.quantity), str(offer.all_in)
    return {
        "s": place.name,
        "r": row,
        "q": quantity,
        "p": str(offer.ask),
        "i": f"{'VF' if listing.is_fan else 'VB'}{listing.listing_id}",
        "d": place.section_id,
        "n": ". ".join(listing.notes),
        "f": "0",
        "l": place.name,
        "g": "1" if listing.is_fan else "0",
        "t": "3",
        "m": ",".join(str(number) for number in listing.splits),
        "c": place.group_id,
        "z": "0",
        "zo": "0",
        "ind": "0",
        "instantElectronicTransfer": "0",
        "instantFlashSeats": "0",
        "st": "1",
        "sd": "0",
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
        **_what_only_brokers_give(listing),
    }


def _what_only_brokers_give(listing: SimulatedListing) -> dict[str, str]:
    """Seat numbers (never told here) and a score, which fans' tickets lack."""
    if listing.is_fan:
        return {}
    score = f"{listing.listing_id % 101 / 10:.1f}"
    return {"ls": "", "hs": "", "vs": score, "dealScore": score}


def _group(production_id: str, group: tuple[str, str, str], own: Sequence[_Offer]) -> dict[str, Any]:
    group_id, name, colour = group
    return {
        "productionId": int(production_id),
        "i": group_id,
        "n": name,
        "c": colour if own else "",
        "a": "1" if own else "0",
        "t": "0",
        **_span(own),
        "z": "",
        "zd": "",
        "g": "0",
        "localPrices": None,
    }


def _section(production_id: str, place: _Place, own: Sequence[_Offer]) -> dict[str, Any]:
    return {
        "productionId": int(production_id),
        "i": place.section_id,
        "g": place.group_id,
        "a": "1" if own else "0",
        **_span(own),
        "n": place.name,
        "laip": str(min((offer.all_in for offer in own), default=NO_MONEY)),
        **dict.fromkeys(("si", "li", "pi", "mbi", "s3d", "p3d", "rd"), ""),
        "localPrices": None,
    }


def _span(offers: Sequence[_Offer]) -> dict[str, str]:
    """Highest and lowest ask, and how many tickets."""
    asks = [offer.ask for offer in offers] or [NO_MONEY]
    return {"h": str(max(asks)), "l": str(min(asks)), "q": str(sum(offer.listing.quantity for offer in offers))}


def _totals(event: SimulatedEvent, offers: Sequence[_Offer], now: datetime, *, is_localized: bool) -> dict[str, Any]:
    venue = event.venue
    asks = [offer.ask for offer in offers] or [NO_MONEY]
    all_ins = [offer.all_in for offer in offers] or [NO_MONEY]
    tickets = sum(offer.listing.quantity for offer in offers)
    country_code = COUNTRY_CODES.get(venue.country, "")
    return {
        "listingCount": str(len(offers)),
        "ticketCount": str(tickets),
        "venueCapacity": str(venue.capacity),
        "mapTitle": venue.name,
        "productionId": event.ids[Marketplace.VIVID_SEATS],
        "productionName": event.name,
        "venueId": str(crc32(venue.name.encode()) % 100_000),
        "venueCountry": country_code,
        "zoned": "0",
        "venueTimeZone": venue.timezone,
        "priceLocalized": is_localized,
        "dte": str(max(0, (event.event_at - now).days)),
        "atp": _money(mean(asks)),
        "lp": _money(min(asks)),
        "hp": _money(max(asks)),
        "mp": _money(median(asks)),
        "hq": str(max((offer.listing.quantity for offer in offers), default=0)),
        "eventId": str(crc32(event.name.encode()) % 100_000),
        "averageAip": _money(mean(all_ins)),
        "lowestAip": _money(min(all_ins)),
        "highestAip": _money(max(all_ins)),
        "medianAip": _money(median(all_ins)),
        "showAip": "true",
        "vatAddedToAip": "false",
        "showAipIncludedPrices": "true",
        "aipIncludedPrices": "CUSTOMER_PRICE,SERVICE_FEE,ELECTRONIC_DELIVERY_FEE",
        "defaultAipOn": "true",
        "countryCode": country_code,
        "vsAvailable": True,
        "isPriceLocalized": is_localized,
        "percentRemaining": round(100 * tickets / venue.capacity),
        "localPrices": None,
    }


def _money(amount: Decimal) -> str:
    return str(amount.quantize(CENT, ROUND_HALF_UP))
