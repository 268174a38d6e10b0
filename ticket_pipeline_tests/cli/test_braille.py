"""Line charts: every value has its dot, gaps have none, and nothing leaves the screen."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.cli.braille import Line, draw_lines

VALUES = st.lists(st.none() | st.decimals(-9_999, 99_999, places=2), min_size=1, max_size=200)


def draw(*values: list[Decimal | float | None], width: int = 60, height: int = 8) -> list[str]:
    lines = [Line(f"line {number}", list(enumerate(each))) for number, each in enumerate(values)]
    return draw_lines(lines, width=width, height=height, show_place=lambda place: f"{place:.0f}")


def dots(drawn: list[str]) -> list[list[int]]:
    """The number of dots of each cell of the plot."""
    plots = [line.partition("│")[2] or line.partition("┤")[2] for line in drawn[:-2]]
    return [
        [(ord(cell) - 0x2800).bit_count() if "⠀" <= cell <= "⣿" else 0 for cell in plot.ljust(120)] for plot in plots
    ]


@given(VALUES, VALUES)
def test_a_chart_fits_the_screen_whatever_the_values(first: list[Decimal | None], second: list[Decimal | None]) -> None:
    drawn = draw(first, second)
    if all(value is None for value in [*first, *second]):
        assert drawn == []
        return
    assert len(drawn) == 8 + 2
    assert max(map(len, drawn)) <= 60
    assert sum(map(sum, dots(drawn))) > 0
    ends = "".join(line.split()[-1] for line in drawn[:-2] if line[-1] in "AB")
    assert set(ends) == {letter for letter, each in (("A", first), ("B", second)) if any(v is not None for v in each)}


def test_a_gap_is_blank_and_a_lone_value_is_one_dot() -> None:
    cells = dots(draw([1, 1, *[None] * 96, 1, 1], width=110))
    columns = [sum(column) for column in zip(*cells, strict=True)]
    assert columns[0] > 0
    drawn = [number for number, count in enumerate(columns) if count]
    assert (drawn[0], max(drawn) > 90, [number for number in drawn if 2 < number < 90]) == (0, True, [])
    assert sum(map(sum, dots(draw([None, 5, None])))) == 1


def test_the_axis_has_round_labels_that_hold_all_values_and_the_ends_of_the_window() -> None:
    drawn = draw([103.5, 96.2, 118.9])
    labels = [float(line.partition("┤")[0]) for line in drawn if "┤" in line]
    assert labels == sorted(labels, reverse=True)
    assert (max(labels) >= 118.9, min(labels) <= 96.2, len(labels) >= 3) == (True, True, True)
    assert drawn[-2].split("└")[1].split() == ["0", "2"]
    assert drawn[-1] == "A line 0 (solid)"


def test_lines_differ_without_colour() -> None:
    both = draw([1.0] * 100, [2.0] * 100, [3.0] * 100, width=100)
    solid, dashed, dotted = (sum(cells) for cells in sorted(dots(both), key=sum, reverse=True)[:3])
    assert solid > 1.5 * dashed > 1.5 * dotted > 0
    assert both[-1] == "A line 0 (solid)   B line 1 (dashed)   C line 2 (dotted)"
