"""Rebuild the hourly and daily prices.

A rebuild is idempotent: inside one transaction it takes the marks of its span, deletes the span's rows and inserts
them anew. A longer span is done a day at a time, so that memory and locks stay small and progress can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES, ChangeRules
from ticket_pipeline.storage.admission_rules import read_admission_rules
from ticket_pipeline.storage.archive import hold_listings, refuse_archived
from ticket_pipeline.storage.reclassify import reclassify

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row, Transaction

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


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


def last_days(this_moment: datetime, days: int) -> Span:
    """The whole hours of so many days, up to the end of the hour that a moment lies in."""
    end = hour_start(this_moment) + HOUR
    return Span(end - days * DAY, end)


def hour_start(moment: datetime) -> datetime:
    """The UTC hour that a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def rebuild_hourly(database: Database, span: Span, rules: ChangeRules = DEFAULT_CHANGE_RULES) -> list[Row]:
    """Rebuild the hourly prices of the whole UTC hours in `span` from the stored captures.

    Returns one row per hour that has prices: hour_at, rows, events, snapshots, suspect_snapshots, failed_attempts.
    After an error the days before the failing one are rebuilt.

    Raises:
        StorageError: not whole hours, or their listings are archived.
    """
    return [row for _, rows in rebuild_hourly_by_day(database, span, rules) for row in rows]


def rebuild_hourly_by_day(
    database: Database, span: Span, rules: ChangeRules = DEFAULT_CHANGE_RULES
) -> Iterator[tuple[Span, list[Row]]]:
    """As `rebuild_hourly`, a day at a time: each UTC day's part of the span as it is committed, and its rows."""
    if any(moment.timestamp() % HOUR.total_seconds() for moment in (span.start, span.end)):
        raise StorageError(f"Cannot rebuild hourly prices of {span.start} … {span.end}. Give whole hours (UTC).")
    refuse_archived(database, span.start, span.end)
    for part in span.days():
        with database.transaction(f"rebuild the hourly prices of {part.start:%Y-%m-%d %H:%M} UTC") as transaction:
            hold_listings(transaction, part.start, part.end)
            _begin_rebuild(transaction)
            bounds = {"starts_from": part.start, "starts_until": part.end}
            # First of all, because it locks in the order of those who store captures, who mark hours last.
            reclassify(transaction, bounds, read_admission_rules(transaction), rules)
            # Days of rows that vanish in this rebuild must be rebuilt too: marked before and after.
            transaction.execute("prices/take_stale_hours", **bounds)
            transaction.execute("prices/mark_stale_days", **bounds)
            transaction.execute("prices/delete_hourly", **bounds)
            transaction.execute("prices/insert_hourly", **bounds)
            transaction.execute("prices/mark_stale_days", **bounds)
            summary = transaction.fetch_all("prices/summarise_hourly", **bounds)
        yield part, summary


def summarise_hourly(database: Database, span: Span) -> list[Row]:
    """What is stored of the hours of a span: rows as of `rebuild_hourly`."""
    return database.fetch_all("prices/summarise_hourly", starts_from=span.start, starts_until=span.end)


def summarise_daily(database: Database, first: date, until: date) -> list[Row]:
    """What is stored of the UTC days in [first, until): rows as of `rebuild_daily`."""
    return database.fetch_all("prices/summarise_daily", day_from=first, day_until=until)


def rebuild_daily(database: Database, first: date, until: date) -> list[Row]:
    """Rebuild the daily prices of the UTC days in [first, until) from the hourly prices, in one transaction.

    Returns one row per day that has prices: day_on, rows, events, snapshots, hours_covered.
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
    """The windows that wait for a rebuild, oldest first, at most 1,000; `grain` is 'hour', or 'day' for UTC days."""
    rows = database.fetch_all("prices/select_stale_windows", grain=grain, starts_from=starts_from)
    return [row["starts_at"] for row in rows]


def contiguous_spans(windows: Sequence[datetime], step: timedelta, *, most: int) -> Iterator[Span]:
    """Windows that follow each other, as spans of at most `most` of them; `windows` are ascending starts."""
    first = 0
    for after in range(1, len(windows) + 1):
        if after == len(windows) or after - first == most or windows[after] != windows[after - 1] + step:
            yield Span(windows[first], windows[after - 1] + step)
            first = after


def _begin_rebuild(transaction: Transaction) -> None:
    transaction.execute("prices/lock_prices")
    transaction.expect_many_rows()
