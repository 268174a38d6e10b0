"""The interface that a Google Sheet and a CSV file share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A table as its owner sees it: text cells, the header row included.

    Attributes:
        values: rows from the top of the sheet, short and empty ones included: index plus one is the row number shown.
        source: where the rows came from, for messages.
    """

    values: list[list[str]]
    source: str


class WatchlistSource(Protocol):
    """A table of text: the watchlist, or the venue map."""

    @property
    def description(self) -> str:
        """What is read, for messages; without secrets."""

    def read_rows(self) -> SheetRows:
        """Read the whole table now.

        Raises:
            SheetError: it could not be read as a whole.
        """
