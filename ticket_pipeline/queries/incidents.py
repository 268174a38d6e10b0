"""Incidents of the pipeline itself: what is wrong now, and what was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class ToldIncident:
    """An incident that was told. Moments are aware UTC.

    Attributes:
        kind: a heading of docs/runbook.md.
        subject: what it is about; with the kind it identifies an incident that is not over.
        first_seen_at: since when it held.
        last_seen_at: when it was last found to hold.
        closed_at: when it was over; None: it is not.
        summary: one line in words.
        cause: what was seen, in sentences.
        deliveries: its messages by state, such as `2 sent, 1 dead`; empty: there is no channel.
    """

    incident_id: int
    kind: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None
    summary: str
    cause: str
    first_seen_at: datetime
    last_seen_at: datetime
    deliveries: str


def read_incidents(database: Database, *, since: datetime | None = None, most: int = 200) -> list[ToldIncident]:
    """Incidents that are not over, and those that began or ended `since`; what is not over first, then the newest."""
    return [ToldIncident(**row) for row in database.fetch_all("queries/select_incidents", since=since, most=most)]
