"""One row of a watchlist to an event, or to all reasons why it is rejected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet import cells as parsers
from ticket_pipeline.sheet.cells import CellProblem, check_formula, is_sheet_error, parse_text, shown, storable
from ticket_pipeline.sheet.columns import Column, Columns, Field, column_letter, header_key
from ticket_pipeline.sheet.dates import DateOrder, LocalTime, add_time, parse_local_time
from ticket_pipeline.sheet.event_ids import parse_event_id
from ticket_pipeline.sheet.results import RESULT_HEADERS
from ticket_pipeline.sheet.timezones import Placement, Timezones, exists, to_utc, utc_offsets

T = TypeVar("T")

_ALREADY = "is already in row {}: remove or correct one of the two rows."
_LAST_MINUTE = timedelta(hours=23, minutes=59)
_PLACE = (Field.VENUE, Field.CITY, Field.COUNTRY)


class RowReader:
    """Reads the rows of one table from the top down, and remembers what the accepted ones claim."""

    def __init__(
        self, columns: Columns[Column], zones: Timezones, default_timezone: str, date_order: DateOrder | None
    ) -> None:
        self._columns = columns
        self._zones = zones
        self._default = Placement(default_timezone, "default")
        self._date_order = date_order
        self._row_of_id: dict[tuple[Marketplace, str], int] = {}
        self._event_of_identity: dict[tuple[object, ...], WatchlistEvent] = {}
        self._above: Sequence[str] = ()
        self.ambiguous: list[tuple[int, str, str]] = []  # row, city and assumed timezone
        self.inherited: list[int] = []  # rows with name and place of the row above

    def read(self, row_number: int, row: Sequence[str]) -> WatchlistEvent | RejectedRow:
        """The event in `row`, or the row with all reasons why it is rejected."""
        row = self._with_merged_cells(row_number, row)
        cells = _RowCells(self._columns, row)
        event = self._read_event(row_number, cells)
        if event is None or cells.reasons:
            return RejectedRow(row_number, cells.as_read(), tuple(cells.reasons), cells.is_unidentified())
        self._row_of_id.update(dict.fromkeys(event.external_ids.items(), row_number))
        self._event_of_identity.setdefault(_identity(event), event)
        return event

    def _with_merged_cells(self, row_number: int, row: Sequence[str]) -> Sequence[str]:
        """`row`, with name and place of the row above if it has only an id: merged cells hold their text once."""
        text = partial(self._columns.cell, row)
        above, self._above = self._above, row
        is_part_of_merge = any(map(text, Marketplace)) and not any(map(text, (Field.NAME, *_PLACE)))
        if not is_part_of_merge or not self._columns.cell(above, Field.NAME):
            return row
        merged = [*row, *[""] * (len(self._columns.headers) - len(row))]
        for field in (Field.NAME, *_PLACE):
            if (position := self._columns.positions.get(field)) is not None and position < len(above):
                merged[position] = above[position]
        self._above = merged
        self.inherited.append(row_number)
        return merged

    def _read_event(self, row_number: int, cells: _RowCells) -> WatchlistEvent | None:
        """The event of this row; reasons to reject it are in `cells`, also where there is an event."""
        name = cells.read(Field.NAME, partial(parsers.parse_required_text, fix="give the event a name"))
        venue, city, country = (cells.read(field, parse_text) for field in _PLACE)
        local_time = cells.read(Field.DATE, lambda text: parse_local_time(text, self._date_order))
        if local_time is not None and not local_time.is_time_known:
            local_time = cells.read(Field.TIME, partial(add_time, local_time))
        named_zone = cells.read(Field.TIMEZONE, self._parse_timezone)
        is_tracked = cells.read(Field.IS_TRACKED, parsers.parse_tracked)
        capacity = cells.read(Field.CAPACITY, parsers.parse_capacity)
        poll_interval = cells.read(Field.INTERVAL, parsers.parse_interval)
        event_group = cells.read(Field.GROUP, parse_text)
        external_ids = _read_ids(cells)
        self._check_ids(cells, external_ids)
        if name is None or local_time is None:
            return None
        place = named_zone or self._zones.place(city, country, local_time.value) or self._default
        if place.is_ambiguous and city:
            self.ambiguous.append((row_number, city, place.timezone))
        _check_clock(cells, local_time, place.timezone)
        last_moment = local_time.value if local_time.is_time_known else local_time.value + _LAST_MINUTE
        event = WatchlistEvent(
            sheet_row=row_number,
            name=name,
            venue=venue,
            city=city,
            country=country,
            event_date=local_time.value,
            timezone=place.timezone,
            timezone_source=place.source,
            event_at=to_utc(last_moment, place.timezone, local_time.utc_offset),
            is_tracked=is_tracked is not False,
            capacity=capacity,
            poll_interval=poll_interval,
            external_ids=external_ids,
            is_time_known=local_time.is_time_known,
            event_group=event_group,
        )
        self._check_identity(cells, event)
        return event

    def _check_ids(self, cells: _RowCells, external_ids: dict[Marketplace, str]) -> None:
        for marketplace in Marketplace:
            external_id = external_ids.get(marketplace, "")
            if first := self._row_of_id.get((marketplace, external_id)):
                cells.reasons.append(
                    f"{cells.columns.title(marketplace)} {shown(external_id)} {_ALREADY.format(first)}"
                )

    def _check_identity(self, cells: _RowCells, event: WatchlistEvent) -> None:
        """Reject an event whose ids are in two rows; two ids of one marketplace are a double-header."""
        first = self._event_of_identity.get(_identity(event))
        if first is not None and first.external_ids.keys().isdisjoint(event.external_ids):
            cells.reasons.append(f"The same event, by name, venue and date, {_ALREADY.format(first.sheet_row)}")

    def _parse_timezone(self, text: str) -> Placement | None:
        if not text:
            return None
        name = self._zones.find_name(text)
        if name is None:
            raise CellProblem("is not an IANA timezone: write a name such as America/New_York, or leave it blank")
        return Placement(name, "column")


class _RowCells:
    """The cells of one row; collects every reason instead of stopping at the first."""

    def __init__(self, columns: Columns[Column], row: Sequence[str]) -> None:
        self.columns = columns
        self.reasons: list[str] = []
        self._row = row

    def read(self, field: Column, parse: Callable[[str], T]) -> T | None:
        """The parsed cell of `field`; None and one more reason where it is rejected."""
        text = self.text(field)
        try:
            check_formula(text)
            return parse(text)
        except CellProblem as problem:
            self.reasons.append(f"{self.columns.title(field)} {shown(text)} {problem}.")
            return None

    def text(self, field: Column) -> str:
        return self.columns.cell(self._row, field)

    def is_unidentified(self) -> bool:
        """Whether error or loading values hide which event this is."""
        names = [self.text(field) for field in (Field.NAME, *Marketplace)]
        return any(map(is_sheet_error, names)) and not any(text and not is_sheet_error(text) for text in names)

    def as_read(self) -> dict[str, str]:
        """Header → cell as read; a column whose header is repeated goes by its letter too."""
        raw: dict[str, str] = {}
        titles = len(self.columns.headers)
        for position, cell in enumerate([*self._row, *[""] * (titles - len(self._row))]):
            label = self.columns.label(position)
            if header_key(label) in RESULT_HEADERS:
                continue  # written by us, and no reason to take the row for another one than before
            if label in raw:
                label = f"{label} ({column_letter(position)})"
            if cell or position < titles:
                raw[label] = storable(cell)
        return raw


def _identity(event: WatchlistEvent) -> tuple[object, ...]:
    return event.name.casefold(), (event.venue or "").casefold(), event.event_date, event.is_time_known


def _read_ids(cells: _RowCells) -> dict[Marketplace, str]:
    """The row's marketplace ids; one more reason where it has none, not even a rejected one."""
    ids: dict[Marketplace, str] = {}
    reasons_before = len(cells.reasons)
    for marketplace in Marketplace:
        if found := cells.read(marketplace, partial(parse_event_id, marketplace)):
            ids[marketplace] = found
    if not ids and len(cells.reasons) == reasons_before:
        titles = [cells.columns.title(field) for field in Marketplace if field in cells.columns.positions]
        cells.reasons.append(f"The row has no marketplace id: fill in {' or '.join(titles)}.")
    return ids


def _check_clock(cells: _RowCells, local_time: LocalTime, timezone: str) -> None:
    """Reject a time that the venue's clocks do not show, and an offset that contradicts them."""
    where = f"{cells.columns.title(Field.DATE)} {shown(cells.text(Field.DATE))}"
    offsets = {None, *utc_offsets(local_time.value, timezone)}
    if local_time.is_time_known and not exists(local_time.value, timezone):
        cells.reasons.append(f"{where} does not exist in {timezone}: clocks go forward at that hour. Correct the time.")
    elif local_time.utc_offset not in offsets and not local_time.is_range_possible:
        cells.reasons.append(
            f"{where} has an offset from UTC that {timezone} does not have at that time: write the venue's local time "
            "without an offset."
        )
