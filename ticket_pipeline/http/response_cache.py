"""Answers that are used again: what this room needs from outside, and asking with a cache in between.

What belongs here: the protocol, the cache that keeps nothing, and the rule when a kept answer is good enough. What does
not: keeping answers; all processes share them, and therefore they live in the database, behind this protocol.

A body is kept only after it could be read, under the request without its secrets. Of several processes that miss the
same answer at once, one claims it and asks the marketplace, and the others wait for what it gets. One that lost its
claim, because it stood still or because the answers were forgotten meanwhile, uses its answer and keeps none.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from uuid import UUID

from ticket_pipeline.errors import EventGone, MarketplaceError, RequestRejected, StorageError, UnexpectedPayload
from ticket_pipeline.http.redaction import redact_url
from ticket_pipeline.market.vocabulary import RawResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ticket_pipeline.http.fetcher import HttpFetcher, MarketplaceRequest

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_CLOCK_SKEW = timedelta(minutes=1)
"""Clocks of two machines differ by a little. An answer from further in the future says nothing about its age."""

_NAP_SECONDS = 0.1
"""Between two looks at an answer that another process is fetching."""


class CacheUse(StrEnum):
    """What came of one question."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"  # older than allowed, used because the marketplace gave no answer


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A body that was read before; `stored_at` (aware UTC) is when it arrived."""

    body: bytes
    stored_at: datetime


class HasBody(Protocol):
    """A kept answer, as whoever keeps it hands it back."""

    @property
    def body(self) -> bytes:
        """As it arrived."""

    @property
    def stored_at(self) -> datetime:
        """When it arrived, aware UTC."""


class AnswerCache(Protocol):
    """Keeps the answers of one marketplace."""

    async def find(self, key: str, /) -> HasBody | None:
        """The kept answer to a request, however old."""

    @property
    def claim_duration(self) -> timedelta:
        """How long a claim lasts unless it is renewed."""

    async def claim(self, key: str, external_id: str | None, /) -> UUID | None:
        """The claim of the one who fetches this answer; None while somebody else does."""

    async def renew(self, key: str, owner: UUID, /) -> None:
        """Keep a claim alive while its answer is on the way.

        Raises:
            StorageError: the claim may run out then.
        """

    async def give_up(self, key: str, owner: UUID, /) -> None:
        """End a claim without an answer, so that the next one may try; after a claim was lost, do nothing."""

    async def store(self, key: str, owner: UUID, answer: KeptAnswer, /) -> None:
        """Keep an answer in place of the older one, unless the claim was lost; ends the claim."""

    async def count(self, use: CacheUse) -> None:
        """Count what came of a question."""


class NoCache:
    """Keeps nothing, for a single call from a notebook, and for tests."""

    claim_duration = timedelta.max

    async def find(self, _key: str) -> HasBody | None:
        """Find nothing."""

    async def claim(self, _key: str, _external_id: str | None) -> UUID | None:
        """Let everybody fetch."""
        return UUID(int=0)

    async def renew(self, _key: str, _owner: UUID) -> None:
        """Do nothing: nothing was claimed."""

    async def give_up(self, _key: str, _owner: UUID) -> None:
        """Do nothing: nothing was claimed."""

    async def store(self, _key: str, _owner: UUID, _answer: KeptAnswer) -> None:
        """Do nothing: nothing is kept."""

    async def count(self, use: CacheUse) -> None:
        """Do nothing: there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[_T]):
    """An answer that could be read.

    Attributes:
        value: what was read.
        response: as it came; 0 tries where it was kept from before, and `captured_at` is when it arrived then.
        is_stale: it is older than allowed, and used because the marketplace gave none.
    """

    value: _T
    response: RawResponse
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class _Claim(Generic[_T]):
    """The right to fetch an answer, and the older one that is kept, if any."""

    owner: UUID
    kept: Answer[_T] | None


