"""A chart as SVG: inside a page, where it is as wide as the page leaves it room, or as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from ticket_pipeline.charts.axes import Axis, Scale
    from ticket_pipeline.charts.chart import Band, Bars, Chart, Line, Mark, Position, Values

_UNITS = 1000
"""The plot's width in its own units: it is stretched to the width that there is, lines and text are not."""

_FILE_WIDTH, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 64, 84, 20, 48
_LETTER_WIDTH = 7.2
_END = 0.96
"""Labels beyond it end at their place instead of being centred: they would leave the picture."""

_MARKS = {
    "suspect": '<path d="M0-5 5 4H-5Z"/>',
    "failed": '<path d="M-4-4 4 4M-4 4 4-4"/>',
    "note": '<path d="M0-5 5 0 0 5-5 0Z"/>',
}

_MARK_NAMES = {"suspect": "Suspect captures, left out", "failed": "Failed attempts, no capture"}
"""In legends; a note says itself what it is."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where values stand, in units of the plot."""

    x: Axis
    scale: Scale
    height: int

    def across(self, at: Position) -> float:
        return _UNITS * self.x.place(at)

    def down(self, value: float | Decimal) -> float:
        return self.height * (1 - self.scale.place(float(value)))


def style_sheet() -> str:
    """The CSS of all charts; colours are variables with fallbacks."""
    return Path(__file__).with_name("charts.css").read_text(encoding="utf-8")


def draw(chart: Chart, name: str, *, height: int = 240) -> str:
    """A chart inside a page, which brings `style_sheet` and room for the labels around it; `name` is its id there."""
    title = f'<title id="{escape(name)}-about">{escape(_describe(chart))}</title>'
    labels = f'id="{escape(name)}" role="img" aria-labelledby="{escape(name)}-about" tabindex="0"'
    return f'<svg class="chart" {labels} width="100%" height="{height}">{title}{_plot(chart, height)}</svg>'


def draw_file(chart: Chart, *, height: int = 240) -> str:
    """A chart that stands alone: with its styles, heading and legend, on a light ground."""
    width, whole = _FILE_WIDTH - _LEFT - _RIGHT, height + _TOP + _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart chart-file" width="{_FILE_WIDTH}" height="{whole}" '
        f'viewBox="0 0 {_FILE_WIDTH} {whole}" role="img"><title>{escape(_describe(chart))}</title>'
        f"<style>{style_sheet()}</style>"
        f'<rect class="ground" width="100%" height="100%"/><text class="heading" x="16" y="24">{escape(chart.title)}'
        f"</text>{_legend(chart)}"
        f'<svg x="{_LEFT}" y="{_TOP}" width="{width}" height="{height}" overflow="visible">{_plot(chart, height)}'
        "</svg></svg>"
    )


def table_rows(chart: Chart) -> str:
    """The rows of a chart's table as HTML: some hundred of them, which a template takes three times as long for."""
    number = '<td class="number">'
    return "\n".join(
        f'<tr data-x="{place:.4f}"><th scope="row">{escape(at)}{"".join(number + cell for cell in cells)}'
        f"<td>{escape(remark)}</tr>"
        for place, at, cells, remark in chart.rows()
    )


def legend(chart: Chart) -> list[tuple[str, str]]:
    """Name and class of each thing drawn; `sample` draws the class."""
    entries = [(line.name, f"line line-{line.style}") for line in chart.lines]
    thin = [f"line line-{line.style} thin" for line in chart.lines if line.thin]
    entries += [("thin: too few near it", thin[0])] if thin else []
    entries += [(chart.band.name, "band")] if chart.band else []
    entries += [(chart.bars.name, "bar")] if chart.bars else []
    kinds = {mark.kind for mark in chart.marks}
    return entries + [(name, f"mark {kind}") for kind, name in _MARK_NAMES.items() if kind in kinds]


def sample(kind: str) -> str:
    """A piece of a line, band or bar, or a mark, for a legend."""
    if kind.startswith("mark "):
        mark = f'<svg class="{kind}" x="12" y="6" overflow="visible">{_MARKS[kind.removeprefix("mark ")]}</svg>'
        return f'<svg class="sample" width="24" height="12" aria-hidden="true">{mark}</svg>'
    shape = "M12 6h0" if kind.endswith(" thin") else "M1 6H23" if kind.startswith("line") else "M1 1H23V11H1Z"
    path = f'<path d="{shape}" class="{kind}"/>'
    return f'<svg class="sample" width="24" height="12" aria-hidden="true">{path}</svg>'


def _describe(chart: Chart) -> str:
    """The title for those who cannot see the picture: what, and from where to where each series went."""
    known = {line.name: [value for value in line.values.values() if value is not None] for line in chart.lines}
    ends = [f"{name}: {chart.show(values[0])} to {chart.show(values[-1])}." for name, values in known.items() if values]
    return " ".join([f"{chart.title}, {chart.unit}.", *ends])


def _plot(chart: Chart, height: int) -> str:
    plot = _Plot(chart.x, chart.scale, height)
    shapes = [*_gaps(chart, plot)]
    shapes += [_band(chart.band, plot)] if chart.band else []
    shapes += [_bars(chart, chart.bars, plot)] if chart.bars else []
    shapes += [_line(line, plot) for line in reversed(chart.lines)]  # the first one on top
    inner = (
        f'<svg class="plot" viewBox="0 0 {_UNITS} {height}" preserveAspectRatio="none" width="100%" '
        f'height="{height}" overflow="visible">{"".join(shapes)}</svg>'
    )
    marks = "".join(_mark(mark, chart.x.place(mark.at)) for mark in chart.marks)
    return "".join(_frame(chart, plot.scale, height)) + inner + marks


