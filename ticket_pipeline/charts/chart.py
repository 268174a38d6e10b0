"""What a chart shows: series over one axis, in one unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from ticket_pipeline.charts.axes import Axis, Scale

Value = float | Decimal | None
"""None: no data. A line breaks there; nothing is drawn for it."""

Position = datetime | float
"""A moment on a TimeAxis, a number of days on a DaysAxis."""

Values = Mapping[Any, Value]
"""The values of one series. A position that it lacks is no gap in it: nothing was to be expected there."""

MOST_POINTS = 500
"""Positions of one chart: more cannot be told apart, and a picture in Dagster's event log is kept forever."""

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Line:
    """Values joined by a line. `style` 1 to 6 chooses colour, width and dashes together.

    `thin` are the positions of values that stand alone: dots, which the line passes by.
    """

    name: str
    values: Values
    style: int
    thin: Collection[Position] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two values; both are known, or neither is."""

    name: str
    low: Values
    high: Values


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar per position, as wide as the way to the next one, with the range that its value is in where known."""

    name: str
    values: Values
    low: Values = field(default_factory=dict)
    high: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to know about a position, in words."""

    at: Position
    kind: Literal["suspect", "failed", "note"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: series over one axis.

    Attributes:
        title: what is shown, for the heading and for those who cannot see the picture.
        unit: of the values, such as `USD per ticket, all-in`; it stands on the axis.
        remarks: what stands beside values in the table alone, by their position.
        decimals: of the values in the table.
    """

    title: str
    unit: str
    x: Axis
    lines: Sequence[Line] = ()
    band: Band | None = None
    bars: Bars | None = None
    marks: Sequence[Mark] = ()
    remarks: Mapping[Any, str] = field(default_factory=dict)
    decimals: int = 2

    def __post_init__(self) -> None:
        if (count := len(self.at)) > MOST_POINTS:
            raise ValueError(f"{count} positions in one chart, {MOST_POINTS} at most; choose longer buckets.")

    @property
    def at(self) -> list[Position]:
        """The positions of all series, from left to right."""
        return sorted({at for _, values in self.columns() for at in values}, key=self.x.place)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(value is None for _, values in self.columns() for value in values.values())

    @property
    def scale(self) -> Scale:
        """The axis of the values."""
        values = [float(value) for _, column in self.columns() for value in column.values() if value is not None]
        return Scale.over(values, from_zero=self.bars is not None)

    def columns(self) -> list[tuple[str, Values]]:
        """Name and values of everything drawn, as the columns of a table."""
        columns: list[tuple[str, Values]] = [(line.name, line.values) for line in self.lines]
        if self.band is not None:
            columns += [(f"{self.band.name}, low", self.band.low), (f"{self.band.name}, high", self.band.high)]
        if self.bars is not None:
            columns.append((self.bars.name, self.bars.values))
            columns += [("low", self.bars.low), ("high", self.bars.high)] if self.bars.low else []
        return columns

    def rows(self) -> Iterator[tuple[float, str, list[str], str]]:
        """The chart as a table: place, position in words, each column's value, remarks."""
        columns = [values for _, values in self.columns()]
        remarks: dict[Position, list[str]] = {at: [text] for at, text in self.remarks.items()}
        for mark in self.marks:
            remarks.setdefault(mark.at, []).append(mark.text)
        for at in self.at:
            cells = [self.show(values[at]) if at in values else "" for values in columns]
            yield self.x.place(at), self.x.show(at), cells, "; ".join(remarks.get(at, []))

    def show(self, value: Value) -> str:
        """A value as a reader reads it."""
        return NOTHING if value is None else f"{value:,.{self.decimals}f}"
