"""Stream tables out of the database, a bounded part of one at a time: what is exported, by what time, and as what text.

What belongs here: reading. What does not: files, and Parquet (`cli`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Export:
    """One table that can be exported.

    Attributes:
        holds: what a row is, for people.
        time_column: by what time it is cut into files; None: it is one file.
        by_month: a file per month instead of one per day, where a day has few rows.
    """

    table: str
    holds: str
    time_column: str | None
    by_month: bool = False


EXPORTS: Mapping[str, Export] = {
    each.table: each
    for each in (
        Export("listings", "a listing of a capture", "captured_at"),
        Export("snapshots", "a capture of an event at a marketplace", "captured_at"),
        Export("rejected_listings", "a listing that is no market price, with reasons", "captured_at"),
        Export("hourly_prices", "prices of a zone in an hour", "hour_at"),
        Export("daily_prices", "prices of a zone on a UTC day", "day_on", by_month=True),
        Export("listing_changes", "a change of a listing between two captures", "captured_at"),
        Export("estimated_sales", "tickets probably sold of a zone in an hour", "hour_at"),
        Export("fetch_attempts", "an attempt at fetching, and how it ended", "finished_at"),
        Export("ticketmaster_events", "an event as Ticketmaster describes it", "captured_at", by_month=True),
        Export("ticketmaster_price_ranges", "a published price range", "captured_at", by_month=True),
        Export("events", "an event of the watchlist", None),
        Export("event_sources", "the id of an event at a marketplace", None),
    )
}

_KINDS = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMPTZ",
    "timestamp without time zone": "TIMESTAMP",
    "double precision": "DOUBLE",
    "real": "FLOAT",
    "numeric": "DOUBLE",  # estimates and shares: money has its digits in the type
    "interval": "DOUBLE",
    "smallint[]": "SMALLINT[]",
    "integer[]": "INTEGER[]",
    "text[]": "VARCHAR[]",
    "jsonb": "JSON",
}
"""The type in Parquet by the type in the table; any other is text."""

_TEXTS: dict[str, LiteralString] = {
    "smallint[]": "translate({0}::text, '{{}}', '[]')",
    "integer[]": "translate({0}::text, '{{}}', '[]')",
    "text[]": "to_json({0})::text",
    "boolean": "{0}::text",
    "bytea": "encode({0}, 'hex')",
    "interval": "extract(epoch from {0})",
    "text for people": (
        "case when left({0}, 1) in ('=', '+', '-', '@', e'\\t', e'\\n', e'\\r') then '''' || {0} else {0} end"
    ),
}
"""What stands in `copy` for a column of a type: lists as JSON has them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name in the table and in the file, and its types in both."""

    name: str
    type: str

    @property
    def exported_name(self) -> str:
        """A duration is in seconds, and its name says so."""
        return f"{self.name}_seconds" if self.type == "interval" else self.name

    @property
    def kind(self) -> str:
        """Its type in Parquet."""
        money = re.fullmatch(r"numeric(\(\d+,\d+\))", self.type)
        return f"DECIMAL{money[1]}" if money else _KINDS.get(self.type, "VARCHAR")

    def text(self, *, is_for_people: bool) -> sql.Composable:
        """Its expression in `copy`; where people open the file, a text that would run as a formula begins with `'`."""
        kind = "text for people" if self.type == "text" and is_for_people else self.type
        return sql.SQL(_TEXTS.get(kind, "{0}")).format(sql.Identifier(self.name))


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one file: a span of days, and events (None: all)."""

    export: Export
    first_on: date | None = None
    until_on: date | None = None
    event_ids: Sequence[int] | None = None


def read_bounds(database: Database, event_ids: Sequence[int] | None) -> tuple[date, date] | None:
    """The first and the last UTC day with anything of these events; None: there is nothing."""
    row = database.fetch_one("exports/select_bounds", event_ids=event_ids)
    if row is None or row["first_at"] is None:
        return None
    first, last = (row[name].astimezone(UTC).date() for name in ("first_at", "last_at"))
    return first, last


def split_parts(export: Export, first_on: date, last_on: date, event_ids: Sequence[int] | None) -> Iterator[Part]:
    """The files of a table from one day to another, both included; a file has whole days, or a whole month."""
    if export.time_column is None:
        yield Part(export, event_ids=event_ids)
        return
    start = first_on.replace(day=1) if export.by_month else first_on
    while start <= last_on:
        end = (start + 31 * _DAY).replace(day=1) if export.by_month else start + _DAY
        yield Part(export, start, end, event_ids)
        start = end


def read_columns(database: Database, export: Export) -> list[Column]:
    """The columns of a table, in its order."""
    rows = database.fetch_all("exports/select_columns", table_name=export.table)
    return [Column(row["name"], row["type"]) for row in rows]


def copy_part(
    database: Database,
    part: Part,
    columns: Sequence[Column],
    write: Callable[[Any], object],
    *,
    is_for_people: bool,
) -> int:
    """Stream the rows of a part as CSV, nulls unquoted and empty texts quoted; returns how many there were.

    Args:
        database: where from.
        part: which rows.
        columns: of `read_columns`.
        write: takes each piece; rows are not whole in it.
        is_for_people: with a header, and harmless in a spreadsheet.
    """
    query = sql.SQL("copy (select {} from {} where {}) to stdout (format csv, header {})").format(
        sql.SQL(", ").join(
            sql.SQL("{} as {}").format(each.text(is_for_people=is_for_people), sql.Identifier(each.exported_name))
            for each in columns
        ),
        sql.Identifier(part.export.table),
        _condition(part),
        sql.SQL("true" if is_for_people else "false"),
    )
    with database.connection(f"export {part.export.table}") as connection, connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            for piece in copy:
                write(piece)
        return cursor.rowcount


def _condition(part: Part) -> sql.Composable:
    """Bounds as they are compared without a cast of the column, so that indexes and chunks count."""
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if part.export.time_column is not None and part.first_on is not None and part.until_on is not None:
        column, is_date = sql.Identifier(part.export.time_column), part.export.time_column.endswith("_on")
        for sign, day in ((">=", part.first_on), ("<", part.until_on)):
            bound = day if is_date else datetime(day.year, day.month, day.day, tzinfo=UTC)
            conditions.append(sql.SQL("{} {} {}").format(column, sql.SQL(sign), sql.Literal(bound)))
    if part.event_ids is not None:
        conditions.append(sql.SQL("event_id = any({})").format(sql.Literal(list(part.event_ids))))
    return sql.SQL(" and ").join(conditions)
