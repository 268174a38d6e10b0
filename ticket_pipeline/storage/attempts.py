"""Record how each fetch of an event ended, and when the event is due again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.vocabulary import Outcome

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one fetch of an event ended, as `fetch_attempts` keeps it; times are aware UTC, latency in seconds."""

    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    status: int | None = None
    tries: int = 1
    latency_seconds: float | None = None
    bytes: int | None = None
    listings: int | None = None
    rejected: int | None = None
    error: str | None = None
    run_id: str | None = None

    def parameters(self, event: Event) -> dict[str, Any]:
        """The parameters of `polling/insert_attempt`."""
        key = {"event_id": event.event_id, "marketplace": event.marketplace, "external_id": event.external_id}
        return key | {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a failed event waits: `base` doubled with each failure in a row, at most greatest(`most`, interval)."""

    base: timedelta
    most: timedelta


def insert_attempt(transaction: Transaction, event: Event, attempt: Attempt) -> int:
    """Insert an attempt; returns 1, or 0 where it was recorded before. The event's schedule row must be locked."""
    return transaction.execute("polling/insert_attempt", **attempt.parameters(event))


def reschedule_after_success(
    transaction: Transaction, event: Event, attempt: Attempt, *, captured_at: datetime, jitter_factor: float
) -> None:
    """Make an event due one jittered interval after its attempt, and release its lease."""
    transaction.execute(
        "polling/reschedule_after_success",
        event_id=event.event_id,
        marketplace=event.marketplace,
        this_moment=attempt.finished_at,
        captured_at=captured_at,
        jitter_factor=jitter_factor,
        outcome=attempt.outcome,
    )


def reschedule_after_failure(
    transaction: Transaction,
    event: Event,
    attempt: Attempt,
    *,
    back_off: BackOff,
    jitter_factor: float,
    not_before: datetime | None = None,
) -> None:
    """Make an event due after its back-off, not before `not_before`, and release its lease."""
    transaction.execute(
        "polling/reschedule_after_failure",
        event_id=event.event_id,
        marketplace=event.marketplace,
        this_moment=attempt.finished_at,
        retry_base=back_off.base,
        retry_max=back_off.most,
        jitter_factor=jitter_factor,
        not_before=not_before,
        counts_as_failure=attempt.outcome is not Outcome.NOT_PERMITTED,
        outcome=attempt.outcome,
        error=attempt.error,
    )


def record_failure(
    database: Database,
    event: Event,
    attempt: Attempt,
    *,
    back_off: BackOff,
    jitter_factor: float,
    not_before: datetime | None,
) -> None:
    """Record a failed attempt and reschedule its event, in one transaction. Idempotent.

    A request that our own budget or breaker did not permit (`Outcome.NOT_PERMITTED`) is not counted as a failure.
    """
    source = {"event_id": event.event_id, "marketplace": event.marketplace}
    with database.transaction(f"record the failure of {event.marketplace} event {event.external_id}") as transaction:
        # Every writer locks the schedule row first and then the mark, so that they cannot deadlock.
        transaction.execute("snapshots/lock_source", **source)
        if not insert_attempt(transaction, event, attempt):
            return
        transaction.execute("snapshots/mark_stale_hours", **source, instants=[attempt.finished_at])
        reschedule_after_failure(
            transaction, event, attempt, back_off=back_off, jitter_factor=jitter_factor, not_before=not_before
        )
