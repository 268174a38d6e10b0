"""The interface that every marketplace stands behind.

What belongs here: the protocol and nothing else. A new marketplace is one module that fulfils it, and one line where
the clients are wired together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings, RawResponse


class MarketplaceClient(Protocol):
    """Asks one marketplace for the listings of an event, and reads its answers.

    Asking and reading are apart, so that a stored body can be read again after a parser was mended.
    """

    @property
    def marketplace(self) -> Marketplace:
        """Whose client this is."""

    async def fetch_listings(self, external_id: str) -> RawResponse:
        """Ask for the listings of the event that the marketplace calls `external_id`.

        Raises:
            MarketplaceError: no usable answer; the class says why, and `is_transient` whether asking again can help.
        """

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read the body of an answer: columns of candidates, the items that could not be read, and whom it is about.

        Raises:
            UnexpectedPayload: the body as a whole is not what the marketplace promises.
        """
