"""What every kind of poll does with an answer it cannot use, and with a database that is away for a moment.

What belongs here: saying why listings are of no use, booking a failed attempt, telling the breaker, and writing again
after a lost connection. What does not: reading and storing good answers; that is each kind's own (`ingest`, `details`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import stamina

from ticket_pipeline.errors import MarketplaceError, RateLimited, RequestNotPermitted, StorageUnavailable
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.schedule import record_failure
from ticket_pipeline.storage.snapshots import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from ticket_pipeline.ingest.results import EventResult, Fetched
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.requests import PostgresGate
    from ticket_pipeline.storage.schedule import BackOff
    from ticket_pipeline.storage.snapshots import Capture

_T = TypeVar("_T")

_MOST_REASONS = 3

_WRITE_TRIES = 6
_WRITE_SECONDS = 60.0
"""A database that restarts is back within this; the answer in hand is worth waiting for."""


class Books(Protocol):
    """Where attempts are booked, and when a failed event comes back."""

    @property
    def database(self) -> Database:
        """Where."""

    @property
    def marketplace(self) -> Marketplace:
        """Whose attempts."""

    @property
    def back_off(self) -> BackOff:
        """How long a failed event waits."""

    @property
    def draw_jitter(self) -> Callable[[], float]:
        """A factor for that wait, drawn per event."""

    @property
    def run_id(self) -> str | None:
        """Booked with every attempt."""


def book_failure(books: Books, fetched: Fetched, error: MarketplaceError) -> Outcome:
    """Book the failed attempt of one event and settle when it is due again; returns how it ended.

    Raises:
        StorageError: the database stays away, or refuses the record.
    """
    attempt = Attempt(
        started_at=fetched.started_at,
        finished_at=fetched.finished_at,
        outcome=Outcome(error.outcome),
        status=error.status,
        tries=error.tries,
        error=str(error),
        run_id=books.run_id,
    )
    persistently(
        lambda: record_failure(
            books.database,
            fetched.event,
            books.marketplace,
            attempt,
            back_off=books.back_off,
            jitter_factor=books.draw_jitter(),
            not_before=_not_before(error, fetched.finished_at),
        )
    )
    return attempt.outcome


def describe_unusable(capture: Capture, listings: ValidatedListings) -> str | None:
    """Why an answer with listings is a failure all the same; None where it is none."""
    if not listings.is_unusable:
        return None
    reasons = list(listings.reasons.items())
    more = "; …" if len(reasons) > _MOST_REASONS else ""
    named = "; ".join(f"{count} x {reason}" for reason, count in reasons[:_MOST_REASONS])
    return (
        f"Read the answer of {capture.marketplace} about event {capture.external_id}; none of its {listings.received} "
        f"listings is a price ({named}{more}). All are kept in rejected_listings, and no price is made of them. "
        "If other events fail like this, the marketplace has changed its format and the parser must follow."
    )


def tell_breaker(gate: PostgresGate, results: Sequence[EventResult]) -> None:
    """Tell the breaker whether the answers of a group could be read: one that could proves the format unchanged.

    The fetcher has told it how the requests went. That an answer is of no use is known only after reading it; kept
    answers, which cost no request, say nothing.

    Raises:
        StorageError: the database stays away.
    """
    answered = [result for result in results if result.tries]
    if any(not result.is_failure for result in answered):
        persistently(gate.record_read)
        return
    for result in answered:
        if result.outcome is Outcome.BAD_PAYLOAD:
            reason = result.error or "an answer could not be read"
            persistently(partial(gate.record_unread, reason))


def persistently(write: Callable[[], _T]) -> _T:
    """Run an idempotent write, again if the connection was lost: the answer in hand should outlive a restart."""
    for attempt in stamina.retry_context(on=StorageUnavailable, attempts=_WRITE_TRIES, timeout=_WRITE_SECONDS):
        with attempt:
            return write()
    raise AssertionError("stamina either returns or raises")


def _not_before(error: MarketplaceError, now: datetime) -> datetime | None:
    wait: timedelta | None = None
    if isinstance(error, RateLimited):
        wait = error.retry_after
    elif isinstance(error, RequestNotPermitted):
        wait = error.available_in
    return None if wait is None else now + wait
