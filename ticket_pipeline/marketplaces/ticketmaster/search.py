"""A search at Ticketmaster: pages that are fetched as they are needed, within the depth that the API allows."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.marketplaces.ticketmaster.fields import read_text

if TYPE_CHECKING:
    from ticket_pipeline.http.response_cache import ReadResponse
    from ticket_pipeline.marketplaces.ticketmaster.parser import Page

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

MAX_DEPTH = 1000
"""size * page must be less than this; split a deeper search, by dates for example."""

MAX_PAGE_SIZE = 200


class Search(Generic[_Found]):
    """The results of a search, in the API's order, each once; iterate with `async for`, or take the `first`.

    Attributes:
        total: how many results the API has; None before the first page.
        is_cut: the API has more than it shows to anyone; narrow the search (city, dates).
        is_stale: a page comes from an older cached response, because the API gave no usable one.
        unreadable: results that were not objects, or had no id or no name, and were left out.
    """

    def __init__(
        self,
        fetch_page: Callable[[int], Awaitable[ReadResponse[Page]]],
        read: Callable[[dict[str, Any], ReadResponse[Page]], _Found],
        page_size: int,
    ) -> None:
        self._fetch_page = fetch_page
        self._read = read
        self._page_size = page_size
        self.total: int | None = None
        self.is_cut = False
        self.is_stale = False
        self.unreadable = 0

    async def __aiter__(self) -> AsyncIterator[_Found]:
        seen: set[str] = set()
        number = 0
        while True:
            response = await self._fetch_page(number)
            page = response.value
            self.total, self.is_stale = page.total, self.is_stale or response.is_stale
            self._leave_out(page.unreadable)
            for item in page.items:
                # Results move between pages while they are read: one may appear twice.
                external_id = read_text(item, "id", [])
                if external_id in seen:
                    continue
                try:
                    found = self._read(item, response)
                except UnexpectedPayload:
                    self._leave_out(1)
                    continue
                seen.add(external_id)
                yield found
            number += 1
            if number >= page.total_pages or not page.items:
                return
            if number * self._page_size >= MAX_DEPTH:
                self.is_cut = True
                return

    def _leave_out(self, results: int) -> None:
        self.unreadable += results
        if results:
            _log.warning("%d of the results of a search could not be read and are left out", results)

    async def first(self, most: int) -> list[_Found]:
        """At most so many results; no page is fetched that is not needed."""
        results: list[_Found] = []
        if most > 0:
            async for found in self:
                results.append(found)
                if len(results) >= most:
                    break
        return results