class CachingFetcher:
    """Asks a marketplace unless a young enough answer is kept.

    Args:
        fetcher: sends what must be sent.
        cache: where answers are kept.
        keep: how long an answer is used again; zero: never.
        clock: aware UTC.
    """

    def __init__(
        self,
        fetcher: HttpFetcher,
        cache: AnswerCache,
        *,
        keep: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetcher = fetcher
        self._cache = cache
        self._keep = keep
        self._clock = clock

    async def fetch(
        self, request: MarketplaceRequest, read: Callable[[bytes], _T], *, accepts_stale: bool
    ) -> Answer[_T]:
        """The answer to a request, kept or new.

        Args:
            request: what is asked.
            read: reads a body; raises UnexpectedPayload where it cannot.
            accepts_stale: where the marketplace is down or refuses, an answer of any age will do, marked as stale.

        Raises:
            MarketplaceError: there is no usable answer.
        """
        if not self._keep:
            return await self._ask(request, read)
        key = cache_key(request)
        found = await self._find_or_claim(key, request, read)
        if isinstance(found, Answer):
            await self._cache.count(CacheUse.HIT)
            return found
        kept, owner = found.kept, found.owner
        try:
            async with self._renewed(key, owner):
                answer = await self._ask(request, read)
        except MarketplaceError as error:
            await self._cache.give_up(key, owner)
            if kept is None or not accepts_stale or isinstance(error, EventGone | RequestRejected):
                raise
            await self._cache.count(CacheUse.STALE)
            _log.warning(
                "%s An answer of %s UTC is used instead.", error, f"{kept.response.captured_at:%Y-%m-%d %H:%M}"
            )
            return Answer(kept.value, kept.response, is_stale=True)
        except BaseException:  # cancelled, or a bug: nobody waits for us
            await self._cache.give_up(key, owner)
            raise
        await self._cache.store(key, owner, KeptAnswer(answer.response.body, answer.response.captured_at))
        await self._cache.count(CacheUse.MISS)
        return answer

    async def _find_or_claim(
        self, key: str, request: MarketplaceRequest, read: Callable[[bytes], _T]
    ) -> Answer[_T] | _Claim[_T]:
        """A young answer, or the right to fetch one."""
        while True:
            kept = _read_kept(await self._cache.find(key), request, read)
            if kept is not None and self._is_young(kept):
                return kept
            owner = await self._cache.claim(key, request.external_id or None)
            if owner is not None:
                # Between our look and our claim somebody else may have got it.
                newest = _read_kept(await self._cache.find(key), request, read)
                if newest is not None and self._is_young(newest):
                    await self._cache.give_up(key, owner)
                    return newest
                return _Claim(owner, newest)
            await asyncio.sleep(_NAP_SECONDS)

    @asynccontextmanager
    async def _renewed(self, key: str, owner: UUID) -> AsyncIterator[None]:
        """Keep a claim alive inside the block: waiting for a permit and retrying may take minutes."""
        renewing = asyncio.create_task(self._keep_renewing(key, owner))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _keep_renewing(self, key: str, owner: UUID) -> None:
        while True:
            await asyncio.sleep(self._cache.claim_duration.total_seconds() / 3)
            with suppress(StorageError):  # the database restarts; at worst somebody else asks too
                await self._cache.renew(key, owner)

    async def _ask(self, request: MarketplaceRequest, read: Callable[[bytes], _T]) -> Answer[_T]:
        response = await self._fetcher.fetch(request)
        try:
            return Answer(read(response.body), response)
        except UnexpectedPayload as error:
            error.status, error.tries = response.status, response.tries
            raise

    def _is_young(self, answer: Answer[_T]) -> bool:
        return -_CLOCK_SKEW <= self._clock() - answer.response.captured_at < self._keep


def cache_key(request: MarketplaceRequest) -> str:
    """What an answer is kept under: method and URL. The secret part of the query is no part of a request's URL."""
    return f"{request.method} {redact_url(request.url)}"


def _read_kept(kept: HasBody | None, request: MarketplaceRequest, read: Callable[[bytes], _T]) -> Answer[_T] | None:
    if kept is None:
        return None
    try:
        value = read(kept.body)
    except UnexpectedPayload:  # kept by an older version that read it otherwise
        return None
    response = RawResponse(
        marketplace=request.marketplace,
        external_id=request.external_id,
        body=kept.body,
        captured_at=kept.stored_at,
        status=HTTPStatus.OK,
        tries=0,
        latency_seconds=0.0,
    )
    return Answer(value, response)
