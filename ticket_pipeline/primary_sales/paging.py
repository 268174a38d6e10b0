"""Read a whole set by pages while it moves under the reader.

What belongs here: turning pages, noticing what was missed, and asking again. What does not: what a row means.

The API takes no order. A ticket that changes between two pages may move across the reader's place and be missed, so a
read counts as whole only where as many different rows came as the server says there are; else the rows that changed
since the read began are asked for, and if that does not explain the difference, the set is read again from its start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from ticket_pipeline.errors import UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from ticket_pipeline.primary_sales.http import Answer
    from ticket_pipeline.primary_sales.wire import Page

MAX_PASSES = 4
"""A set that moves faster than it can be read this often is given up."""


class Identified(Protocol):
    """A row that knows its id."""

    @property
    def id(self) -> str:
        """Unique in the set."""


_Row = TypeVar("_Row", bound=Identified)


@dataclass
class ReadSet(Generic[_Row]):
    """A set as it was read.

    Attributes:
        rows: id → row, in its newest form seen.
        began_at: the server's clock when the read began: whatever changes later is in the next incremental read.
        total: how many rows the server says there are.
        unreadable: why rows could not be read, one reason per row; no reason quotes a value.
        passes: how often the set was read from its start.
    """

    began_at: datetime
    rows: dict[str, _Row] = field(default_factory=dict)
    total: int = 0
    unreadable: list[str] = field(default_factory=list)
    passes: int = 0


class SetReader(Generic[_Row]):
    """Reads one set.

    Args:
        what: the set, as a message names it.
        ask: (skip, top, since) → the answer with that page.
        page_of: reads a page's envelope; raises msgspec.DecodeError.
        row_of: reads one row; raises msgspec.DecodeError with a reason that quotes no value.
        page_size: rows asked for at once.
        overlap: how far before the beginning of a read its moving part is read again; None: the set knows no moment of
            change, and is read again as a whole.
    """

    def __init__(
        self,
        what: str,
        ask: Callable[[int, int, datetime | None], Awaitable[Answer]],
        page_of: Callable[[bytes], Page],
        row_of: Callable[[msgspec.Raw], _Row],
        *,
        page_size: int,
        overlap: timedelta | None,
    ) -> None:
        self._what = what
        self._ask = ask
        self._page_of = page_of
        self._row_of = row_of
        self._page_size = page_size
        self._overlap = overlap

    async def read(self, since: datetime | None = None) -> ReadSet[_Row]:
        """The whole set, or what changed since a moment.

        Raises:
            MarketplaceError: a page could not be had.
            UnexpectedPayload: a page is no page, or the count never came out right.
        """
        passes = 0
        while passes < MAX_PASSES:
            passes += 1
            found, is_shrunk = await self._pass(since)
            # Where rows left, as many others slid past the reader unseen, and no moment of change tells which.
            if not is_shrunk and (_is_complete(found) or await self._catch_up(found, since)):
                found.passes = passes
                return found
        raise UnexpectedPayload(
            f"Read {self._what} {MAX_PASSES} times; {len(found.rows)} different rows came of the {found.total} that "
            "vivenu counts. Nothing was stored. It changes faster than it can be read: try again at a quieter time, or "
            "raise VIVENU_PAGE_SIZE."
        )

    async def _pass(self, since: datetime | None) -> tuple[ReadSet[_Row], bool]:
        """Turn all pages once; what came, and whether the set shrank meanwhile."""
        found: ReadSet[_Row] | None = None
        turned, is_shrunk = 0, False
        while found is None or turned * self._page_size < found.total:
            answer = await self._ask(turned * self._page_size, self._page_size, since)
            page = self._read_page(answer.body)
            if found is None:
                found = ReadSet(answer.served_at)
                found.total = page.total
            is_shrunk |= page.total < found.total
            self._add(found, page)
            turned += 1
        return found, is_shrunk

    async def _catch_up(self, found: ReadSet[_Row], since: datetime | None) -> bool:
        """Add what changed since the pass began; whether the count comes out right then."""
        if self._overlap is None:
            return False
        moved_since = found.began_at - self._overlap
        moved, is_shrunk = await self._pass(moved_since if since is None else max(since, moved_since))
        found.rows |= moved.rows
        total = self._read_page((await self._ask(0, 1, since)).body).total
        is_shrunk |= total < found.total
        found.total = total
        return not is_shrunk and _is_complete(found)

    def _add(self, found: ReadSet[_Row], page: Page) -> None:
        found.total = page.total
        for raw in page.rows or page.docs:
            try:
                row = self._row_of(raw)
            except msgspec.DecodeError as error:
                found.unreadable.append(str(error))
            else:
                found.rows[row.id] = row

    def _read_page(self, body: bytes) -> Page:
        try:
            return self._page_of(body)
        except msgspec.DecodeError as error:
            raise UnexpectedPayload(
                f"Read {self._what}; the answer is not the promised page ({error}). Check VIVENU_API_BASE_URL; if it "
                "is right, vivenu changed its format.",
                status=200,
            ) from None


def _is_complete(found: ReadSet[_Row]) -> bool:
    """Rows that cannot be read have no id: they are taken for different ones."""
    return len(found.rows) + len(found.unreadable) == found.total
