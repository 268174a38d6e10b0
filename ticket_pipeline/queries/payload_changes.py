"""Fields that a marketplace began to send, no longer sends, or sends as another type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.market.payload_shapes import ShapeChange
from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class PayloadChange:
    """One change of a field. Moments are aware UTC.

    Attributes:
        path: such as `[].sellerAllInPrice.amt` or `tickets[].aip`; empty: the payload itself.
        before: its types, such as `string` or `number or string`; None: it is new.
        after: None: it is missing.
        event_id: of the response that showed it; None: the event was deleted. So `event_name`.
        captured_at: of that response.
    """

    change_id: int
    detected_at: datetime
    marketplace: Marketplace
    path: str
    change: ShapeChange
    before: str | None
    after: str | None
    event_id: int | None
    event_name: str | None
    captured_at: datetime

    @property
    def field(self) -> str:
        """Its path as people read it."""
        return self.path or "the payload itself"

    @property
    def what(self) -> str:
        """The change in words, such as `number, was string`."""
        if self.change is ShapeChange.ADDED:
            return f"new, {self.after}"
        if self.change is ShapeChange.MISSING:
            return f"missing, was {self.before}"
        return f"{self.after}, was {self.before}"


def read_payload_changes(
    database: Database, since: datetime, *, until: datetime | None = None, marketplace: Marketplace | None = None
) -> list[PayloadChange]:
    """The changes that were detected in [since, until), newest first."""
    rows = database.fetch_all("payloads/select_changes", since=since, until=until, marketplace=marketplace)
    return [
        PayloadChange(**row | {"marketplace": Marketplace(row["marketplace"]), "change": ShapeChange(row["change"])})
        for row in rows
    ]
