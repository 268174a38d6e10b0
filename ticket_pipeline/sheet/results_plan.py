"""What to send so that a tab shows the results: new columns, or cells to change. Pure: nothing is sent here.

Nothing is ever written to a place by its letter: between reading and writing the user may have moved it. Columns are
made in one step that first inserts them and then names them, so that the names can only be those of new columns; values
go to these names, which follow their columns. So no cell of another column can be written. A value can land in
another row, where rows were sorted or moved meanwhile: the next reading shows it, and it is written again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from ticket_pipeline.sheet.cells import clean, shown, storable
from ticket_pipeline.sheet.columns import header_key
from ticket_pipeline.sheet.results import LOOKS, ResultColumn, Results, Value
from ticket_pipeline.sheet.results_grid import MEMORY_KEY, Grid

_LONGEST_TEXT = 1000
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - of a spreadsheet, on its own clock

_Entered = Mapping[str, Any]


@dataclass(slots=True)
class Plan:
    """What is to be done next.

    Attributes:
        requests: of `spreadsheets.batchUpdate`, which make columns; where there are any, nothing else is to be sent.
        data: of `values.batchUpdate`.
        made: the columns that `requests` make.
        cells: how many `data` changes.
        renamed: marked columns under another header, which are the user's now, as `Floor is now 'My floor'`.
        deleted: columns that the user deleted.
    """

    requests: list[dict[str, Any]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    made: list[ResultColumn] = field(default_factory=list)
    cells: int = 0
    renamed: list[str] = field(default_factory=list)
    deleted: list[ResultColumn] = field(default_factory=list)

    def change(self, range_name: str, changes: Mapping[int, _Entered]) -> None:
        """Add cells of one column, by row."""
        if changes:
            # Nothing at a place leaves its cell as it is; an empty text empties it.
            cells = [next(iter(changes[at].values()), "") if at in changes else None for at in range(max(changes) + 1)]
            self.data.append({"range": range_name, "majorDimension": "COLUMNS", "values": [cells]})
            self.cells += len(changes)


def plan_write(grid: Grid, header_at: int, results: Mapping[int, Results], asked: Collection[ResultColumn]) -> Plan:
    """Compare a tab with the results.

    Args:
        grid: the tab as read.
        header_at: index of its header.
        results: by the row number that the user sees.
        asked: columns to make even if the user deleted them; empty: those that were never decided on.
    """
    plan, present = Plan(), set()
    is_blank = _rows_without_text(grid, header_at)
    for position, (column, name) in sorted(grid.marked.items()):
        targets = {number - 1: _entered(row.get(column), grid.timezone) for number, row in results.items()}
        values = {_key(target) for target in targets.values() if target}
        title = grid.text(header_at, position)
        if header_key(title) != header_key(column):
            # What is under another header is the user's, unless one of our values landed on the header.
            held = grid.value(header_at, position)
            if held and "numberValue" not in held and _key(held) not in values:
                plan.renamed.append(f"{column} is now {shown(clean(title))}")
                continue
            targets[header_at] = {"stringValue": str(column)}
        present.add(column)
        values.add(_key({"stringValue": str(column)}))
        targets |= _cells_to_empty(grid, position, values, is_blank, {header_at, *targets})
        plan.change(name, {row: each for row, each in targets.items() if _key(each) != _key(grid.value(row, position))})
    decided = grid.memory.decided if grid.memory else frozenset()
    wanted = asked or set(ResultColumn) - decided
    plan.made = [column for column in ResultColumn if column in wanted and column not in present]
    plan.requests = list(_requests(grid, header_at, plan.made)) if plan.made else []
    kept = {column for column, _ in grid.marked.values()} | set(plan.made)
    plan.deleted = [column for column in ResultColumn if column in decided and column not in kept]
    return plan


def _rows_without_text(grid: Grid, header_at: int) -> set[int]:
    """The rows below the header with nothing in them but our cells."""
    return {
        row
        for row in range(header_at + 1, len(grid.values))
        if not any(cell for position, cell in enumerate(grid.values[row]) if position not in grid.marked)
    }


def _cells_to_empty(
    grid: Grid, position: int, values: Collection[object], is_blank: Collection[int], others: Collection[int]
) -> dict[int, _Entered]:
    """Rows of one of our columns that hold what is left of an event that is gone, or one of our values that strayed.

    A formula there is the user's, such as a total below the table, and so is any other value in a row with text.
    """
    return {
        row: {}
        for row in range(len(grid.values))
        if row not in others
        and "formulaValue" not in (held := grid.value(row, position))
        and (row in is_blank or _key(held) in values)
    }


def _entered(value: Value, timezone: str) -> _Entered:
    """A value as the API holds it; moments are on the clock of the spreadsheet, to the minute."""
    if value is None or value == "":
        return {}
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
        return {"numberValue": round((local - _DAY_ZERO) / timedelta(minutes=1)) / 1440}
    if isinstance(value, Decimal | int):
        return {"numberValue": float(value)}
    return {"stringValue": clean(storable(value))[:_LONGEST_TEXT]}


def _key(held: _Entered) -> tuple[str, ...]:
    """Alike for values that are the same; numbers come back from Google with 15 digits."""
    return tuple(f"{kind} {value:.12g}" if kind == "numberValue" else f"{kind} {value}" for kind, value in held.items())


def _requests(grid: Grid, header_at: int, made: list[ResultColumn]) -> Iterator[dict[str, Any]]:
    """Insert columns after all that the tab holds, name and format them; applied as one or not at all."""
    first = max((len(row) for row in grid.values[header_at:]), default=0)
    inserted = {"sheetId": grid.sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": first + len(made)}
    # The last column of a table may end the grid: there, only columns that take after the one before can be inserted.
    yield {"insertDimension": {"range": inserted, "inheritFromBefore": True}}
    for position, column in enumerate(made, first):
        yield from _column_requests(grid, header_at, position, column)
    decided = {"metadataKey": MEMORY_KEY, "metadataValue": ",".join(ResultColumn)}
    if grid.memory is not None:
        chosen = [{"developerMetadataLookup": {"metadataId": grid.memory.metadata_id}}]
        update = {"dataFilters": chosen, "developerMetadata": decided, "fields": "metadataValue"}
        yield {"updateDeveloperMetadata": update}
    else:
        place = {"location": {"sheetId": grid.sheet_id}, "visibility": "DOCUMENT"}
        yield {"createDeveloperMetadata": {"developerMetadata": decided | place}}


def _column_requests(grid: Grid, header_at: int, position: int, column: ResultColumn) -> Iterator[dict[str, Any]]:
    whole = {"sheetId": grid.sheet_id, "startColumnIndex": position, "endColumnIndex": position + 1}
    look = LOOKS[column]
    number_format = {"type": look.format_type, "pattern": look.pattern}
    # The new column takes after the one before it; the tick boxes of that must go.
    yield {
        "repeatCell": {
            "range": whole | {"startRowIndex": header_at + 1},
            "cell": {"userEnteredFormat": {"numberFormat": number_format}},
            "fields": "userEnteredFormat.numberFormat,dataValidation",
        }
    }
    header = {"userEnteredValue": {"stringValue": str(column)}, "note": look.note}
    start = {"sheetId": grid.sheet_id, "rowIndex": header_at, "columnIndex": position}
    yield {"updateCells": {"start": start, "rows": [{"values": [header]}], "fields": "userEnteredValue,note"}}
    names = (column.range_name + (f"_again{number}" if number else "") for number in count())
    name = next(name for name in names if name not in grid.range_names)
    yield {"addNamedRange": {"namedRange": {"name": name, "range": whole}}}
    cell = whole | {"startRowIndex": header_at, "endRowIndex": header_at + 1}
    guard = {"range": cell, "description": "Filled by ticket_pipeline", "warningOnly": True}
    yield {"addProtectedRange": {"protectedRange": guard}}
