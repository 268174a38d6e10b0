"""Who is under contract: each listings client with its formats, told by how neutral listings look on its wire.

What belongs here: rendering, and what else a claim must know of a format. What does not: the claims. A new marketplace
adds one `Subject` per shape of its body.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.stubhub import open_stubhub_client
from ticket_pipeline.marketplaces.stubhub_listings import parse_stubhub_listings
from ticket_pipeline.marketplaces.vivid_seats import open_vivid_seats_client
from ticket_pipeline.marketplaces.vivid_seats_listings import parse_vivid_seats_listings
from ticket_pipeline.settings import Settings
from ticket_pipeline_tests.marketplaces.wire import TEST_SECONDS, serve_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ticket_pipeline.market.listings import ValidatedListings
    from ticket_pipeline.market.vocabulary import ParsedListings
    from ticket_pipeline.marketplaces.listings_client import ListingsClient
    from ticket_pipeline_tests.marketplaces.wire import Answer


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing that every format can tell; `price` is per ticket, in whole cents."""

    number: int
    price: float = 120.5
    quantity: int = 2
    section: str = "Loge 18"
    row: str = "B"


@dataclass(frozen=True, slots=True)
class Subject:
    """One listings client and one shape of its body.

    Attributes:
        parse: its parser.
        open_client: by settings.
        base_url_setting: the setting that says where it asks.
        render: offers and a currency to the JSON of a body.
        tickets: the listings inside such a JSON, to be changed in place.
        changed_by: key of a listing → what a listing without it becomes: `rejected`, or `kept`.
        samples: recorded bodies, below the folder of samples.
    """

    name: str
    marketplace: Marketplace
    parse: Callable[[bytes], ParsedListings]
    open_client: Callable[[Settings], AbstractAsyncContextManager[ListingsClient]]
    base_url_setting: str
    render: Callable[[Sequence[Offer], str], Any]
    tickets: Callable[[Any], list[Any]]
    changed_by: dict[str, str]
    samples: str = ""
    valid_id: str = "157284301"

    def body(self, offers: Sequence[Offer], currency: str = "USD") -> bytes:
        """The body of an answer with these offers."""
        return json.dumps(self.render(offers, currency)).encode()

    def settings(self, base_url: str, **changes: object) -> Settings:
        """Settings that send this client to `base_url`, once."""
        fixed = {self.base_url_setting: base_url, "http_max_tries": 1, "http_total_timeout_seconds": 10}
        return Settings.model_validate(fixed | changes)

    def recorded(self, samples_dir: Path) -> list[bytes]:
        """The recorded bodies of this shape; none for a shape that nobody recorded."""
        return [file.read_bytes() for file in sorted(samples_dir.glob(self.samples))] if self.samples else []

    def ask(self, *answers: Answer, **settings: object) -> ValidatedListings | MarketplaceError:
        """One whole call to a server that gives `answers`; what came of it."""

        async def run() -> ValidatedListings | MarketplaceError:
            try:
                async with (
                    asyncio.timeout(TEST_SECONDS),
                    serve_wire(*answers) as server,
                    self.open_client(self.settings(server.url, **settings)) as client,
                ):
                    return await client.get_listings(self.valid_id)
            except MarketplaceError as error:
                return error

        return asyncio.run(run())


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
    "parse": partial(parse_vivid_seats_listings, asked_currency="USD"),
    "open_client": open_vivid_seats_client,
    "base_url_setting": "vivid_seats_api_base_url",
}

SUBJECTS = (
    Subject(
        name="stubhub",
        marketplace=Marketplace.STUBHUB,
        parse=parse_stubhub_listings,
        open_client=open_stubhub_client,
        base_url_setting="stubhub_api_base_url",
        render=_stubhub,
        tickets=list,
        changed_by={
            "listingId": "rejected",
            "availableTickets": "rejected",
            "sellerAllInPrice": "rejected",
            "section": "kept",
            "row": "kept",
            "sellerNetProceeds": "kept",
            "currencyCode": "kept",  # its amounts name it too
        },
        samples="replay/nba_game7/0*.json",
    ),
    Subject(
        name="vivid_seats",
        render=_vivid_seats,
        tickets=lambda document: list(document["tickets"]),
        changed_by={
            "i": "rejected",
            "q": "rejected",
            "p": "kept",
            "aip": "kept",  # the price before fees is left
            **dict.fromkeys(("s", "r", "m", "c", "d", "n"), "kept"),
        },
        samples="vividseats/hermes_*.json",
        **_VIVID_SEATS,
    ),
    Subject(
        name="vivid_seats_zones",
        render=_vivid_seats_zones,
        tickets=_nested_tickets,
        changed_by={"price": "rejected", "quantity": "rejected", "id": "kept", "row": "kept", "splitOption": "kept"},
        **_VIVID_SEATS,
    ),
)
