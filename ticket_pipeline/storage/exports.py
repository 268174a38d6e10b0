"""Stream tables and answers out of the database, a bounded part at a time: what, by what time, and as what text.

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
    """One table, or the answers to one question, that can be exported.

    Attributes:
        holds: what a row is, for people.
        time_column: by what time it is cut into files; None: it is one file.
        by_month: a file per month instead of one per day, where a day has few rows.
        asked: of a question, the call of its function for each event `e`, over the days of a file.
    """

    table: str
    holds: str
    time_column: str | None
    by_month: bool = False
    asked: LiteralString | None = None


_DAYS = "e.event_id, {start}, {end}"

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
        Export("price_history", "prices of an event in an hour", "bucket_at", asked=f"price_history({_DAYS})"),
        Export("price_trend", "the floor of an event in an hour", "at", asked=f"price_trend({_DAYS})"),
        Export("ticket_count_trend", "inventory of an event in an hour", "at", asked=f"ticket_count_trend({_DAYS})"),
        Export("get_in_curve", "prices by days to the event", None, asked="get_in_curve(e.event_id)"),
        Export("section_prices", "a zone, last 7 days", None, asked="section_prices(e.event_id)"),
        Export("market_now", "a marketplace now", None, asked="market_now(e.event_id)"),
        Export("market_depth", "a price step of a marketplace now", None, asked="market_depth(e.event_id)"),
        Export("sections_now", "a section now", None, asked="sections_now(e.event_id)"),
        Export("spread", "a marketplace beside the others now", None, asked="spread(e.event_id)"),
        Export("overview", "a tracked event at a marketplace now", None, asked="overview()"),
        Export("floor_changes", "a marketplace, its floor before", None, asked="floor_changes(e.event_id)"),
        Export("floor_band", "a day of similar past events", None, asked="floor_band(e.event_id)"),
        Export("sell_through", "a marketplace, last 7 days", None, asked="sell_through(e.event_id)"),
        Export("watchlist_health", "something that is wrong, or well", None, asked="watchlist_health()"),
        Export("percentile_of_now", "an event among similar past ones", None, asked="percentile_of_now(e.event_id)"),
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
    "numeric(12,2)[]": "DECIMAL(12,2)[]",
    "smallint[]": "SMALLINT[]",
    "integer[]": "INTEGER[]",
    "text[]": "VARCHAR[]",
    "jsonb": "JSON",
}
"""The type in Parquet by the type in the table; any other is text."""

_ROUNDED = "numeric(18,4)"

_TEXTS: dict[str, LiteralString] = {
    _ROUNDED: "round({0}, 4)",
    "smallint[]": "translate({0}::text, '{{}}', '[]')",
    "integer[]": "translate({0}::text, '{{}}', '[]')",
    "text[]": "to_json({0})::text",
    "numeric(12,2)[]": "to_json({0})::text",
    "boolean": "{0}::text",
    "bytea": "encode({0}, 'hex')",
    "interval": "extract(epoch from {0})",
    "text for people": (
        "case when left(ltrim({0}, e' \\t\\n\\r'), 1) in ('=', '+', '-', '@', '|', '\N{FULLWIDTH EQUALS SIGN}', "
        "'\N{FULLWIDTH PLUS SIGN}') then '''' || {0} else {0} end"
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
    """The rows of one file: a span of days, events (None: all), a marketplace (None: all), and in what order.

    `is_live` leaves out the rows of archived months that are not deleted yet.
    """

    export: Export
    first_on: date | None = None
    until_on: date | None = None
    event_ids: Sequence[int] | None = None
    marketplace: str | None = None
    order: Sequence[str] = ()
    is_live: bool = False


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
    """The columns of a table or an answer, in its order."""
    if export.asked is None:
        rows = database.fetch_all("exports/select_columns", table_name=export.table)
        return [Column(row["name"], row["type"]) for row in rows]
    today = datetime.now(UTC).date()
    with database.connection(f"export {export.table}") as connection:
        answer = connection.execute(sql.SQL("select * from {} limit 0").format(_relation(Part(export, today, today))))
        described = answer.description or ()
    rows = database.fetch_all("exports/select_types", oids=[each.type_code for each in described])
    return [Column(each.name, _exact(each.name, row["type"])) for each, row in zip(described, rows, strict=True)]


def _exact(name: str, kind: str) -> str:
    """A function's result loses the digits of its type: money has two, estimates and shares have four that count."""
    is_money = kind.startswith("numeric") and re.search(r"(^|_)(prices?|value|difference)$", name)
    if is_money:
        return kind.replace("numeric", "numeric(12,2)")
    return _ROUNDED if kind == "numeric" else kind


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
    query = sql.SQL("copy (select {} from {} where {}{}) to stdout (format csv, header {})").format(
        sql.SQL(", ").join(
            sql.SQL("{} as {}").format(each.text(is_for_people=is_for_people), sql.Identifier(each.exported_name))
            for each in columns
        ),
        _relation(part),
        _condition(part),
        sql.SQL(" order by {}").format(sql.SQL(", ").join(map(sql.Identifier, part.order)))
        if part.order
        else sql.SQL(""),
        sql.SQL("true" if is_for_people else "false"),
    )
    with database.connection(f"export {part.export.table}") as connection, connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            for piece in copy:
                write(piece)
        return cursor.rowcount


def _relation(part: Part) -> sql.Composable:
    """The table, or the answers of every event: which events are wanted, the condition says."""
    if part.export.asked is None:
        return sql.Identifier(part.export.table)
    start, end = (None if day is None else _midnight(day) for day in (part.first_on, part.until_on))
    asked = sql.SQL(part.export.asked).format(start=start, end=end)
    if "e.event_id" not in part.export.asked:  # its answer names the events
        return sql.SQL("{} as r").format(asked)
    return sql.SQL("(select e.event_id, q.* from events as e cross join lateral {} as q) as r").format(asked)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _condition(part: Part) -> sql.Composable:
    """Bounds as they are compared without a cast of the column, so that indexes and chunks count."""
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if part.export.time_column is not None and part.first_on is not None and part.until_on is not None:
        column, is_date = sql.Identifier(part.export.time_column), part.export.time_column.endswith("_on")
        for sign, day in ((">=", part.first_on), ("<", part.until_on)):
            bound = day if is_date else _midnight(day)
            conditions.append(sql.SQL("{} {} {}").format(column, sql.SQL(sign), sql.Literal(bound)))
    if part.event_ids is not None:
        conditions.append(sql.SQL("event_id = any({})").format(sql.Literal(list(part.event_ids))))
    if part.marketplace is not None:
        conditions.append(sql.SQL("marketplace = {}").format(sql.Literal(part.marketplace)))
    if part.is_live:
        conditions.append(sql.SQL("not is_archived(captured_at)"))
    return sql.SQL(" and ").join(conditions)
