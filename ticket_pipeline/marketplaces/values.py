"""Read single values as marketplaces send them: numbers as text, "$1,234.50", ids as floats, invisible characters.

One value becomes one Python value, or a `ValueError` whose text completes "price …"; a whole column likewise. A reason
never quotes the value: reasons are counted and grouped, and the item itself is kept beside them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import NoneType
from typing import Any

import orjson

from ticket_pipeline.marketplaces.shown_money import read_shown_amount

MAX_ID_CHARACTERS = 64
MAX_TEXT_CHARACTERS = 250
MAX_NOTES_CHARACTERS = 2_000
"""Longer notes are cut."""

MAX_QUANTITY = 1_000_000_000
"""The largest number of tickets that is read; what is plausible is decided with the other market rules."""

MAX_SPLIT = 1000
"""A larger purchasable quantity is nonsense, and would soon exceed the database's smallint."""


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong with the rows of a body, in words: it rejects a listing, or leaves one of its fields unknown.

    Attributes:
        essential: the fields without which a listing is none; any other one never costs the listing.
        rejects: row → what is wrong with its essential fields.
        unknown: row → what is wrong with its other fields.
    """

    essential: frozenset[str]
    rejects: dict[int, list[str]] = field(default_factory=dict)
    unknown: dict[int, list[str]] = field(default_factory=dict)

    def add(self, row: int, name: str, why: str) -> None:
        """Note that a field of a row is wrong; `why` completes "price …"."""
        found = self.rejects if name in self.essential else self.unknown
        found.setdefault(row, []).append(f"{name} {why}")


# Control characters (PostgreSQL text cannot hold NUL), soft hyphen, zero-width and direction marks, byte order mark,
# lone surrogates (not encodable). Blanks of every kind are left to `str.split`.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_WHOLE_FLOAT_TEXT = re.compile(r"([0-9]+)\.0+")
# Whole columns, each value followed by a comma: one match instead of one per value.
_PLAIN_IDS = re.compile(r"(?:[A-Za-z0-9]{1,64},)*")
_PLAIN_AMOUNTS = re.compile(r"(?:[0-9]{1,12}(?:\.(?:[0-9]{1,2}|[0-9]{4,6}))?,)*")
_NOTHING = frozenset({"", "_", "-", "N/A"})


def to_text(value: object, max_characters: int = MAX_TEXT_CHARACTERS) -> str | None:
    """Read a text: without invisible characters, with single blanks; an empty one is None."""
    if value is None:
        return None
    if isinstance(value, bool | float | int):
        value = _number_as_text(value)
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - to the caller it is a bad value, whatever its type
    # Invisible characters are not printable, nor is any blank but the plain one: the usual text needs no pattern.
    is_clean = value.isprintable() and "  " not in value and not value.startswith(" ") and not value.endswith(" ")
    text = value if is_clean else " ".join(_INVISIBLE.sub("", value).split())
    if len(text) > max_characters:
        raise ValueError(f"is longer than {max_characters} characters")
    return None if text in _NOTHING else text


def to_id(value: object) -> str:
    """Read a marketplace's id as text, whether it comes as a number or as text; never with a ".0"."""
    text = to_text(value, MAX_ID_CHARACTERS)
    if text is None:
        raise ValueError("is missing")
    whole = _WHOLE_FLOAT_TEXT.fullmatch(text)
    return whole[1] if whole else text


def to_quantity(value: object) -> int:
    """Read a number of tickets: 2, 2.0, "2" or " 2 "."""
    if value is None:
        raise ValueError("is missing")
    number = to_number(value)
    if not number.is_integer():
        raise ValueError("is not a whole number")
    if abs(number) > MAX_QUANTITY:
        raise ValueError("is far too large")
    return int(number)


