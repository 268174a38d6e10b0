"""The watchlist as a table: its header, its accepted and rejected rows, and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
from ticket_pipeline.sheet.cells import clean
from ticket_pipeline.sheet.columns import (
    WATCHLIST_ALIASES,
    Column,
    Columns,
    Field,
    find_header,
    header_key,
    locate_watchlist_columns,
)
from ticket_pipeline.sheet.results import RESULT_HEADERS
from ticket_pipeline.sheet.row_reader import RowReader
from ticket_pipeline.sheet.timezones import Timezones

if TYPE_CHECKING:
    from ticket_pipeline.sheet.dates import DateOrder
    from ticket_pipeline.sheet.source import SheetRows


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A sheet as read: every row below the header is an event, rejected, or blank but for `is_tracked`.

    Attributes:
        ignored_columns: columns that are none of ours; one without a header is listed only if it holds something.
        warnings: sentences about what was accepted but deserves a look.
    """

    events: list[WatchlistEvent]
    rejected: list[RejectedRow]
    ignored_columns: list[str]
    warnings: list[str]
    source: str


def parse_watchlist(rows: SheetRows, *, default_timezone: str, date_order: DateOrder | None = None) -> Watchlist:
    """Read every row of a watchlist.

    Of two rows with the same marketplace id, or with the ids of one event (by name, venue and local time), the first
    good one is accepted and the later ones are rejected.

    Args:
        rows: the table, header included.
        default_timezone: IANA name, for rows whose timezone neither the row nor its place determines.
        date_order: what `03/04/2026` means; None rejects dates with two readings.
    """
    header_at = find_header(rows.values, WATCHLIST_ALIASES)
    if header_at is None:
        raise SheetError(f"{rows.source} is empty. Check that it is the right sheet and tab; nothing was changed.")
    columns = locate_watchlist_columns(rows.values[header_at], rows.source)
    zones = Timezones.load()
    reader = RowReader(columns, zones, default_timezone, date_order)
    below = rows.values[header_at + 1 :]
    filled = [(number, row) for number, row in enumerate(below, header_at + 2) if not _is_blank(row, columns)]
    if not filled:
        raise SheetError(
            f"{rows.source} has a header but no row below it. An empty watchlist looks like an accident, so nothing "
            "was changed. To stop watching events, set is_tracked to FALSE."
        )
    results = [reader.read(number, row) for number, row in filled]
    events = [result for result in results if isinstance(result, WatchlistEvent)]
    return Watchlist(
        events=events,
        rejected=[result for result in results if isinstance(result, RejectedRow)],
        ignored_columns=_ignored_columns(below, columns),
        warnings=_warnings(events, reader, default_timezone),
        source=rows.source,
    )


def _is_blank(row: Sequence[str], columns: Columns[Column]) -> bool:
    return not any(columns.cell(row, field) for field in columns.positions if field is not Field.IS_TRACKED)


def _ignored_columns(rows: Iterable[Sequence[str]], columns: Columns[Column]) -> list[str]:
    ours = set(columns.positions.values())
    filled = {position for row in rows for position, cell in enumerate(row) if position not in ours and clean(cell)}
    titled = {position for position in columns.unknown if columns.headers[position]}
    labels = [columns.label(position) for position in sorted(filled | titled)]
    return [label for label in labels if header_key(label) not in RESULT_HEADERS]


def _warnings(events: Sequence[WatchlistEvent], reader: RowReader, default_timezone: str) -> list[str]:
    accepted = {event.sheet_row for event in events}
    ambiguous = [
        f"Row {row}: {city} may be in more than one place; {zone} is assumed. Write the state or country out, or "
        "fill in Timezone."
        for row, city, zone in reader.ambiguous
        if row in accepted
    ]
    rows_of: dict[str, Sequence[int | None]] = {
        f"city and country do not determine a timezone, so {default_timezone} is assumed; fill in Timezone.": [
            event.sheet_row for event in events if event.timezone_source == "default"
        ],
        "the date has no time of day; the event counts as upcoming until that day ends.": [
            event.sheet_row for event in events if not event.is_time_known
        ],
        "name and place are blank, so those of the row above are used.": [
            number for number in reader.inherited if number in accepted
        ],
    }
    return ambiguous + [f"{_rows(numbers)}: {words}" for words, numbers in rows_of.items() if numbers]


def _rows(numbers: Sequence[int | None], most: int = 10) -> str:
    listed = ", ".join(str(number) for number in numbers[:most])
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"{'Row' if len(numbers) == 1 else 'Rows'} {listed}{more}"
