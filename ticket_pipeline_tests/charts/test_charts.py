"""Charts: right places, gaps as gaps, and text that stays text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.charts import (
    MOST_POINTS,
    Band,
    Bars,
    Chart,
    DaysAxis,
    Line,
    Mark,
    TimeAxis,
    draw,
    draw_file,
    sparkline,
)
from ticket_pipeline.charts.axes import Scale
from ticket_pipeline.charts.drawing import legend, sample

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ATTACK = "<script>alert(\"&')</script>"
values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e9)), min_size=1, max_size=40)


def hourly(column: list[float | None]) -> dict[datetime | float, float | None]:
    """A value an hour."""
    return {NOON + number * HOUR: value for number, value in enumerate(column)}


def chart_of(*columns: list[float | None], **more: object) -> Chart:
    """A chart with a line per column, a value an hour."""
    lines = [Line(f"line {number}", hourly(column), number + 1) for number, column in enumerate(columns)]
    axis = TimeAxis(NOON, NOON + len(columns[0]) * HOUR, "America/New_York")
    return Chart(**{"title": "Prices", "unit": "USD", "x": axis, "lines": lines} | more)  # type: ignore[arg-type]


def paths(svg: str, kind: str) -> list[str]:
    """What the shapes of a class draw."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return [one.get("d", "") for one in root.iter() if kind in one.get("class", "").split()]


@given(values)
def test_a_line_has_a_piece_per_run_and_a_point_per_value(column: list[float | None]) -> None:
    drawn = "".join(paths(draw(chart_of(column), "c"), "line-1"))
    runs = [run for run in "".join("." if value is None else "v" for value in column).split(".") if run]
    assert [1 + piece.count("L") for piece in drawn.split("M")[1:]] == [len(run) for run in runs]


@given(st.lists(st.floats(-1e6, 1e9), min_size=1, max_size=20), st.booleans())
def test_every_value_is_inside_its_scale(numbers: list[float], from_zero: bool) -> None:
    positive = [abs(number) for number in numbers] if from_zero else numbers
    scale = Scale.over(positive, from_zero=from_zero)
    assert all(-0.001 <= scale.place(number) <= 1.001 for number in positive)
    assert 2 <= len(scale.ticks()) <= 8


@given(st.integers(1, 20_000), st.sampled_from(["Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati"]))
def test_time_is_labelled_on_the_venues_clock_at_few_round_steps(hours: int, timezone: str) -> None:
    ticks = TimeAxis(NOON, NOON + hours * HOUR, timezone).ticks()
    assert len(ticks) <= 9
    assert [place for place, _ in ticks] == sorted({place for place, _ in ticks if 0 <= place <= 1})


def test_midnight_stands_where_the_venue_has_it_also_when_clocks_change() -> None:
    start = datetime(2026, 3, 7, 5, tzinfo=UTC)  # midnight in New York; a day later they go forward
    ticks = TimeAxis(start, start + timedelta(hours=47), "America/New_York").ticks()
    assert (24 / 47, "8 Mar") in ticks
    assert ticks[-1] == (1.0, "9 Mar")


def test_days_to_the_event_run_down_to_it() -> None:
    axis = DaysAxis(30)
    assert (axis.place(30), axis.place(0)) == (0, 1)
    assert [label for _, label in axis.ticks()][:3] == ["0", "5", "10"]


def test_the_day_of_the_event_alone_is_an_axis() -> None:
    axis = DaysAxis(0)
    assert (axis.place(0), axis.ticks()) == (0, [(0, "0")])


def test_all_text_from_outside_is_escaped() -> None:
    chart = chart_of([1, 2], title=ATTACK, unit=ATTACK, marks=[Mark(NOON, "suspect", ATTACK)])
    named = chart_of([1, 2], lines=[Line(ATTACK, hourly([1, 2]), 1)])
    for svg in (draw(chart, ATTACK), draw_file(chart), draw_file(named), sparkline([1, 2], ATTACK)):
        assert "<script" not in svg
        assert ET.fromstring(svg) is not None  # noqa: S314 - our own


