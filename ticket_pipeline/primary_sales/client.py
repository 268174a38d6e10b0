"""vivenu's client: the sets it offers, their paths and parameters. Paging is in `paging`, sending in `api`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.primary_sales.paging import Identified, ReadSet, SetReader, read_page
from ticket_pipeline.primary_sales.wire import CouponWire, EventWire, SeriesWire, TicketWire, TransactionWire

if TYPE_CHECKING:
    from ticket_pipeline.http.retries import RetryPolicy
    from ticket_pipeline.market.vocabulary import RawResponse
    from ticket_pipeline.primary_sales.api import VivenuApi
    from ticket_pipeline.settings.model import Settings

OpenVivenu = Callable[[], AbstractAsyncContextManager["VivenuClient"]]
_Row = TypeVar("_Row", bound=Identified)

# Not strict: a price as text is also a number.
_event_of = msgspec.json.Decoder(EventWire, strict=False).decode
_ticket_of = msgspec.json.Decoder(TicketWire, strict=False).decode
_transaction_of = msgspec.json.Decoder(TransactionWire, strict=False).decode
_coupon_of = msgspec.json.Decoder(CouponWire, strict=False).decode
_series_of = msgspec.json.Decoder(SeriesWire, strict=False).decode
_array_of = msgspec.json.Decoder(list[msgspec.Raw]).decode


class VivenuClient:
    """Reads one organiser's vivenu. Safe for many reads at once. Every method may raise a `MarketplaceError`.

    Args:
        api: sends the requests.
        page_size: rows per request, 1 to 1000.
        overlap: how far back the moving part of a set is read again.
    """

    def __init__(self, api: VivenuApi, *, page_size: int = 1000, overlap: timedelta = timedelta(minutes=5)) -> None:
        self._api = api
        self._page_size = page_size
        self._overlap = overlap

    async def fetch_events(self) -> ReadSet[EventWire]:
        """Every event of the organiser."""
        return await self._reader("the events", "/api/events", {}, _event_of, has_changes=False).read()

    async def fetch_tickets(
        self, event_id: str, keep: Callable[[TicketWire], _Row], *, since: datetime | None = None
    ) -> ReadSet[_Row]:
        """The tickets of an event, or those changed since a moment.

        Args:
            event_id: vivenu's id of the event.
            keep: reduces a ticket to what is kept, before anything else sees it.
            since: aware UTC; None: all of them.
        """
        what, query = f"the tickets of event {event_id}", {"event": event_id}
        return await self._reader(what, "/api/tickets", query, lambda raw: keep(_ticket_of(raw))).read(since)

    async def count_tickets(self, event_id: str) -> int:
        """How many tickets of any status an event has."""
        what = f"the number of tickets of event {event_id}"
        response = await self._api.get(what, "/api/tickets", {"event": event_id, "top": "1", "skip": "0"})
        return read_page(response.body, what).total

    async def fetch_transactions(self, *, since: datetime | None = None) -> ReadSet[TransactionWire]:
        """The transactions of the organiser, or those changed since a moment."""
        return await self._reader("the transactions", "/api/transactions", {}, _transaction_of).read(since)

    async def fetch_coupons(self) -> ReadSet[CouponWire]:
        """Every coupon, with how often it was used."""
        return await self._reader("the coupons", "/api/coupon/rich", {}, _coupon_of, has_changes=False).read()

    async def fetch_series(self) -> ReadSet[SeriesWire]:
        """Every coupon series; a bare array, so it ends with a page that is not full."""
        found: ReadSet[SeriesWire] | None = None
        skip, is_last = 0, False
        while found is None or not is_last:
            query = {"top": str(self._page_size), "skip": str(skip)}
            response = await self._api.get("the coupon series", "/api/coupon/series", query)
            found = found or ReadSet(response.served_at or response.captured_at)
            try:
                page = _array_of(response.body)
            except msgspec.DecodeError as error:
                raise UnexpectedPayload(f"Could not read the coupon series: not a list ({error}).") from None
            found.add(page, _series_of)
            skip, is_last = skip + self._page_size, len(page) < self._page_size
        return found

    def _reader(
        self,
        what: str,
        path: str,
        query: dict[str, str],
        row_of: Callable[[msgspec.Raw], _Row],
        *,
        has_changes: bool = True,
    ) -> SetReader[_Row]:
        async def fetch(skip: int, top: int, since: datetime | None) -> RawResponse:
            paged = query | {"top": str(top), "skip": str(skip)}
            # The API's description calls it a deepObject: name[operator]=value.
            return await self._api.get(what, path, paged | ({"updatedAt[$gte]": as_sent(since)} if since else {}))

        return SetReader(what, fetch, row_of, self._page_size, self._overlap if has_changes else None)


@asynccontextmanager
async def open_vivenu(settings: Settings, *, policy: RetryPolicy | None = None) -> AsyncIterator[VivenuClient]:
    """A client of the organiser that the settings name; see `api.open_vivenu_api`."""
    from ticket_pipeline.primary_sales.api import open_vivenu_api  # noqa: PLC0415 - httpx: only where it is used

    async with open_vivenu_api(settings, policy=policy) as api:
        overlap = timedelta(minutes=settings.tuning.vivenu_overlap_minutes)
        yield VivenuClient(api, page_size=settings.tuning.vivenu_page_size, overlap=overlap)


def as_sent(moment: datetime) -> str:
    """A moment as vivenu writes it: UTC, milliseconds, Z."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
