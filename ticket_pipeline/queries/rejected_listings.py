"""What of a capture is no market price, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class RejectedListing:
    """One listing that was excluded or rejected.

    Attributes:
        section: None where it is not known, as for every listing that could not be read; so all that follow.
        price: per ticket, in `currency`.
        notes: only where they decided.
        reasons: all of them.
        raw: as received.
    """

    section: str | None
    row: str | None
    zone: str | None
    quantity: int | None
    price: Decimal | None
    currency: str | None
    notes: str | None
    reasons: Sequence[str]
    raw: str


def read_rejected_listings(
    database: Database, event_id: int, marketplace: str, captured_at: datetime
) -> list[RejectedListing]:
    """The rejected listings of one capture: those that were excluded first, cheapest first."""
    rows = database.fetch_all(
        "queries/select_rejected_listings", event_id=event_id, marketplace=marketplace, captured_at=captured_at
    )
    return [RejectedListing(**row) for row in rows]
