"""Count and checksum of rows, the same from PostgreSQL and from Parquet: the sum of a hash of each row, in any order.

A row's text has its columns in order, a null as U+0001 and U+001F between them. Its hash is 60 bits of its MD5: a row
that is lost, doubled or changed makes another sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.parquet import quoted

if TYPE_CHECKING:
    import duckdb

    from ticket_pipeline.storage.archive import Month
    from ticket_pipeline.storage.database import Transaction
    from ticket_pipeline.storage.exports import Column


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows, and the sum of their hashes."""

    rows: int
    checksum: int


def sum_table(
    transaction: Transaction, table: str, columns: Sequence[Column], month: Month | None = None
) -> dict[str, Content]:
    """What a table holds, by marketplace: of a month, or all of it."""
    span: sql.Composable = sql.SQL("true")
    if month is not None:
        span = sql.SQL("captured_at >= {} and captured_at < {}").format(
            sql.Literal(month.start), sql.Literal(month.end)
        )
    query = sql.SQL(
        "select marketplace, count(*) as rows, "
        "sum(('x0' || left(md5(convert_to(concat_ws(e'\\x1f', {}), 'UTF8')), 15))::bit(64)::bigint) as checksum "
        "from {} where {} group by marketplace"
    ).format(sql.SQL(", ").join(map(_in_postgresql, columns)), sql.Identifier(table), span)
    rows = transaction.connection.execute(query).fetchall()
    return {row["marketplace"]: Content(row["rows"], int(row["checksum"])) for row in rows}


def sum_file(connection: duckdb.DuckDBPyConnection, address: str) -> Content:
    """What a Parquet file holds, read whole."""
    described = connection.execute(f"describe from read_parquet({quoted(address)})").fetchall()
    texts = ", ".join(_in_duckdb(name, kind) for name, kind, *_ in described)
    row = connection.execute(
        "select count(*), coalesce(sum(('0x' || left(md5(concat_ws(chr(31), "  # noqa: S608 - ours
        f"{texts})), 15))::bigint), 0) from read_parquet({quoted(address)})"
    ).fetchone()
    rows, checksum = row or (0, 0)
    return Content(rows, int(checksum))


def _in_postgresql(column: Column) -> sql.Composable:
    if column.type == "timestamp with time zone":
        text = "(extract(epoch from {}) * 1000000)::bigint::text"
    elif column.type.endswith("[]"):
        text = "array_to_string({}, e'\\x1e', e'\\x01')"
    elif column.type in _AS_TEXT or column.type.startswith("numeric("):
        text = "{}::text"
    else:
        raise StorageError(f"Cannot archive the column {column.name}: no checksum is defined for {column.type}.")
    return sql.SQL(f"coalesce({text}, e'\\x01')").format(sql.Identifier(column.name))


_AS_TEXT = {"bigint", "integer", "smallint", "boolean", "text", "jsonb"}


def _in_duckdb(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        text = f"epoch_us({column})::varchar"
    elif kind.endswith("[]"):
        text = f"array_to_string(list_transform({column}, lambda x: coalesce(x::varchar, chr(1))), chr(30))"
    else:
        text = f"{column}::varchar"
    return f"coalesce({text}, chr(1))"
