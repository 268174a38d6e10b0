"""Axes: where a value stands (0 to 1), and which places are labelled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

Tick = tuple[float, str]
"""A place on an axis, 0 to 1, and its label."""

_MOST_TICKS = 8
_HOURS = (1, 2, 3, 6, 12, 24, 48, 168, 336)
_MONTHS = (1, 2, 3, 6, 12)
_DAY_HOURS = 24
_YEAR_MONTHS = 12
_MONDAY = datetime(2000, 1, 3)  # noqa: DTZ001 - of the venue's clock: weeks are labelled at their Monday
_CENT = 0.01
_NICE = (1, 2, 2.5, 5, 10)


class Axis(Protocol):
    """What a chart asks of its horizontal axis; positions are moments or numbers, as the axis takes them."""

    @property
    def title(self) -> str:
        """What stands below the axis."""

    def place(self, at: Any, /) -> float:  # noqa: ANN401 - moments or numbers
        """Where a position stands."""

    def show(self, at: Any, /) -> str:  # noqa: ANN401
        """A position as a reader reads it."""

    def value(self, at: Any, /) -> object:  # noqa: ANN401
        """A position as a file has it."""

    def ticks(self) -> list[Tick]:
        """The labelled places."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A span of time (aware), labelled on the venue's clock (`timezone`, an IANA name)."""

    start: datetime
    end: datetime
    timezone: str

    @property
    def title(self) -> str:
        """It names the zone."""
        return f"local time at the venue ({self.timezone.replace('_', ' ')})"

    def place(self, at: datetime) -> float:
        """Where a moment stands."""
        return (at - self.start) / (self.end - self.start)

    def show(self, at: datetime) -> str:
        """A moment as a reader reads it."""
        return f"{at.astimezone(ZoneInfo(self.timezone)):%a %d %b %Y, %H:%M %Z}"

    def value(self, at: datetime) -> date:
        """A moment on the venue's clock."""
        return at.astimezone(ZoneInfo(self.timezone))

    def ticks(self) -> list[Tick]:
        """Labels at even steps of the venue's clock: hours, days, weeks or months."""
        zone = ZoneInfo(self.timezone)
        hours = (self.end - self.start) / timedelta(hours=1)
        step = next((step for step in _HOURS if hours / step <= _MOST_TICKS), None)
        first = self.start.astimezone(zone).replace(tzinfo=None)
        clock = _months(first, hours) if step is None else _steps(first, timedelta(hours=step))
        ticks: list[Tick] = []
        for local in clock:
            moment = local.replace(tzinfo=zone).astimezone(UTC)
            if moment > self.end:
                return ticks
            if moment >= self.start:
                ticks.append((self.place(moment), _name(local, step)))
        return ticks


@dataclass(frozen=True, slots=True)
class DateAxis(TimeAxis):
    """A span of whole days, which are midnights in `timezone`."""

    @property
    def title(self) -> str:
        """Days have no zone."""
        return "day at the venue"

    def show(self, at: datetime) -> str:
        """A day as a reader reads it."""
        return f"{at:%a %d %b %Y}"

    def value(self, at: datetime) -> date:
        """The day."""
        return at.date()


@dataclass(frozen=True, slots=True)
class NameAxis:
    """Names at even distances; positions are their numbers."""

    title: str
    names: Sequence[str]

    def place(self, number: float) -> float:
        """Where the bar of a name begins."""
        return number / len(self.names)

    def show(self, number: float) -> str:
        """The name."""
        return self.names[int(number)]

    def value(self, number: float) -> str:
        """The name."""
        return self.show(number)

    def ticks(self) -> list[Tick]:
        """Every name, under the middle of its bar."""
        return [(self.place(number + 0.5), name) for number, name in enumerate(self.names)]


@dataclass(frozen=True, slots=True)
class DaysAxis:
    """Whole days to the event, from `most` on the left down to `least`."""

    most: int
    least: int = 0

    title: ClassVar[str] = "days to the event"

    def place(self, days: float) -> float:
        """Where a number of days stands."""
        return (self.most - days) / max(1, self.most - self.least)

    def show(self, days: float) -> str:
        """A number of days as a reader reads it."""
        return f"{days:g} day{'' if days == 1 else 's'} before"

    def value(self, days: float) -> float:
        """The number of days."""
        return days

    def ticks(self) -> list[Tick]:
        """Labels at even numbers of days."""
        step = max(1, math.ceil(nice_step((self.most - self.least or 1) / _MOST_TICKS)))
        first = math.ceil(self.least / step) * step
        return [(self.place(days), f"{days}") for days in range(first, self.most + 1, step)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Amounts from `low` at the bottom to `high` at the top, with a label each `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], *, from_zero: bool = False) -> Scale:
        """A scale of round numbers around all values."""
        low, high = min(values, default=0), max(values, default=1)
        low = 0 if from_zero else low
        step = nice_step((high - low or abs(high) or 1) / 4 + _CENT)
        low = math.floor(low / step) * step
        return cls(low, max(math.ceil(high / step) * step, low + step), step)

    def place(self, value: float) -> float:
        """Where an amount stands, 0 at the bottom."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[Tick]:
        """Labels at round amounts."""
        decimals = 0 if self.step % 1 == 0 else 2
        count = round((self.high - self.low) / self.step)
        values = [self.low + number * self.step for number in range(count + 1)]
        return [(self.place(value), f"{value:,.{decimals}f}") for value in values]


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 at some power of ten that is at least this."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(nice * power for nice in _NICE if nice * power >= least * 0.999)


def _steps(first: datetime, step: timedelta) -> Iterator[datetime]:
    local = _MONDAY + (first - _MONDAY) // step * step
    while True:
        yield local
        local += step


def _months(first: datetime, hours: float) -> Iterator[datetime]:
    months = hours / _DAY_HOURS / 30
    step = next((step for step in _MONTHS if months / step <= _MOST_TICKS), _YEAR_MONTHS)
    number = (first.year * _YEAR_MONTHS + first.month - 1) // step * step
    while True:
        year, month = divmod(number, _YEAR_MONTHS)
        yield datetime(year, month + 1, 1)  # noqa: DTZ001 - of the venue's clock
        number += step


def _name(local: datetime, step: int | None) -> str:
    if step is None:
        return f"{local:%b %Y}" if local.month == 1 else f"{local:%b}"
    return f"{local:%H:%M}" if step < _DAY_HOURS and local.hour else f"{local.day} {local:%b}"
