"""One row of a watchlist to an event, or to all reasons why it is none.

What belongs here: what makes a row an event, alone and beside the good rows above it. What does not: how one cell is
read (see `cells`, `dates`, `event_ids`, `timezones`), and the table as a whole (see `rows`).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
from ticket_pipeline.sheet.cells import (
    CellProblem,
    check_formula,
    parse_capacity,
    parse_interval,
    parse_text,
    parse_tracked,
    shown,
    storable,
)
from ticket_pipeline.sheet.columns import ID_FIELDS, Columns, Field, column_letter
from ticket_pipeline.sheet.dates import DateOrder, LocalTime, parse_local_time
from ticket_pipeline.sheet.event_ids import parse_event_id
from ticket_pipeline.sheet.timezones import Placement, Timezones, to_utc, utc_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ticket_pipeline.market.vocabulary import Marketplace

T = TypeVar("T")

_LAST_MINUTE = timedelta(hours=23, minutes=59)


class _Claim(NamedTuple):
    """Something that only one row may have, and how a second row is told so."""

    key: tuple[object, ...]
    words: str


class RowReader:
    """Reads the rows of one table from the top down, and remembers what the good ones claim."""

    def __init__(
        self, columns: Columns[Field], zones: Timezones, default_timezone: str, date_order: DateOrder | None
    ) -> None:
        self._columns = columns
        self._zones = zones
        self._default = Placement(default_timezone, "default")
        self._date_order = date_order
        self._row_of_claim: dict[tuple[object, ...], int] = {}

    def read(self, row_number: int, row: Sequence[str]) -> WatchlistEvent | RejectedRow:
        """The event in `row`, or the row with all reasons why it is none."""
        cells = _RowCells(self._columns, row)
        event, claims = self._read_event(row_number, cells)
        for claim in claims:
            if first := self._row_of_claim.get(claim.key):
                cells.reasons.append(f"{claim.words} is already in row {first}: remove or correct one of the two rows.")
        if event is None or cells.reasons:
            return RejectedRow(row_number, cells.as_read(), tuple(cells.reasons))
        self._row_of_claim.update((claim.key, row_number) for claim in claims)
        return event

    def _read_event(self, row_number: int, cells: _RowCells) -> tuple[WatchlistEvent | None, list[_Claim]]:
        """The event as far as the row alone tells, and what it claims; None where a reason was found."""
        name = cells.read(Field.NAME, _parse_name)
        venue, city, country = (cells.read(field, parse_text) for field in (Field.VENUE, Field.CITY, Field.COUNTRY))
        local_time = cells.read(Field.DATE, lambda text: parse_local_time(text, self._date_order))
        named_zone = cells.read(Field.TIMEZONE, self._parse_timezone)
        is_tracked = cells.read(Field.IS_TRACKED, parse_tracked)
        capacity = cells.read(Field.CAPACITY, parse_capacity)
        poll_interval = cells.read(Field.INTERVAL, parse_interval)
        external_ids = _read_ids(cells)
        claims = _claims(cells, external_ids, name, venue, local_time)
        if name is None or local_time is None:
            return None, claims
        place = named_zone or self._zones.place(city, country, local_time.value) or self._default
        _check_offset(cells, local_time, place.timezone)
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
            event_at=to_utc(last_moment, place.timezone),
            is_tracked=is_tracked is not False,
            capacity=capacity,
            poll_interval=poll_interval,
            external_ids=external_ids,
            is_time_known=local_time.is_time_known,
        )
        return event, claims

    def _parse_timezone(self, text: str) -> Placement | None:
        if not text:
            return None
        name = self._zones.find_name(text)
        if name is None:
            raise CellProblem("is no IANA timezone: write a name such as America/New_York, or leave it blank")
        return Placement(name, "column")


class _RowCells:
    """The cells of one row; collects every reason instead of stopping at the first."""

    def __init__(self, columns: Columns[Field], row: Sequence[str]) -> None:
        self.columns = columns
        self.reasons: list[str] = []
        self._row = row

    def read(self, field: Field, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the cell of `field`; None and one more reason where it cannot be used."""
        text = self.text(field)
        try:
            check_formula(text)
            return parse(text)
        except CellProblem as problem:
            self.reasons.append(f"{self.columns.title(field)} {shown(text)} {problem}.")
            return None

    def text(self, field: Field) -> str:
        """The cleaned cell of `field`."""
        return self.columns.cell(self._row, field)

    def as_read(self) -> dict[str, str]:
        """Header → cell as read; a column whose header is repeated goes by its letter too."""
        raw: dict[str, str] = {}
        for position in range(max(len(self._row), len(self.columns.headers))):
            cell = storable(self._row[position]) if position < len(self._row) else ""
            label = self.columns.label(position)
            if label in raw:
                label = f"{label} ({column_letter(position)})"
            if cell or position < len(self.columns.headers):
                raw[label] = cell
        return raw


def _parse_name(text: str) -> str:
    name = parse_text(text)
    if name is None:
        raise CellProblem("is blank: give the event a name")
    return name


def _read_ids(cells: _RowCells) -> dict[Marketplace, str]:
    """The row's marketplace ids; one more reason where it has none, not even a broken one."""
    ids: dict[Marketplace, str] = {}
    reasons_before = len(cells.reasons)
    for field, marketplace in ID_FIELDS.items():
        if found := cells.read(field, partial(parse_event_id, marketplace)):
            ids[marketplace] = found
    if not ids and len(cells.reasons) == reasons_before:
        titles = [cells.columns.title(field) for field in ID_FIELDS if field in cells.columns.positions]
        cells.reasons.append(f"The row has no marketplace id: fill in {' or '.join(titles)}.")
    return ids


def _claims(
    cells: _RowCells,
    external_ids: dict[Marketplace, str],
    name: str | None,
    venue: str | None,
    local_time: LocalTime | None,
) -> list[_Claim]:
    """The ids, and the event itself: name and venue in any case, and the local time."""
    fields = {marketplace: field for field, marketplace in ID_FIELDS.items()}
    claims = [
        _Claim((marketplace, external_id), f"{cells.columns.title(fields[marketplace])} {shown(external_id)}")
        for marketplace, external_id in external_ids.items()
    ]
    if name is not None and local_time is not None:
        key = (name.casefold(), (venue or "").casefold(), local_time.value, local_time.is_time_known)
        claims.append(_Claim(key, "The same event, by name, venue and date,"))
    return claims


def _check_offset(cells: _RowCells, local_time: LocalTime, timezone: str) -> None:
    """Refuse a stated offset that contradicts the venue's clock: it is hours, and which is right, nobody knows."""
    if local_time.utc_offset is not None and local_time.utc_offset != utc_offset(local_time.value, timezone):
        cells.reasons.append(
            f"{cells.columns.title(Field.DATE)} {shown(cells.text(Field.DATE))} states an offset from UTC that "
            f"{timezone} does not have at that time: write the venue's local time without an offset."
        )
