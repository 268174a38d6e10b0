"""Where a watchlist comes from: the one small interface that a Google Sheet and a CSV file share.

What belongs here: the shape of a read table and the promise of a source. What does not: how a table is fetched (see
`google` and `csv_file`) and what its cells mean (see `rows`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A table as its owner sees it: text cells, the header row included, nothing interpreted.

    Attributes:
        values: rows from the top of the sheet; short and empty rows are allowed, so that the index of a row plus one is
            the row number the user sees.
        source: where the rows came from, in words that fit into an error message.
    """

    values: list[list[str]]
    source: str


class WatchlistSource(Protocol):
    """Something that holds a table of text: the watchlist, or the venue map."""

    @property
    def description(self) -> str:
        """What is read, in words that fit into an error message; holds no secret."""

    def read_rows(self) -> SheetRows:
        """Read the whole table now.

        Raises:
            SheetError: it could not be read; nothing is half read.
        """
