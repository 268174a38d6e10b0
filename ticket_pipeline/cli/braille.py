"""Line charts of braille dots for a terminal: gaps stay gaps, and lines differ without colour.

What belongs here: points in, lines of text out. What does not: which numbers are shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a cell, by row and column."""

_BLANK = 0x2800
_STROKES: dict[str, Callable[[int], bool]] = {
    "solid": lambda _: True,
    "dashed": lambda x: x % 6 < 3,  # noqa: PLR2004 - three dots, three blanks
    "dotted": lambda x: x % 4 == 0,
}
"""Whether a line has a dot at a column; a fourth line begins again."""

_TICKS = 4
_LEAST_DIGITS_STEP = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line: places and values in order of the places; a value of None is a gap."""

    name: str
    points: Sequence[tuple[float, Decimal | float | None]]


def draw_lines(lines: Sequence[Line], *, width: int, height: int, show_place: Callable[[float], str]) -> list[str]:
    """The chart, its axes and which letter is which line; empty where no line has a value.

    Args:
        lines: at least one; each ends with its letter.
        width: columns of the whole.
        height: lines of the plot alone.
        show_place: the label of a place.
    """
    values = [float(value) for line in lines for _, value in line.points if value is not None]
    if not values:
        return []
    low, high, step = _scale(min(values), max(values))
    labels = _labels(low, high, step, height)
    margin = max(map(len, labels.values()))
    columns = max(10, width - margin - 2 - len(lines) - 1)
    places = [place for line in lines for place, _ in line.points]
    across = _stretch(min(places), max(places), 2 * columns - 1)
    down = _stretch(high, low, 4 * height - 1)
    cells = [[_BLANK] * columns for _ in range(height)]
    ends: dict[int, str] = {}
    strokes = dict(enumerate([*_STROKES] * len(lines)))
    for number, line in enumerate(lines):
        last = _draw(cells, line, across, down, _STROKES[strokes[number]])
        if last is not None:
            ends[last] = ends.get(last, "") + _letter(number)
    plot = [
        f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}{''.join(map(chr, dots))} {ends.get(row, '')}"
        for row, dots in enumerate(cells)
    ]
    axis = _axis([show_place(place) for place in (min(places), max(places))], columns)
    names = "   ".join(f"{_letter(number)} {line.name} ({strokes[number]})" for number, line in enumerate(lines))
    # Some fonts show a cell without dots as a frame of circles.
    return [*(text.replace(chr(_BLANK), " ").rstrip() for text in plot), f"{'':>{margin}} {axis}", names]


def _draw(
    cells: list[list[int]],
    line: Line,
    across: Callable[[float], int],
    down: Callable[[float], int],
    is_drawn: Callable[[int], bool],
) -> int | None:
    """Draw one line; returns the row of cells that its last value is in."""
    dots = [None if value is None else (across(place), down(float(value))) for place, value in line.points]
    last = None
    for before, dot in pairwise([None, *dots]):
        if dot is None:
            continue
        last = dot[1] // 4
        # A value between two gaps is a dot of its own.
        for x, y in [dot] if before is None else _between(before, dot):
            if is_drawn(x) or before is None:
                cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
    return last


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, both ends included."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(round(x0 + (x1 - x0) * n / steps), round(y0 + (y1 - y0) * n / steps)) for n in range(steps + 1)]


def _stretch(first: float, last: float, dots: int) -> Callable[[float], int]:
    """From the places of an axis to its dots."""
    length = last - first
    return lambda value: round((value - first) / length * dots) if length else 0


def _scale(least: float, most: float) -> tuple[float, float, float]:
    """Round ends of the axis, and the step between its labels."""
    rough = (most - least or abs(most) or 1) / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    low, high = math.floor(least / step) * step, math.ceil(most / step) * step
    return low, high if high > low else low + step, step


def _labels(low: float, high: float, step: float, height: int) -> dict[int, str]:
    """The label of each row of cells that has one."""
    digits = 0 if step >= _LEAST_DIGITS_STEP and step == int(step) else 2
    ticks = [low + number * step for number in range(round((high - low) / step) + 1)]
    return {round((high - tick) / (high - low) * (height - 1)): f"{tick:,.{digits}f}" for tick in ticks}


def _axis(labels: Sequence[str], columns: int) -> str:
    first, last = labels
    return f"└{first}{' ' * max(1, columns - len(first) - len(last))}{last}"


def _letter(number: int) -> str:
    return chr(ord("A") + number)
