"""Read a whole set by pages while it changes.

The API has no sort order. A ticket that changes between two pages may move past the reader and be missed, so a read is
complete only where as many different rows arrived as the server counts. Otherwise the rows that changed since the read
began are fetched, and if that does not explain the difference, the set is read again from its start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.failures import find_failure, find_refusal
from ticket_pipeline.primary_sales.wire import AwareTime, IdentityWire, Page

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import RawResponse

# Not strict: a count as text is also a number.
_page_of = msgspec.json.Decoder(Page, strict=False).decode
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

MAX_PASSES = 4
"""Reads of a set that changes faster than it can be read."""


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str:
        """Unique in the set."""


_Row = TypeVar("_Row", bound=Identified)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read.

    Attributes:
        id: the object's, or a hash of its bytes where it has none.
        reason: what is wrong with it; quotes no value.
        updated_at: aware UTC, where that could be read.
        is_identified: whether the id is the object's own.
    """

    id: str
    reason: str
    updated_at: datetime | None
    is_identified: bool


@dataclass
class ReadSet(Generic[_Row]):
    """A set that was read.

    Attributes:
        rows: id → row, the newest version seen.
        began_at: the server's clock when the read began: whatever changes later is in the next incremental read.
        total: how many rows the server says there are.
        rejects: id → what could not be read, and why.
    """

    began_at: datetime
    rows: dict[str, _Row] = field(default_factory=dict)
    total: int = 0
    rejects: dict[str, Reject] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether as many different rows arrived as the server counts."""
        return len(self.rows) + len(self.rejects) == self.total

    def add(self, raws: Iterable[msgspec.Raw], row_of: Callable[[msgspec.Raw], _Row]) -> None:
        """Read rows; each replaces its earlier version."""
        for raw in raws:
            try:
                row = row_of(raw)
            except msgspec.DecodeError as error:
                self._reject(raw, str(error))
            except ArithmeticError:
                self._reject(raw, "a number or a moment is out of range")
            else:
                self.rejects.pop(row.id, None)
                self.rows[row.id] = row

    def _reject(self, raw: msgspec.Raw, reason: str) -> None:
        reject = _identify(raw, reason)
        self.rows.pop(reject.id, None)
        self.rejects[reject.id] = reject

    def take(self, newer: ReadSet[_Row]) -> None:
        """Merge the rows of a later read."""
        for key in (*newer.rows, *newer.rejects):
            self.rows.pop(key, None)
            self.rejects.pop(key, None)
        self.rows |= newer.rows
        self.rejects |= newer.rejects

    def reached(self, updated: Iterable[datetime | None]) -> datetime:
        """Up to when the read is complete: its beginning, or the last change in it, if that is earlier.

        What changed while pages were read is later than the beginning. The last change guards against a server whose
        clock runs ahead of the one that stamps tickets. Rejected rows count too, or they would hold the mark back.
        """
        moments = [*updated, *(one.updated_at for one in self.rejects.values())]
        return min(self.began_at, max((one for one in moments if one is not None), default=self.began_at))


@dataclass(frozen=True, slots=True)
class SetReader(Generic[_Row]):
    """Reads one set.

    Attributes:
        what: the set, as a message names it.
        fetch: (skip, top, since) → the response with that page.
        row_of: reads one row; raises msgspec.DecodeError with a reason that quotes no value.
        page_size: rows per request.
        overlap: how far before the beginning of a read its changes are fetched again; None: its rows have no time of
            change, and the set is read again as a whole.
    """

    what: str
    fetch: Callable[[int, int, datetime | None], Awaitable[RawResponse]]
    row_of: Callable[[msgspec.Raw], _Row]
    page_size: int
    overlap: timedelta | None

    async def read(self, since: datetime | None = None) -> ReadSet[_Row]:
        """The whole set, or what changed since a moment; an UnexpectedPayload where the counts never agreed."""
        for _ in range(MAX_PASSES):
            found, is_shrunk = await self._pass(since)
            # Where rows were removed, as many others moved past the reader, and no time of change shows which.
            if not is_shrunk and (found.is_complete or await self._catch_up(found, since)):
                return found
        raise UnexpectedPayload(
            f"Read {self.what} {MAX_PASSES} times and got {len(found.rows)} different rows of the {found.total} that "
            "vivenu counts; nothing was stored. The set changes faster than it can be read: try again at a quieter "
            "time."
        )

    async def _pass(self, since: datetime | None) -> tuple[ReadSet[_Row], bool]:
        """Read all pages once; the rows, and whether the set shrank meanwhile."""
        found: ReadSet[_Row] | None = None
        turned, is_shrunk = 0, False
        while found is None or turned * self.page_size < found.total:
            response = await self.fetch(turned * self.page_size, self.page_size, since)
            page = read_page(response.body, self.what)
            if found is None:
                found = ReadSet(response.served_at or response.captured_at)
                found.total = page.total
            is_shrunk |= page.total < found.total
            found.total = page.total
            found.add(page.rows or page.docs, self.row_of)
            turned += 1
        return found, is_shrunk

    async def _catch_up(self, found: ReadSet[_Row], since: datetime | None) -> bool:
        """Add what changed since the pass began; whether the counts agree then."""
        if self.overlap is None:
            return False
        moved_since = found.began_at - self.overlap
        moved, is_shrunk = await self._pass(moved_since if since is None else max(since, moved_since))
        found.take(moved)
        total = read_page((await self.fetch(0, 1, since)).body, self.what).total
        is_shrunk |= total < found.total
        found.total = total
        return not is_shrunk and found.is_complete


def read_page(body: bytes, what: str) -> Page:
    """Decode the envelope of a page of a set."""
    try:
        page = _page_of(body)
    except msgspec.DecodeError as error:
        raise UnexpectedPayload(
            f"Could not read {what}: the response is not a page ({error}). Check VIVENU_API_BASE_URL; if it is right, "
            "vivenu has changed its format.",
            status=200,
        ) from None
    # Its words may be about a person, and are not quoted.
    if not (page.rows or page.docs) and _is_refusal(msgspec.json.decode(body)):
        raise UnexpectedPayload(
            f"Could not read {what}: the page is empty and names an error beside it. Nothing is stored. Check "
            "VIVENU_API_KEY if this goes on.",
            status=200,
        )
    return page


def _is_refusal(found: dict[str, Any]) -> bool:
    return find_failure(found) is not None or find_refusal(found) is not None


def _identify(raw: msgspec.Raw, reason: str) -> Reject:
    """What is known of an object that could not be read."""
    try:
        identity = msgspec.json.decode(raw, type=IdentityWire)
    except msgspec.DecodeError:
        identity = IdentityWire()
    named = _read_or_none(identity.id, str)
    is_identified = named is not None and _ID.fullmatch(named) is not None
    # Of the whole object: its barcode and secret are in it, so nobody can guess names by the hash.
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
