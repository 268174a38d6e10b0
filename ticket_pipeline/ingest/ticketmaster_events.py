"""From Ticketmaster's responses to the history of its events: parse, describe changes, write each in a transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.ingest.attempts import PollContext, repeat_when_unavailable, response_of, store_or_fail
from ticket_pipeline.ingest.payload_shapes import watch_shape
from ticket_pipeline.ingest.results import EventResult, Fetched
from ticket_pipeline.market.vocabulary import Outcome, RawResponse
from ticket_pipeline.storage.attempts import Attempt
from ticket_pipeline.storage.ticketmaster import EventCapture, write_event

if TYPE_CHECKING:
    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient
    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails
    from ticket_pipeline.storage.database import Row

_log = logging.getLogger(__name__)

_COMPARED = ("status", "local_date", "local_time", "event_at", "venue")
"""What is worth a warning when it changes."""

_SAME_NAME = ("name", "status", "local_date", "local_time", "timezone", "event_at", "is_date_open", "is_time_open")


@dataclass(frozen=True, slots=True)
class TicketmasterResult(EventResult):
    """What became of one event, and what changed since the capture before; `age` is that of a cached response."""

    details: EventDetails | None = None
    changes: tuple[str, ...] = ()
    is_new: bool = True
    age: timedelta = timedelta()

    @property
    def is_cached(self) -> bool:
        """Whether a cached response was used, without a request."""
        return not self.is_failure and self.tries == 0


@dataclass(frozen=True, slots=True)
class TicketmasterIngest:
    """Fetches and stores events as Ticketmaster describes them."""

    context: PollContext
    client: TicketmasterClient

    async def fetch(self, external_id: str) -> RawResponse:
        """Fetch one event."""
        return await self.client.fetch_event(external_id)

    def store(self, group: Sequence[Fetched]) -> list[EventResult]:
        """Store the responses of a group of events; every event of the group gets a result."""
        results = [self._store(fetched) for fetched in group]
        watch_shape(self.context.database, self.context.marketplace, group)
        return results

    def _store(self, fetched: Fetched) -> EventResult:
        try:
            response = response_of(fetched)
            return store_or_fail(lambda: self._write(fetched, response), [fetched.event])
        except MarketplaceError as error:
            outcome = self.context.record_failure(fetched, error)
            return TicketmasterResult(event=fetched.event, outcome=outcome, error=str(error), tries=error.tries)

    def _write(self, fetched: Fetched, response: RawResponse) -> EventResult:
        details = self.client.parse_event(response.body)
        attempt = Attempt(
            started_at=fetched.started_at,
            finished_at=fetched.finished_at,
            outcome=Outcome.OK,
            status=response.status,
            tries=response.tries,
            latency_seconds=response.latency_seconds if response.tries else None,
            bytes=len(response.body),
            run_id=self.context.run_id,
        )
        capture = EventCapture(
            event=fetched.event,
            captured_at=response.captured_at,
            columns=as_columns(details),
            price_ranges=[asdict(found) for found in details.price_ranges],
            body=response.body,
        )
        stored = repeat_when_unavailable(
            lambda: write_event(
                self.context.database,
                capture,
                attempt,
                jitter_factor=self.context.draw_jitter(),
                keep_body=self.context.keep_body,
            )
        )
        changes = describe_changes(stored.before, capture.columns) if stored.is_new else ()
        if changes:
            _log.warning("%s event %s: %s", self.context.marketplace, fetched.event.external_id, "; ".join(changes))
        return TicketmasterResult(
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
    return {name: getattr(details, name) for name in _SAME_NAME} | {
        "on_sale_at": details.on_sale_at,
        "venue": venue.name if venue else None,
        "city": venue.city if venue else None,
        "country": venue.country if venue else None,
        "url": details.url,
        "problems": list(details.problems),
        "is_test": details.is_test,
    }


def describe_changes(before: Row | None, now: dict[str, Any]) -> tuple[str, ...]:
    """What differs from the capture before, such as `status: onsale -> cancelled`."""
    if before is None:
        return ()
    return tuple(
        f"{name}: {_show(before[name])} -> {_show(now[name])}" for name in _COMPARED if before[name] != now[name]
    )


def _show(value: object) -> str:
    return "unknown" if value is None else str(value)
