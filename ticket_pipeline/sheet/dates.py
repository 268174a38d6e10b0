"""Dates of events as people and spreadsheets write them: local time of the venue, without a zone.

What belongs here: text of a cell to a naive date and time. What does not: which timezone holds there (see `timezones`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from ticket_pipeline.sheet.cells import CellProblem

DateOrder = Literal["month_first", "day_first"]

_FIX = "write it as YYYY-MM-DD HH:MM, such as 2026-03-14 19:30"
_FIRST_YEAR, _LAST_YEAR = 2000, 2099

# Day 0 of Google Sheets, Excel and LibreOffice; serials below 2000-01-01 are years or typing errors, not dates.
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a local time, like the cell
_SERIAL = re.compile(r"([0-9]{5})(?:[.,]([0-9]{1,15}))?")

_WEEKDAY = re.compile(
    r"(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\.? "
)
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\. ?(?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<first>[0-9]{1,2})(?P<mark>[-/])(?P<second>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<name>[a-z]{3,9})\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)? (?P<year>[0-9]{4})"),
    re.compile(r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\.?[ -](?P<name>[a-z]{3,9})\.?[ -](?P<year>[0-9]{4})"),
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?)?"
    r" ?(?P<half>[ap]\.?m\.?)?"
    r" ?(?P<offset>z|[+-][0-9]{2}:?[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A moment on the clock of the venue.

    Attributes:
        value: naive; midnight where the cell holds a date only.
        is_time_known: whether the cell says the time of day.
        utc_offset: an offset the cell states, which the venue's timezone must agree with.
    """

    value: datetime
    is_time_known: bool
    utc_offset: timedelta | None = None


def parse_local_time(text: str, date_order: DateOrder | None = None) -> LocalTime:
    """The local date and time in a cleaned cell.

    Read are: ISO 8601, year first with `-`, `/` or `.`; day first with dots; month names in English; slashes and dashes
    with the year last (see `date_order`); times with or without seconds, 24 or 12 hours; serial numbers of a
    spreadsheet.

    Args:
        text: the cell, cleaned.
        date_order: how `03/04/2026` is meant. None: it is refused, and only a date with one possible reading is read.

    Raises:
        CellProblem: not a date, not in the calendar, not in 2000-2099, or open to two readings.
    """
    if not text:
        raise CellProblem(f"is blank: {_FIX}")
    if serial := _SERIAL.fullmatch(text):
        return _from_serial(serial)
    words = _WEEKDAY.sub("", " ".join(text.casefold().replace(",", " ").split()), count=1)
    for pattern in _DATES:
        if found := pattern.match(words):
            date = _calendar_date(found, date_order)
            return _with_time(date, words[found.end() :])
    raise CellProblem(f"is not a date we can read: {_FIX}")


def _from_serial(serial: re.Match[str]) -> LocalTime:
    """A spreadsheet's own number of a date: days since 1899-12-30, with the time as a fraction of the day."""
    seconds = round(float(f"0.{serial[2] or 0}") * 86_400)  # whole seconds: 0.8125 is often stored as 0.81249999999
    value = _SERIAL_EPOCH + timedelta(days=int(serial[1]), seconds=seconds)
    return LocalTime(_in_range(value), is_time_known=serial[2] is not None)


def _calendar_date(found: re.Match[str], date_order: DateOrder | None) -> datetime:
    parts = found.groupdict()
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)  # noqa: PLR2004 - two digits of a year
    if parts.get("first"):
        month, day = _month_and_day(int(parts["first"]), int(parts["second"]), date_order)
    elif parts.get("name"):
        month, day = _month_number(parts["name"]), int(parts["day"])
    else:
        month, day = int(parts["month"]), int(parts["day"])
    return _in_range(_checked(year, month, day))


def _month_and_day(first: int, second: int, date_order: DateOrder | None) -> tuple[int, int]:
    """Month and day of two numbers whose order nobody stated: the only possible reading, or the agreed one."""
    can_be_month = [number <= len(_MONTHS) for number in (first, second)]
    if all(can_be_month) and first != second and date_order is None:
        raise CellProblem(f"can be read month first or day first: {_FIX}")
    is_month_first = date_order != "day_first" if all(can_be_month) else can_be_month[0]
    return (first, second) if is_month_first else (second, first)


def _month_number(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name):
            return number
    raise CellProblem(f"names no month we know: {_FIX}")


def _with_time(date: datetime, rest: str) -> LocalTime:
    """`date` with the time of day that `rest` holds; blank `rest` means it is not known."""
    if not rest.strip():
        return LocalTime(date, is_time_known=False)
    clock = re.fullmatch(rf"(?:t| | at | - | @ ?){_TIME.pattern}", rest)
    if clock is None or (clock["minute"] is None and clock["half"] is None):
        raise CellProblem(f"has a time of day we cannot read: {_FIX}")
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - hours on a dial
            raise CellProblem(f"has a time of day that no clock shows: {_FIX}")
        hour = hour % 12 + (12 if clock["half"].startswith("p") else 0)
    try:
        at = time(hour, int(clock["minute"] or 0), int(clock["second"] or 0))
    except ValueError as error:
        raise CellProblem(f"has a time of day that no clock shows: {_FIX}") from error
    return LocalTime(datetime.combine(date, at), is_time_known=True, utc_offset=_offset(clock["offset"]))


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text == "z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text.startswith("-") else size


def _checked(year: int, month: int, day: int) -> datetime:
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - the venue's local date; its zone is found later
    except ValueError as error:
        raise CellProblem(f"is not in the calendar: {_FIX}") from error


def _in_range(value: datetime) -> datetime:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise CellProblem(f"is not in the years {_FIRST_YEAR} to {_LAST_YEAR}: {_FIX}")
    return value
