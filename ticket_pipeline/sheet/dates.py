"""Dates of events as people and spreadsheets write them: the venue's local time, without a timezone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from ticket_pipeline.sheet.cells import CellProblem

DateOrder = Literal["month_first", "day_first"]

_FIX = "write it as YYYY-MM-DD HH:MM, such as 2026-03-14 19:30"
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_LONGEST_SHOW = timedelta(hours=8)

# Day 0 of Google Sheets, Excel and LibreOffice; serials below 2000-01-01 are years or typing errors, not dates.
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a local time, like the cell
_SERIAL = re.compile(r"([0-9]{5})(?:[.,]([0-9]{1,15}))?")

_FRACTION = re.compile(r"0?[.,]([0-9]{1,15})")
_DAY_ZERO = re.compile(r"(?:1899-12-30|30\.12\.1899|12/30/1899|30/12/1899)(?:t| |$)")
"""What spreadsheets put before a time without a date."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NAME = r"(?P<day>mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_WEEKDAY = re.compile(rf"{_DAY_NAME}\.? ")
_WEEKDAY_BEHIND = re.compile(rf" (?P<open>\()?{_DAY_NAME}\.?(?(open)\))(?= |$)")
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<year>[0-9]{4})\. ?(?P<month>[0-9]{1,2})\. ?(?P<day>[0-9]{1,2})\.?"),
    re.compile(r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\. ?(?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<first>[0-9]{1,2})(?P<mark>[-/])(?P<second>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<name>[a-z]{3,9})\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)? (?P<year>[0-9]{4})"),
    re.compile(r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\.?[ -](?P<name>[a-z]{3,9})\.?[ -](?P<year>[0-9]{4}|[0-9]{2})\b"),
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_CLOCK = (
    r"(?P<hour{0}>[0-9]{{1,2}})(?:[:.h](?P<minute{0}>[0-9]{{2}})(?::(?P<second{0}>[0-9]{{2}})(?:\.[0-9]+)?)?)?"
    r" ?(?:(?P<half{0}>[ap]\.?m\.?)|(?P<unit{0}>uhr|h(?:rs?)?\.?))?"
)
_TIME = re.compile(
    rf"(?:t| | at | um | à | a las | alle | kl\.? | [|\u2013-] | @ ?){_CLOCK.format('')}"
    rf"(?: ?(?P<offset>z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9]))?"
    rf"(?P<until> ?(?:-|\u2013|\u2014|to|until|bis) ?{_CLOCK.format('2')})?"
)
_UNKNOWN_TIME = re.compile(
    r"(?:[t ]00?:00(?::00)?(?= ))?[ (\u2013-]*(?:(?:start )?time )?"
    r"(?:tb[adc]|t\.b\.[adc]\.|to be (?:announced|confirmed|decided|determined)|unknown|\?+"
    r"|(?:à|por|a|da) (?:confirm|defin|déterminer|anunciar|conferm)\w*|(?:noch )?offen|unbekannt)\)?"
)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A moment on the venue's clock. Midnight counts as no time of day: spreadsheets show a date alone like that."""

    value: datetime  # naive
    is_time_known: bool
    utc_offset: timedelta | None = None  # as in the cell; the venue's timezone must agree with it
    is_range_possible: bool = False  # the offset may also be the end of a range, as in `20:00-02:00`


def parse_local_time(text: str, date_order: DateOrder | None = None) -> LocalTime:
    """The local date and time in a cleaned cell.

    Read are: ISO 8601, year first with `-`, `/` or `.`; day first with dots; month names in English; slashes and dashes
    with the year last (see `date_order`); times with or without seconds, 24 or 12 hours, alone or with an end; "TBD"
    and the like for the time; serial numbers of a spreadsheet.

    `date_order` is what `03/04/2026` means; None accepts only a date with one possible reading. A CellProblem is
    raised for what is not a date, not in the calendar, not in 2000-2099 or not on the weekday that it names.
    """
    if not text:
        raise CellProblem(f"is blank: {_FIX}")
    if serial := _SERIAL.fullmatch(text):
        return _from_serial(serial)
    words = " ".join(text.casefold().replace(",", " ").split())
    before = _WEEKDAY.match(words)
    words = words[before.end() :] if before else words
    for pattern in _DATES:
        if found := pattern.match(words):
            day, rest = _calendar_date(found, date_order), words[found.end() :]
            behind = _WEEKDAY_BEHIND.match(rest)
            for weekday in filter(None, (before, behind)):
                if not _WEEKDAYS[day.weekday()].startswith(weekday["day"][:3]):
                    raise CellProblem(f"names another weekday: {day:%Y-%m-%d} is a {_WEEKDAYS[day.weekday()].title()}")
            return _with_time(day, rest[behind.end() :] if behind else rest)
    raise CellProblem(f"is not a date we can read: {_FIX}")


def add_time(day: LocalTime, text: str) -> LocalTime:
    """A date without a time of day, with the time that a cell of its own holds; blank and "TBD" leave it unknown."""
    words = _DAY_ZERO.sub("", " ".join(text.casefold().split()))
    if not words:
        return day
    if fraction := _FRACTION.fullmatch(words):
        return parse_local_time(f"{(day.value - _SERIAL_EPOCH).days}.{fraction[1]}")
    return _with_time(day.value.date(), f" {words}")


def _from_serial(serial: re.Match[str]) -> LocalTime:
    """A spreadsheet's own number of a date: days since 1899-12-30, with the time as a fraction of the day."""
    seconds = round(float(f"0.{serial[2] or 0}") * 86_400)  # whole seconds: 0.8125 is often stored as 0.81249999999
    value = _SERIAL_EPOCH + timedelta(days=int(serial[1]), seconds=seconds)
    return LocalTime(_in_range(value), is_time_known=value.time() != time())


def _calendar_date(found: re.Match[str], date_order: DateOrder | None) -> date:
    parts = found.groupdict()
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)  # noqa: PLR2004 - two digits of a year
    if parts.get("first"):
        month, day = _month_and_day(int(parts["first"]), int(parts["second"]), date_order)
    elif parts.get("name"):
        month, day = _month_number(parts["name"]), int(parts["day"])
    else:
        month, day = int(parts["month"]), int(parts["day"])
    try:
        return _in_range(datetime(year, month, day)).date()  # noqa: DTZ001 - the venue's local date
    except ValueError as error:
        raise error if isinstance(error, CellProblem) else CellProblem(f"is not in the calendar: {_FIX}") from error


