"""Render the accepted listings of a capture as CSV for COPY.

By columns, which is five times as fast as row by row. None is an empty field, which COPY reads as NULL; texts are never
empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

STORED_COLUMNS = (
    "notes",
    "zone",
    "admission",
    "splits",
    "ask_price",
    "fee_basis",
    "currency",
    "is_speculative",
    "is_general_admission",
    "listing_id",
    "section",
    "row",
    "quantity",
    "all_in_price",
    "net_proceeds",
    "price",
    "price_class",
)
"""The columns of `listings` that a capture brings, in the order of `sql/snapshots/copy_listings.sql`.

First those that often hold one value throughout a capture: such a start of the line is rendered only once.
"""


def render_csv(key: Sequence[object], columns: Mapping[str, Sequence[Any]], accepted: int) -> str:
    """The listings as CSV, one line each, which begins with `key`; `columns` hold `accepted` values each."""
    if not accepted:
        return ""
    start = [_field(value) for value in key]
    varying: list[Sequence[str]] = []
    rendered: dict[str, Sequence[str]] = {}
    for name in STORED_COLUMNS:
        values = columns[name]
        if values[0] != values[-1] or values.count(values[0]) < accepted:
            # The price is mostly the all-in price.
            is_known = name == "price" and values == columns["all_in_price"]
            rendered[name] = rendered["all_in_price"] if is_known else _fields(values)
            varying.append(rendered[name])
        elif varying:
            varying.append([_field(values[0])] * accepted)
        else:
            start.append(_field(values[0]))
    if not varying:
        return f"{','.join(start)}\n" * accepted
    prefix = f"{','.join(start)},"
    lines = f"\n{prefix}".join(map(",".join, zip(*varying, strict=True)))
    return f"{prefix}{lines}\n"


def _fields(values: Sequence[Any]) -> Sequence[str]:
    """The fields of a column; numbers, and texts without marks, have a fast path."""
    with suppress(TypeError):  # not all are texts
        if isinstance(values[0], str):
            if not _needs_quotes("".join(values)):
                return values
        elif not _holds_others(numbers := orjson.dumps(values)[1:-1].decode()):
            return numbers.split(",")
    fields = {value: _field(value) for value in set(values)}
    return [fields[value] for value in values]


def _holds_others(json: str) -> bool:
    """Whether it is JSON of something else than numbers: null, true, false, a text or an array."""
    return "l" in json or '"' in json or "[" in json


def _field(value: object) -> str:
    """One value as a CSV field; a tuple becomes an array."""
    if value is None:
        return ""
    text = f"{{{','.join(map(str, value))}}}" if isinstance(value, tuple) else str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _needs_quotes(text) else text


def _needs_quotes(text: str) -> bool:
    return '"' in text or "," in text or "\n" in text or "\r" in text
