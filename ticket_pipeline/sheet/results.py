"""The columns that the pipeline writes into the user's table: headers, number formats, and what each says.

What belongs here: the columns. What does not: where the numbers come from (`outputs`), and how they get into a Google
Sheet (`write`) or beside a CSV file (`results_csv`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.sheet.columns import header_key
from ticket_pipeline.sheet.source import SheetRows


class ResultColumn(StrEnum):
    """A column of results; the value is its header."""

    FLOOR = "Floor"
    GET_IN_1 = "Get-in 1"
    GET_IN_2 = "Get-in 2"
    GET_IN_4 = "Get-in 4"
    CHANGE_24_HOURS = "Change 24 h"
    CHANGE_7_DAYS = "Change 7 d"
    TICKETS = "Tickets"
    ESTIMATED_SALES = "Estimated sales 24 h"
    PERCENTILE = "Percentile"
    LAST_SEEN = "Last seen"
    STATUS = "Status"
    LINK = "Link"

    @property
    def range_name(self) -> str:
        """The name of the column's range in a Google Sheet, such as `tickets_get_in_1`; formulas can use it too."""
        return "tickets_" + re.sub(r"\W+", "_", self.casefold())


Value: TypeAlias = Decimal | int | datetime | str | None
"""Of one cell: a number, a moment (aware UTC), a text, or nothing. Text is never read as a formula."""

RESULT_HEADERS = frozenset(header_key(column) for column in ResultColumn)
"""The headers, as `header_key` reduces them: reading a watchlist passes over what is below them."""

Results: TypeAlias = Mapping[ResultColumn, Value]
"""Of one row; a column that is missing is blank."""


ResultsOf: TypeAlias = Callable[[SheetRows], Mapping[int, Results]]
"""A table as read → results by the row number that its owner sees."""


@dataclass(slots=True)
class WriteReport:
    """What one write did.

    Attributes:
        target: what was written, for messages.
        rows: with results.
        cells: changed, repairs included.
        renamed: our columns under another header, which are left alone, as `Floor is now 'My floor'`.
        deleted: columns that the user deleted; they are made again only when asked for.
        is_settled: whether the last reading showed every value in its place; edits without a pause can prevent it.
    """

    target: str
    rows: int = 0
    cells: int = 0
    made: list[ResultColumn] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    deleted: list[ResultColumn] = field(default_factory=list)
    is_settled: bool = False


class Look(NamedTuple):
    """How a column of a Google Sheet shows its values, and the note on its header."""

    format_type: str
    pattern: str
    note: str


_SIGNED_PERCENT = '+0.0" %";-0.0" %";0.0" %"'
_MARKET = "of the marketplace with the lowest floor; Status names it, its currency and whether fees are in."
_OWNED = (
    "ticket_pipeline fills this column. Move, hide or format it as you like; delete it and it is not made again. Under "
    "another header it is left alone."
)


def _look(format_type: str, pattern: str, words: str) -> Look:
    return Look(format_type, pattern, f"{words}\n\n{_OWNED}")


def _get_in(number: int) -> Look:
    return _look("NUMBER", "#,##0.00", f"Lowest price per ticket among listings that sell {number} together, {_MARKET}")


def _change(span: str) -> Look:
    return _look("NUMBER", _SIGNED_PERCENT, f"Change of the floor in percent, against {span} before the last capture.")


LOOKS: Mapping[ResultColumn, Look] = {
    ResultColumn.FLOOR: _look(
        "NUMBER",
        "#,##0.00",
        f"Lowest price per ticket with at least 3 listings within 15 % above it, {_MARKET} Blank: no such price.",
    ),
    ResultColumn.GET_IN_1: _get_in(1),
    ResultColumn.GET_IN_2: _get_in(2),
    ResultColumn.GET_IN_4: _get_in(4),
    ResultColumn.CHANGE_24_HOURS: _change("24 hours"),
    ResultColumn.CHANGE_7_DAYS: _change("7 days"),
    ResultColumn.TICKETS: _look(
        "NUMBER", "#,##0", "Tickets for sale there in the last capture; no parking, no extras."
    ),
    ResultColumn.ESTIMATED_SALES: _look(
        "NUMBER", "#,##0", "Tickets that probably sold there in the last 24 hours: an estimate from what vanished."
    ),
    ResultColumn.PERCENTILE: _look(
        "NUMBER",
        "0",
        "How the floor moved since 30 days before the event, among similar past events: 62 is more than 62 % of them.",
    ),
    ResultColumn.LAST_SEEN: _look(
        "DATE_TIME", "yyyy-mm-dd hh:mm", "The last capture that is trusted, in the time zone of this spreadsheet."
    ),
    ResultColumn.STATUS: _look("TEXT", "@", "Marketplace, currency and fees of the numbers, or what is wrong."),
    ResultColumn.LINK: _look("TEXT", "@", "The page of the event in the dashboard, while that runs."),
}


def parse_columns(names: Iterable[str]) -> list[ResultColumn]:
    """The columns that a user names by their headers, in any case and spacing; a ConfigurationError for others."""
    known = {header_key(column): column for column in ResultColumn}
    wanted = [name.strip() for name in names]
    if unknown := [name for name in wanted if header_key(name) not in known]:
        raise ConfigurationError(
            f"No column of results is called {', '.join(map(repr, unknown))}. There are: {', '.join(ResultColumn)}."
        )
    return [known[header_key(name)] for name in wanted]
