"""A sparkline: the shape of a few values, beside a number."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from ticket_pipeline.charts.drawing import to_path

if TYPE_CHECKING:
    from ticket_pipeline.charts.chart import Value

_WIDTH, _HEIGHT, _EDGE = 96, 22, 3
_FLAT = 0.02
"""A range below this share of the largest value is drawn as a flat line: noise is no move."""


_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Value], title: str, *, bridged: int = 0) -> str:
    """Values at even distances as a line, broken where more than `bridged` are missing, with a dot at the newest."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return ""
    middle, reach = (max(known) + min(known)) / 2, max(max(known) - min(known), _FLAT * max(known), 1e-9)
    step = (_WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
    points = [
        None
        if value is None
        else (_EDGE + number * step, _HEIGHT * 0.5 - (float(value) - middle) / reach * _HEIGHT * 0.7)
        for number, value in enumerate(values)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for is_known, run in groupby(points, key=lambda point: point is not None):
        joined = list(run)
        if is_known:
            runs[-1] += [point for point in joined if point is not None]
        elif len(joined) > bridged:
            runs.append([])
    path = "".join(to_path(run) for run in runs if run)
    x, y = next(point for point in reversed(points) if point is not None)
    return (
        f'<svg class="spark" width="{_WIDTH}" height="{_HEIGHT}" role="img"><title>{escape(title)}</title>'
        f'<path class="line line-1" d="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/></svg>'
    )


def text_sparkline(values: Sequence[Value], width: int = 16) -> str:
    """Values at even distances as blocks, at most `width` of them; empty for fewer than two."""
    known = [float(value) for value in values if value is not None]
    if len(known) <= 1:
        return ""
    columns = min(width, len(known))
    # The newest value is always shown.
    shown = [known[round((len(known) - 1) * column / (columns - 1))] for column in range(columns)]
    low, reach = min(shown), max(max(shown) - min(shown), _FLAT * max(map(abs, shown)), 1e-9)
    return "".join(_BLOCKS[min(len(_BLOCKS) - 1, int((value - low) / reach * len(_BLOCKS)))] for value in shown)
