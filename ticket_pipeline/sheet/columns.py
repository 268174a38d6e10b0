"""Which column holds what: header aliases, in any case, order, spacing and punctuation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import clean, shown


class Field(StrEnum):
    """The columns of the watchlist; the value is the suggested header."""

    NAME = "Event Name"
    VENUE = "Venue"
    CITY = "City"
    COUNTRY = "Country"
    DATE = "Event Date (Local)"
    TIME = "Event Time"
    IS_TRACKED = "is_tracked"
    TIMEZONE = "Timezone"
    CAPACITY = "Capacity"
    INTERVAL = "Interval"
    GROUP = "Group"


Column = Field | Marketplace
"""A column of the watchlist; a marketplace stands for the column of its event ids."""

# Reduced by `header_key`: lower-case letters and digits only.
WATCHLIST_ALIASES: Mapping[Column, str] = {
    Field.NAME: "eventname name event eventtitle title",
    Field.VENUE: "venue venuename",
    Field.CITY: "city venuecity",
    Field.COUNTRY: "country venuecountry",
    Field.DATE: "eventdatelocal eventdate date datelocal localdate eventdatetime eventdatetimelocal datetime",
    Field.TIME: "eventtime time starttime uhrzeit heure hora",
    Field.IS_TRACKED: "istracked tracked track",
    Field.TIMEZONE: "timezone tz eventtimezone venuetimezone",
    Field.CAPACITY: "capacity venuecapacity",
    Field.INTERVAL: "interval pollinterval scrapeinterval intervalhours",
    Field.GROUP: "group eventgroup",
    **{marketplace: marketplace.traits.id_aliases for marketplace in Marketplace},
}
_OLD_LAYOUT: tuple[Column, ...] = (Field.NAME, Field.VENUE, Field.CITY, Field.COUNTRY, Field.DATE, Marketplace.STUBHUB)

F = TypeVar("F", bound=StrEnum)

_HEADER_WITHIN = 20
"""Rows with text; below them there are only events."""


@dataclass(frozen=True, slots=True)
class Columns(Generic[F]):
    """The places of the fields in a table."""

    positions: dict[F, int]
    headers: list[str]  # cleaned
    unknown: list[int]  # positions of all other columns

    def cell(self, row: Sequence[str], field: F) -> str:
        """The cleaned cell of `field`; blank where the table has no such column or the row is short."""
        position = self.positions.get(field)
        return clean(row[position]) if position is not None and position < len(row) else ""

    def title(self, field: F) -> str:
        """The header of the column of `field`."""
        position = self.positions.get(field)
        return self.label(position) if position is not None else suggested_header(field)

    def label(self, position: int) -> str:
        """The header of a column, or its letter where it has none."""
        header = self.headers[position] if position < len(self.headers) else ""
        return header or f"column {column_letter(position)}"


def find_header(rows: Sequence[Sequence[str]], aliases: Mapping[F, str]) -> int | None:
    """The index of the header: of the first rows with text the one with most columns of ours; None: no row has text.

    Titles, notes and `sep=;` may stand above it.
    """
    filled = [at for at, row in enumerate(rows) if any(clean(cell) for cell in row)][:_HEADER_WITHIN]
    return max(filled, key=lambda at: len(match_headers(rows[at], aliases)[0].positions), default=None)


def locate_watchlist_columns(header: Sequence[str], source: str) -> Columns[Column]:
    """Find the watchlist's columns, or raise a SheetError that names all that is missing or there twice."""
    columns, problems = match_headers(header, WATCHLIST_ALIASES)
    problems += [
        f"no column for the {words} (headers such as {', '.join(repr(suggested_header(field)) for field in fields)})"
        for words, fields in (
            ("event's name", (Field.NAME,)),
            ("event's date", (Field.DATE,)),
            ("marketplace's event id", tuple(Marketplace)),
        )
        if not any(field in columns.positions for field in fields)
    ]
    if problems:
        raise header_error(source, columns.headers, problems)
    _claim_old_tracked_column(columns)
    return columns


def find_name(cells: Mapping[str, str]) -> str:
    """The event's name among the cells of a row, by their headers; blank where it is missing."""
    columns, _ = match_headers(list(cells), WATCHLIST_ALIASES)
    return columns.cell(list(cells.values()), Field.NAME)


def match_headers(header: Sequence[str], aliases: Mapping[F, str]) -> tuple[Columns[F], list[str]]:
    """The columns of a header row, and a problem for each field that two columns claim; the first of them is used."""
    fields = {alias: field for field, names in aliases.items() for alias in names.split()}
    columns: Columns[F] = Columns(positions={}, headers=[clean(cell) for cell in header], unknown=[])
    problems = []
    for position, title in enumerate(columns.headers):
        field = fields.get(header_key(title))
        if field is None:
            columns.unknown.append(position)
        elif field in columns.positions:
            places = (columns.positions[field], position)
            both = " and ".join(f"{shown(columns.headers[at])} (column {column_letter(at)})" for at in places)
            problems.append(f"two columns for one thing: {both}; keep one of them")
        else:
            columns.positions[field] = position
    return columns, problems


def header_error(source: str, headers: Iterable[str], problems: Sequence[str]) -> SheetError:
    """The error of a header row that cannot be used."""
    seen = ", ".join(shown(title) for title in headers if title) or "none"
    return SheetError(
        f"The header row of {source} has {'; '.join(problems)}. Its headers are: {seen}. "
        "Correct the header row; nothing was changed."
    )


def header_key(title: str) -> str:
    """A header reduced to its letters and digits, in lower case: `Event Date (Local)` is `eventdatelocal`."""
    return "".join(letter for letter in title.casefold() if letter.isalnum())


def suggested_header(field: StrEnum) -> str:
    """The header to use for a column that is missing."""
    return field.traits.id_header if isinstance(field, Marketplace) else str(field)


def column_letter(position: int) -> str:
    """The letter a spreadsheet shows above the column with this index: 0 is A, 26 is AA."""
    before, rest = divmod(position, 26)
    return (column_letter(before - 1) if before else "") + chr(ord("A") + rest)


def _claim_old_tracked_column(columns: Columns[Column]) -> None:
    seventh = len(_OLD_LAYOUT)
    is_old = all(columns.positions.get(field) == position for position, field in enumerate(_OLD_LAYOUT))
    is_untitled = seventh >= len(columns.headers) or not columns.headers[seventh]
    if is_old and is_untitled and Field.IS_TRACKED not in columns.positions:
        columns.positions[Field.IS_TRACKED] = seventh
        if seventh in columns.unknown:
            columns.unknown.remove(seventh)