def test_a_band_breaks_where_its_line_does_and_a_gap_is_shaded() -> None:
    column: list[float | None] = [1, 2, None, None, 3]
    above = [None if value is None else value + 1 for value in column]
    chart = chart_of(column, band=Band("Middle half", hourly(column), hourly(above)))
    svg = draw(chart, "c")
    assert "".join(paths(svg, "band")).count("Z") == 2
    (gap,) = re.findall(r'class="gap" x="([\d.]+)" width="([\d.]+)"', svg)
    assert gap == ("200.0", "600.0")  # from the last value before it to the first one after


def test_a_position_that_a_series_lacks_is_no_gap_in_it() -> None:
    often, seldom = Line("often", hourly([1, 2, 3]), 1), Line("seldom", {NOON: 1, NOON + 2 * HOUR: 3}, 2)
    chart = chart_of([None], lines=[often, seldom])
    assert "".join(paths(draw(chart, "c"), "line-2")).count("M") == 1
    assert [cells for _, _, cells, _ in chart.rows()][1] == ["2.00", ""]
    assert 'class="gap"' not in draw(chart, "c")


def test_a_line_passes_by_thin_values_which_are_dots() -> None:
    drawn = chart_of(
        [None] * 5, lines=[Line("Get-in", hourly([50, 10, 60, None, 9]), 2, [NOON + HOUR, NOON + 4 * HOUR])]
    )
    line, dots = paths(draw(drawn, "c"), "line-2")
    assert (line.count("M"), line.count("L"), dots.count("M")) == (1, 1, 2)
    assert [cells for _, _, cells, _ in drawn.rows()][1] == ["10.00"]
    assert legend(drawn)[1][1] == "line line-2 thin"
    ET.fromstring(sample("line line-2 thin"))  # noqa: S314 - our own


def test_a_bar_of_zero_is_drawn_and_one_without_data_is_not() -> None:
    bars = Bars("Sold", hourly([0, None, 4]), hourly([0, None, 2]), hourly([1, None, 6]))
    svg = draw(chart_of([0, None, 4], lines=(), bars=bars), "c")
    assert svg.count('class="bar"') == 2
    assert len(paths(svg, "range")) == 2


def test_the_table_says_what_the_picture_shows() -> None:
    chart = chart_of([1234.5, None], marks=[Mark(NOON, "failed", "2 failed attempts")])
    assert [name for name, _ in chart.columns()] == ["line 0"]
    assert list(chart.rows()) == [
        (0.0, "Sat 07 Mar 2026, 07:00 EST", ["1,234.50"], "2 failed attempts"),
        (0.5, "Sat 07 Mar 2026, 08:00 EST", ["\N{EN DASH}"], ""),
    ]
    assert "line 0: 1,234.50 to 1,234.50." in draw(chart, "c")


def test_more_points_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="longer buckets"):
        chart_of([1.0] * (MOST_POINTS + 1))
    assert len(draw_file(chart_of(*[[1.0] * MOST_POINTS] * 4))) < 60_000


def test_a_sparkline_of_nothing_is_nothing_and_of_a_flat_market_is_flat() -> None:
    assert sparkline([None, None], "t") == ""
    (path,) = paths(sparkline([100, 100.1, 100], "t"), "line-1")
    heights = {round(float(y)) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)}
    assert heights == {11}


def test_a_sparkline_bridges_as_many_missing_values_as_it_is_told_to() -> None:
    values = [1, None, 2, None, None, 3]
    pieces = [paths(sparkline(values, "t", bridged=n), "line-1")[0].count("M") for n in (0, 1, 2)]
    assert pieces == [3, 2, 1]


def test_a_legend_names_the_marks_that_are_there() -> None:
    marks = [Mark(NOON, "suspect", "2 suspect captures"), Mark(NOON + HOUR, "suspect", "1"), Mark(NOON, "note", "x")]
    drawn = chart_of([1.0, 2.0], marks=marks)
    assert legend(drawn)[-1] == ("Suspect captures, left out", "mark suspect")
    assert "Suspect captures, left out" in draw_file(drawn)
    ET.fromstring(sample("mark suspect"))  # noqa: S314 - our own
    assert [name for name, _ in legend(chart_of([1.0]))] == ["line 0"]
