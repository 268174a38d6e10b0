"""What is made of the past: estimated sales while it is stored, and all hours and days once everything is."""

from __future__ import annotations

import time as clock
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
from ticket_pipeline.storage.sales import update_sales

if TYPE_CHECKING:
    from ticket_pipeline.market.sale_rates import SaleRules
    from ticket_pipeline.storage.database import Database

_MOST_DAYS = 31
_PAUSE_SECONDS = 0.5


def estimate_past(database: Database, planned: int, until: datetime, rules: SaleRules) -> None:
    """Estimate sales as captures are stored, to the end of the last of the `planned` polls before `until`."""
    while count_played(database, until) < planned:
        update_sales(database, rules)
        clock.sleep(_PAUSE_SECONDS)
    update_sales(database, rules)


def count_played(database: Database, until: datetime) -> int:
    """How many polls of the past are stored; `until` is where it ends."""
    row = database.fetch_one("origin/count_played", finished_until=until)
    return row["polls"] if row else 0


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
