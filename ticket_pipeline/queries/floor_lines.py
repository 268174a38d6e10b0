"""The shape of the floor of many events over a short time: what stands beside each in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.prices import Span

LineKey = tuple[int, str, str | None, str | None]
"""Event, marketplace, currency, fee basis."""


def floor_lines(
    database: Database, event_ids: Sequence[int], *, span: Span, slot: timedelta
) -> Mapping[LineKey, Sequence[Decimal | None]]:
    """The last floor of each slot of a span, one value per slot; None: no floor in it.

    The span is of whole slots, and they of whole hours.
    """
    rows = database.fetch_all(
        "queries/select_floor_lines",
        event_ids=list(event_ids),
        starts_from=span.start,
        starts_until=span.end,
        slot=slot,
    )
    lines: dict[LineKey, Sequence[Decimal | None]] = {}
    for row in rows:
        values: list[Decimal | None] = [None] * ((span.end - span.start) // slot)
        for number, floor in zip(row["slots"], row["floors"], strict=True):
            values[number] = floor
        lines[row["event_id"], row["marketplace"], row["currency"], row["fee_basis"]] = values
    return lines
