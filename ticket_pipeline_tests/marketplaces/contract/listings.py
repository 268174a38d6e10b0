"""Marketplaces with listings under contract: how offers look in the answers of StubHub and Vivid Seats.

What belongs here: rendering. What does not: the claims.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings
from ticket_pipeline.marketplaces.client import ListingsClient
from ticket_pipeline.marketplaces.stubhub.client import open_stubhub_client
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.marketplaces.vivid_seats.client import open_vivid_seats_client
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.marketplaces.contract.readings import Item, Offer, Reading, checked, reading_of
from ticket_pipeline_tests.marketplaces.contract.subject import Subject

OpenClient = Callable[[Settings], AbstractAsyncContextManager[ListingsClient]]


def _asking(open_client: OpenClient) -> Callable[[Settings, str], Awaitable[Reading]]:
    async def ask(settings: Settings, external_id: str) -> Reading:
        async with open_client(settings) as client:
            return reading_of(await client.get_listings(external_id))

    return ask


def _reading(parse: Callable[[bytes], ParsedListings]) -> Callable[[bytes], Reading]:
    return lambda body: checked(parse(body))


def _expected(offer: Offer) -> Item:
    return Item(offer.section, offer.price, str(offer.number), offer.row, offer.quantity)


def _stubhub(offers: Sequence[Offer], currency: str) -> list[dict[str, Any]]:
    return [
        {
            "listingId": offer.number,
            "section": offer.section,
            "row": offer.row,
            "availableTickets": offer.quantity,
            "sellerAllInPrice": {"amt": offer.price, "currency": currency, "dec": 2},
            "sellerNetProceeds": {"amt": offer.price / 2, "currency": currency, "dec": 2},
            "currencyCode": currency,
        }
        for offer in offers
    ]


def _vivid_seats(offers: Sequence[Offer], currency: str) -> dict[str, Any]:
    tickets = [
        {
            "i": f"VB{offer.number}",
            "s": offer.section,
            "r": offer.row,
            "q": str(offer.quantity),
            "p": f"{offer.price / 2:.2f}",
            "aip": f"{offer.price:.2f}",
            "m": ",".join(str(number) for number in range(1, offer.quantity + 1)),
            "c": "7",
            "d": "1",
            "n": "",
        }
        for offer in offers
    ]
    return {
        "global": [{"listingCount": str(len(offers)), "ticketCount": str(sum(offer.quantity for offer in offers))}],
        "tickets": tickets,
        "groups": [{"i": "7", "n": "Loge"}],
        "sections": [{"i": "1", "n": "Loge 18", "g": "7"}],
        "i18n": {"from": currency, "to": currency, "rate": 1, "applyCurrencyConversion": False},
    }


def _vivid_seats_zones(offers: Sequence[Offer], currency: str) -> dict[str, Any]:
    """Every offer in a section of its own, so that each keeps its place."""
    sections = [
        {
            "name": offer.section,
            "tickets": [
                {
                    "id": f"VB{offer.number}",
                    "row": offer.row,
                    "price": f"{offer.price:.2f}",
                    "quantity": offer.quantity,
                    "splitOption": "ANY",
                }
            ],
        }
        for offer in offers
    ]
    zones = [{"name": "Loge", "sections": sections}] if offers else []
    return {"currency": currency, "zones": zones, "global": [{"listingCount": str(len(offers))}]}


def _nested_tickets(document: Any) -> list[Any]:  # noqa: ANN401 - JSON is anything
    return [section["tickets"][0] for zone in document["zones"] for section in zone["sections"]]


_VIVID_SEATS = {
    "marketplace": Marketplace.VIVID_SEATS,
    "read": _reading(partial(parse_vivid_seats_listings, asked_currency="USD")),
    "ask_about": _asking(open_vivid_seats_client),
    "base_url_setting": "vivid_seats_api_base_url",
    "expected": _expected,
}

STUBHUB = Subject(
    name="stubhub",
    marketplace=Marketplace.STUBHUB,
    read=_reading(parse_stubhub_listings),
    ask_about=_asking(open_stubhub_client),
    base_url_setting="stubhub_api_base_url",
    render=_stubhub,
    parts=list,
    expected=_expected,
    without={
        "listingId": "unreadable",
        "availableTickets": "unreadable",
        "sellerAllInPrice": "unreadable",
        "section": "read",
        "row": "read",
        "sellerNetProceeds": "read",
        "currencyCode": "read",  # its amounts name it too
    },
    samples="replay/nba_game7/*_*.json",
)

VIVID_SEATS = Subject(
    name="vivid_seats",
    render=_vivid_seats,
    parts=lambda document: list(document["tickets"]),
    without={
        "i": "unreadable",
        "q": "unreadable",
        "p": "read",
        "aip": "read",  # the price before fees is left
        **dict.fromkeys(("s", "r", "m", "c", "d", "n"), "read"),
    },
    samples="vividseats/hermes_*.json",
    **_VIVID_SEATS,
)

VIVID_SEATS_ZONES = Subject(
    name="vivid_seats_zones",
    render=_vivid_seats_zones,
    parts=_nested_tickets,
    without={"price": "unreadable", "quantity": "unreadable", "id": "read", "row": "read", "splitOption": "read"},
    **_VIVID_SEATS,
)
