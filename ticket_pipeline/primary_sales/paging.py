"""Read a whole set by pages while it moves under the reader.

What belongs here: turning pages, noticing what was missed, and asking again. What does not: what a row means.

The API takes no order. A ticket that changes between two pages may move across the reader's place and be missed, so a
read counts as whole only where as many different rows came as the server says there are; else the rows that changed
since the read began are asked for, and if that does not explain the difference, the set is read again from its start.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.primary_sales.wire import AwareTime, IdentityWire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime, timedelta

    from ticket_pipeline.primary_sales.http import Answer
    from ticket_pipeline.primary_sales.wire import Page

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

MAX_PASSES = 4
"""A set that moves faster than it can be read this often is given up."""


class Identified(Protocol):
    """A row that knows its id."""

    @property
    def id(self) -> str:
        """Unique in the set."""


_Row = TypeVar("_Row", bound=Identified)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read.

    Attributes:
        id: the object's, or, where it names none, a mark of its bytes.
        reason: what is wrong with it; quotes no value.
        updated_at: aware UTC, where that could be read.
        is_identified: the id is the object's own.
    """

    id: str
    reason: str
    updated_at: datetime | None
    is_identified: bool


@dataclass
class ReadSet(Generic[_Row]):
    """A set as it was read.

    Attributes:
        rows: id → row, in its newest form seen.
        began_at: the server's clock when the read began: whatever changes later is in the next incremental read.
        total: how many rows the server says there are.
        rejects: id → what could not be read, and why.
        passes: how often the set was read from its start.
    """

    began_at: datetime
    rows: dict[str, _Row] = field(default_factory=dict)
    total: int = 0
    rejects: dict[str, Reject] = field(default_factory=dict)
    passes: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether as many different rows came as the server says there are."""
        return len(self.rows) + len(self.rejects) == self.total

    def add(self, raws: Iterable[msgspec.Raw], row_of: Callable[[msgspec.Raw], _Row]) -> None:
        """Read rows, each in place of what came of it before."""
        for raw in raws:
            try:
                row = row_of(raw)
            except (msgspec.DecodeError, ArithmeticError) as error:
                reason = (
                    str(error) if isinstance(error, msgspec.DecodeError) else "a number or a moment is out of range"
                )
                reject = _identify(raw, reason)
                self.rows.pop(reject.id, None)
                self.rejects[reject.id] = reject
            else:
                self.rejects.pop(row.id, None)
                self.rows[row.id] = row

    def take(self, newer: ReadSet[_Row]) -> None:
        """Take over what a later look brought."""
        for key in (*newer.rows, *newer.rejects):
            self.rows.pop(key, None)
            self.rejects.pop(key, None)
        self.rows |= newer.rows
        self.rejects |= newer.rejects

    def reached(self, updated: Iterable[datetime | None]) -> datetime:
        """How far the read surely reached: its beginning, or the last change it brought, if that is earlier.

        What changed while pages were turned is later than the beginning. The last change guards against a server whose
        clock runs ahead of the one that stamps tickets. What could not be read counts too: else it would hold the mark.

        Args:
            updated: moments of change of the rows, aware UTC.
        """
        moments = [*updated, *(one.updated_at for one in self.rejects.values())]
        return min(self.began_at, max((one for one in moments if one is not None), default=self.began_at))


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
            if not is_shrunk and (found.is_complete or await self._catch_up(found, since)):
                found.passes = passes
                return found
        raise UnexpectedPayload(
            f"Read {self._what} {MAX_PASSES} times; {len(found.rows)} different rows came of the {found.total} that "
            "vivenu counts. Nothing was stored. It changes faster than it can be read: try again at a quieter time, or "
            "raise vivenu_page_size in TUNING."
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
            found.total = page.total
            found.add(page.rows or page.docs, self._row_of)
            turned += 1
        return found, is_shrunk

    async def _catch_up(self, found: ReadSet[_Row], since: datetime | None) -> bool:
        """Add what changed since the pass began; whether the count comes out right then."""
        if self._overlap is None:
            return False
        moved_since = found.began_at - self._overlap
        moved, is_shrunk = await self._pass(moved_since if since is None else max(since, moved_since))
        found.take(moved)
        total = self._read_page((await self._ask(0, 1, since)).body).total
        is_shrunk |= total < found.total
        found.total = total
        return not is_shrunk and found.is_complete

    def _read_page(self, body: bytes) -> Page:
        try:
            return self._page_of(body)
        except msgspec.DecodeError as error:
            raise UnexpectedPayload(
                f"Read {self._what}; the answer is not the promised page ({error}). Check VIVENU_API_BASE_URL; if it "
                "is right, vivenu changed its format.",
                status=200,
            ) from None


def _identify(raw: msgspec.Raw, reason: str) -> Reject:
    """What can still be told of an object that could not be read."""
    try:
        identity = msgspec.json.decode(raw, type=IdentityWire)
    except msgspec.DecodeError:
        identity = IdentityWire()
    named = _read_or_none(identity.id, str)
    is_identified = named is not None and _ID.fullmatch(named) is not None
    # Of the whole object: with its secret and barcode in it, nobody can try names against the mark.
    mark = f"(no id {hashlib.sha256(raw).hexdigest()[:12]})"
    return Reject(
        named if named and is_identified else mark,
        reason,
        _read_or_none(identity.updated_at, AwareTime),
        is_identified,
    )


def _read_or_none(raw: msgspec.Raw, kind: Any) -> Any:  # noqa: ANN401 - a type, and its value
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        return None
