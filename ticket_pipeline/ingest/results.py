"""What polling says about one event: what came back, and what became of it.

What belongs here: the two records. What does not: the work between them (`ingest`, `details`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.errors import MarketplaceError
    from ticket_pipeline.market.metrics import SnapshotMetrics
    from ticket_pipeline.market.vocabulary import Outcome, RawResponse
    from ticket_pipeline.storage.schedule import ScheduledEvent


@dataclass(frozen=True, slots=True)
class Fetched:
    """One event's answer, or why there is none. Exactly one of `response` and `error` is set."""

    event: ScheduledEvent
    started_at: datetime
    finished_at: datetime
    response: RawResponse | None = None
    error: MarketplaceError | None = None


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event in one run: for the log, the UI and the tests.

    A failure with `captured_at` is an answer that came and held no price: all of it is kept, in quarantine.
    `metrics` is None where there is no listing, or more than one currency or fee basis: those are never mixed.
    """

    event: ScheduledEvent
    outcome: Outcome
    error: str | None = None
    captured_at: datetime | None = None
    latency_seconds: float | None = None
    tries: int = 0
    listings: int = 0
    tickets: int = 0
    rejected: int = 0
    rejected_reasons: dict[str, int] = field(default_factory=dict)
    unmapped_sections: tuple[str, ...] = ()
    currency: str | None = None
    metrics: SnapshotMetrics | None = None
    is_suspect: bool = False
    checksum_problems: tuple[str, ...] = ()

    @property
    def is_failure(self) -> bool:
        """Whether the event was tried and gave nothing that prices could be made of."""
        return self.outcome.is_failure
