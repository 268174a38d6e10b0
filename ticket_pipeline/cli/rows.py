"""Records as rows of typed columns, for CSV and Parquet: frozen dataclasses and rows of the database, made flat.

What belongs here: which columns a record has, of what kind, and each cell as text. What does not: where they go.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

from ticket_pipeline.cli.tables import as_json, readable
from ticket_pipeline.sheet.cells import quote_formula

Record = Any
"""A dataclass or a mapping from column to value."""

_TOGETHER, _THIN = "get_in_prices", "get_ins_are_thin"
_TEXT, _JSON = "VARCHAR", "JSON"
_KINDS: dict[str, str] = {
    "int": "BIGINT",
    "Decimal": "DECIMAL",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "str": _TEXT,
    "datetime": "TIMESTAMPTZ",
    "date": "DATE",
    "timedelta": "DOUBLE",
    "Sequence[int]": "BIGINT[]",
    "Sequence[str]": "VARCHAR[]",
}
"""The kind of a column by the annotation of a field, or by the type of its values."""

_PRICE_DIGITS, _MOST_DIGITS, _CENTS = 12, 38, 2


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: `columns` maps each name to its kind (the type of a Parquet column), `cells` has them in this order."""

    columns: Mapping[str, str]
    cells: Sequence[Sequence[Any]]


def arrange_rows(records: Iterable[Sequence[Record]]) -> Rows:
    """A table with a row for each sequence of records, whose columns stand side by side.

    `get_in_prices` become `get_in_1_price` … `get_in_8_price`, which of them are thin `get_in_1_is_thin` …; a duration
    is in seconds, and its name says so; lists of
    numbers or texts stay lists, and anything else that is nested is JSON.
    """
    flat = [{name: each for record in row for name, each in _flatten(record)} for row in records]
    names = list(dict.fromkeys(name for row in flat for name in row))
    kinds = {name: _kind([row[name] for row in flat if name in row]) for name in names}
    return Rows(kinds, [[row[name][1] if name in row else None for name in names] for row in flat])


def write_csv(rows: Rows, stream: TextIO) -> None:
    """Write a header and the rows; a text that a spreadsheet would run as a formula begins with `'`."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows([_cell(value) for value in row] for row in rows.cells)


def _flatten(record: Record) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Each column of a record: name, annotation (empty: unknown) and value."""
    if is_dataclass(record):
        columns = [(each.name, str(each.type), getattr(record, each.name)) for each in fields(record)]
    else:
        columns = [(name, "", value) for name, value in record.items()]
    for name, annotation, found in columns:
        value: Any = readable(found) if isinstance(found, Decimal) else found
        if name == _THIN:
            yield from ((f"get_in_{n}_is_thin", ("bool", is_thin)) for n, is_thin in enumerate(value or (), start=1))
        elif name == _TOGETHER:
            yield from ((f"get_in_{n}_price", ("Decimal", price)) for n, price in enumerate(value or (), start=1))
        elif annotation.startswith("timedelta") or isinstance(value, timedelta):
            yield name if name.endswith("_seconds") else f"{name}_seconds", ("timedelta", value)
        else:
            yield name, (annotation, value)


def _kind(found: Sequence[tuple[str, Any]]) -> str:
    annotation, values = found[0][0], [value for _, value in found if value is not None]
    kind = _KINDS.get(annotation.removesuffix(" | None")) or _kind_of(values)
    if kind == "DECIMAL":
        return _decimal(values)
    is_local = kind == "TIMESTAMPTZ" and any(value.tzinfo is None for value in values)
    return "TIMESTAMP" if is_local else kind


def _kind_of(values: Sequence[Any]) -> str:
    """The kind of values of a column without an annotation that is known; a subclass of str is text."""
    for value in values[:1]:
        if isinstance(value, Sequence) and not isinstance(value, str):
            inner = {type(each).__name__ for each in value}
            return _KINDS.get(f"Sequence[{inner.pop()}]", _JSON) if len(inner) == 1 else _JSON
        return _TEXT if isinstance(value, str) else _KINDS.get(type(value).__name__, _JSON)
    return _TEXT


def _decimal(values: Sequence[Decimal]) -> str:
    """The type of the tables for money; a wider one where digits would be lost."""
    scale = max([_CENTS, *(-int(value.as_tuple().exponent) for value in values)])
    most = max([0, *(value.adjusted() + 1 for value in values)])
    return f"DECIMAL({_PRICE_DIGITS if most + scale <= _PRICE_DIGITS else _MOST_DIGITS},{scale})"


def _cell(value: Any) -> Any:  # noqa: ANN401 - any value of a record
    """A value as CSV has it; None is an empty cell."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat(sep=" ")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):
        return quote_formula(value.replace("\r\n", "\n").replace("\r", "\n"))  # the writer would not quote it
    if isinstance(value, Mapping | Sequence) or is_dataclass(value):
        return json.dumps(value, default=as_json, ensure_ascii=False)
    return value
