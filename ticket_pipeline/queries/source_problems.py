"""What goes wrong at each marketplace: failed attempts by kind, rejected listings by reason, changed fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import Marketplace, Outcome
from ticket_pipeline.queries.payload_changes import PayloadChange, read_payload_changes

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """Attempts that failed alike; `error` is that of the newest, at `last_at` (aware UTC)."""

    outcome: Outcome
    status: int | None
    attempts: int
    last_at: datetime
    error: str | None

    @property
    def name(self) -> str:
        """In words, such as `http error 503`."""
        return " ".join(filter(None, (self.outcome.replace("_", " "), str(self.status or ""))))


@dataclass(frozen=True, slots=True)
class RejectReason:
    """Listings of the events' newest captures that were rejected for one reason."""

    reason: str
    listings: int
    events: int


@dataclass(frozen=True, slots=True)
class SourceProblems:
    """What went wrong at one marketplace since a moment; the most frequent first, changes the newest first."""

    failures: Sequence[ErrorClass]
    rejects: Sequence[RejectReason]
    payload_changes: Sequence[PayloadChange]


def read_source_problems(
    database: Database, marketplaces: Sequence[Marketplace], since: datetime
) -> dict[Marketplace, SourceProblems]:
    """What went wrong at each of these marketplaces since a moment."""
    errors = database.fetch_all("queries/select_error_classes", since=since)
    rejects = database.fetch_all("queries/select_reject_reasons", since=since)
    changes = read_payload_changes(database, since)
    return {
        name: SourceProblems(
            [
                ErrorClass(Outcome(row["outcome"]), row["status"], row["attempts"], row["last_at"], row["error"])
                for row in errors
                if row["marketplace"] == name
            ],
            [
                RejectReason(row["reason"], row["listings"], row["events"])
                for row in rejects
                if row["marketplace"] == name
            ],
            [change for change in changes if change.marketplace == name],
        )
        for name in marketplaces
    }
