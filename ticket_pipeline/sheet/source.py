"""The rows that a Google Sheet and a CSV file both give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A table as its owner sees it: text cells, with the header row and with short and empty rows.

    The index in `values` plus one is the row number that the owner sees; `source` is for messages.
    """

    values: list[list[str]]
    source: str
