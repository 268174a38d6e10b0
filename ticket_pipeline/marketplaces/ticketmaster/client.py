"""Ticketmaster's Discovery API v2: events by id, searches, and the price ranges it publishes.

An example is in docs/clients.md.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError, RequestRejected
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.fetcher import Request, open_fetcher, utc_now
from ticket_pipeline.http.response_cache import CachingFetcher, ReadResponse, ResponseCache
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.marketplaces.bodies import check_subject
from ticket_pipeline.marketplaces.ticketmaster.judge import TicketmasterJudge
from ticket_pipeline.marketplaces.ticketmaster.parser import (
    EventDetails,
    Page,
    PriceRange,
    SectionPrice,
    parse_page,
    parse_ticketmaster_event,
    read_event,
)
from ticket_pipeline.marketplaces.ticketmaster.search import MAX_PAGE_SIZE, Search

if TYPE_CHECKING:
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.settings.model import Settings

_PATH = "/discovery/v2"
_SIMULATED_KEY = "simulated"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class TicketmasterConfig:
    """Where requests to Ticketmaster go, and their key.

    Attributes:
        base_url: scheme and host (a path is allowed), without a trailing slash.
        api_key: sent with every request.
    """

    base_url: str
    api_key: SecretStr = field(repr=False)


@dataclass(frozen=True, slots=True)
class TicketPrices:
    """What Ticketmaster publishes about the prices of one event.

    Attributes:
        ranges: by type; empty where none is published, which is the usual case today and no error.
        sections: by section; empty unless a body carries sections.
        captured_at: aware UTC, when the response arrived.
        is_stale: it comes from an older cached response, because the API gave no usable one.
    """

    external_id: str
    ranges: tuple[PriceRange, ...]
    sections: tuple[SectionPrice, ...]
    captured_at: datetime
    is_stale: bool

    @property
    def is_published(self) -> bool:
        """Whether there is any price at all."""
        return bool(self.ranges or self.sections)


def ticketmaster_config(settings: Settings) -> TicketmasterConfig:
    """Build the configuration from the settings. The simulator needs some key and never receives the user's."""
    if settings.ticketmaster_base_url is None:
        raise ConfigurationError(
            "TICKETMASTER_API_KEY is not set, and another marketplace is configured. Set it to your own Discovery API "
            "key."
        )
    base_url = settings.ticketmaster_base_url.rstrip("/")
    check_address(
        base_url,
        _PATH,
        base_setting="ticketmaster_api_base_url",
        path_setting="ticketmaster_api_base_url",
        example="https://app.ticketmaster.com",
        credentials="your API key" if settings.ticketmaster_api_key else None,
    )
    return TicketmasterConfig(base_url, settings.ticketmaster_api_key or SecretStr(_SIMULATED_KEY))


