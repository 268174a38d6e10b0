"""Rebuild the hourly and daily prices.

A rebuild is idempotent: inside one transaction it answers the marks of its span, deletes the span's rows and inserts
them anew. A longer span is done a day at a time, so that memory and locks stay small and progress can be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from ticket_pipeline.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.storage.database import Database, Row, Transaction

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# A day of 100 events with 500 listings an hour sorts in memory instead of on disk. The planner takes the listings of a
# span for a single row, because it cannot know that an event and a moment of capture belong together, and would nest
# loops over all of them: minutes for a day that takes a second. Hash joins are right at every size here; and forbidden
# plans look so dear that the compiler, where a server has it on, would start for nothing.
REBUILD_SETTINGS = MappingProxyType(
    {"work_mem": "128MB", "enable_nestloop": "off", "enable_mergejoin": "off", "jit": "off"}
)
"""What a rebuild sets for its own transaction."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time [start, end), aware UTC."""

    start: datetime
    end: datetime

    def steps(self, step: timedelta) -> Iterator[datetime]:
        """The moments from its start, a step apart."""
        moment = self.start
        while moment < self.end:
            yield moment
            moment += step

    def days(self) -> Iterator[Span]:
        """The span cut at UTC midnights."""
        start = self.start
        while start < self.end:
            midnight = datetime.combine(start.date() + DAY, time(), UTC)
            yield Span(start, min(midnight, self.end))
            start = midnight


def rebuild_hourly(database: Database, span: Span) -> list[Row]:
    """Rebuild the hourly prices of the whole hours in `span` from the stored captures.

    Args:
        database: where.
        span: aligned to whole hours, UTC.

    Returns:
        One row per hour that has prices: hour_at, rows, events, snapshots, suspect_snapshots, failed_attempts, tickets,
        min_price.

    Raises:
        StorageError: the span is not aligned, or the database refused; days before the failing one are rebuilt.
    """
    return [row for _, rows in rebuild_hourly_by_day(database, span) for row in rows]


def rebuild_hourly_by_day(database: Database, span: Span) -> Iterator[tuple[Span, list[Row]]]:
    """As `rebuild_hourly`, a day at a time: each UTC day's part of the span as it is committed, and its rows."""
    if any(moment != _floor(moment, HOUR) for moment in (span.start, span.end)):
        raise StorageError(f"Asked to rebuild hourly prices of {span.start} … {span.end}; give whole hours (UTC).")
    for part in span.days():
        with database.transaction(f"rebuild the hourly prices of {part.start:%Y-%m-%d %H:%M} UTC") as transaction:
            _begin_rebuild(transaction)
            bounds = {"starts_from": part.start, "starts_until": part.end}
            # Days of rows that vanish in this rebuild must be rebuilt too: marked before and after.
            transaction.execute("prices/take_stale_hours", **bounds)
            transaction.execute("prices/mark_stale_days", **bounds)
            transaction.execute("prices/delete_hourly", **bounds)
            transaction.execute("prices/insert_hourly", **bounds)
            transaction.execute("prices/mark_stale_days", **bounds)
            summary = transaction.fetch_all("prices/summarise_hourly", **bounds)
        yield part, summary


def rebuild_daily(database: Database, first: date, until: date) -> list[Row]:
    """Rebuild the daily prices of the UTC days in [first, until) from the hourly prices.

    Returns:
        One row per day that has prices: day_on, rows, events, snapshots, hours_covered, min_price.

    Raises:
        StorageError: the database refused; nothing changed.
    """
    with database.transaction(f"rebuild the daily prices from {first}") as transaction:
        _begin_rebuild(transaction)
        transaction.execute(
            "prices/take_stale_days",
            starts_from=datetime.combine(first, time(), UTC),
            starts_until=datetime.combine(until, time(), UTC),
        )
        transaction.execute("prices/delete_daily", day_from=first, day_until=until)
        transaction.execute("prices/insert_daily", day_from=first, day_until=until)
        return transaction.fetch_all("prices/summarise_daily", day_from=first, day_until=until)


def read_stale_windows(database: Database, grain: str, *, starts_from: datetime | None = None) -> list[datetime]:
    """The windows that wait for a rebuild, oldest first, at most 1,000.

    Args:
        database: where.
        grain: 'hour', or 'day' for UTC days.
        starts_from: leave out windows that start before; None leaves out none.
    """
    rows = database.fetch_all("prices/select_stale_windows", grain=grain, starts_from=starts_from)
    return [row["starts_at"] for row in rows]


def first_contiguous(windows: list[datetime], step: timedelta, *, most: int) -> Span | None:
    """The first run of windows that follow each other, as one span; None where there are none.

    Args:
        windows: starts, in ascending order.
        step: the length of a window.
        most: most windows in one span.
    """
    if not windows:
        return None
    end = windows[0] + step
    for start in windows[1:most]:
        if start != end:
            break
        end += step
    return Span(windows[0], end)


def _begin_rebuild(transaction: Transaction) -> None:
    transaction.execute("prices/lock_prices")
    for name, value in REBUILD_SETTINGS.items():
        transaction.connection.execute("select set_config(%s, %s, true)", [name, value])


def _floor(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // step * step
