"""Output: tables that fit 80 columns or one JSON document on stdout; notes and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ticket_pipeline.cli.formats import plain

if TYPE_CHECKING:
    from ticket_pipeline.market.findings import Finding

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on stdout. Money is text, so that no cent is lost; times are ISO."),
]

_Row = TypeVar("_Row")

_MOST_DIGITS = 4


def new_table(*columns: str) -> Table:
    """A table with these columns; a name that begins with `>` is right-aligned, for numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns:
        # Folding keeps every character of a long name or id; an ellipsis would cut an id in two.
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left", overflow="fold")
    return table


def table_of(rows: Iterable[_Row], columns: Mapping[str, Callable[[_Row], str]]) -> Table:
    """A table with one line per row; each column maps its name (see `new_table`) to the text of its cell."""
    table = new_table(*columns)
    for row in rows:
        table.add_row(*(cell(row) for cell in columns.values()))
    return table


def show(*parts: Table | str) -> None:
    """Print tables, and sentences wrapped to the same width, to stdout."""
    console = _console(sys.stdout)
    for part in parts:
        console.print(part)


def show_lines(lines: Iterable[str]) -> None:
    """Print lines as they are to stdout."""
    for line in lines:
        _console(sys.stdout).print(line, soft_wrap=True)


def is_drawn(wanted: bool | None) -> bool:
    """Whether a chart is shown: as the user wants it, else in a terminal that has its characters."""
    can = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")
    return wanted if wanted is not None else can and _console(sys.stdout).is_terminal


def screen_width() -> int:
    """The columns of the terminal; 80 where there is none."""
    return _console(sys.stdout).width


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print facts beside their names to stdout, left for the terminal to wrap, so that commands can be copied whole."""
    rows = list(facts)
    width = max(len(name) for name, _ in rows)
    for name, fact in rows:
        _console(sys.stdout).print(f"{name:<{width}}  {fact}", soft_wrap=True)


def show_findings(findings: Iterable[Finding]) -> None:
    """Print checks as a table to stdout, with what to do below what was found."""
    columns: dict[str, Callable[[Finding], str]] = {
        "Check": lambda one: one.check,
        "State": lambda one: one.state,
        "Found": lambda one: plain(one.words) + (f"\n{plain(one.advice)}" if one.advice else ""),
    }
    show(table_of(findings, columns))


def show_json(document: object) -> None:
    """Print one JSON document to stdout."""
    sys.stdout.write(json.dumps(document, default=as_json, ensure_ascii=False, indent=2) + "\n")


def note(text: str) -> None:
    """Print a remark to stderr, left for the terminal to wrap, so that it can be copied whole."""
    _console(sys.stderr).print(text, soft_wrap=True)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, on terminals only; yields what advances it by a number of steps."""
    console = _console(sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def _console(stream: TextIO) -> Console:
    # No markup: a section named [red] is shown as it is.
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def readable(number: Decimal) -> Decimal:
    """A number without the digits that an estimate does not have: money has two or three, rates have four."""
    exponent = number.as_tuple().exponent
    return round(number, _MOST_DIGITS) if isinstance(exponent, int) and exponent < -_MOST_DIGITS else number


def as_json(value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    """What stands in JSON for a value that JSON does not have."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Decimal):
        return str(readable(value))
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()  # whatever zone the database session has
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