class TicketmasterClient:
    """Fetches events. A response may come from the cache; each names the time it arrived."""

    marketplace = Marketplace.TICKETMASTER

    def __init__(self, fetcher: CachingFetcher, config: TicketmasterConfig) -> None:
        self._fetcher = fetcher
        self._config = config

    async def fetch_event(self, external_id: str) -> RawResponse:
        """Fetch one event, for polling: a response older than ticketmaster_cache_minutes is never used instead.

        Raises:
            RequestRejected: the id is not valid; nothing was sent.
            MarketplaceError: no usable response; see `ticket_pipeline.marketplaces.ticketmaster.judge`.
        """
        return (await self._event(external_id, accepts_stale=False)).response

    def parse_event(self, body: bytes) -> EventDetails:
        """Read a body; see `ticket_pipeline.marketplaces.ticketmaster.parser`."""
        return parse_ticketmaster_event(body)

    async def get_event_details(self, external_id: str) -> EventDetails:
        """Everything that is known about one event.

        Where the API gives no usable response, an older cached one is used, marked by `is_stale` and `captured_at`.

        Raises:
            EventGone: Ticketmaster does not know the id.
            MarketplaceError: no usable response, and none is cached.
        """
        response = await self._event(external_id, accepts_stale=True)
        return _dated(response.value, response)

    async def get_ticket_prices(self, external_id: str) -> TicketPrices:
        """The prices that are published for one event; errors as those of `get_event_details`."""
        response = await self._event(external_id, accepts_stale=True)
        event = response.value
        return TicketPrices(
            event.external_id, event.price_ranges, event.sections, response.response.captured_at, response.is_stale
        )

    def search_events(
        self,
        query: str | None,
        city: str | None = None,
        *,
        country_code: str | None = None,
        starts_from: datetime | None = None,
        starts_until: datetime | None = None,
        page_size: int = 100,
    ) -> Search[EventDetails]:
        """Search events by words. Nothing is sent before the first result is read.

        Args:
            query: words of the name, the artist or the team, all of which must be there; None: any event.
            city: its name.
            country_code: ISO 3166, such as CA.
            starts_from: aware; earliest start.
            starts_until: aware; latest start.
            page_size: results per request, at most 200.
        """
        parameters = {
            "keyword": query,
            "city": city,
            "countryCode": country_code,
            "startDateTime": _as_parameter(starts_from),
            "endDateTime": _as_parameter(starts_until),
            # Without these, a search with dates leaves out events whose date is still to be announced.
            "includeTBA": "yes",
            "includeTBD": "yes",
        }
        size = min(max(page_size, 1), MAX_PAGE_SIZE)
        given = {name: value for name, value in parameters.items() if value is not None}
        words = given.get("keyword") or ", ".join(given[name] for name in ("city", "countryCode") if name in given)

        async def fetch_page(number: int) -> ReadResponse[Page]:
            query = urlencode(given | {"size": str(size), "page": str(number)})
            request = self._request(f"/events.json?{query}", subject=f"events that match {words[:80]!r}")
            return await self._fetcher.fetch(request, parse_page, accepts_stale=True)

        return Search(fetch_page, lambda item, found: _dated(read_event(item), found), size)

    async def _event(self, external_id: str, *, accepts_stale: bool) -> ReadResponse[EventDetails]:
        if not isinstance(external_id, str) or not _ID.fullmatch(external_id):
            raise RequestRejected(
                f"{str(external_id)[:40]!r} is not a valid ticketmaster event id (letters, digits, - and _, such as "
                "G5diZfkn0B-bh); nothing was sent. Find it with `ticket-pipeline search`.",
                tries=0,
            )
        request = self._request(f"/events/{quote(external_id)}.json", external_id)

        def read(body: bytes) -> EventDetails:
            event = parse_ticketmaster_event(body)
            # Ids are case-sensitive, and no recorded response gives one event under the id of another.
            check_subject([event.external_id], external_id, self.marketplace)
            return event

        return await self._fetcher.fetch(request, read, accepts_stale=accepts_stale)

    def _request(self, path: str, external_id: str = "", *, subject: str | None = None) -> Request:
        return Request(
            marketplace=self.marketplace,
            external_id=external_id,
            method="GET",
            url=f"{self._config.base_url}{_PATH}{path}",
            secret_query={"apikey": self._config.api_key},
            subject=subject,
        )


@asynccontextmanager
async def open_ticketmaster_client(
    settings: Settings,
    *,
    gate: RequestGate | None = None,
    cache: ResponseCache | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[TicketmasterClient]:
    """Open a client by the settings; see `http.fetcher.open_fetcher` and, for errors, `ticketmaster_config`.

    `cache` is where responses are kept; None keeps none.
    """
    config = ticketmaster_config(settings)
    async with open_fetcher(settings, gate, judge=TicketmasterJudge(), clock=clock) as fetcher:
        max_age = timedelta(minutes=settings.tuning.ticketmaster_cache_minutes)
        yield TicketmasterClient(CachingFetcher(fetcher, cache, max_age=max_age, clock=clock), config)


def _dated(event: EventDetails, found: ReadResponse[Any]) -> EventDetails:
    return replace(event, captured_at=found.response.captured_at, is_stale=found.is_stale)


def _as_parameter(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
