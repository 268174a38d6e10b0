"""Tables: one definition each for the page and for its download as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ticket_pipeline.dashboard.formats import FILTERS
from ticket_pipeline.sheet.cells import quote_formula

if TYPE_CHECKING:
    from markupsafe import Markup

    from ticket_pipeline.charts import Chart

_MOST_DIGITS = 4
_MOMENTS = frozenset({"moment", "clock"})
_NUMBERS = frozenset({"money", "figure", "count", "share", "seconds", "change", "days", "duration"})


def NO_LINK(_: Any) -> None:  # noqa: N802, ANN401 - a constant that is called
    """Leads nowhere."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: its heading.
        value: of a row; as it is in the CSV, through the filter `show` on the page.
        show: a name of `formats.FILTERS`.
        link: where a cell leads to.
        help: what the heading means.
        action: a form instead of the cell, on the page alone.
        is_thin: whether the price of a row stands alone: marked on the page, a column of its own in the CSV.
    """

    title: str
    value: Callable[[Any], Any]
    show: str = "text"
    link: Callable[[Any], str | None] = NO_LINK
    help: str = ""
    action: Callable[[Any], Markup | None] | None = None
    is_thin: Callable[[Any], bool | None] | None = None

    def cell(self, row: Any, timezone: str = "UTC") -> str:  # noqa: ANN401 - as `value`
        """The cell of a row on the page; moments are on the clock of a zone."""
        if self.action is not None:
            return self.action(row) or ""
        clock = (timezone,) if self.show in _MOMENTS else ()
        return FILTERS[self.show](self.value(row), *clock)

    @property
    def is_number(self) -> bool:
        """Whether it is aligned as numbers are."""
        return self.show in _NUMBERS


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `empty` stands there where there are none; `note` below says what the numbers are.

    Moments are shown on the clock of `timezone`; the CSV has them as they are.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    empty: str = "Nothing yet."
    note: str = ""
    timezone: str = "UTC"


def table_of(name: str, chart: Chart) -> Table:
    """The numbers of a chart, for its download: each with its unit, and positions as values."""
    titles = [chart.x.title, *(f"{title} ({chart.unit})" for title, _ in chart.columns()), "Remarks"]
    rows = [
        (chart.x.value(at), *(values.get(at) for _, values in chart.columns()), remarks)
        for at, (*_, remarks) in zip(chart.at, chart.rows(), strict=True)
    ]
    return Table(name, chart.title, [Column(title, itemgetter(n)) for n, title in enumerate(titles)], rows)


def to_csv(table: Table) -> str:
    """A table as CSV: whole values, moments as ISO 8601, and no cell that a spreadsheet would run as a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    columns = [each for column in table.columns for each in _in_file(column)]
    writer.writerow(title for title, _ in columns)
    writer.writerows([_cell(value(row)) for _, value in columns] for row in table.rows)
    return file.getvalue()


def _in_file(column: Column) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    yield column.title, column.value
    if column.is_thin is not None:
        yield f"{column.title} is thin", column.is_thin


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal) and value != round(value, _MOST_DIGITS):
        return round(value, _MOST_DIGITS)
    return quote_formula(value) if isinstance(value, str) else value
