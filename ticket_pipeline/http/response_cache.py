"""Cached responses: the protocol that storage implements, and fetching with a cache in between.

A body is cached only after it could be read, under its request without the secrets. Processes that miss the same
response at once may each send a request; the budget counts every one of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ticket_pipeline.errors import EventGone, MarketplaceError, RequestRejected, UnexpectedPayload
from ticket_pipeline.http.scrubbing import redact_url
from ticket_pipeline.market.vocabulary import RawResponse

if TYPE_CHECKING:
    from ticket_pipeline.http.fetcher import HttpFetcher, Request

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_CLOCK_SKEW = timedelta(minutes=1)
"""Clocks of two machines differ a little. The age of a response from further in the future is unknown."""


class CacheUse(StrEnum):
    """What came of one look-up; the value is the column that counts it."""

    HIT = "hits"
    MISS = "misses"
    STALE = "stale"  # older than allowed, used because the marketplace gave no usable response


class ResponseCache(Protocol):
    """Keeps the responses of one marketplace."""

    async def find(self, key: str, /) -> tuple[bytes, datetime] | None:
        """The cached response to a request, however old, and when it arrived (aware UTC)."""

    async def store(self, key: str, response: RawResponse, /) -> None:
        """Cache a response in place of an older one."""

    async def count(self, use: CacheUse, /) -> None:
        """Count a look-up."""


@dataclass(frozen=True, slots=True)
class ReadResponse(Generic[_T]):
    """A response that could be read.

    Attributes:
        value: what was read.
        response: as it arrived; 0 tries where it comes from the cache, and `captured_at` is when it arrived then.
        is_stale: it is older than allowed, and used because the marketplace gave no usable response.
    """

    value: _T
    response: RawResponse
    is_stale: bool = False


class CachingFetcher:
    """Fetches unless a response younger than `max_age` is cached. `clock` is aware UTC.

    Without a cache, or with an age of zero, nothing is cached.
    """

    def __init__(
        self,
        fetcher: HttpFetcher,
        cache: ResponseCache | None,
        *,
        max_age: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetcher = fetcher
        self._cache = cache
        self._max_age = max_age
        self._clock = clock

    async def fetch(self, request: Request, read: Callable[[bytes], _T], *, accepts_stale: bool) -> ReadResponse[_T]:
        """The response to a request, cached or new; a MarketplaceError where there is no usable one.

        Args:
            request: what is fetched.
            read: reads a body; raises UnexpectedPayload where it cannot.
            accepts_stale: where the marketplace is down or rejects us, a response of any age is returned, marked stale.
        """
        if self._cache is None or not self._max_age:
            return await self._fetch(request, read)
        key = cache_key(request)
        cached = _read_cached(await self._cache.find(key), request, read)
        if cached is not None and self._is_young(cached.response):
            await self._cache.count(CacheUse.HIT)
            return cached
        try:
            fetched = await self._fetch(request, read)
        except MarketplaceError as error:
            if cached is None or not accepts_stale or isinstance(error, EventGone | RequestRejected):
                raise
            await self._cache.count(CacheUse.STALE)
            at = cached.response.captured_at
            _log.warning("%s The cached response of %s UTC is used instead.", error, f"{at:%Y-%m-%d %H:%M}")
            return ReadResponse(cached.value, cached.response, is_stale=True)
        await self._cache.store(key, fetched.response)
        await self._cache.count(CacheUse.MISS)
        return fetched

    async def _fetch(self, request: Request, read: Callable[[bytes], _T]) -> ReadResponse[_T]:
        response = await self._fetcher.fetch(request)
        try:
            return ReadResponse(read(response.body), response)
        except UnexpectedPayload as error:
            error.status, error.tries = response.status, response.tries
            raise

    def _is_young(self, response: RawResponse) -> bool:
        return -_CLOCK_SKEW <= self._clock() - response.captured_at < self._max_age


def cache_key(request: Request) -> str:
    """What a response is cached under: method and URL. The secret part of the query is not part of a request's URL."""
    return f"{request.method} {redact_url(request.url)}"


def _read_cached(
    cached: tuple[bytes, datetime] | None, request: Request, read: Callable[[bytes], _T]
) -> ReadResponse[_T] | None:
    if cached is None:
        return None
    body, stored_at = cached
    try:
        value = read(body)
    except UnexpectedPayload:  # cached by an older version, which read it otherwise
        return None
    response = RawResponse(
        marketplace=request.marketplace,
        external_id=request.external_id,
        body=body,
        captured_at=stored_at,
        status=HTTPStatus.OK,
        tries=0,
        latency_seconds=0.0,
    )
    return ReadResponse(value, response)
