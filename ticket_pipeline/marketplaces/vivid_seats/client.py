"""Vivid Seats, as its own event page sees it: the listings of a production.

What belongs here: URL, parameters, and the client. What does not: sending (`http`), reading the body
(`vivid_seats_listings`).

No account is needed and none is sent. From a notebook, with the settings in the environment or `.env`:

    from ticket_pipeline.marketplaces.vivid_seats.client import open_vivid_seats_client
    from ticket_pipeline.settings.model import load_settings

    async with open_vivid_seats_client(load_settings()) as vivid_seats:
        listings = await vivid_seats.get_listings("5990417")
    print(listings.accepted, "listings,", min(listings.columns["price"]), listings.currency)
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.answers import judge_answer
from ticket_pipeline.http.fetcher import MarketplaceRequest, utc_now
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.listings_client import ListingsClient, check_digits, open_fetcher
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from ticket_pipeline.http.fetcher import HttpFetcher
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.market.vocabulary import ParsedListings
    from ticket_pipeline.settings.model import Settings

_PRICE_GROUP = "21"
"""The prices that the site shows to everybody."""

_MEND_BLOCK = (
    "Vivid Seats asks for no account: it does not want requests from this machine or network, or not so many. Lower "
    "VIVID_SEATS_REQUESTS_PER_MINUTE, ask it for leave, or add it to DISABLED_MARKETPLACES. Nothing is sent "
    "until the breaker is reset (ticket-pipeline resume vivid_seats) or its pause is over."
)


_LISTINGS_PATH = "/hermes/api/v1/listings"


@dataclass(frozen=True, slots=True)
class VividSeatsConfig:
    """How Vivid Seats is asked.

    Attributes:
        base_url: scheme and host (a path before `path` is allowed), without a trailing slash.
        path: of the listings request, with a leading slash.
        currency: ISO 4217; what prices are asked in, wherever the request comes from.
    """

    base_url: str
    path: str = _LISTINGS_PATH
    currency: str = "USD"


def vivid_seats_config(settings: Settings) -> VividSeatsConfig:
    """Build the configuration from the settings.

    Raises:
        ConfigurationError: base URL or path are unusable, or another marketplace is configured and this one is not.
    """
    if settings.vivid_seats_base_url is None:
        raise ConfigurationError(
            "Looked for Vivid Seats' address; VIVID_SEATS_API_BASE_URL is not set, and another marketplace is "
            "configured. Set it, such as https://www.vividseats.com."
        )
    base_url = settings.vivid_seats_base_url.rstrip("/")
    check_address(
        base_url,
        _LISTINGS_PATH,
        base_setting="VIVID_SEATS_API_BASE_URL",
        path_setting="VIVID_SEATS_API_BASE_URL",
        example="https://www.vividseats.com",
    )
    return VividSeatsConfig(base_url, currency=settings.vivid_seats_currency)


class VividSeatsClient(ListingsClient):
    """Asks Vivid Seats for the listings of a production; a `MarketplaceClient`."""

    marketplace = Marketplace.VIVID_SEATS

    def __init__(self, fetcher: HttpFetcher, config: VividSeatsConfig) -> None:
        super().__init__(fetcher)
        self._config = config

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read a body; see `ticket_pipeline.marketplaces.vivid_seats.parser`."""
        return parse_vivid_seats_listings(body, asked_currency=self._config.currency)

    def build_request(self, external_id: str) -> MarketplaceRequest:
        """What the site's own page sends, with the currency pinned.

        Args:
            external_id: Vivid Seats' production id: digits.

        Raises:
            RequestRejected: the id is no Vivid Seats id.
        """
        check_digits(external_id, self.marketplace, "Vivid Seats")
        query = {
            "productionId": external_id,
            "includeIpAddress": "true",
            "currency": self._config.currency,
            # Without it prices come in the currency of the caller's address.
            "localizeCurrency": "false",
            "priceGroupId": _PRICE_GROUP,
        }
        return MarketplaceRequest(
            marketplace=self.marketplace,
            external_id=external_id,
            method="GET",
            url=f"{self._config.base_url}{self._config.path}?{urlencode(query)}",
            headers={"accept": "application/json"},
        )


@asynccontextmanager
async def open_vivid_seats_client(
    settings: Settings, *, gate: RequestGate | None = None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[VividSeatsClient]:
    """Open a client by the settings, and close its connections at the end of the block.

    Args:
        settings: where and how to ask.
        gate: who permits requests; None means no limits, which is for single calls only.
        clock: aware UTC; says when an answer was captured.

    Raises:
        ConfigurationError: see `vivid_seats_config`.
    """
    config = vivid_seats_config(settings)
    judge = partial(judge_answer, mend_block=_MEND_BLOCK)
    async with open_fetcher(settings, gate, judge=judge, clock=clock) as fetcher:
        yield VividSeatsClient(fetcher, config)
