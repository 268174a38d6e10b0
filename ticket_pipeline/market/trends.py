"""How a value moved over a window of time: first and last, change, direction, and a slope that outliers do not move.

What belongs here: the arithmetic over points. What does not: where points come from (`queries.trends`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Direction = Literal["up", "down", "flat", "mixed"]

DEAD_BAND_PERCENT = Decimal(2)
DEAD_BAND_UNITS = Decimal(1)

_MOST_PAIRS = 500_000
_SECONDS_PER_DAY = 86_400
_PERCENT_STEP = Decimal("0.01")
_SLOPE_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Trend:
    """How a value moved, in its own unit.

    Attributes:
        change: last - first.
        percent: the change as a percentage of `first`; None where that is zero.
        direction: `up` or `down` where the change and the slope do not contradict each other, `flat` where both, the
            slope over the whole time, are within the dead band; else `mixed`.
        slope_per_day: the median of the slopes between all pairs of points (Theil and Sen), which a few outliers do not
            move; None where all points are of one moment.
        points: how many there are.
    """

    first: Decimal
    last: Decimal
    change: Decimal
    percent: Decimal | None
    direction: Direction
    slope_per_day: Decimal | None
    points: int
    first_at: datetime
    last_at: datetime


def measure_trend(
    points: Sequence[tuple[datetime, Decimal]],
    *,
    dead_band_percent: Decimal = DEAD_BAND_PERCENT,
    dead_band_units: Decimal = DEAD_BAND_UNITS,
) -> Trend | None:
    """The trend of points in order of time; None for fewer than two.

    Args:
        points: moments (aware) and values; leave out what is not known.
        dead_band_percent: a change of at most so many percent of the first value is flat.
        dead_band_units: a change of at most so many units is flat, also where that is more than those percent.
    """
    if len(points) < 2:  # noqa: PLR2004 - two points make a line
        return None
    (first_at, first), (last_at, last) = points[0], points[-1]
    change = last - first
    slope = _theil_sen(points)
    dead_band = max(abs(first) * dead_band_percent / 100, dead_band_units)
    along = Decimal() if slope is None else slope * Decimal((last_at - first_at).total_seconds()) / _SECONDS_PER_DAY
    return Trend(
        first=first,
        last=last,
        change=change,
        percent=(100 * change / first).quantize(_PERCENT_STEP, ROUND_HALF_UP) if first else None,
        direction=_direction(change, along, dead_band),
        slope_per_day=slope,
        points=len(points),
        first_at=first_at,
        last_at=last_at,
    )


def _direction(change: Decimal, along: Decimal, dead_band: Decimal) -> Direction:
    """What to say of a change from first to last, and of what the slope comes to over the same time."""
    if max(abs(change), abs(along)) <= dead_band:
        return "flat"
    if abs(change) <= dead_band or change * along < 0:
        return "mixed"
    return "up" if change > 0 else "down"


def _theil_sen(points: Sequence[tuple[datetime, Decimal]]) -> Decimal | None:
    """The median slope per day over pairs of points; pairs of one moment have none.

    A year of hours has 38 million pairs. Above 1,000 points only pairs at evenly spaced distances count, every k-th
    neighbour on both sides of every point, at most 500,000 of them: every point still takes part, with pairs of all
    lengths.
    """
    import numpy as np  # noqa: PLC0415 - a sixth of the start of every command, and only a trend needs it

    days = np.array([at.timestamp() for at, _ in points]) / _SECONDS_PER_DAY
    values = np.array([float(value) for _, value in points])
    step = 1 + len(points) * (len(points) - 1) // (2 * _MOST_PAIRS)
    slopes = []
    for distance in range(step, len(points), step):
        lengths = days[distance:] - days[:-distance]
        rises = values[distance:] - values[:-distance]
        slopes.append(rises[lengths > 0] / lengths[lengths > 0])
    together = np.concatenate(slopes)
    if not len(together):
        return None
    return Decimal(float(np.median(together))).quantize(_SLOPE_STEP, ROUND_HALF_UP)
