"""Cached responses in PostgreSQL, shared by all processes; it implements `http.response_cache.ResponseCache`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
    from ticket_pipeline.storage.database import Database, Row


class PostgresCache:
    """The cached responses of one marketplace."""

    def __init__(self, database: Database, marketplace: Marketplace) -> None:
        self._database = database
        self._marketplace = marketplace

    async def find(self, key: str, /) -> tuple[bytes, datetime] | None:
        """The cached response to a request, however old, and when it arrived."""
        return await asyncio.to_thread(self._find, key)

    async def store(self, key: str, response: RawResponse, /) -> None:
        """Cache a response in place of an older one."""
        await asyncio.to_thread(
            self._database.execute,
            "cache/store_response",
            marketplace=self._marketplace,
            cache_key=key,
            external_id=response.external_id or None,
            body=zstandard.ZstdCompressor(level=3).compress(response.body),
            encoding="zstd",
            original_bytes=len(response.body),
            stored_at=response.captured_at,
        )

    async def count(self, use: str, /) -> None:
        """Count a look-up: `hits`, `misses` or `stale`."""
        added = {"hits": 0, "misses": 0, "stale": 0} | {use: 1}
        await asyncio.to_thread(self._database.execute, "cache/count_use", marketplace=self._marketplace, **added)

    def _find(self, key: str) -> tuple[bytes, datetime] | None:
        row = self._database.fetch_one("cache/find_response", marketplace=self._marketplace, cache_key=key)
        return None if row is None else (zstandard.ZstdDecompressor().decompress(row["body"]), row["stored_at"])


def clear_cache(
    database: Database,
    *,
    marketplace: Marketplace | None = None,
    external_id: str | None = None,
    stored_before: datetime | None = None,
) -> int:
    """Delete cached responses: of one marketplace, of one event, older than a moment (aware UTC); returns how many."""
    return database.execute(
        "cache/delete_responses", marketplace=marketplace, external_id=external_id, stored_before=stored_before
    )


def read_cache_summary(database: Database) -> list[Row]:
    """What is cached and how often that saved a request, one row per marketplace with a cache."""
    return database.fetch_all("cache/summarise_cache")