def _frame(chart: Chart, scale: Scale, height: int) -> Iterator[str]:
    for place, label in scale.ticks():
        y = f"{height * (1 - place):.1f}"
        yield f'<line class="grid" x2="100%" y1="{y}" y2="{y}"/>'
        yield f'<text class="y" x="-8" y="{y}" dy=".35em">{label}</text>'
    ticks = chart.x.ticks()
    for number, (place, label) in enumerate(ticks):
        x = f"{100 * place:.2f}%"
        # Of a narrow plot the style sheet hides each second label.
        second = " second" if number % 2 and len(ticks) > 4 else ""  # noqa: PLR2004 - four fit a phone
        yield f'<line class="tick" x1="{x}" x2="{x}" y1="{height}" y2="{height + 5}"/>'
        second += " end" if place > _END else ""
        yield f'<text class="x{second}" x="{x}" y="{height + 20}">{escape(label)}</text>'
    yield f'<text class="unit" x="-8" y="-12">{escape(chart.unit)}</text>'
    yield f'<text class="axis" x="100%" y="{height + 38}">{escape(chart.x.title)}</text>'


def _gaps(chart: Chart, plot: _Plot) -> Iterator[str]:
    """The runs of positions without any value, shaded: no data is neither zero nor a straight line."""
    columns, positions = [values for _, values in chart.columns()], chart.at
    known = [any(values.get(at) is not None for values in columns) for at in positions]
    edges = [*(plot.across(at) for at in positions), float(_UNITS)]
    reach = 0 if chart.bars else 1  # a line ends at the position before the gap, a bar where the gap begins
    for is_known, run in groupby(range(len(known)), key=lambda number: known[number]):
        if not is_known:
            numbers = list(run)
            left, right = edges[max(0, numbers[0] - reach)], edges[numbers[-1] + 1]
            yield f'<rect class="gap" x="{left:.1f}" width="{right - left:.1f}" height="{plot.height}"/>'


def _segments(values: Values, plot: _Plot) -> Iterator[Points]:
    """The runs of values between gaps, in units of the plot."""
    ordered = sorted(values.items(), key=lambda point: plot.x.place(point[0]))
    for is_known, run in groupby(ordered, key=lambda point: point[1] is not None):
        if is_known:
            yield [(plot.across(at), plot.down(value or 0)) for at, value in run]


def to_path(points: Points) -> str:
    """A path; a point alone is a line of no length, which round ends make a dot."""
    start = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    return start + ("".join(f"L{x:.1f} {y:.1f}" for x, y in points[1:]) or "h0")


def _line(line: Line, plot: _Plot) -> str:
    joined = {at: value for at, value in line.values.items() if at not in line.thin}
    path = "".join(to_path(points) for points in _segments(joined, plot))
    alone = [(at, value) for at in line.thin if (value := line.values.get(at)) is not None]
    dots = "".join(to_path([(plot.across(at), plot.down(value))]) for at, value in alone)
    drawn = ((f"line line-{line.style}", path), (f"line line-{line.style} thin", dots))
    return "".join(f'<path class="{kind}" d="{shape}"/>' for kind, shape in drawn if shape)


def _band(band: Band, plot: _Plot) -> str:
    # Both ends are known or neither is, so that the runs of one are those of the other.
    runs = zip(*(_segments(values, plot) for values in (band.low, band.high)), strict=True)
    areas = [f"{to_path(high)}{to_path(low[::-1]).replace('M', 'L')}Z" for low, high in runs]
    return f'<path class="band" d="{"".join(areas)}"/>' if areas else ""


def _bars(chart: Chart, bars: Bars, plot: _Plot) -> str:
    edges = [*(plot.across(at) for at in chart.at), float(_UNITS)]
    shapes = []
    for at, start, end in zip(chart.at, edges, edges[1:], strict=False):
        value, low, high = (values.get(at) for values in (bars.values, bars.low, bars.high))
        left, width = start + 0.1 * (end - start), 0.8 * (end - start)
        if value is not None:
            top = plot.down(value)
            size = f'width="{width:.1f}" height="{plot.height - top:.1f}"'
            shapes.append(f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" {size}/>')
        if low is not None and high is not None:
            ends = f"{left + width / 2:.1f} {plot.down(low):.1f}V{plot.down(high):.1f}"
            shapes.append(f'<path class="range" d="M{ends}"/>')
    return "".join(shapes)


def _mark(mark: Mark, place: float) -> str:
    shape = f"<title>{escape(mark.text)}</title>{_MARKS[mark.kind]}"
    return f'<svg class="mark {mark.kind}" x="{100 * place:.2f}%" y="8" overflow="visible">{shape}</svg>'


def _legend(chart: Chart) -> str:
    parts, x = [], 16.0
    for name, kind in legend(chart):
        parts.append(f'<svg x="{x:.0f}" y="34" overflow="visible">{sample(kind)}</svg>')
        parts.append(f'<text class="entry" x="{x + 30:.0f}" y="44">{escape(name)}</text>')
        x += 46 + len(name) * _LETTER_WIDTH
    return "".join(parts)
