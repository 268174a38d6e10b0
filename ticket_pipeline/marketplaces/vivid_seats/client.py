"""Vivid Seats as its own event page sees it: the listings of a production. No account is needed and none is sent.

An example is in docs/clients.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.fetcher import HttpFetcher, Request, open_fetcher, utc_now
from ticket_pipeline.http.judge import ResponseJudge
from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings
from ticket_pipeline.marketplaces.client import ListingsClient, check_digits
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings

if TYPE_CHECKING:
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.settings.model import Settings

_PRICE_GROUP = "21"
"""The prices that the site shows to everyone."""

_FIX_BLOCK = (
    "Vivid Seats asks for no account: it does not accept requests from this machine or network, or not so many. Lower "
    "VIVID_SEATS_REQUESTS_PER_MINUTE, ask for permission, or add it to DISABLED_MARKETPLACES. Nothing is sent "
    "until the breaker is reset (ticket-pipeline resume vivid_seats) or its pause is over."
)

_LISTINGS_PATH = "/hermes/api/v1/listings"


def vivid_seats_url(settings: Settings) -> str:
    """The base URL of the settings, without a trailing slash; a ConfigurationError where it is not usable."""
    if settings.vivid_seats_base_url is None:
        raise ConfigurationError(
            "VIVID_SEATS_API_BASE_URL is not set, and another marketplace is configured. Set it, such as "
            "https://www.vividseats.com."
        )
    base_url = settings.vivid_seats_base_url.rstrip("/")
    check_address(
        base_url,
        _LISTINGS_PATH,
        base_setting="VIVID_SEATS_API_BASE_URL",
        path_setting="VIVID_SEATS_API_BASE_URL",
        example="https://www.vividseats.com",
    )
    return base_url


class VividSeatsClient(ListingsClient):
    """Fetches the listings of Vivid Seats productions.

    Args:
        fetcher: sends the requests.
        base_url: scheme and host (a path is allowed), without a trailing slash.
        currency: ISO 4217; of the prices, wherever the request comes from.
    """

    marketplace = Marketplace.VIVID_SEATS

    def __init__(self, fetcher: HttpFetcher, base_url: str, currency: str) -> None:
        super().__init__(fetcher)
        self._base_url = base_url
        self._currency = currency

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read a body; see `ticket_pipeline.marketplaces.vivid_seats.parser`."""
        return parse_vivid_seats_listings(body, asked_currency=self._currency)

    def build_request(self, external_id: str) -> Request:
        """The request that the site's own page sends, with the currency pinned; the id is a production's: digits."""
        check_digits(external_id, self.marketplace)
        query = {
            "productionId": external_id,
            "includeIpAddress": "true",
            "currency": self._currency,
            # Without it prices come in the currency of the caller's address.
            "localizeCurrency": "false",
            "priceGroupId": _PRICE_GROUP,
        }
        return Request(
            marketplace=self.marketplace,
            external_id=external_id,
            method="GET",
            url=f"{self._base_url}{_LISTINGS_PATH}?{urlencode(query)}",
            headers={"accept": "application/json"},
        )


@asynccontextmanager
async def open_vivid_seats_client(
    settings: Settings, *, gate: RequestGate | None = None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[VividSeatsClient]:
    """Open a client by the settings; see `http.fetcher.open_fetcher` and, for errors, `vivid_seats_url`."""
    base_url = vivid_seats_url(settings)
    async with open_fetcher(settings, gate, judge=ResponseJudge(fix_block=_FIX_BLOCK), clock=clock) as fetcher:
        yield VividSeatsClient(fetcher, base_url, settings.vivid_seats_currency)
