"""Write the figures of docs/accuracy.md: `python -m benchmarks.accuracy_report --write`; without it they are printed.

What belongs here: which markets are measured, goals and tables. What does not: measuring (`benchmarks.accuracy`).
"""

from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.accuracy import SHOWN_DAYS, Accuracy, measure_market
from ticket_pipeline.market.sales import METHOD

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT = Path(__file__).parent.parent / "docs" / "accuracy.md"
INTERVALS = MappingProxyType(
    {
        "15 minutes": timedelta(minutes=15),
        "1 hour": timedelta(hours=1),
        "4 hours": timedelta(hours=4),
        "12 hours": timedelta(hours=12),
    }
)
SHARES = (0.9, 0.7, 0.5)
SEATED = ("arena", "theatre")
STANDING = ("standing",)
FIRST_SEED, MARKETS, STANDING_MARKETS = 1, 40, 16

_RECALL_GOALS = MappingProxyType({"15 minutes": 0.98, "1 hour": 0.91, "4 hours": 0.69, "12 hours": 0.39})
_PRECISION_GOALS = MappingProxyType({0.9: 0.97, 0.7: 0.90, 0.5: 0.77})
_LIKELIEST = 0.75
_COLUMNS = (
    "polled every",
    "sales among removals",
    "days",
    "in range",
    "range",
    "estimated by sold",
    "recall",
    "precision: all",
    "no relists",
    "likeliest",
)
_LEAST_COVERAGE, _MOST_COVERAGE = 0.75, 0.85


class Task(NamedTuple):
    """One market to measure."""

    venue: str
    share: float
    seed: int
    days: int


Cells = dict[tuple[str, float], Accuracy]
"""By the name of the interval, and the share of removals that are sales."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all markets; print the document, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy_report", description="Judge estimated sales.")
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the markets; others show chance")
    parser.add_argument("--markets", type=int, default=MARKETS, help="for each share, half of them in each venue")
    options = parser.parse_args(arguments)
    seated = measure(SEATED, options.markets, options.first_seed)
    standing = measure(STANDING, min(options.markets, STANDING_MARKETS), options.first_seed)
    figures = {"seated": render(seated), "missed": render_missed(seated), "standing": render(standing)}
    about = f"Method version {METHOD}, seeds {options.first_seed} to {options.first_seed + options.markets - 1}."
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, part in {"about": about, **figures}.items():
        print(f"{part}\n")
        block = rf"(<!-- {name} -->\n).*(<!-- /{name} -->)"
        text = re.sub(block, lambda found, part=part: f"{found[1]}{part}\n{found[2]}", text, flags=re.DOTALL)
    if options.write:
        DOCUMENT.write_text(text, encoding="utf-8")
    return 0


def measure(venues: Sequence[str], markets: int, first_seed: int, days: int = SHOWN_DAYS) -> Cells:
    """Measure as many markets for each share, the venues in turns, with two processes."""
    tasks = [
        Task(venues[number % len(venues)], share, first_seed + number, days)
        for number in range(markets)
        for share in SHARES
    ]
    cells = {(name, share): Accuracy() for name in INTERVALS for share in SHARES}
    with ProcessPoolExecutor(2) as pool:
        for task, found in zip(tasks, pool.map(_measure, tasks), strict=True):
            for name, mean in INTERVALS.items():
                cells[name, task.share].add(found[mean])
    return cells


def _measure(task: Task) -> dict[timedelta, Accuracy]:
    return measure_market(task.venue, task.share, task.seed, INTERVALS.values(), task.days)


def render(cells: Cells) -> str:
    """A table with a row for each interval and share."""
    rows = [f"| {' | '.join(_COLUMNS)} |", "|---|---" + "|---:" * (len(_COLUMNS) - 2) + "|"]
    for (name, share), cell in cells.items():
        figures = [
            f"{len(cell.days)}",
            f"{cell.coverage:.2f}",
            f"±{cell.width:.0%}",
            f"{cell.estimated_share:.2f}",
            f"{cell.recall:.2f}",
            f"{cell.raw_precision:.2f}",
            f"{cell.precision:.2f}",
            f"{cell.precision_of_likeliest(_LIKELIEST):.2f}",
        ]
        rows.append(f"| {name} | {share} | {' | '.join(figures)} |")
    return "\n".join(rows)


def render_missed(cells: Cells) -> str:
    """The goals that are missed, a line each."""
    lines = []
    for (name, share), cell in cells.items():
        where = f"polled every {name}, {share} of the removals sales"
        if not _LEAST_COVERAGE <= cell.coverage <= _MOST_COVERAGE:
            lines.append(f"- Coverage, {where}: {cell.coverage:.3f} instead of {_LEAST_COVERAGE} to {_MOST_COVERAGE}.")
        if cell.recall < _RECALL_GOALS[name]:
            lines.append(f"- Recall, {where}: {cell.recall:.3f} instead of {_RECALL_GOALS[name]}.")
        likeliest = cell.precision_of_likeliest(_LIKELIEST)
        if likeliest < _PRECISION_GOALS[share]:
            lines.append(
                f"- Precision of the likeliest, {where}: {likeliest:.3f} instead of {_PRECISION_GOALS[share]}."
            )
    return "\n".join(lines) or "None."


if __name__ == "__main__":
    sys.exit(main())
