"""Results in a file beside a CSV watchlist, which is itself never touched: `shows.results.csv` beside `shows.csv`."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import quote_formula
from ticket_pipeline.sheet.columns import WATCHLIST_ALIASES, Column, Field, find_header, match_headers
from ticket_pipeline.sheet.results import ResultColumn, Results, ResultsOf, Value, WriteReport

if TYPE_CHECKING:
    from ticket_pipeline.sheet.csv_file import CsvSource
    from ticket_pipeline.sheet.source import SheetRows

_IDENTITY: tuple[Column, ...] = (Field.NAME, Field.DATE, *Marketplace)


def write_beside(
    source: CsvSource, results_of: ResultsOf, *, asked: Collection[ResultColumn] = (), is_dry_run: bool = False
) -> WriteReport:
    """Write the results of a CSV watchlist beside it, one line for each of its rows; replaced as a whole or not at all.

    Args:
        source: the watchlist.
        results_of: what to write.
        asked: the columns; empty: all.
        is_dry_run: write nothing.

    Raises:
        SheetError: the watchlist could not be read, or the file not written.
    """
    target = source.path.with_suffix(".results.csv")
    rows = source.read_rows()
    results = results_of(rows)
    columns = [column for column in ResultColumn if not asked or column in asked]
    text = _render(rows, results, columns, source.find_delimiter())
    report = WriteReport(f"the CSV file {target}", rows=len(results), is_settled=True)
    try:
        if target.is_file() and target.read_bytes() == text.encode():
            return report
        report.cells, report.made = len(results) * len(columns), [] if target.is_file() else columns
        if not is_dry_run:
            _replace(target, text)
    except OSError as error:
        fix = "The folder must be one that the user running this may write into."
        raise SheetError(f"Could not write {report.target}: {error.strerror or error}. {fix}") from error
    return report


def _render(rows: SheetRows, results: Mapping[int, Results], columns: list[ResultColumn], delimiter: str) -> str:
    header_at = find_header(rows.values, WATCHLIST_ALIASES) or 0
    watchlist, _ = match_headers(rows.values[header_at], WATCHLIST_ALIASES)
    identity = [field for field in _IDENTITY if field in watchlist.positions]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["Row", *(quote_formula(watchlist.title(field)) for field in identity), *columns])
    for number, values in sorted(results.items()):
        own = [quote_formula(watchlist.cell(rows.values[number - 1], field)) for field in identity]
        writer.writerow([number, *own, *(_cell(values.get(column)) for column in columns)])
    return f"\N{BYTE ORDER MARK}{file.getvalue()}"  # without it, Excel reads UTF-8 as something else


def _cell(value: Value) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else quote_formula(value) if isinstance(value, str) else str(value)


def _replace(target: Path, text: str) -> None:
    """Write a file so that a reader finds the old one or the new one, never a part."""
    with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=target.parent, prefix=".", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
