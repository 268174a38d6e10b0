"""Charts of characters: right lengths, and nothing lost."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.primary_sales.charts import FULL, bar, bars, by_steps, pyramid, sparkline

DAY = date(2026, 6, 1)


@given(st.floats(0, 1e6), st.floats(1, 1e6), st.integers(1, 60))
def test_a_bar_is_never_longer_than_its_room_and_something_is_never_nothing(
    value: float, most: float, width: int
) -> None:
    drawn = bar(min(value, most), most, width)
    assert len(drawn) <= width
    assert bool(drawn) == (value > 0)


def test_the_largest_fills_its_room() -> None:
    assert bar(7, 7, 5) == FULL * 5
    assert bars([("a", 2), ("bbb", 4)], width=4) == [f"a    {FULL * 2:<4} 2", f"bbb  {FULL * 4} 4"]
    assert bars([]) == []


@given(st.dictionaries(st.dates(DAY, DAY + timedelta(days=400)), st.integers(0, 50), min_size=1))
def test_steps_lose_no_ticket_and_stay_within_their_number(days: dict[date, int]) -> None:
    steps = by_steps(days, most=30)
    assert sum(value for _, value in steps) == sum(days.values())
    assert len(steps) <= 30
    assert steps[0][0] == min(days)


def test_a_day_without_sales_is_a_blank_of_a_sparkline() -> None:
    steps = by_steps({DAY: 4, DAY + timedelta(days=2): 8})
    assert sparkline([value for _, value in steps]) == "▅ █"


def test_a_pyramid_has_women_left_men_right_and_the_others_counted() -> None:
    lines = pyramid([("16-24", "female", 10), ("16-24", "male", 5), ("unknown", "diverse", 2)], width=4)
    assert FULL * 4 in lines[1].partition("16-24")[0]
    assert lines[1].partition("16-24")[2].split() == [FULL * 2, "5", "0"]
    assert lines[2].split()[-1] == "2"
    assert len(pyramid([])) == 1
