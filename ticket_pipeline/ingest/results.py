"""The records of polling: what came back for one event, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.errors import MarketplaceError
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.metrics import SnapshotMetrics
    from ticket_pipeline.market.vocabulary import Outcome, RawResponse


@dataclass(frozen=True, slots=True)
class Fetched:
    """One event's response, or why there is none. Exactly one of `response` and `error` is set."""

    event: Event
    started_at: datetime
    finished_at: datetime
    response: RawResponse | None = None
    error: MarketplaceError | None = None


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event in one run.

    A failure with `captured_at` is a response without a single price; its listings are stored as rejected.
    `metrics` is None where there is no listing, or more than one currency or fee basis. `compared_at` are the captures
    that were compared with the one before them: this one, and those that its arrival changed.
    """

    event: Event
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
    fee_basis: str | None = None
    metrics: SnapshotMetrics | None = None
    is_suspect: bool = False
    checksum_problems: tuple[str, ...] = ()
    unknown_fields: dict[str, int] = field(default_factory=dict)
    compared_at: tuple[datetime, ...] = ()

    @property
    def is_failure(self) -> bool:
        """Whether the event was tried and brought no prices."""
        return self.outcome.is_failure
