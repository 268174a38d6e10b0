"""Bring the stored prices up to date, with or without Dagster running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ticket_pipeline.cli.tables import progress
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.changes import build_change_rules
from ticket_pipeline.storage.prices import (
    DAY,
    HOUR,
    Span,
    contiguous_spans,
    read_stale_windows,
    rebuild_daily,
    rebuild_hourly,
)

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_MOST_AT_ONCE = 24
"""Windows per rebuild: a day of hours is one transaction, and progress is shown in between."""


def rebuild_stale_hours(database: Database, span: Span) -> None:
    """Rebuild the hours of a span that wait for it: few where Dagster or the scheduler does it all the time."""
    done: set[datetime] = set()
    # One reading holds at most 1,000 hours. An hour that becomes stale again meanwhile is not rebuilt twice.
    while stale := set(read_stale_windows(database, "hour", starts_from=span.start)) - done:
        hours = sorted(hour for hour in stale if hour < span.end)
        done |= stale
        with progress("Rebuilding hourly prices", len(hours)) as advance:
            rebuild_hours(database, hours, advance)


def rebuild_hours(
    database: Database, hours: Sequence[datetime], on_progress: Callable[[int], None] = lambda _: None
) -> None:
    """Rebuild these hours; `on_progress` gets the number of hours of each step."""
    rules = build_change_rules(load_settings())
    for span in contiguous_spans(hours, HOUR, most=_MOST_AT_ONCE):
        rebuild_hourly(database, span, rules)
        on_progress((span.end - span.start) // HOUR)


def rebuild_stale_days(database: Database) -> None:
    """Rebuild the days whose hours changed."""
    for span in contiguous_spans(read_stale_windows(database, "day"), DAY, most=_MOST_AT_ONCE):
        rebuild_daily(database, span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date())
