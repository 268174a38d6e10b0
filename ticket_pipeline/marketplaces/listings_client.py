"""What every client that asks for listings shares: opening it by the settings, ids of digits, one whole call.

What belongs here: the steps that are the same for each marketplace. What does not: URLs, headers and credentials (the
marketplace's own module), and reading a body (its parser).
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

from ticket_pipeline.errors import RequestRejected
from ticket_pipeline.http.answers import judge_answer
from ticket_pipeline.http.connections import open_http_client
from ticket_pipeline.http.fetcher import HttpFetcher, MarketplaceRequest, utc_now
from ticket_pipeline.http.gate import OpenGate
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.marketplaces.bodies import check_subject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime

    from ticket_pipeline.errors import MarketplaceError
    from ticket_pipeline.http.fetcher import AnswerJudge
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.http.retries import RetryRule
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings, RawResponse
    from ticket_pipeline.settings.model import Settings

_DIGITS = re.compile(r"[0-9]{1,20}")


class ListingsClient(ABC):
    """A `MarketplaceClient` by its request and its parser; a marketplace fills in those two."""

    marketplace: ClassVar[Marketplace]

    def __init__(self, fetcher: HttpFetcher) -> None:
        self._fetcher = fetcher

    @abstractmethod
    def build_request(self, external_id: str) -> MarketplaceRequest:
        """The request for the listings of an event.

        Raises:
            RequestRejected: the id is none of this marketplace's.
        """

    @abstractmethod
    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read the body of an answer.

        Raises:
            UnexpectedPayload: the body as a whole is not what the marketplace promises.
        """

    async def fetch_listings(self, external_id: str) -> RawResponse:
        """Ask for the listings of an event.

        Args:
            external_id: the marketplace's own event id.

        Raises:
            RequestRejected: the id is none of this marketplace's; nothing was sent.
            MarketplaceError: no usable answer; see `ticket_pipeline.http.answers`.
        """
        return await self._fetcher.fetch(self.build_request(external_id))

    async def get_listings(self, external_id: str) -> ValidatedListings:
        """Fetch, read and validate the listings of one event, in one call.

        Raises:
            MarketplaceError: no usable answer.
        """
        from ticket_pipeline.market.listings import validate_listings  # noqa: PLC0415 - loads pandas, only where used

        response = await self.fetch_listings(external_id)
        parsed = self.parse_listings(response.body)
        check_subject(parsed.about, external_id, self.marketplace)
        return validate_listings([parsed])[0]


@asynccontextmanager
async def open_fetcher(
    settings: Settings,
    gate: RequestGate | None,
    *,
    rules: Mapping[type[MarketplaceError], RetryRule] | None = None,
    judge: AnswerJudge = judge_answer,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[HttpFetcher]:
    """Open a fetcher by the settings, and close its connections at the end of the block.

    Args:
        settings: User-Agent, time-outs, tries and limits.
        gate: who permits requests; None means no limits, which is for single calls only.
        rules: how single classes of errors are retried, where the marketplace has its own.
        judge: what an answer means, likewise.
        clock: aware UTC; says when an answer was captured.
    """
    async with open_http_client(
        user_agent=settings.user_agent,
        connect_timeout_seconds=settings.httpx_timeout_connect,
        read_timeout_seconds=settings.httpx_timeout_read,
        max_connections=settings.httpx_max_connections,
    ) as http:
        rng = random.Random(settings.tuning.random_seed)  # noqa: S311 - spreads retries; nothing secret about it
        policy = RetryPolicy.from_settings(settings, rules)
        yield HttpFetcher(http, gate or OpenGate(), policy, rng=rng, judge=judge, clock=clock)


def check_digits(external_id: str, marketplace: Marketplace, name: str) -> None:
    """Refuse what is no event id before it becomes part of a URL.

    Args:
        external_id: as in the watchlist.
        marketplace: whose it should be.
        name: the marketplace as people write it.

    Raises:
        RequestRejected: it is not 1 to 20 digits.
    """
    # Whoever uses a client alone may hand over a number, or nothing.
    if not isinstance(external_id, str) or not _DIGITS.fullmatch(external_id):
        raise RequestRejected(
            f"Asked {marketplace} for event {str(external_id)[:40]!r}: not sent, a {name} event id is 1 to 20 digits. "
            f"Copy the number from the event's address on {name} into the watchlist.",
            tries=0,
        )
