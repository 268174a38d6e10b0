"""Cron lines as a setting or a pipeline file may have them: five fields, each of which means what it seems to mean.

What belongs here: whether a line is one, and what is wrong with it. What does not: when a schedule runs (Dagster).

Stricter than most programs, which disagree about the rest: a range that runs backwards is taken round the clock by some
and as the whole field by others, Dagster takes `1-1` as the whole field as well, and a line of days that never come
(31 April) ends whoever looks for the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXAMPLE = "minute hour day month weekday, such as 15 3 * * *"
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?", re.ASCII)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, its least and greatest value, and words that stand for values from `least` on."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()

    def read(self, text: str) -> set[int]:
        """The values that a field names.

        Raises:
            ValueError: it is none.
        """
        return {value for part in text.split(",") for value in self._read_part(part)}

    def _read_part(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no {self.name}")
        step = int(found["step"] or 1)
        if found["step"] and (step == 0 or (found["first"] != "*" and found["last"] is None)):
            raise ValueError(
                f"{part!r} is no {self.name}: a step of 1 or more follows * or a range, such as */10 or 0-30/10"
            )
        if found["first"] == "*":
            first, last = self.least, self.most
            if found["last"] is not None:
                raise ValueError(f"{part!r} is no {self.name}: a range has two ends, such as 1-5")
        else:
            first = self._read_value(found["first"])
            last = first if found["last"] is None else self._read_value(found["last"])
            if first > last:
                raise ValueError(
                    f"{part!r} runs backwards: name the lesser {self.name} first, or list them with commas"
                )
            if found["last"] is not None and first == last:
                raise ValueError(f"{part!r} is one {self.name}, which some programs take for every one: write {first}")
        return range(first, last + 1, step)

    def _read_value(self, text: str) -> int:
        if text.lower() in self.words:
            return self.least + self.words.index(text.lower())
        if not text.isdecimal() or not self.least <= int(text) <= self.most:
            raise ValueError(f"{text!r} is no {self.name}: it is a number from {self.least} to {self.most}")
        return int(text)


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    _Field("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


def check_cron(line: str) -> str:
    """The line, if it is one.

    Raises:
        ValueError: it is none, or never comes true; the message says which field and why.
    """
    texts = line.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(f"{line!r} is no cron line: {_EXAMPLE}")
    try:
        _, _, days, months, _ = [field.read(text) for field, text in zip(_FIELDS, texts, strict=True)]
    except ValueError as error:
        raise ValueError(f"{line!r} is no cron line: {error} ({_EXAMPLE})") from None
    if not any(day <= _DAYS[month - 1] for month in months for day in days):
        raise ValueError(f"{line!r} names days that never come: no such month has so many")
    return line
