"""The rows that a Google Sheet and a CSV file both give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A table as its owner sees it: text cells, the header row included.

    Attributes:
        values: rows from the top of the sheet, short and empty ones included: index plus one is the row number shown.
        source: where the rows came from, for messages.
    """

    values: list[list[str]]
    source: str
