"""Record how each fetch of an event ended, and when the event is due again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.database import as_json

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


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a failed event waits: `base` doubled with each failure in a row, at most greatest(`most`, interval)."""

    base: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class EndedPoll:
    """A poll of an event that ended, and what decides when the event is due again.

    Attributes:
        jitter_factor: of the interval until the next poll, or of the back-off.
        captured_at: of what a successful one stored.
        not_before: of a failed one: when the marketplace may be asked again.
    """

    event: Event
    attempt: Attempt
    jitter_factor: float
    captured_at: datetime | None = None
    not_before: datetime | None = None

    def as_row(self) -> dict[str, Any]:
        """What the schedule needs of it."""
        attempt = self.attempt
        return self.event.key | {
            "this_moment": attempt.finished_at,
            "jitter_factor": self.jitter_factor,
            "captured_at": self.captured_at,
            "not_before": self.not_before,
            "counts_as_failure": attempt.outcome is not Outcome.NOT_PERMITTED,
            "outcome": attempt.outcome,
            "error": attempt.error,
        }


def insert_attempts(transaction: Transaction, polls: Sequence[EndedPoll]) -> int:
    """Insert attempts; returns how many were not recorded before. The events' schedule rows must be locked."""
    rows = [poll.event.key | {"external_id": poll.event.external_id} | asdict(poll.attempt) for poll in polls]
    return transaction.execute("polling/insert_attempts", attempts=as_json(rows))


def reschedule_after_success(transaction: Transaction, polls: Sequence[EndedPoll]) -> None:
    """Make events due again one jittered interval after their poll, and release their leases."""
    transaction.execute("polling/reschedule_after_success", polls=as_json([poll.as_row() for poll in polls]))


def reschedule(transaction: Transaction, polls: Sequence[EndedPoll], back_off: BackOff) -> None:
    """Make events due again, and release their leases: one jittered interval after a success, else after a back-off.

    Of one event there may be several polls, in order.
    """
    turns: dict[int, list[EndedPoll]] = defaultdict(list)  # a statement changes a row only once
    polled: Counter[int] = Counter()
    for poll in polls:
        turns[polled[poll.event.event_id]].append(poll)
        polled[poll.event.event_id] += 1
    for turn in turns.values():
        if successful := [poll for poll in turn if not poll.attempt.outcome.is_failure]:
            reschedule_after_success(transaction, successful)
        if failed := [poll.as_row() for poll in turn if poll.attempt.outcome.is_failure]:
            transaction.execute(
                "polling/reschedule_after_failure",
                polls=as_json(failed),
                retry_base=back_off.base,
                retry_max=back_off.most,
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
    poll = EndedPoll(event, attempt, jitter_factor, not_before=not_before)
    ids = {"event_ids": [event.event_id], "marketplaces": [event.marketplace]}
    with database.transaction(f"record the failure of {event.marketplace} event {event.external_id}") as transaction:
        # Every writer locks the schedule row first and then the mark, so that they cannot deadlock.
        transaction.execute("snapshots/lock_sources", **ids)
        if not insert_attempts(transaction, [poll]):
            return
        transaction.execute("snapshots/mark_stale_hours", **ids, instants=[attempt.finished_at])
        reschedule(transaction, [poll], back_off)
