"""A spreadsheet in memory: tabs of text cells, addressed by A1 ranges as the Sheets v4 API does.

What belongs here: cells and ranges. What does not: HTTP, tokens, permissions. Formats, formulas and number types are
left out: a cell is the text that the API's FORMATTED_VALUE shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GRID_ROWS = 1000
GRID_COLUMNS = 26

T = TypeVar("T")

_RANGE = re.compile(r"([A-Za-z]{0,3})(\d{0,7})(?::([A-Za-z]{0,3})(\d{0,7}))?")


class RangeError(ValueError):
    """A range that does not parse, or whose tab does not exist; the text is Google's."""


class _Block(NamedTuple):
    """A rectangle of cells: 0-based, ends exclusive, None = to the end of the data."""

    tab: str
    top: int
    left: int
    bottom: int | None
    right: int | None


@dataclass(slots=True)
class Spreadsheet:
    """Tabs by name, in order; each a list of rows of text. Tests may change `tabs` at any time.

    Attributes:
        title: the file's name.
        tabs: tab name → rows; rows may differ in length.
    """

    title: str
    tabs: dict[str, list[list[str]]] = field(default_factory=dict)

    def metadata(self, spreadsheet_id: str) -> dict[str, Any]:
        """The answer to `spreadsheets.get` without grid data."""
        return {
            "spreadsheetId": spreadsheet_id,
            "properties": {"title": self.title, "locale": "en_US", "timeZone": "Etc/GMT"},
            "sheets": [
                {"properties": self._tab_properties(index, name, rows)}
                for index, (name, rows) in enumerate(self.tabs.items())
            ],
        }

    def read(self, cells: str) -> dict[str, Any]:
        """The answer to `values.get`: empty cells at the end of a row and empty rows at the end are not sent.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parsed(cells)
        rows = [row[block.left : block.right] for row in self.tabs[block.tab][block.top : block.bottom]]
        values = _without_trailing([_without_trailing(row, "") for row in rows], [])
        width = GRID_COLUMNS if block.right is None else block.right - block.left
        height = GRID_ROWS if block.bottom is None else block.bottom - block.top
        answer = {"range": _a1(block, height=height, width=width), "majorDimension": "ROWS"}
        return {**answer, "values": values} if values else answer

    def write(self, cells: str, rows: Sequence[Sequence[object]]) -> dict[str, Any]:
        """Overwrite cells from the range's first cell on; None leaves a cell as it is.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parsed(cells)
        return self._put(block, rows)

    def append(self, cells: str, rows: Sequence[Sequence[object]]) -> dict[str, Any]:
        """Write rows below the last row of the tab that holds anything.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parsed(cells)
        filled = _without_trailing([_without_trailing(row, "") for row in self.tabs[block.tab]], [])
        return self._put(block._replace(top=len(filled)), rows)

    def clear(self, cells: str) -> str:
        """Empty the cells of a range; returns the range.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parsed(cells)
        for row in self.tabs[block.tab][block.top : block.bottom]:
            end = len(row) if block.right is None else min(block.right, len(row))
            row[block.left : end] = [""] * max(0, end - block.left)
        return _a1(block, height=GRID_ROWS, width=GRID_COLUMNS)

    def _put(self, block: _Block, rows: Sequence[Sequence[object]]) -> dict[str, Any]:
        grid = self.tabs[block.tab]
        for offset, values in enumerate(rows):
            while len(grid) <= block.top + offset:
                grid.append([])
            row = grid[block.top + offset]
            row.extend([""] * (block.left + len(values) - len(row)))
            for column, value in enumerate(values, start=block.left):
                if value is not None:
                    row[column] = _shown(value)
        width = max((len(values) for values in rows), default=0)
        return {
            "updatedRange": _a1(block, height=len(rows), width=width),
            "updatedRows": len(rows),
            "updatedColumns": width,
            "updatedCells": sum(len(values) for values in rows),
        }

    def _parsed(self, cells: str) -> _Block:
        if _unquoted(cells) in self.tabs:  # a bare tab name is the whole tab
            return _Block(_unquoted(cells), 0, 0, None, None)
        tab, separator, corners = cells.rpartition("!")
        name = _unquoted(tab) if separator else next(iter(self.tabs), "")
        match = _RANGE.fullmatch(corners)
        if name not in self.tabs or match is None:
            raise RangeError(f"Unable to parse range: {cells}")
        left, top, right, bottom = match.groups()
        if right is None and bottom is None:
            right, bottom = left, top
        return _Block(
            name,
            int(top) - 1 if top else 0,
            _column(left) if left else 0,
            int(bottom) if bottom else None,
            _column(right) + 1 if right else None,
        )

    @staticmethod
    def _tab_properties(index: int, name: str, rows: Sequence[Sequence[str]]) -> dict[str, Any]:
        width = max((len(row) for row in rows), default=0)
        grid = {"rowCount": max(GRID_ROWS, len(rows)), "columnCount": max(GRID_COLUMNS, width)}
        return {"sheetId": index, "title": name, "index": index, "sheetType": "GRID", "gridProperties": grid}


def _without_trailing(values: Iterable[T], empty: T) -> list[T]:
    kept = list(values)
    while kept and kept[-1] == empty:
        kept.pop()
    return kept


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == "'":
        return name[1:-1].replace("''", "'")
    return name


def _shown(value: object) -> str:
    """A written JSON value as the sheet then shows it."""
    return str(value).upper() if isinstance(value, bool) else str(value)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _a1(block: _Block, *, height: int, width: int) -> str:
    name = block.tab if block.tab.isalnum() else "'" + block.tab.replace("'", "''") + "'"
    first = f"{_letters(block.left)}{block.top + 1}"
    last = f"{_letters(block.left + max(width, 1) - 1)}{block.top + max(height, 1)}"
    return f"{name}!{first}" if first == last else f"{name}!{first}:{last}"
