"""A spreadsheet in memory: tabs of text cells, addressed by A1 ranges as the Sheets v4 API does.

A cell is the text that the API's FORMATTED_VALUE shows; formats, formulas and number types are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{0,7}))?")


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
    """A spreadsheet: tab name → rows of text, which may differ in length. Tests may change `tabs` at any time."""

    title: str
    tabs: dict[str, list[list[str]]] = field(default_factory=dict)

    def metadata(self, spreadsheet_id: str) -> dict[str, Any]:
        """The response to `spreadsheets.get` without grid data."""
        grid = {"rowCount": 1000, "columnCount": 26}
        return {
            "spreadsheetId": spreadsheet_id,
            "properties": {"title": self.title, "locale": "en_US", "timeZone": "Etc/GMT"},
            "sheets": [
                {"properties": {"sheetId": index, "title": name, "index": index, "gridProperties": grid}}
                for index, name in enumerate(self.tabs)
            ],
        }

    def read(self, cells: str) -> dict[str, Any]:
        """The response to `values.get`: empty cells at the end of a row and empty rows at the end are not sent.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parse(cells)
        rows = [_trimmed(row[block.left : block.right]) for row in self.tabs[block.tab][block.top : block.bottom]]
        values = _trimmed(rows)
        return {"range": cells, "majorDimension": "ROWS"} | ({"values": values} if values else {})

    def write(self, cells: str, rows: Sequence[Sequence[object]]) -> dict[str, Any]:
        """Overwrite cells from the range's first cell on; None leaves a cell unchanged.

        Raises:
            RangeError: the range does not parse or names no tab.
        """
        block = self._parse(cells)
        grid = self.tabs[block.tab]
        grid.extend([] for _ in range(block.top + len(rows) - len(grid)))
        for row, values in zip(grid[block.top :], rows, strict=False):
            row.extend([""] * (block.left + len(values) - len(row)))
            for column, value in enumerate(values, start=block.left):
                if value is not None:
                    row[column] = str(value).upper() if isinstance(value, bool) else str(value)
        return {"updatedRange": cells, "updatedRows": len(rows), "updatedCells": sum(len(values) for values in rows)}

    def _parse(self, cells: str) -> _Block:
        if _unquoted(cells) in self.tabs:  # a bare tab name is the whole tab
            return _Block(_unquoted(cells), 0, 0, None, None)
        tab, separator, corners = cells.rpartition("!")
        name = _unquoted(tab) if separator else next(iter(self.tabs), "")
        match = _RANGE.fullmatch(corners)
        if name not in self.tabs or match is None:
            raise RangeError(f"Unable to parse range: {cells}")
        left, top, right, bottom = match.groups()
        if right is None:
            right, bottom = left, top
        return _Block(name, int(top) - 1, _column(left) - 1, int(bottom) if bottom else None, _column(right))


def _trimmed(values: list[Any]) -> list[Any]:
    """Without the empty values at the end."""
    while values and not values[-1]:
        values = values[:-1]
    return values


def _unquoted(name: str) -> str:
    return name[1:-1].replace("''", "'") if len(name) > 1 and name[0] == name[-1] == "'" else name


def _column(letters: str) -> int:
    """The number of a column: A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
