"""What a benchmark found, and how it is shown.

What belongs here: figures, goals, and their text. What does not: measuring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_THREE_DIGITS = 100


@dataclass(frozen=True, slots=True)
class Goal:
    """One promise, and what was measured of it.

    Attributes:
        what: the promise without its limit.
        measured: in the unit of the limit.
        limit: the least or the most that keeps the promise.
        is_floor: whether `limit` is the least; else it is the most.
        unit: written behind both numbers.
    """

    what: str
    measured: float
    limit: float
    is_floor: bool = False
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.limit if self.is_floor else self.measured <= self.limit

    def __str__(self) -> str:
        """One line: PASS or MISS, the number, and the limit."""
        verdict = "PASS" if self.is_met else "MISS"
        sign = "at least" if self.is_floor else "at most"
        return f"{verdict}  {self.what}: {shown(self.measured)}{self.unit} ({sign} {shown(self.limit)}{self.unit})"


@dataclass(slots=True)
class Report:
    """The findings of one benchmark on one server.

    Attributes:
        title: what was measured, on which server.
        rows: name, figure, remark; in order.
        goals: the promises.
    """

    title: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def add(self, name: str, figure: str, remark: str = "") -> None:
        """Add one finding."""
        self.rows.append((name, figure, remark))

    @property
    def is_met(self) -> bool:
        """Whether every promise is kept."""
        return all(goal.is_met for goal in self.goals)

    def __str__(self) -> str:
        """The findings as a table, the promises below."""
        widths = [max((len(row[column]) for row in self.rows), default=0) for column in (0, 1)]
        lines = [
            f"  {name:<{widths[0]}}  {figure:>{widths[1]}}  {remark}".rstrip() for name, figure, remark in self.rows
        ]
        return "\n".join(["", self.title, *lines, *(f"  {goal}" for goal in self.goals)])


def shown(value: float) -> str:
    """A number with three digits, or all of those before its point."""
    return f"{value:,.0f}" if abs(value) >= _THREE_DIGITS else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """The least and the most of some repetitions, to judge the noise by."""
    return f"{shown(min(values))} … {shown(max(values))} in {len(values)}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
