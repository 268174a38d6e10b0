"""A search at Ticketmaster: pages that are asked for as they are needed, inside the depth that the API allows.

What belongs here: paging. What does not: what one page looks like (`ticketmaster_events`), and asking for it
(`ticketmaster`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ticket_pipeline.errors import UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ticket_pipeline.http.response_cache import Answer
    from ticket_pipeline.marketplaces.ticketmaster.parser import Page

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

MAX_DEPTH = 1000
"""size * page must be less than this; a deeper question is to be split, by dates for example."""

MAX_PAGE_SIZE = 200


class Search(Generic[_Found]):
    """The results of a search, in the API's order, each once; iterate with `async for`, or ask for the `first`.

    Attributes:
        total: how many results the API has; None before the first page.
        is_cut: the API has more than it lets anybody see; narrow the question (city, dates).
        is_stale: a page is an older answer than asked for, because the API gave none.
        unreadable: results that were no objects, or had no id or no name, and were left out; the log tells of them.
    """

    def __init__(
        self,
        ask: Callable[[int], Awaitable[Answer[Page]]],
        read: Callable[[dict[str, Any], Answer[Page]], _Found],
        page_size: int,
    ) -> None:
        self._ask = ask
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
            answer = await self._ask(number)
            page = answer.value
            self.total, self.is_stale = page.total, self.is_stale or answer.is_stale
            self._leave_out(page.unreadable)
            for item in page.items:
                # Results move between pages while we read them: one may come twice.
                external_id = item.get("id")
                if isinstance(external_id, str) and external_id in seen:
                    continue
                try:
                    found = self._read(item, answer)
                except UnexpectedPayload:
                    self._leave_out(1)
                    continue
                seen.add(str(external_id))
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
            _log.warning("%d of the results of a search could not be read, and are left out", results)

    async def first(self, most: int) -> list[_Found]:
        """At most so many results; no page is asked for that is not needed."""
        results: list[_Found] = []
        if most > 0:
            async for found in self:
                results.append(found)
                if len(results) >= most:
                    break
        return results
