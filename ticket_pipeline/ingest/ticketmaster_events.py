"""From Ticketmaster's answers to the history of its events: read each, say what changed, write each in a transaction.

What belongs here: the synchronous half of polling a marketplace that describes events instead of listing tickets. What
does not: sending requests (`marketplaces`), the statements (`storage`), and what failed polls share (`settling`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import MarketplaceError, StorageError, StorageUnavailable, UnexpectedPayload
from ticket_pipeline.ingest.attempts import book_failure, persistently
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.ingest.unexpected_errors import contained
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.snapshots import Attempt
from ticket_pipeline.storage.ticketmaster import EventCapture, StoredPriceRange, write_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ticket_pipeline.ingest.results import Fetched
    from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient
    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails
    from ticket_pipeline.storage.database import Database, Row
    from ticket_pipeline.storage.schedule import BackOff

_log = logging.getLogger(__name__)

_WATCHED = ("status", "local_date", "local_time", "event_at", "venue")
"""What is worth telling when it changes; the rest of an event is decoration."""


@dataclass(frozen=True, slots=True)
class DetailsResult(EventResult):
    """What became of one event.

    Attributes:
        details: as read; None where the attempt failed.
        changes: what differs from the capture before, in words.
        is_new: False where the answer was a kept one that is stored already.
        age: of a kept answer, when it was used; zero where the marketplace was asked.
    """

    details: EventDetails | None = None
    changes: tuple[str, ...] = ()
    is_new: bool = True
    age: timedelta = timedelta()

    @property
    def is_kept(self) -> bool:
        """Whether an answer was used again, and nothing was asked."""
        return not self.is_failure and self.tries == 0


@dataclass(frozen=True, slots=True)
class DetailsIngest:
    """Everything the writing of events depends on besides the events; see `ticket_pipeline.ingest.captures.Ingest`."""

    database: Database
    marketplace: Marketplace
    client: TicketmasterClient
    back_off: BackOff
    draw_jitter: Callable[[], float]
    keep_body: bool
    run_id: str | None = None

    async def fetch(self, external_id: str) -> RawResponse:
        """Ask about one event."""
        return await self.client.fetch_event(external_id)

    def store(self, group: Sequence[Fetched]) -> list[EventResult]:
        """Store what a group of events answered; every event of the group gets a result.

        Raises:
            StorageError: the database stays away, or refuses even the record of a failed attempt.
        """
        return [self._store(fetched) for fetched in group]

    def _store(self, fetched: Fetched) -> EventResult:
        try:
            return self._keep(fetched)
        except MarketplaceError as error:
            outcome = book_failure(self, fetched, error)
            return DetailsResult(event=fetched.event, outcome=outcome, error=str(error), tries=error.tries)

    def _keep(self, fetched: Fetched) -> EventResult:
        response = fetched.response
        if response is None:
            raise fetched.error or MarketplaceError(f"Fetched event {fetched.event.external_id}; there is no answer.")
        try:
            with contained(f"Stored the answer about event {fetched.event.external_id}"):
                return self._write(fetched, response, self.client.parse_event(response.body))
        except StorageUnavailable:
            raise
        except StorageError as error:
            # Something in this answer, then: what is wrong with the database also refuses the record of this failure.
            raise UnexpectedPayload(
                f"{error} No other event is affected; please report it.", status=response.status, tries=response.tries
            ) from error

    def _write(self, fetched: Fetched, response: RawResponse, details: EventDetails) -> EventResult:
        attempt = Attempt(
            started_at=fetched.started_at,
            finished_at=fetched.finished_at,
            outcome=Outcome.OK,
            status=response.status,
            tries=response.tries,
            latency_seconds=response.latency_seconds if response.tries else None,
            run_id=self.run_id,
        )
        capture = EventCapture(
            event_id=fetched.event.event_id,
            marketplace=self.marketplace,
            external_id=fetched.event.external_id,
            captured_at=response.captured_at,
            columns=as_columns(details),
            price_ranges=[
                StoredPriceRange(found.price_type, found.currency, found.min_price, found.max_price)
                for found in details.price_ranges
            ],
            body=response.body,
        )
        stored = persistently(
            lambda: write_event(
                self.database, capture, attempt, jitter_factor=self.draw_jitter(), keep_body=self.keep_body
            )
        )
        changes = describe_changes(stored.before, capture.columns) if stored.is_new else ()
        if changes:
            _log.warning("%s event %s: %s", self.marketplace, capture.external_id, "; ".join(changes))
        return DetailsResult(
            event=fetched.event,
            outcome=attempt.outcome,
            captured_at=capture.captured_at,
            latency_seconds=attempt.latency_seconds,
            tries=response.tries,
            details=details,
            changes=changes,
            is_new=stored.is_new,
            age=timedelta() if response.tries else max(timedelta(), fetched.finished_at - response.captured_at),
        )


def as_columns(details: EventDetails) -> dict[str, Any]:
    """An event as the columns of `ticketmaster_events`."""
    venue = details.venue
    return {
        "name": details.name,
        "status": details.status,
        "local_date": details.local_date,
        "local_time": details.local_time,
        "timezone": details.timezone,
        "event_at": details.event_at,
        "is_date_open": details.is_date_open,
        "is_time_open": details.is_time_open,
        "on_sale_at": details.on_sale_at,
        "venue": venue.name if venue else None,
        "city": venue.city if venue else None,
        "country": venue.country if venue else None,
        "url": details.url,
        "problems": list(details.problems),
    }


def describe_changes(before: Row | None, now: dict[str, Any]) -> tuple[str, ...]:
    """What differs from the capture before, such as `status: onsale -> cancelled`."""
    if before is None:
        return ()
    return tuple(
        f"{name}: {_show(before[name])} -> {_show(now[name])}" for name in _WATCHED if before[name] != now[name]
    )


def _show(value: object) -> str:
    return "unknown" if value is None else str(value)