def _month_and_day(first: int, second: int, date_order: DateOrder | None) -> tuple[int, int]:
    """Month and day of two numbers without a stated order: the only possible reading, or the agreed one."""
    is_open = max(first, second) <= len(_MONTHS) and first != second
    if is_open and date_order is None:
        raise CellProblem(
            f"can be read month first or day first: set WATCHLIST_DATE_ORDER to month_first or day_first, or {_FIX}"
        )
    is_month_first = date_order == "month_first" if is_open else first <= len(_MONTHS)
    return (first, second) if is_month_first else (second, first)


def _month_number(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name):
            return number
    raise CellProblem(f"names no month we know: {_FIX}")


def _with_time(day: date, rest: str) -> LocalTime:
    """`day` with the time of day that `rest` holds."""
    midnight = datetime.combine(day, time())
    if not rest.strip() or _UNKNOWN_TIME.fullmatch(rest):
        return LocalTime(midnight, is_time_known=False)
    clock = _TIME.fullmatch(rest)
    if clock is None or not any(clock[part] for part in ("minute", "half", "unit", "half2", "unit2")):
        raise CellProblem(f"has a time of day we cannot read: {_FIX}")
    start = _time(clock, "", clock["half"] or clock["half2"])
    if clock["until"]:
        end = _time(clock, "2", clock["half2"])
        if clock["half2"] and not clock["half"] and start > end:  # 11:00-1:00 pm begins in the morning
            start = _time(clock, "", "am" if clock["half2"].startswith("p") else "pm")
    offset = _offset(clock["offset"])
    value = datetime.combine(day, start)
    is_bare = not rest.startswith("t") and clock["second"] is None and not rest.endswith("z")
    is_range = False
    if is_bare and offset is not None and offset <= timedelta():
        is_range = timedelta() < (midnight - offset - value) % timedelta(days=1) <= _LONGEST_SHOW
    return LocalTime(value, is_time_known=start != time(), utc_offset=offset, is_range_possible=is_range)


def _time(clock: re.Match[str], which: str, half: str | None) -> time:
    hour = int(clock[f"hour{which}"])
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - hours on a dial
            raise CellProblem(f"has a time of day that no clock shows: {_FIX}")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    try:
        return time(hour, int(clock[f"minute{which}"] or 0), int(clock[f"second{which}"] or 0))
    except ValueError as error:
        raise CellProblem(f"has a time of day that no clock shows: {_FIX}") from error


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text == "z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text.startswith("-") else size


def _in_range(value: datetime) -> datetime:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise CellProblem(f"is not in the years {_FIRST_YEAR} to {_LAST_YEAR}: {_FIX}")
    return value
