"""What happened: attempts at events, and what each run did in figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One attempt at an event, as `fetch_attempts` has it; `name` is the event's."""

    finished_at: datetime
    marketplace: str
    external_id: str
    name: str
    outcome: str
    status: int | None
    tries: int
    latency_seconds: float | None
    bytes: int | None
    listings: int | None
    rejected: int | None
    error: str | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did, as `run_summaries` has it."""

    run_id: str
    job_name: str
    started_at: datetime
    finished_at: datetime
    events: int
    failed_events: int
    requests: int
    listings: int
    stage_seconds: Mapping[str, float]
    cpu_seconds: float
    peak_memory_bytes: int


def read_attempts(
    database: Database,
    *,
    since: datetime,
    marketplace: Marketplace | None = None,
    event_ids: Collection[int] | None = None,
    failed_only: bool = False,
    most: int = 100,
) -> Sequence[LoggedAttempt]:
    """The newest attempts since a moment (aware UTC), at most `most`; None for a filter: all."""
    rows = database.fetch_all(
        "runs/select_attempts",
        since=since,
        marketplace=marketplace,
        event_ids=None if event_ids is None else list(event_ids),
        is_failed_only=failed_only,
        most=most,
    )
    return [LoggedAttempt(**row) for row in rows]


def read_runs(
    database: Database, *, since: datetime, job_name: str | None = None, most: int = 100
) -> Sequence[RunSummary]:
    """The newest runs that ended since a moment (aware UTC), at most `most`."""
    rows = database.fetch_all("runs/select_summaries", since=since, job_name=job_name, most=most)
    return [RunSummary(**row) for row in rows]
