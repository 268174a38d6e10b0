"""Charts made of characters, for a terminal and for Dagster's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

FULL = "\N{FULL BLOCK}"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"


def bar(value: float, largest: float, width: int) -> str:
    """A bar as long as its share of the largest, to an eighth of a character; a positive value is always visible."""
    if value <= 0 or largest <= 0:
        return ""
    eighths = max(1, round(value / largest * width * 8))
    return FULL * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def bars(rows: Sequence[tuple[str, float]], *, width: int = 40) -> list[str]:
    """One line per row: label, bar, number."""
    largest = max((value for _, value in rows), default=0)
    label_width = max((len(label) for label, _ in rows), default=0)
    return [f"{label:<{label_width}}  {bar(value, largest, width):<{width}} {value:,.0f}" for label, value in rows]


def sparkline(values: Sequence[float]) -> str:
    """One character per value; zero is a blank."""
    largest = max(values, default=0)
    return "".join(
        " " if value <= 0 else _LEVELS[min(len(_LEVELS) - 1, int(value / largest * len(_LEVELS)))] for value in values
    )


def by_steps(days: Mapping[date, float], *, most: int = 60) -> list[tuple[date, float]]:
    """Sales in at most `most` steps of equally many whole days; days without sales count as zero."""
    if not days:
        return []
    first, last = min(days), max(days)
    step = -(-((last - first).days + 1) // most)
    sums = [0.0] * (-(-((last - first).days + 1) // step))
    for day, value in days.items():
        sums[(day - first).days // step] += value
    return [(first + timedelta(days=number * step), value) for number, value in enumerate(sums)]


def pyramid(rows: Sequence[tuple[str, str, int]], *, width: int = 24) -> list[str]:
    """An age pyramid: women to the left, men to the right, everyone else as a number at the end.

    Args:
        rows: age group, gender, tickets; groups in the order they are to be shown.
        width: of each side, in characters.
    """
    groups = dict.fromkeys(group for group, _, _ in rows)
    counts = {(group, gender): tickets for group, gender, tickets in rows}
    largest = max((count for (_, gender), count in counts.items() if gender in {"female", "male"}), default=0)
    label_width = max((len(group) for group in groups), default=0)
    lines = [f"{'female':>{width + 6}} {'':^{label_width}} {'male':<{width + 6}} other"]
    for group in groups:
        women, men = counts.get((group, "female"), 0), counts.get((group, "male"), 0)
        others = sum(count for (other, _), count in counts.items() if other == group) - women - men
        # Eighths fill from the left only, so the left side is made of whole characters.
        left = FULL * (round(women / largest * width) if largest else 0)
        right = bar(men, largest, width)
        lines.append(f"{women:>5,} {left:>{width}} {group:^{label_width}} {right:<{width}} {men:<5,} {others:,}")
    return lines
