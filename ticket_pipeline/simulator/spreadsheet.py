"""A spreadsheet of the simulated Google Sheets: its cells, what follows them when they move, and updates by the API.

Whole tabs are read, as the pipeline does; updates by the API are in `sheet_updates`. People insert, delete, move, sort
and type, as they do in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeAlias

from ticket_pipeline.simulator.sheet_cells import Area, Cell, Dimension, InvalidRequestError

Rows: TypeAlias = list[list[str]]

_FIRST_COLUMNS = 26
FIRST_ROWS = 1000


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
    ids: count[int] = field(default_factory=lambda: count(1))

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
        cell, typed = Cell.of(self.pad(tab, row, column)[column]), Cell.of(text)
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
        grid = {"rowCount": max(FIRST_ROWS, len(self.tabs[name])), "columnCount": self.column_count(name)}
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

    def pad(self, tab: str, row: int, column: int) -> list[str]:
        """The row, made so long that it has the column."""
        rows = self.tabs[tab]
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
        return rows[row]

    def copy(self) -> Spreadsheet:
        """A draft, to be changed and then taken or thrown away."""
        return replace(
            self,
            tabs={name: [list(row) for row in rows] for name, rows in self.tabs.items()},
            names=[replace(each) for each in self.names],
            protected=[replace(each) for each in self.protected],
            metadata=[replace(each) for each in self.metadata],
            column_counts=dict(self.column_counts),
        )

    def take(self, draft: Spreadsheet) -> None:
        """Become what a draft is."""
        for name in ("tabs", "names", "protected", "metadata", "column_counts"):
            setattr(self, name, getattr(draft, name))


def _rearranged(items: list[Any], where: Callable[[int], int | None], empty: Callable[[], Any]) -> list[Any]:
    places = {at: item for old, item in enumerate(items) if (at := where(old)) is not None}
    return [places.get(at, empty()) for at in range(max(places, default=-1) + 1)]


def _trimmed(values: list[Any]) -> list[Any]:
    """Without the empty values at the end."""
    while values and not values[-1]:
        values = values[:-1]
    return values
