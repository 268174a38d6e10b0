"""How old somebody is on the day of the event, and which of the organiser's age groups that is.

What belongs here: pure arithmetic of days and groups. What does not: which question asked for it (`fields`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST_YEARS = 120
"""A birth date that makes somebody older was mistyped: the age is unknown."""

UNKNOWN = "unknown"

_GROUP = re.compile(r"(?P<first>\d{1,3})\s*(?:[-\N{EN DASH}]\s*(?P<last>\d{1,3})|\+)")
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """A group of ages, both ends in; `last` is `OLDEST_YEARS` where it is open."""

    label: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class AgeGroups:
    """The organiser's age groups, youngest first."""

    groups: tuple[AgeGroup, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read groups such as `16-24, 25-29, 70+`.

        Ages below the first group, above the last and between two fall into groups of their own, so that none is lost.

        Raises:
            ConfigurationError: a group cannot be read, or two overlap or stand in the wrong order.
        """
        named = [_parse_group(part) for part in text.split(",") if part.strip()]
        if not named:
            raise ConfigurationError("VIVENU_AGE_GROUPS names no group; write them like 16-24, 25-29, 70+.")
        return cls(tuple(_with_gaps(named)))

    def label_of(self, age: int | None) -> str:
        """The group of an age; `unknown` where that is not known or implausible."""
        if age is None:
            return UNKNOWN
        return next((group.label for group in self.groups if group.first <= age <= group.last), UNKNOWN)


def age_on(born_on: date, on: date) -> int | None:
    """Whole years on a day; None where that is no age a buyer can have.

    A birthday on 29 February is kept on 1 March of a common year.
    """
    years = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return years if 0 <= years <= OLDEST_YEARS else None


def read_age(answer: object, on: date | None) -> int | None:
    """The age on a day, by an answer that is a birth date or an age; None where it is neither.

    Args:
        answer: `1990-03-04`, with or without a time, `4.3.1990`, `36` or "36". With slashes a day cannot be told from
            a month, so such a date says nothing.
        on: the day of the event; None: a birth date says nothing.
    """
    if isinstance(answer, bool):
        return None
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    if isinstance(answer, int):
        return answer if 0 <= answer <= OLDEST_YEARS else None
    text = answer.strip() if isinstance(answer, str) else ""
    if text.isdecimal() and len(text) <= 3:  # noqa: PLR2004 - three digits are an age
        return read_age(int(text), on)
    born_on = _read_day(text)
    return None if born_on is None or on is None else age_on(born_on, on)


def _read_day(text: str) -> date | None:
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _DOTTED_DAY.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _parse_group(text: str) -> AgeGroup:
    found = _GROUP.fullmatch(text.strip())
    if found is None:
        raise ConfigurationError(
            f"VIVENU_AGE_GROUPS holds {text.strip()!r}, which is no age group; write it like 16-24 or 70+."
        )
    first, last = int(found["first"]), int(found["last"] or OLDEST_YEARS)
    label = f"{first}-{last}" if found["last"] else f"{first}+"
    if first > last:
        raise ConfigurationError(f"VIVENU_AGE_GROUPS holds {label}, which ends before it begins; swap its ends.")
    return AgeGroup(label, first, last)


def _with_gaps(named: Sequence[AgeGroup]) -> list[AgeGroup]:
    groups: list[AgeGroup] = []
    following = 0
    for group in named:
        if group.first < following:
            raise ConfigurationError(
                f"VIVENU_AGE_GROUPS holds {group.label} after a group that reaches {following - 1}; list them from the "
                "youngest on, without overlap."
            )
        if group.first > following:
            label = f"{following}-{group.first - 1}" if groups else f"under {group.first}"
            groups.append(AgeGroup(label, following, group.first - 1))
        groups.append(group)
        following = group.last + 1
    if following <= OLDEST_YEARS:
        groups.append(AgeGroup(f"{following}+", following, OLDEST_YEARS))
    return groups
