"""Rebuild whatever the past left out of date: all hours and days that it marked, once everything is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from ticket_pipeline.storage.prices import (
    DAY,
    Span,
    contiguous_spans,
    read_stale_windows,
    rebuild_daily,
    rebuild_hourly,
)

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_MOST_DAYS = 31


def rebuild_past(database: Database, on_day: Callable[[], object] = lambda: None) -> None:
    """Rebuild every marked hour, a day at a time and `on_day` after each, then every marked day."""
    while windows := read_stale_windows(database, "hour"):
        for day in sorted({moment.astimezone(UTC).date() for moment in windows}):
            start = datetime.combine(day, time(), UTC)
            rebuild_hourly(database, Span(start, start + DAY))
            on_day()
    while windows := read_stale_windows(database, "day"):
        for span in contiguous_spans(windows, DAY, most=_MOST_DAYS):
            rebuild_daily(database, span.start.date(), span.end.date())
