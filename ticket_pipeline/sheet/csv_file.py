"""A watchlist kept in a CSV file, as a spreadsheet program saves it.

What belongs here: bytes to rows of text. What does not: what the cells mean (see `rows`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.source import SheetRows

if TYPE_CHECKING:
    from pathlib import Path

_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Rows of a CSV file: UTF-8 with or without a byte order mark; comma, semicolon or tab between the cells."""

    path: Path

    @property
    def description(self) -> str:
        """The file, by its path."""
        return f"the CSV file {self.path}"

    def read_rows(self) -> SheetRows:
        """Read the whole file.

        A quoted cell may span lines; a row's number is that of the spreadsheet, not of the text line.

        Raises:
            SheetError: the file is missing, unreadable, not UTF-8, or no CSV.
        """
        text = self._read_text()
        try:
            values = list(csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text), strict=True))
        except csv.Error as error:
            raise SheetError(
                f"Read {self.description}: it is no valid CSV ({error}). "
                "Look for a quotation mark that is never closed, or save the file again as CSV (UTF-8)."
            ) from error
        return SheetRows(values=values, source=self.description)

    def _read_text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise SheetError(
                f"Read {self.description}: there is no such file. Put it there, or correct the configured path."
            ) from error
        except UnicodeDecodeError as error:
            raise SheetError(
                f"Read {self.description}: byte {error.start} is not UTF-8. "
                "Save the file as 'CSV UTF-8' in the spreadsheet program."
            ) from error
        except OSError as error:
            raise SheetError(
                f"Read {self.description}: {error.strerror or error}. "
                "It must be a file that the user running this may read."
            ) from error


def _find_delimiter(text: str) -> str:
    """The delimiter that occurs most often outside quotes in the first line with text; a comma where none does.

    `csv.Sniffer` guesses over the whole text and takes letters or spaces for delimiters in small files, so we look at
    the header only: it has no numbers with a decimal comma and no free text.
    """
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)
