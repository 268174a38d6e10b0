"""`--json`, `--csv` and `--parquet FILE`: what a command that shows a table can give to other programs instead."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ticket_pipeline.cli.rows import Record, arrange_rows, write_csv
from ticket_pipeline.cli.tables import JsonOption, note, show_json
from ticket_pipeline.errors import TicketPipelineError

CsvOption = Annotated[
    bool, typer.Option("--csv", help="Rows with a header on stdout. A text that a spreadsheet would run begins with '.")
]
ParquetOption = Annotated[
    Path | None,
    typer.Option(
        "--parquet", metavar="FILE", dir_okay=False, help="The same rows, typed, into a Parquet file; it is replaced."
    ),
]


class NothingToWriteError(TicketPipelineError):
    """A file was asked for, and there is no row."""


@dataclass(frozen=True, slots=True)
class Output:
    """What the user chose; nothing: tables for people, which the command shows itself."""

    as_json: bool = False
    as_csv: bool = False
    parquet: Path | None = None

    @property
    def is_for_people(self) -> bool:
        """Whether the command shows tables and sentences."""
        return not (self.as_json or self.as_csv or self.parquet)

    def write(self, document: object, rows: Iterable[Sequence[Record]], *, if_empty: str = "There is no row.") -> bool:
        """Write what was chosen, or return False.

        Args:
            document: for JSON.
            rows: for CSV and Parquet; each row of records whose columns stand side by side (`arrange_rows`).
            if_empty: what to say where there are no rows. JSON says it by itself; a Parquet file needs a row, since its
                columns are those of the rows.
        """
        if self.is_for_people:
            return False
        if self.as_json:
            show_json(document)
            return True
        arranged = arrange_rows(rows)
        if self.parquet is None:
            write_csv(arranged, sys.stdout) if arranged.cells else note(if_empty)
        elif arranged.cells:
            from ticket_pipeline.cli.parquet import write_parquet  # noqa: PLC0415 - DuckDB takes a tenth of a second

            write_parquet(arranged, self.parquet)
            note(f"{len(arranged.cells):,} rows written to {self.parquet}.")
        else:
            raise NothingToWriteError(f"{self.parquet} was not written. {if_empty}")
        return True


def with_formats(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of this module; it receives what was chosen as `output`."""

    @functools.wraps(command)
    def run(*, as_json: bool, as_csv: bool, parquet: Path | None, **others: Any) -> None:  # noqa: ANN401 - its own
        if as_json + as_csv + (parquet is not None) > 1:
            raise typer.BadParameter("choose one of --json, --csv and --parquet")
        command(**others, output=Output(as_json, as_csv, parquet))

    own = inspect.signature(command, eval_str=True).parameters.values()
    formats = {"as_json": (JsonOption, False), "as_csv": (CsvOption, False), "parquet": (ParquetOption, None)}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in formats.items()
    ]
    parameters = [*(each for each in own if each.name != "output"), *added]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer reads it
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