def to_amount(value: object) -> float | None:
    """Read an amount in major units: 286, "286.50", "$1,234.50", "1.234,50 €", "CHF 1'234.-"; None and "" are None.

    A text such as "1.234" may be either, and is not read.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        return to_number(value)
    text = to_text(value)
    if text is None:
        return None
    if _AMBIGUOUS.fullmatch(text):
        raise ValueError("may be thousands or decimals")
    if _NUMBER.fullmatch(text):
        return float(text)
    return read_shown_amount(text)


def to_splits(value: object) -> tuple[int, ...] | None:
    """Read purchasable quantities: "1,2,4", [1, 2, 4] or a single number; None and an empty value are None: unknown.

    Ascending, each once.
    """
    if isinstance(value, str):
        text = to_text(value, max_characters=5 * MAX_SPLIT)
        parts: list[Any] = [] if text is None else text.split(",")
    elif isinstance(value, list):
        parts = value
    else:
        parts = [] if value is None else [value]
    try:
        quantities = sorted({to_quantity(part) for part in parts})
    except ValueError:
        raise ValueError("is not a list of quantities") from None
    if quantities and not 1 <= quantities[0] <= quantities[-1] <= MAX_SPLIT:
        raise ValueError("is not a list of quantities")
    return tuple(quantities) or None


def convert_column(values: list[Any], convert: Callable[[Any], Any], name: str, problems: Problems) -> list[Any]:
    """Convert value by value; None stands where that fails, and `problems` gets `name` and the reason."""
    converted = []
    for row, value in enumerate(values):
        try:
            converted.append(convert(value))
        except ValueError as error:
            problems.add(row, name, str(error))
            converted.append(None)
    return converted


def text_column(values: list[Any], name: str, problems: Problems) -> list[str | None]:
    """`to_text` for a column. Sections and rows repeat: each distinct text is read once, which is ten times faster."""
    with suppress(TypeError, ValueError):  # one is a list, or too long: then row by row, to find it
        known = {value: _known_text(value) if type(value) is str else to_text(value) for value in set(values)}
        if set(map(type, known)) <= {str, NoneType}:
            # Mostly there is nothing to clean.
            return values if list(known) == list(known.values()) else [known[value] for value in values]
    return convert_column(values, to_text, name, problems)


@lru_cache(maxsize=16_384)
def _known_text(text: str) -> str | None:
    """`to_text`, remembered: the sections and rows of a venue come again in every capture."""
    return to_text(text)


def notes_column(values: list[Any]) -> list[str | None]:
    """What is written of each listing, as one text, whether it comes as text, a list or objects with texts.

    Notes that cannot be read are None: they cost no listing.
    """
    if values.count(None) == len(values):
        return values
    return [_known_notes(value) if type(value) is str else _notes(value) for value in values]


@lru_cache(maxsize=16_384)
def _known_notes(text: str) -> str | None:
    return _notes(text)


def _notes(value: object) -> str | None:
    texts = (" ".join(_INVISIBLE.sub("", line).split()) for text in _texts_in(value) for line in text.splitlines())
    return ". ".join(text for text in texts if text not in _NOTHING)[:MAX_NOTES_CHARACTERS] or None


def _texts_in(value: object, depth: int = 3) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and depth:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(part, depth - 1)


def id_column(values: list[Any], name: str, problems: Problems) -> list[str]:
    """`to_id` for a column; integers and plain texts, the usual cases, are checked all at once."""
    if set(map(type, values)) == {int}:
        with suppress(TypeError):  # one has more than 64 bits: then row by row
            return orjson.dumps(values)[1:-1].decode().split(",")
    if _all_match(_PLAIN_IDS, values):
        return values
    return convert_column(values, to_id, name, problems)


def quantity_column(values: list[Any], name: str, problems: Problems) -> list[int]:
    """`to_quantity` for a column; integers are checked all at once, and each distinct text is read once."""
    if set(map(type, values)) == {int} and min(values) >= -MAX_QUANTITY and max(values) <= MAX_QUANTITY:
        return values
    return _convert_texts(values, to_quantity) or convert_column(values, to_quantity, name, problems)


def splits_column(values: list[Any], name: str, problems: Problems) -> list[tuple[int, ...] | None]:
    """`to_splits` for a column; most listings have the same few texts, and each is read once."""
    return _convert_texts(values, to_splits) or convert_column(values, to_splits, name, problems)


def amount_column(values: list[Any], name: str, problems: Problems) -> list[float | None]:
    """`to_amount` for a column; finite numbers and texts like "286.50", the usual cases, are read all at once."""
    if _all_match(_PLAIN_AMOUNTS, values):
        return list(map(float, values))
    kinds = set(map(type, values))
    if kinds <= {float, int}:  # by exact type: a bool is not an amount
        with suppress(OverflowError):  # an integer beyond every float: then row by row, to find it
            if all(map(math.isfinite, values)):
                return values if kinds == {float} else list(map(float, values))
    return convert_column(values, to_amount, name, problems)


def _all_match(pattern: re.Pattern[str], values: list[Any]) -> bool:
    """Whether every value is a text, and all of them with a comma behind each match `pattern`."""
    try:
        joined = f"{','.join(values)},"
    except TypeError:  # not all are texts
        return False
    return joined.count(",") == len(values) and pattern.fullmatch(joined) is not None


def _convert_texts(values: list[Any], convert: Callable[[Any], Any]) -> list[Any] | None:
    """A column of texts, each distinct one converted once; None where it is not one, or one cannot be converted."""
    if not set(map(type, values)) <= {str, NoneType}:
        return None
    try:
        known = {value: convert(value) for value in set(values)}
    except ValueError:
        return None
    return [known[value] for value in values]


def to_number(value: object) -> float:
    """Read a finite number, or a text of one with a decimal point."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("is not a number")  # noqa: TRY004 - to the caller it is a bad value, whatever its type
    if isinstance(value, str):
        value = to_text(value) or ""
        if not _NUMBER.fullmatch(value):
            raise ValueError("is not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("is not a finite number") from None
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return number


def _number_as_text(value: float) -> str:
    if isinstance(value, bool):
        raise ValueError("is not text")  # noqa: TRY004 - to the caller it is a bad value, whatever its type
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError("is not text")
    return str(int(value)) if value.is_integer() else repr(value)
