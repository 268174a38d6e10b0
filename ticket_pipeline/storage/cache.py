"""Answers of marketplaces that are used again, shared by all processes, in PostgreSQL.

It implements `http.response_cache.AnswerCache` without importing it: marketplaces stand above storage. What belongs
here: keeping, finding, claiming, counting and forgetting. What does not: when a kept answer is young enough.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import zstandard

from ticket_pipeline.errors import StorageError

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database, Row

    class HasBody(Protocol):
        """An answer as the fetcher hands it over."""

        @property
        def body(self) -> bytes:
            """As it arrived."""

        @property
        def stored_at(self) -> datetime:
            """When it arrived, aware UTC."""


_CLAIM = timedelta(seconds=60)
"""So long a process that died holds up others. One that lives renews its claim, however long the answer takes."""

_COUNTERS = {"hit": "hits", "miss": "misses", "stale": "stale"}


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A kept body, and when it arrived (aware UTC)."""

    body: bytes
    stored_at: datetime


class PostgresCache:
    """The kept answers of one marketplace; see `http.response_cache.AnswerCache`.

    Args:
        database: migrated.
        marketplace: whose.
        claim: how long a claim lasts unless it is renewed.
    """

    def __init__(self, database: Database, marketplace: Marketplace, *, claim: timedelta = _CLAIM) -> None:
        self._database = database
        self._marketplace = marketplace
        self._claim = claim

    @property
    def claim_duration(self) -> timedelta:
        """How long a claim lasts unless it is renewed."""
        return self._claim

    async def find(self, key: str, /) -> StoredAnswer | None:
        """The kept answer to a request, however old.

        Raises:
            StorageError: the database cannot be asked, or the body cannot be unpacked.
        """
        return await asyncio.to_thread(self._find, key)

    async def claim(self, key: str, external_id: str | None, /) -> UUID | None:
        """The claim of the one who fetches this answer; None while somebody else does."""
        owner = uuid4()
        row = await asyncio.to_thread(
            self._database.fetch_one,
            "cache/claim_answer",
            marketplace=self._marketplace,
            cache_key=key,
            external_id=external_id,
            owner=owner,
            claim=self._claim,
        )
        return None if row is None else owner

    async def renew(self, key: str, owner: UUID) -> None:
        """Keep a claim alive."""
        await self._execute("cache/renew_claim", key, owner=owner, claim=self._claim)

    async def give_up(self, key: str, owner: UUID) -> None:
        """End a claim without an answer; another's is left alone."""
        await self._execute("cache/release_claim", key, owner=owner)

    async def store(self, key: str, owner: UUID, answer: HasBody) -> None:
        """Keep an answer in place of the older one, unless the claim was lost; ends the claim."""
        body = zstandard.ZstdCompressor(level=3).compress(answer.body)
        await self._execute(
            "cache/store_answer",
            key,
            owner=owner,
            body=body,
            encoding="zstd",
            original_bytes=len(answer.body),
            stored_at=answer.stored_at,
        )

    async def count(self, use: str) -> None:
        """Count what came of a question: `hit`, `miss` or `stale`."""
        added = dict.fromkeys(_COUNTERS.values(), 0) | {_COUNTERS[use]: 1}
        await asyncio.to_thread(self._database.execute, "cache/count_use", marketplace=self._marketplace, **added)

    async def _execute(self, statement: str, key: str, **parameters: object) -> None:
        await asyncio.to_thread(
            self._database.execute, statement, marketplace=self._marketplace, cache_key=key, **parameters
        )

    def _find(self, key: str) -> StoredAnswer | None:
        row = self._database.fetch_one("cache/find_answer", marketplace=self._marketplace, cache_key=key)
        if row is None:
            return None
        try:
            return StoredAnswer(zstandard.ZstdDecompressor().decompress(row["body"]), row["stored_at"])
        except zstandard.ZstdError as error:
            raise StorageError(
                f"Read a kept answer of {self._marketplace}; its body is damaged ({error}). "
                "Run `ticket-pipeline cache clear --all`."
            ) from error


def clear_answers(
    database: Database,
    *,
    marketplace: Marketplace | None = None,
    external_id: str | None = None,
    stored_before: datetime | None = None,
) -> int:
    """Forget kept answers: of one marketplace, of one event, older than a moment (aware UTC); returns how many."""
    return database.execute(
        "cache/delete_answers", marketplace=marketplace, external_id=external_id, stored_before=stored_before
    )


def read_cache_summary(database: Database) -> list[Row]:
    """What is kept and how often that helped, one row per marketplace that keeps answers."""
    return database.fetch_all("cache/summarise_cache")
