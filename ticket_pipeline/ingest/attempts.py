"""What every kind of poll does with a failed fetch and with a database that is unavailable for a moment.

What belongs here: recording failed attempts, updating the breaker, and repeating writes. What does not: reading and
storing good responses; each kind of poll does that itself (`captures`, `ticketmaster_events`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import stamina

from ticket_pipeline.errors import (
    MarketplaceError,
    RequestNotPermitted,
    StorageError,
    StorageUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.ingest.unexpected_errors import unexpected_as_failure
from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES, ChangeRules
from ticket_pipeline.market.vocabulary import Marketplace, Outcome, RawResponse
from ticket_pipeline.storage.attempts import Attempt, BackOff, record_failure

if TYPE_CHECKING:
    from ticket_pipeline.ingest.results import EventResult, Fetched
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.request_gate import PostgresGate

_T = TypeVar("_T")

_WRITE_TRIES = 6
_WRITE_SECONDS = 60.0
"""A database that restarts is back within this; a response in hand is worth the wait."""


@dataclass(frozen=True, slots=True)
class PollContext:
    """What every poll of one run records its attempts with; `draw_jitter` draws the factor of each next interval."""

    database: Database
    marketplace: Marketplace
    back_off: BackOff
    draw_jitter: Callable[[], float]
    keep_body: bool
    change_rules: ChangeRules = DEFAULT_CHANGE_RULES
    run_id: str | None = None

    def record_failure(self, fetched: Fetched, error: MarketplaceError) -> Outcome:
        """Record the failed attempt of one event and reschedule it; returns how it ended."""
        if fetched.response is not None:  # its requests count, whatever is wrong with it
            error.status, error.tries = fetched.response.status, fetched.response.tries
        attempt = Attempt(
            started_at=fetched.started_at,
            finished_at=fetched.finished_at,
            outcome=Outcome(error.outcome),
            status=error.status,
            tries=error.tries,
            error=str(error),
            run_id=self.run_id,
        )
        repeat_when_unavailable(
            lambda: record_failure(
                self.database,
                fetched.event,
                attempt,
                back_off=self.back_off,
                jitter_factor=self.draw_jitter(),
                not_before=_not_before(error, fetched.finished_at),
            )
        )
        return attempt.outcome


def response_of(fetched: Fetched) -> RawResponse:
    """The response of one event, or the error of its fetch raised."""
    if fetched.response is None:
        raise fetched.error or MarketplaceError(f"Event {fetched.event.external_id} has neither response nor error.")
    return fetched.response


def store_or_fail(write: Callable[[], _T], events: Sequence[Event]) -> _T:
    """Store what came back about events; what is wrong with it becomes a MarketplaceError, their failure."""
    try:
        with unexpected_as_failure(f"store the response of event {', '.join(event.external_id for event in events)}"):
            return write()
    except StorageUnavailable:
        raise
    except StorageError as error:
        # Something in this response, then: a fault of the database also refuses the record of this failure.
        raise UnexpectedPayload(f"{error} No other event is affected; please report it.") from error


def update_breaker(gate: PostgresGate, results: Sequence[EventResult]) -> None:
    """Record whether the responses of a group could be read: one that could proves that the format is unchanged.

    How the requests went was recorded when they were sent. Cached responses, which cost no request, do not count.
    """
    fetched = [result for result in results if result.tries]
    if any(not result.is_failure for result in fetched):
        repeat_when_unavailable(gate.record_read)
        return
    for result in fetched:
        if result.outcome is Outcome.BAD_PAYLOAD:
            reason = result.error or "a response could not be read"
            repeat_when_unavailable(partial(gate.record_unread, reason))


def repeat_when_unavailable(write: Callable[[], _T]) -> _T:
    """Run an idempotent write, again if the connection was lost, so that a response in hand survives a restart."""
    for attempt in stamina.retry_context(on=StorageUnavailable, attempts=_WRITE_TRIES, timeout=_WRITE_SECONDS):
        with attempt:
            return write()
    raise AssertionError("stamina either returns or raises")


def _not_before(error: MarketplaceError, now: datetime) -> datetime | None:
    wait = error.available_in if isinstance(error, RequestNotPermitted) else error.retry_after
    return None if wait is None else now + wait
