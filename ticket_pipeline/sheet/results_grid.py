"""One tab of a Google Sheet as one request returns it, all at one moment: its values, and what marks our columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ticket_pipeline.sheet.results import ResultColumn

GRID_FIELDS = (
    "properties.timeZone,namedRanges,sheets(properties(sheetId,gridProperties.columnCount),"
    "developerMetadata(metadataId,metadataKey,metadataValue),data.rowData.values(formattedValue,userEnteredValue))"
)
MEMORY_KEY = "ticket_pipeline_columns"
"""Metadata of the tab: the columns that were decided on, so that one that the user deletes is not made again."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The columns that were made, or left out by the user's choice, in earlier writes."""

    metadata_id: int
    decided: frozenset[str]


@dataclass(frozen=True, slots=True)
class Grid:
    """A tab.

    Attributes:
        values: the text that its owner sees; rows and cells at the end may be missing.
        entered: `userEnteredValue` of each cell: one of numberValue, stringValue, boolValue, formulaValue; or nothing.
        marked: position → our column and the name of the range that is that column, wherever the user moved it.
        range_names: all that are taken.
        memory: None before the first write.
    """

    sheet_id: int
    timezone: str
    values: list[list[str]]
    entered: list[list[Mapping[str, Any]]]
    marked: Mapping[int, tuple[ResultColumn, str]]
    range_names: frozenset[str]
    memory: Memory | None

    def text(self, row: int, position: int) -> str:
        """The text of a cell; blank beyond the end."""
        return self.values[row][position] if row < len(self.values) and position < len(self.values[row]) else ""

    def value(self, row: int, position: int) -> Mapping[str, Any]:
        """What a cell holds."""
        return self.entered[row][position] if row < len(self.entered) and position < len(self.entered[row]) else {}


def read_grid(body: Mapping[str, Any]) -> Grid:
    """The tab in a response of `spreadsheets.get`; a KeyError or the like where it is none."""
    (sheet,) = body["sheets"]
    sheet_id = sheet["properties"]["sheetId"]
    ranges = body.get("namedRanges", [])
    rows = [row.get("values", []) for data in sheet.get("data", []) for row in data.get("rowData", [])]
    return Grid(
        sheet_id=sheet_id,
        timezone=body["properties"].get("timeZone", "UTC"),
        values=[[cell.get("formattedValue", "") for cell in row] for row in rows],
        entered=[[cell.get("userEnteredValue", {}) for cell in row] for row in rows],
        marked=dict(filter(None, (_mark(named, sheet_id) for named in ranges))),
        range_names=frozenset(named["name"] for named in ranges),
        memory=next(filter(None, map(_memory, sheet.get("developerMetadata", []))), None),
    )


def _mark(named: Mapping[str, Any], sheet_id: int) -> tuple[int, tuple[ResultColumn, str]] | None:
    """The column that a named range marks as ours; that of a deleted column is empty, and zeros may not be sent."""
    area = named.get("range", {})
    start, end = area.get("startColumnIndex", 0), area.get("endColumnIndex", 0)
    if area.get("sheetId", 0) != sheet_id or area.get("startRowIndex", 0) or end - start != 1:
        return None
    own_name = named["name"].rpartition("!")[2]  # in a copied tab: 'Copy of Events'!tickets_floor
    found = (column for column in ResultColumn if re.fullmatch(column.range_name + r"(_again\d+)?", own_name))
    return next(((start, (column, named["name"])) for column in found), None)


def _memory(metadata: Mapping[str, Any]) -> Memory | None:
    if metadata.get("metadataKey") != MEMORY_KEY:
        return None
    return Memory(metadata["metadataId"], frozenset(metadata.get("metadataValue", "").split(",")))
