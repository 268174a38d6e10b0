"""The value of one cell, or the reason why it has none. Dates are in `dates`, marketplace ids in `event_ids`."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from ticket_pipeline.sheet.languages import LOADING, NO, UNMARKED_ERRORS, YES

MAX_TEXT_LENGTH = 200
"""Of a name, venue, city or country: two of them, at four bytes each, fit one PostgreSQL index entry (2,704 bytes)."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Capitals of any script after "#", and "!" or "?"; or a column too narrow for its value.
_ERROR_VALUE = re.compile(r"#[¡¿]?[^\W\d_][\w/.]*[!?]|#{3,}|Err:[0-9]{3}")  # the last is LibreOffice's

_FORMULA_STARTS = ("=", "+", "-", "@", "|", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")

_THOUSANDS = re.compile(r"[0-9]{1,3}(?:(?P<mark>[., '\u2019])[0-9]{3})(?:(?P=mark)[0-9]{3})*")
_WHOLE_NUMBER = re.compile(r"([0-9]{1,12})(?:\.0+)?")
_MAX_CAPACITY = 1_000_000

_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9]))?")
_PLAIN_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?")
_AMOUNT = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?) ?([a-z]+)\.? ?")
_UNIT_MINUTES = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 1),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 60),
    **dict.fromkeys(("d", "day", "days"), 1440),
}
_LEAST_INTERVAL = timedelta(minutes=1)
_LONGEST_INTERVAL = timedelta(days=14)


class CellProblem(ValueError):
    """Why a cell is rejected; completes the sentence that begins with the column and the value."""


def storable(text: str) -> str:
    """`text` with what no database or UTF-8 stream can hold (NUL, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean(text: str) -> str:
    """`text` as a person reads it: NFC, no invisible characters, single spaces, stripped.

    Pasted cells carry no-break spaces, zero-width characters and line breaks; two cells that look alike must be alike.
    """
    visible = _INVISIBLE.sub("", storable(text))
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def shown(text: str, width: int = 60) -> str:
    """`text` in quotation marks for a message, shortened to `width` characters."""
    return f"'{text}'" if len(text) <= width else f"'{text[: width - 1]}…'"


def quote_formula(text: str) -> str:
    """`text` for a CSV file, after an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def is_sheet_error(text: str) -> bool:
    """Whether a cleaned cell is an error or loading value of a spreadsheet, in any language: `#REF!`, `Loading...`."""
    if text.endswith(("..", "…")):
        return text.rstrip(".… ").casefold() in LOADING
    return (text == text.upper() or text.startswith("Err:")) and (
        text in UNMARKED_ERRORS or _ERROR_VALUE.fullmatch(text) is not None
    )


def check_formula(text: str) -> None:
    """Reject a cell that the sheet itself could not compute: `#REF!` must not become the name of an event."""
    if is_sheet_error(text):
        raise CellProblem("is an error of the sheet itself: fix the formula, or wait until it has loaded")


def parse_text(text: str) -> str | None:
    """A name: any text of at most `MAX_TEXT_LENGTH` characters; blank is None."""
    if len(text) > MAX_TEXT_LENGTH:
        raise CellProblem(f"has {len(text)} characters: shorten it to {MAX_TEXT_LENGTH} or fewer")
    return text or None


def parse_required_text(text: str, fix: str) -> str:
    """A name that must not be blank; `fix` is what to do where it is."""
    if not text:
        raise CellProblem(f"is blank: {fix}")
    return parse_text(text) or ""


def parse_tracked(text: str) -> bool:
    """A yes or no in the usual spellings and languages; blank means yes, as in sheets without the column."""
    word = text.casefold().rstrip("\ufe0f")  # makes a sign an emoji
    if word and word not in YES | NO:
        raise CellProblem("is neither yes nor no: write TRUE or FALSE, or leave it blank for TRUE")
    return word not in NO


def parse_capacity(text: str) -> int | None:
    """Seats of the venue, 1 to 1,000,000, with or without thousands separators; blank is None."""
    if not text:
        return None
    digits = re.sub(r"[., '\u2019]", "", text) if _THOUSANDS.fullmatch(text) else text
    number = _WHOLE_NUMBER.fullmatch(digits)
    if number is None or not 1 <= int(number[1]) <= _MAX_CAPACITY:
        raise CellProblem(f"must be a whole number from 1 to {_MAX_CAPACITY:,}: correct it, or leave it blank")
    return int(number[1])


def parse_interval(text: str) -> timedelta | None:
    """A poll interval such as `4h`, `90 min`, `1h 30m`, `2:30` or a plain number of hours; blank is None."""
    if not text:
        return None
    minutes = _minutes(text.casefold())
    if minutes is None:
        raise CellProblem("is not an interval: write it like 4h, 30m, 1d, 2:30, or as a number of hours")
    interval = timedelta(minutes=minutes)
    if not _LEAST_INTERVAL <= interval <= _LONGEST_INTERVAL:
        raise CellProblem("is out of bounds: an interval is at least 1 minute and at most 14 days")
    return interval


def _minutes(text: str) -> float | None:
    """The duration in minutes, or None where `text` is not one."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return hours * 60 + minutes + seconds / 60
    if _PLAIN_NUMBER.fullmatch(text):
        return _number(text) * 60
    total, position = 0.0, 0
    while part := _AMOUNT.match(text, position):
        if part[2] not in _UNIT_MINUTES:
            return None
        total += _number(part[1]) * _UNIT_MINUTES[part[2]]
        position = part.end()
    return total if position == len(text) else None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
