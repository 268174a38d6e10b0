"""A spreadsheet of the simulated Google Sheets: its cells, what follows them when they move, and updates by the API.

Only what the pipeline uses is there: whole tabs are read, values are written raw to ranges that have names, and updates
insert, name, protect, format and note. People insert, delete, move, sort and type, as they do in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Literal, NamedTuple, Self, TypeAlias

Rows: TypeAlias = list[list[str]]
Dimension = Literal["ROWS", "COLUMNS"]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FIRST_COLUMNS = 26
_FIRST_ROWS = 1000


class InvalidRequestError(ValueError):
    """What Google refuses with status 400, in its words."""


class Cell(str):
    """A cell that is more than the text somebody typed: what the API wrote, and the note and format of the place."""

    __slots__ = ("entered", "note", "number_format")
    entered: dict[str, Any]
    note: str
    number_format: dict[str, str]

    @classmethod
    def of(cls, text: str) -> Self:
        """A cell with what a person typed; one that is a Cell stays as it is."""
        if isinstance(text, cls):
            return text
        number = {"numberValue": float(text)} if _NUMBER.fullmatch(text) else {"stringValue": text}
        return cls._with({"formulaValue": text} if text.startswith("=") else number if text else {})

    def holding(self, value: str | float | bool) -> Self:
        """The same place with a raw value."""
        kind = "boolValue" if value is True or value is False else "stringValue"
        entered = {kind: value} if isinstance(value, str | bool) else {"numberValue": value}
        return self._with({} if value == "" else entered, self.note, self.number_format)

    def noted(self, *, note: str | None = None, number_format: dict[str, str] | None = None) -> Self:
        """The same value with another note or format."""
        return self._with(self.entered, self.note if note is None else note, number_format or self.number_format)

    @classmethod
    def _with(cls, entered: dict[str, Any], note: str = "", number_format: dict[str, str] | None = None) -> Self:
        value = next(iter(entered.values()), "")
        cell = cls(format(value, ".15g") if "numberValue" in entered else value)
        cell.entered, cell.note, cell.number_format = entered, note, number_format or {}
        return cell

    def resource(self) -> dict[str, Any]:
        """The cell as the API sends it."""
        sent = {"formattedValue": str(self), "userEnteredValue": self.entered, "note": self.note}
        look = {"userEnteredFormat": {"numberFormat": self.number_format}} if self.number_format else {}
        return {name: value for name, value in sent.items() if value} | look


class Area(NamedTuple):
    """A range of one tab; None: unbounded. What is inserted in it widens it, and what is deleted of it narrows it."""

    tab: str
    rows: tuple[int, int] | None
    columns: tuple[int, int] | None

    def after(self, tab: str, dimension: Dimension, where: Callable[[int], int | None], size: int) -> Area:
        """The range once each index is where `where` says; None: it is deleted."""
        span = self.rows if dimension == "ROWS" else self.columns
        if tab != self.tab or span is None:
            return self
        kept = [at for at in map(where, range(span[0], min(span[1], size + 1000))) if at is not None]
        moved = (min(kept), max(kept) + 1) if kept else (span[0], span[0])
        return self._replace(rows=moved) if dimension == "ROWS" else self._replace(columns=moved)


@dataclass(slots=True)
class Marked:
    """A named range, a protected range or metadata, with its place."""

    area: Area
    resource: dict[str, Any]


@dataclass(slots=True)
class Spreadsheet:
    """A spreadsheet: tab name → rows of text, which may differ in length. Tests may change `tabs` at any time.

    A cell is the text that the API's FORMATTED_VALUE shows. Only whole tabs can be read, as the pipeline does.
    """

    title: str
    tabs: dict[str, Rows]
    timezone: str = "America/New_York"
    names: list[Marked] = field(default_factory=list)
    protected: list[Marked] = field(default_factory=list)
    metadata: list[Marked] = field(default_factory=list)
    column_counts: dict[str, int] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def resource(self, spreadsheet_id: str, tabs: Sequence[str] = ()) -> dict[str, Any]:
        """The whole response to `spreadsheets.get`; of all tabs where none is chosen."""
        chosen = {self._tab_name(tab) for tab in tabs}
        shown = [(index, name) for index, name in enumerate(self.tabs) if not tabs or name in chosen]
        return {
            "spreadsheetId": spreadsheet_id,
            "properties": {"title": self.title, "timeZone": self.timezone},
            "sheets": [self._sheet(index, name) for index, name in shown],
            "namedRanges": [marked.resource | {"range": self._grid_range(marked.area)} for marked in self.names],
        }

    def read(self, tab: str) -> dict[str, Any]:
        """The response to `values.get`: empty cells at the end of a row and empty rows at the end are not sent."""
        values = _trimmed([_trimmed(row) for row in self.tabs[self._tab_name(tab)]])
        return {"range": tab, "majorDimension": "ROWS"} | ({"values": values} if values else {})

    def write(self, data: Sequence[dict[str, Any]], value_input_option: str | None) -> int:
        """`values.batchUpdate`, raw, to named ranges: all or nothing. Returns how many cells were written."""
        if value_input_option != "RAW":
            raise InvalidRequestError("'valueInputOption' is required but not specified")
        draft = self._copy()
        written = sum(draft._write_range(each) for each in data)  # noqa: SLF001 - another of its kind
        self._become(draft)
        return written

    def apply(self, requests: Sequence[dict[str, Any]]) -> None:
        """`spreadsheets.batchUpdate`: all or nothing."""
        draft = self._copy()
        for number, request in enumerate(requests):
            ((kind, body),) = request.items()
            try:
                _REQUESTS[kind](draft, body)
            except InvalidRequestError as error:
                raise InvalidRequestError(f"Invalid requests[{number}].{kind}: {error}") from None
        self._become(draft)

    # --- what people do ---------------------------------------------------------------------------------------------

    def insert(self, tab: str, dimension: Dimension, at: int, number: int = 1) -> None:
        """Insert empty rows or columns before an index."""
        self._rearrange(tab, dimension, lambda old: old if old < at else old + number)
        if dimension == "COLUMNS":
            self.column_counts[tab] = self.column_count(tab) + number

    def delete(self, tab: str, dimension: Dimension, at: int) -> None:
        """Delete a row or column, and what marks it."""
        self._rearrange(tab, dimension, lambda old: None if old == at else old - (old > at))
        if dimension == "COLUMNS":
            self.column_counts[tab] = self.column_count(tab) - 1

    def move(self, tab: str, dimension: Dimension, source: int, target: int) -> None:
        """Drag a row or column to another index."""

        def where(old: int) -> int:
            if old == source:
                return target
            closed = old - (old > source)
            return closed + (closed >= target)

        self._rearrange(tab, dimension, where)

    def sort(self, tab: str, first: int, key: Callable[[list[str]], Any]) -> None:
        """Sort the rows from an index on: cells move, ranges stay."""
        rows = self.tabs[tab]
        rows[first:] = sorted(rows[first:], key=key)

    def type(self, tab: str, row: int, column: int, text: str) -> None:
        """Type into a cell; its note and format stay."""
        cell, typed = Cell.of(self._pad(tab, row, column)[column]), Cell.of(text)
        self.tabs[tab][row][column] = typed.noted(note=cell.note, number_format=cell.number_format)

    def column_count(self, tab: str) -> int:
        """The columns of a tab, empty ones too."""
        return max(self.column_counts.get(tab, _FIRST_COLUMNS), *(len(row) for row in self.tabs[tab]), 0)

    def position_of(self, name: str) -> int | None:
        """The column that a name is for; None: it is deleted."""
        areas = [marked.area for marked in self.names if marked.resource["name"] == name]
        spans = [area.columns for area in areas if area.columns is not None]
        return spans[0][0] if spans and spans[0][0] < spans[0][1] else None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _rearrange(self, tab: str, dimension: Dimension, where: Callable[[int], int | None]) -> None:
        if dimension == "ROWS":
            self.tabs[tab] = _rearranged(self.tabs[tab], where, list)
        else:
            self.tabs[tab] = [_rearranged(row, where, str) for row in self.tabs[tab]]
        for marked in (*self.names, *self.protected):
            marked.area = marked.area.after(tab, dimension, where, len(self.tabs[tab]))

    def _tab_name(self, tab: str) -> str:
        name = tab[1:-1].replace("''", "'") if len(tab) > 1 and tab[0] == tab[-1] == "'" else tab
        if name not in self.tabs:
            raise InvalidRequestError(f"Unable to parse range: {tab}")
        return name

    def _sheet(self, index: int, name: str) -> dict[str, Any]:
        grid = {"rowCount": max(_FIRST_ROWS, len(self.tabs[name])), "columnCount": self.column_count(name)}
        rows = _trimmed([[Cell.of(cell).resource() for cell in row] for row in self.tabs[name]])
        protected = [marked for marked in self.protected if marked.area.tab == name]
        return {
            "properties": {"sheetId": index, "title": name, "index": index, "gridProperties": grid},
            "data": [{"rowData": [{"values": _trimmed(row)} if _trimmed(row) else {} for row in rows]}],
            "protectedRanges": [each.resource | {"range": self._grid_range(each.area)} for each in protected],
            "developerMetadata": [each.resource for each in self.metadata if each.area.tab == name],
        }

    def _grid_range(self, area: Area) -> dict[str, int]:
        """As the API sends it: without zeros."""
        numbers = {"sheetId": list(self.tabs).index(area.tab)}
        for name, span in (("Row", area.rows), ("Column", area.columns)):
            if span is not None:
                numbers |= {f"start{name}Index": span[0], f"end{name}Index": span[1]}
        return {name: number for name, number in numbers.items() if number}

    def _area(self, grid_range: dict[str, int]) -> Area:
        tab = list(self.tabs)[grid_range["sheetId"]]
        spans = []
        for name, most in (("Row", None), ("Column", self.column_count(tab))):
            start, end = grid_range.get(f"start{name}Index", 0), grid_range.get(f"end{name}Index")
            if most is not None and not 0 <= start <= (most if end is None else end) <= most:
                raise InvalidRequestError(f"range exceeds the grid of {most} columns")
            spans.append((start, end if end is not None else _FIRST_ROWS * 100) if start or end is not None else None)
        return Area(tab, *spans)

    def _write_range(self, data: dict[str, Any]) -> int:
        area = next((each.area for each in self.names if each.resource["name"] == data["range"]), None)
        if area is None or area.columns is None or area.columns[0] == area.columns[1]:
            raise InvalidRequestError(f"Unable to parse range: {data['range']}")
        (first, last), top = area.columns, area.rows[0] if area.rows else 0
        by_column = (
            data["values"] if data.get("majorDimension") == "COLUMNS" else list(zip(*data["values"], strict=True))
        )
        if first + len(by_column) > last:
            raise InvalidRequestError(f"Requested writing within range [{data['range']}], but tried writing to column")
        written = [
            (top + row, first + at, value)
            for at, column in enumerate(by_column)
            for row, value in enumerate(column)
            if value is not None
        ]
        for row, column, value in written:
            self.tabs[area.tab][row][column] = Cell.of(self._pad(area.tab, row, column)[column]).holding(value)
        return len(written)

    def _pad(self, tab: str, row: int, column: int) -> list[str]:
        """The row, made so long that it has the column."""
        rows = self.tabs[tab]
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
        return rows[row]

    def _copy(self) -> Spreadsheet:
        return replace(
            self,
            tabs={name: [list(row) for row in rows] for name, rows in self.tabs.items()},
            names=[replace(each) for each in self.names],
            protected=[replace(each) for each in self.protected],
            metadata=[replace(each) for each in self.metadata],
            column_counts=dict(self.column_counts),
        )

    def _become(self, other: Spreadsheet) -> None:
        for name in ("tabs", "names", "protected", "metadata", "column_counts"):
            setattr(self, name, getattr(other, name))

    # --- requests of spreadsheets.batchUpdate -----------------------------------------------------------------------

    def _insert_dimension(self, body: dict[str, Any]) -> None:
        place, tab = body["range"], list(self.tabs)[body["range"]["sheetId"]]
        start, size = place["startIndex"], self.column_count(tab)
        if start > size or (start == size and not body.get("inheritFromBefore")):
            raise InvalidRequestError(f"range.startIndex must be less than the grid size ({size})")
        if start == 0 and body.get("inheritFromBefore"):
            raise InvalidRequestError("inheritFromBefore cannot be true if startIndex is 0")
        self.insert(tab, place["dimension"], start, place["endIndex"] - start)

    def _repeat_cell(self, body: dict[str, Any]) -> None:
        area = self._area(body["range"])
        look = body["cell"].get("userEnteredFormat", {}).get("numberFormat", {})
        top = area.rows[0] if area.rows else 0
        for row in range(top, len(self.tabs[area.tab])):
            for column in range(*(area.columns or (0, 0))):
                cell = Cell.of(self._pad(area.tab, row, column)[column])
                self.tabs[area.tab][row][column] = cell.noted(number_format=look)

    def _update_cells(self, body: dict[str, Any]) -> None:
        start, tab = body["start"], list(self.tabs)[body["start"]["sheetId"]]
        for down, row in enumerate(body["rows"]):
            for right, new in enumerate(row["values"]):
                at, column = start["rowIndex"] + down, start["columnIndex"] + right
                cell = Cell.of(self._pad(tab, at, column)[column])
                if "userEnteredValue" in body["fields"].split(","):
                    cell = cell.holding(next(iter(new.get("userEnteredValue", {}).values()), ""))
                if "note" in body["fields"].split(","):
                    cell = cell.noted(note=new.get("note", ""))
                self.tabs[tab][at][column] = cell

    def _add_named_range(self, body: dict[str, Any]) -> None:
        named = dict(body["namedRange"])
        area = self._area(named.pop("range"))
        if any(named["name"] == each.resource["name"] for each in self.names):
            raise InvalidRequestError(f"A named range with that name already exists: {named['name']}")
        self.names.append(Marked(area, {"namedRangeId": f"range-{next(self._ids)}"} | named))

    def _add_protected_range(self, body: dict[str, Any]) -> None:
        protected = dict(body["protectedRange"])
        area = self._area(protected.pop("range"))
        self.protected.append(Marked(area, {"protectedRangeId": next(self._ids)} | protected))

    def _create_metadata(self, body: dict[str, Any]) -> None:
        made = body["developerMetadata"] | {"metadataId": next(self._ids)}
        self.metadata.append(Marked(Area(list(self.tabs)[made["location"]["sheetId"]], None, None), made))

    def _update_metadata(self, body: dict[str, Any]) -> None:
        wanted = {each["developerMetadataLookup"]["metadataId"] for each in body["dataFilters"]}
        found = [each for each in self.metadata if each.resource["metadataId"] in wanted]
        if not found:
            raise InvalidRequestError("No developer metadata matched")
        for each in found:
            changes = {name: body["developerMetadata"][name] for name in body["fields"].split(",")}
            each.resource = each.resource | changes


_REQUESTS: dict[str, Callable[[Spreadsheet, dict[str, Any]], None]] = {
    "insertDimension": Spreadsheet._insert_dimension,  # noqa: SLF001 - the table of its requests
    "repeatCell": Spreadsheet._repeat_cell,  # noqa: SLF001
    "updateCells": Spreadsheet._update_cells,  # noqa: SLF001
    "addNamedRange": Spreadsheet._add_named_range,  # noqa: SLF001
    "addProtectedRange": Spreadsheet._add_protected_range,  # noqa: SLF001
    "createDeveloperMetadata": Spreadsheet._create_metadata,  # noqa: SLF001
    "updateDeveloperMetadata": Spreadsheet._update_metadata,  # noqa: SLF001
}


def masked(resource: Any, fields: str) -> Any:  # noqa: ANN401 - JSON
    """What a field mask such as `a,b(c,d.e)` leaves of a resource; lists pass it on to each of their items."""
    if isinstance(resource, list):
        return [masked(item, fields) for item in resource]
    left: dict[str, Any] = {}
    for name, inner in _split_mask(fields):
        if name in resource:
            left[name] = masked(resource[name], inner) if inner else resource[name]
    return left


def _split_mask(fields: str) -> list[tuple[str, str]]:
    """The names of a mask with what is selected inside each; empty: all."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(fields + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(fields[start:at])
            start = at + 1
    pairs = (re.fullmatch(r"(\w+)(?:\.(.+)|\((.+)\))?", part) for part in parts)
    return [(found[1], found[2] or found[3] or "") for found in pairs if found]


def _rearranged(items: list[Any], where: Callable[[int], int | None], empty: Callable[[], Any]) -> list[Any]:
    places = {at: item for old, item in enumerate(items) if (at := where(old)) is not None}
    return [places.get(at, empty()) for at in range(max(places, default=-1) + 1)]


def _trimmed(values: list[Any]) -> list[Any]:
    """Without the empty values at the end."""
    while values and not values[-1]:
        values = values[:-1]
    return values
