"""The interface behind which every marketplace with listings stands, and what their clients share.

A marketplace adds its request (URL, headers, credentials) and its parser; sending is in `http`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ticket_pipeline.errors import RequestRejected
from ticket_pipeline.marketplaces.bodies import check_subject

if TYPE_CHECKING:
    from ticket_pipeline.http.fetcher import HttpFetcher, Request
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings, RawResponse

_DIGITS = re.compile(r"[0-9]{1,20}")


class ListingsClient(ABC):
    """Fetches and reads the listings of one marketplace's events: its request and its parser are what it adds.

    The two are separate, so that a stored body can be read again after a parser was fixed.
    """

    marketplace: ClassVar[Marketplace]

    def __init__(self, fetcher: HttpFetcher) -> None:
        self._fetcher = fetcher

    @abstractmethod
    def build_request(self, external_id: str) -> Request:
        """The request for the listings of an event; RequestRejected where the id is not valid."""

    @abstractmethod
    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read the body of a response: candidates as columns, rejected items, and the events it is about.

        Raises:
            UnexpectedPayload: the body as a whole is not what the marketplace promises.
        """

    async def fetch_listings(self, external_id: str) -> RawResponse:
        """Fetch the listings of the event that the marketplace calls `external_id`.

        Raises:
            RequestRejected: the id is not valid at this marketplace; nothing was sent.
            MarketplaceError: no usable response; `is_transient` says whether a retry can help.
        """
        return await self._fetcher.fetch(self.build_request(external_id))

    async def get_listings(self, external_id: str) -> ValidatedListings:
        """Fetch, read and validate the listings of one event; a MarketplaceError where there is no usable response."""
        from ticket_pipeline.market.listings import validate_listings  # noqa: PLC0415 - loads pandas, only where used

        response = await self.fetch_listings(external_id)
        parsed = self.parse_listings(response.body)
        check_subject(parsed.about, external_id, self.marketplace)
        return validate_listings([parsed])[0]


def check_digits(external_id: str, marketplace: Marketplace) -> None:
    """Reject an event id that is not 1 to 20 digits, before it becomes part of a URL."""
    if not isinstance(external_id, str) or not _DIGITS.fullmatch(external_id):
        raise RequestRejected(
            f"{str(external_id)[:40]!r} is not a valid {marketplace} event id (1 to 20 digits); nothing was sent. "
            f"Copy the number from the event's address on {marketplace.traits.label} into the watchlist.",
            tries=0,
        )
