"""Bring prices up to date: whoever asks gets the right answer, with or without Dagster running."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.storage.prices import (
    DAY,
    HOUR,
    Span,
    first_contiguous,
    read_stale_windows,
    rebuild_daily,
    rebuild_hourly,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ticket_pipeline.storage.database import Database

_MOST_AT_ONCE = 24
"""Windows per rebuild: a day of hours is one transaction, and progress is told in between."""

_MOST_READ = 1000
"""`read_stale_windows` gives at most so many."""


def read_stale_hours(database: Database, span: Span | None = None) -> list[datetime]:
    """The hours that wait for a rebuild, oldest first.

    With a span, those in it; but where more wait than one reading holds, all of that reading: the span's own hours may
    come after them, and are found by reading again.
    """
    hours = read_stale_windows(database, "hour")
    if span is None or len(hours) >= _MOST_READ:
        return hours
    return [hour for hour in hours if span.start <= hour < span.end]


def rebuild_hours(
    database: Database, hours: Sequence[datetime], on_progress: Callable[[int], None] = lambda _: None
) -> None:
    """Rebuild these hours; `on_progress` is told how many each step has done."""
    for span in _spans(hours, HOUR):
        rebuild_hourly(database, span)
        on_progress((span.end - span.start) // HOUR)


def rebuild_stale_days(database: Database) -> int:
    """Rebuild the days whose hours changed; returns how many."""
    days = read_stale_windows(database, "day")
    for span in _spans(days, DAY):
        rebuild_daily(database, span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date())
    return len(days)


def _spans(windows: Sequence[datetime], step: timedelta) -> list[Span]:
    """The windows as contiguous spans, none longer than `_MOST_AT_ONCE`."""
    spans = []
    left = list(windows)
    while (span := first_contiguous(left, step, most=_MOST_AT_ONCE)) is not None:
        spans.append(span)
        left = left[(span.end - span.start) // step :]
    return spans
