"""Updates of the simulated Google Sheets by the API: all of a request, or nothing of it.

Only what the pipeline sends is there: raw values for ranges that have names, and requests that insert columns, name,
protect, format and note them, and remember.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ticket_pipeline.simulator.sheet_cells import Area, Cell, InvalidRequestError
from ticket_pipeline.simulator.spreadsheet import FIRST_ROWS, Marked, Spreadsheet


def write_values(spreadsheet: Spreadsheet, data: Sequence[dict[str, Any]], value_input_option: str | None) -> int:
    """`values.batchUpdate`, raw, to named ranges. Returns how many cells were written."""
    if value_input_option != "RAW":
        raise InvalidRequestError("'valueInputOption' is required but not specified")
    draft = spreadsheet.copy()
    written = sum(_write_range(draft, each) for each in data)
    spreadsheet.take(draft)
    return written


def apply_requests(spreadsheet: Spreadsheet, requests: Sequence[dict[str, Any]]) -> None:
    """`spreadsheets.batchUpdate`."""
    draft = spreadsheet.copy()
    for number, request in enumerate(requests):
        ((kind, body),) = request.items()
        try:
            _REQUESTS[kind](draft, body)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"Invalid requests[{number}].{kind}: {error}") from None
    spreadsheet.take(draft)


def _write_range(draft: Spreadsheet, data: dict[str, Any]) -> int:
    area = next((each.area for each in draft.names if each.resource["name"] == data["range"]), None)
    if area is None or area.columns is None or area.columns[0] == area.columns[1]:
        raise InvalidRequestError(f"Unable to parse range: {data['range']}")
    (first, last), top = area.columns, area.rows[0] if area.rows else 0
    by_column = data["values"] if data.get("majorDimension") == "COLUMNS" else list(zip(*data["values"], strict=True))
    if first + len(by_column) > last:
        raise InvalidRequestError(f"Requested writing within range [{data['range']}], but tried writing to column")
    written = [
        (top + row, first + at, value)
        for at, column in enumerate(by_column)
        for row, value in enumerate(column)
        if value is not None
    ]
    for row, column, value in written:
        draft.tabs[area.tab][row][column] = Cell.of(draft.pad(area.tab, row, column)[column]).holding(value)
    return len(written)


def _area(draft: Spreadsheet, grid_range: dict[str, int]) -> Area:
    tab = list(draft.tabs)[grid_range["sheetId"]]
    spans = []
    for name, most in (("Row", None), ("Column", draft.column_count(tab))):
        start, end = grid_range.get(f"start{name}Index", 0), grid_range.get(f"end{name}Index")
        if most is not None and not 0 <= start <= (most if end is None else end) <= most:
            raise InvalidRequestError(f"range exceeds the grid of {most} columns")
        spans.append((start, end if end is not None else FIRST_ROWS * 100) if start or end is not None else None)
    return Area(tab, *spans)


def _insert_dimension(draft: Spreadsheet, body: dict[str, Any]) -> None:
    place, tab = body["range"], list(draft.tabs)[body["range"]["sheetId"]]
    start, size = place["startIndex"], draft.column_count(tab)
    if start > size or (start == size and not body.get("inheritFromBefore")):
        raise InvalidRequestError(f"range.startIndex must be less than the grid size ({size})")
    if start == 0 and body.get("inheritFromBefore"):
        raise InvalidRequestError("inheritFromBefore cannot be true if startIndex is 0")
    draft.insert(tab, place["dimension"], start, place["endIndex"] - start)


def _repeat_cell(draft: Spreadsheet, body: dict[str, Any]) -> None:
    area = _area(draft, body["range"])
    look = body["cell"].get("userEnteredFormat", {}).get("numberFormat", {})
    top = area.rows[0] if area.rows else 0
    for row in range(top, len(draft.tabs[area.tab])):
        for column in range(*(area.columns or (0, 0))):
            cell = Cell.of(draft.pad(area.tab, row, column)[column])
            draft.tabs[area.tab][row][column] = cell.noted(number_format=look)


def _update_cells(draft: Spreadsheet, body: dict[str, Any]) -> None:
    start, tab = body["start"], list(draft.tabs)[body["start"]["sheetId"]]
    for down, row in enumerate(body["rows"]):
        for right, new in enumerate(row["values"]):
            at, column = start["rowIndex"] + down, start["columnIndex"] + right
            cell = Cell.of(draft.pad(tab, at, column)[column])
            if "userEnteredValue" in body["fields"].split(","):
                cell = cell.holding(next(iter(new.get("userEnteredValue", {}).values()), ""))
            if "note" in body["fields"].split(","):
                cell = cell.noted(note=new.get("note", ""))
            draft.tabs[tab][at][column] = cell


def _add_named_range(draft: Spreadsheet, body: dict[str, Any]) -> None:
    named = dict(body["namedRange"])
    area = _area(draft, named.pop("range"))
    if any(named["name"] == each.resource["name"] for each in draft.names):
        raise InvalidRequestError(f"A named range with that name already exists: {named['name']}")
    draft.names.append(Marked(area, {"namedRangeId": f"range-{next(draft.ids)}"} | named))


def _add_protected_range(draft: Spreadsheet, body: dict[str, Any]) -> None:
    protected = dict(body["protectedRange"])
    area = _area(draft, protected.pop("range"))
    draft.protected.append(Marked(area, {"protectedRangeId": next(draft.ids)} | protected))


def _create_metadata(draft: Spreadsheet, body: dict[str, Any]) -> None:
    made = body["developerMetadata"] | {"metadataId": next(draft.ids)}
    draft.metadata.append(Marked(Area(list(draft.tabs)[made["location"]["sheetId"]], None, None), made))


def _update_metadata(draft: Spreadsheet, body: dict[str, Any]) -> None:
    wanted = {each["developerMetadataLookup"]["metadataId"] for each in body["dataFilters"]}
    found = [each for each in draft.metadata if each.resource["metadataId"] in wanted]
    if not found:
        raise InvalidRequestError("No developer metadata matched")
    for each in found:
        changes = {name: body["developerMetadata"][name] for name in body["fields"].split(",")}
        each.resource = each.resource | changes


_REQUESTS: dict[str, Callable[[Spreadsheet, dict[str, Any]], None]] = {
    "insertDimension": _insert_dimension,
    "repeatCell": _repeat_cell,
    "updateCells": _update_cells,
    "addNamedRange": _add_named_range,
    "addProtectedRange": _add_protected_range,
    "createDeveloperMetadata": _create_metadata,
    "updateDeveloperMetadata": _update_metadata,
}
