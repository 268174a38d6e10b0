"""Ages on the day of the event, and the organiser's age groups. Which question asks for an age is in `fields`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ticket_pipeline.settings.values import read_names

OLDEST_YEARS = 120
"""A greater age is a typing error, and unknown."""

DateOrder = Literal["month_first", "day_first"]
"""How to read a date such as 03/04/1990."""

_LONGEST_SHAPE = 24
_GROUP = re.compile(r"(?P<first>[0-9]{1,3})\s*(?:[-\N{EN DASH}]\s*(?P<last>[0-9]{1,3})|\+)")

_TIME = r"(?:[T ][\d:.,]+(?:Z|[+-][\d:]+)?)?"
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<part>[-/.])(?P<month>\d{1,2})(?P=part)(?P<day>\d{1,2})" + _TIME, re.ASCII)
_DIGITS_ALONE = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})" + _TIME, re.ASCII)
_YEAR_LAST = re.compile(r"(?P<one>\d{1,2})(?P<part>[-/])(?P<two>\d{1,2})(?P=part)(?P<year>\d{4})" + _TIME, re.ASCII)


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """A group of ages from `first` to `last`; an open one ends at `OLDEST_YEARS`."""

    label: str
    first: int
    last: int


def parse_age_groups(text: str) -> list[AgeGroup]:
    """Parse groups such as `16-24, 25-29, 70+`, youngest first; ages outside of them get groups of their own.

    A ValueError where one cannot be read, or they do not rise without overlap.
    """
    groups: list[AgeGroup] = []
    following = 0
    for part in read_names(text):
        found = _GROUP.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is not an age group; write it like 16-24 or 70+")
        first, last = int(found["first"]), int(found["last"] or OLDEST_YEARS)
        if last < first:
            raise ValueError(f"{part} ends before it begins; swap its ends")
        if first < following:
            raise ValueError(f"{part} overlaps the group before it; list them from the youngest on, without overlap")
        if first > following:
            label = f"{following}-{first - 1}" if groups else f"under {first}"
            groups.append(AgeGroup(label, following, first - 1))
        groups.append(AgeGroup(f"{first}-{last}" if found["last"] else f"{first}+", first, last))
        following = last + 1
    if not groups:
        raise ValueError("no age group is given; write them like 16-24, 25-29, 70+")
    if following <= OLDEST_YEARS:
        groups.append(AgeGroup(f"{following}+", following, OLDEST_YEARS))
    return groups


def age_on(born_on: date, on: date) -> int | None:
    """Whole years on a day; None below 0 or above `OLDEST_YEARS`. A birthday on 29 February counts as 1 March."""
    years = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return years if 0 <= years <= OLDEST_YEARS else None


def read_age(answer: object, on: date | None, *, order: DateOrder | None = None) -> int | None:
    """The age on a day, from an answer that is a birth date or an age; None if it is neither.

    Args:
        answer: an unambiguous birth date, with or without a time (`1990-03-04`, `1990/3/4`, `19900304`, `4.3.1990`,
            `13/04/1990`), or an age, `36` or "36".
        on: the day of the event; None: a birth date has no age.
        order: how to read `03/04/1990`; None: it has no age.
    """
    if isinstance(answer, bool):
        return None
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    text = str(answer).strip() if isinstance(answer, int | str) else ""
    if text.isascii() and text.isdecimal() and len(text) <= 3:  # noqa: PLR2004 - three digits are an age
        return int(text) if int(text) <= OLDEST_YEARS else None
    born_on = _read_day(text, order)
    return None if born_on is None or on is None else age_on(born_on, on)


def shape_of(answer: object) -> str | None:
    """The form of an answer without its content: every digit is a d, every word an a, such as `dd/dd/dddd`."""
    text = " ".join(str(answer).split()) if isinstance(answer, str | int | float) else ""
    digits = re.sub(r"\d", "d", re.sub(r"[^\W\d_]+", "a", text))
    return re.sub(r"[^ad ./:,+-]", "?", digits)[:_LONGEST_SHAPE] or None


def _read_day(text: str, order: DateOrder | None) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text) or _DIGITS_ALONE.fullmatch(text) or _DOTTED.fullmatch(text):
        return _day(found["year"], found["month"], found["day"])
    if found := _YEAR_LAST.fullmatch(text):
        days = {
            "month_first": _day(found["year"], found["one"], found["two"]),
            "day_first": _day(found["year"], found["two"], found["one"]),
        }
        meant = set(days.values()) - {None}
        return meant.pop() if len(meant) == 1 else days[order] if order and meant else None
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
