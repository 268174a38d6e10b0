"""Rows of a watchlist to events: every good row goes on, every bad one is set aside with all its reasons.

What belongs here: the table as a whole, from finding its header to what is said about it. What does not: where the rows
come from (see `source`), how one row is read (see `row_reader`), and what the database does with the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_pipeline.errors import ConfigurationError, SheetError
from ticket_pipeline.market.events import WatchlistEvent
from ticket_pipeline.sheet.cells import clean, shown
from ticket_pipeline.sheet.columns import Columns, Field, locate_watchlist_columns
from ticket_pipeline.sheet.row_reader import RowReader
from ticket_pipeline.sheet.timezones import Timezones
from ticket_pipeline.sheet.watchlist import Watchlist

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ticket_pipeline.market.events import RejectedRow
    from ticket_pipeline.sheet.dates import DateOrder
    from ticket_pipeline.sheet.source import SheetRows


def parse_watchlist(rows: SheetRows, *, default_timezone: str, date_order: DateOrder | None = None) -> Watchlist:
    """Read every row of a watchlist.

    Of two rows that claim the same marketplace id, or the same name, venue and local time, the first good one stands
    and the later ones are rejected. An afternoon and an evening show of one day are two events.

    Args:
        rows: the table, header included.
        default_timezone: IANA name, for rows whose timezone neither the row nor its place settles.
        date_order: how `03/04/2026` is meant; None rejects dates with two readings.

    Raises:
        SheetError: the sheet holds no rows at all, or its header cannot be used.
        ConfigurationError: `default_timezone` is no IANA timezone.
    """
    header_at, columns = _find_header(rows)
    reader = RowReader(columns, _checked_zones(default_timezone), default_timezone, date_order)
    events: list[WatchlistEvent] = []
    rejected: list[RejectedRow] = []
    below = rows.values[header_at + 1 :]
    filled = [(number, row) for number, row in enumerate(below, header_at + 2) if not _is_blank(row, columns)]
    if not filled:
        raise SheetError(
            f"Read {rows.source}: there is a header but no row below it. An empty watchlist is taken for an accident; "
            "nothing was changed. To stop watching events, set is_tracked to FALSE."
        )
    for number, row in filled:
        result = reader.read(number, row)
        (events if isinstance(result, WatchlistEvent) else rejected).append(result)  # type: ignore[arg-type]
    return Watchlist(
        events=events,
        rejected=rejected,
        ignored_columns=_ignored_columns(below, columns),
        warnings=_warnings(events, default_timezone),
        blank_rows=len(below) - len(filled),
        source=rows.source,
    )


def _find_header(rows: SheetRows) -> tuple[int, Columns[Field]]:
    """The first row with any text is the header."""
    for position, row in enumerate(rows.values):
        if any(clean(cell) for cell in row):
            return position, locate_watchlist_columns(row, rows.source)
    raise SheetError(
        f"Read {rows.source}: it is empty, not even a header. Check that it is the right sheet and tab; "
        "nothing was changed."
    )


def _checked_zones(default_timezone: str) -> Timezones:
    zones = Timezones.load()
    if zones.find_name(default_timezone) != default_timezone:
        raise ConfigurationError(
            f"Use {shown(default_timezone)} as the timezone of events that name none: there is no such timezone. "
            "Set EVENT_DEFAULT_TIMEZONE to an IANA name such as America/New_York."
        )
    return zones


def _is_blank(row: Sequence[str], columns: Columns[Field]) -> bool:
    return not any(columns.cell(row, field) for field in columns.positions if field is not Field.IS_TRACKED)


def _ignored_columns(rows: Iterable[Sequence[str]], columns: Columns[Field]) -> list[str]:
    """Labels of the columns that are not ours; untitled ones, right of the header too, only if they hold something."""
    ours = set(columns.positions.values())
    filled = {position for row in rows for position, cell in enumerate(row) if position not in ours and clean(cell)}
    titled = {position for position in columns.unknown if columns.headers[position]}
    return [columns.label(position) for position in sorted(filled | titled)]


def _warnings(events: Sequence[WatchlistEvent], default_timezone: str) -> list[str]:
    defaulted = [event.sheet_row for event in events if event.timezone_source == "default"]
    untimed = [event.sheet_row for event in events if not event.is_time_known]
    warnings = []
    if defaulted:
        warnings.append(
            f"{_rows(defaulted)}: no timezone follows from city and country, so {default_timezone} is assumed; "
            "fill in Timezone where that is wrong."
        )
    if untimed:
        warnings.append(
            f"{_rows(untimed)}: the date has no time of day; the event counts as upcoming until that day ends."
        )
    return warnings


def _rows(numbers: Sequence[int | None], most: int = 10) -> str:
    listed = ", ".join(str(number) for number in numbers[:most])
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"{'Row' if len(numbers) == 1 else 'Rows'} {listed}{more}"
