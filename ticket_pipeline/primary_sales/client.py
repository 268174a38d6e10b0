"""vivenu's client: which questions there are, and how each is asked.

What belongs here: paths, parameters and the shape that answers a question. What does not: sending (`http`), paging
(`paging`), and what is kept of a ticket (`tickets`).
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.primary_sales.http import open_vivenu_http
from ticket_pipeline.primary_sales.paging import Identified, ReadSet, SetReader
from ticket_pipeline.primary_sales.wire import (
    CouponWire,
    EventWire,
    Page,
    SeriesWire,
    TicketWire,
    TransactionWire,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from ticket_pipeline.primary_sales.http import Answer, VivenuHttp
    from ticket_pipeline.settings.model import Settings

    OpenVivenu = Callable[[], AbstractAsyncContextManager["VivenuClient"]]

_Row = TypeVar("_Row", bound=Identified)

# Not strict: a price as text is a number all the same.
_page_of = msgspec.json.Decoder(Page, strict=False).decode
_event_of = msgspec.json.Decoder(EventWire, strict=False).decode
_ticket_of = msgspec.json.Decoder(TicketWire, strict=False).decode
_transaction_of = msgspec.json.Decoder(TransactionWire, strict=False).decode
_coupon_of = msgspec.json.Decoder(CouponWire, strict=False).decode
_series_of = msgspec.json.Decoder(SeriesWire, strict=False).decode
_array_of = msgspec.json.Decoder(list[msgspec.Raw]).decode


class VivenuClient:
    """Asks one organiser's vivenu. Safe for many questions at once.

    Args:
        http: sends.
        page_size: rows asked for at once, 1 to 1000.
        overlap: how far back the moving part of a set is read again.
    """

    def __init__(self, http: VivenuHttp, *, page_size: int = 1000, overlap: timedelta = timedelta(minutes=5)) -> None:
        self._http = http
        self._page_size = page_size
        self._overlap = overlap

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._http.requests

    async def fetch_events(self) -> ReadSet[EventWire]:
        """Every event of the organiser.

        Raises:
            MarketplaceError: no usable answer; this holds for every question here.
        """
        return await self._reader("the events", "/api/events", {}, _event_of, knows_changes=False).read()

    async def fetch_tickets(
        self, event_id: str, keep: Callable[[TicketWire], _Row], *, since: datetime | None = None
    ) -> ReadSet[_Row]:
        """The tickets of an event, or those changed since a moment.

        Args:
            event_id: vivenu's id of the event.
            keep: what becomes of a ticket before anything else sees it.
            since: aware UTC; None: all of them.
        """

        def kept(raw: msgspec.Raw) -> _Row:
            return keep(_ticket_of(raw))

        return await self._reader(f"the tickets of event {event_id}", "/api/tickets", {"event": event_id}, kept).read(
            since
        )

    async def count_tickets(self, event_id: str) -> int:
        """How many tickets of any status an event has."""
        answer = await self._http.get(
            f"the number of tickets of event {event_id}", "/api/tickets", {"event": event_id, "top": "1", "skip": "0"}
        )
        try:
            return _page_of(answer.body).total
        except msgspec.DecodeError as error:
            raise UnexpectedPayload(
                f"Counted the tickets of event {event_id}; the answer is no page ({error})."
            ) from None

    async def fetch_transactions(self, *, since: datetime | None = None) -> ReadSet[TransactionWire]:
        """The transactions of the organiser, or those changed since a moment."""
        return await self._reader("the transactions", "/api/transactions", {}, _transaction_of).read(since)

    async def fetch_coupons(self) -> ReadSet[CouponWire]:
        """Every coupon, with how often it was used."""
        return await self._reader("the coupons", "/api/coupon/rich", {}, _coupon_of, knows_changes=False).read()

    async def fetch_series(self) -> ReadSet[SeriesWire]:
        """Every coupon series; a bare array, so its end is a page that is not full."""
        found: ReadSet[SeriesWire] | None = None
        turned = 0
        while True:
            query = {"top": str(self._page_size), "skip": str(turned * self._page_size)}
            answer = await self._http.get("the coupon series", "/api/coupon/series", query)
            found = found or ReadSet(answer.served_at)
            try:
                page = _array_of(answer.body)
            except msgspec.DecodeError as error:
                raise UnexpectedPayload(f"Read the coupon series; the answer is no list of them ({error}).") from None
            found.add(page, _series_of)
            turned += 1
            if len(page) < self._page_size:
                return found

    def _reader(
        self,
        what: str,
        path: str,
        query: dict[str, str],
        row_of: Callable[[msgspec.Raw], _Row],
        *,
        knows_changes: bool = True,
    ) -> SetReader[_Row]:
        async def ask(skip: int, top: int, since: datetime | None) -> Answer:
            paged = query | {"top": str(top), "skip": str(skip)}
            # The API's description calls it a deepObject: name[operator]=value.
            return await self._http.get(what, path, paged | ({"updatedAt[$gte]": as_sent(since)} if since else {}))

        return SetReader(
            what,
            ask,
            _page_of,
            row_of,
            page_size=self._page_size,
            overlap=self._overlap if knows_changes else None,
        )


@asynccontextmanager
async def open_vivenu(settings: Settings) -> AsyncIterator[VivenuClient]:
    """A client of the organiser that the settings name."""
    # Chance spreads retries; nobody could guess anything from it.
    async with open_vivenu_http(settings, rng=Random(settings.tuning.random_seed)) as http:  # noqa: S311
        overlap = timedelta(minutes=settings.tuning.vivenu_overlap_minutes)
        yield VivenuClient(http, page_size=settings.tuning.vivenu_page_size, overlap=overlap)


def as_sent(moment: datetime) -> str:
    """A moment as vivenu writes it: UTC, milliseconds, Z."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
