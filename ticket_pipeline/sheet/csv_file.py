"""A table in a CSV file, as a spreadsheet program saves it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.source import SheetRows

_DELIMITERS = (",", ";", "\t")
_SNIFFED_LINES = 10
_SEPARATOR_LINE = re.compile(r'"?sep=([^\s"])"?[\s;,]*\n', re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Rows of a CSV file: UTF-8 with or without a byte order mark; comma, semicolon or tab between the cells."""

    path: Path

    @property
    def description(self) -> str:
        """The file, by its path."""
        return f"the CSV file {self.path}"

    def read_rows(self) -> SheetRows:
        """Read the whole file. A row's number is that of the spreadsheet, not of the text line."""
        text = self._read_text()
        separator = _SEPARATOR_LINE.match(text)
        delimiter = self.find_delimiter(text)
        try:
            values = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise SheetError(
                f"Could not read {self.description}: it is not valid CSV ({error}). "
                "Look for a quotation mark that is never closed, or save the file again as CSV (UTF-8)."
            ) from error
        return SheetRows(values=values[1:] if separator else values, source=self.description)

    def find_delimiter(self, text: str | None = None) -> str:
        """What stands between the cells."""
        text = self._read_text() if text is None else text
        separator = _SEPARATOR_LINE.match(text)
        return separator[1] if separator else _find_delimiter(text)

    def _read_text(self) -> str:
        failed = f"Could not read {self.description}"
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise SheetError(f"{failed}: there is no such file. Create it, or correct the path.") from error
        except UnicodeDecodeError as error:
            fix = "Save the file as 'CSV UTF-8' in the spreadsheet program."
            raise SheetError(f"{failed}: byte {error.start} is not UTF-8. {fix}") from error
        except OSError as error:
            fix = "It must be a file that the user running this may read."
            raise SheetError(f"{failed}: {error.strerror or error}. {fix}") from error


def _find_delimiter(text: str) -> str:
    """The delimiter that occurs most often outside quotes, in lines with the same number of it; else a comma.

    `csv.Sniffer` takes letters or spaces for delimiters in small files. The header and the rows below it are alike; a
    title above them, or a number with a decimal comma, is not.
    """
    lines = ["".join(line.split('"')[::2]) for line in text.splitlines() if line.strip()][:_SNIFFED_LINES]

    def weight(delimiter: str) -> int:
        counts = Counter(line.count(delimiter) for line in lines)
        return max((count * alike for count, alike in counts.items()), default=0)

    return max(_DELIMITERS, key=weight)
