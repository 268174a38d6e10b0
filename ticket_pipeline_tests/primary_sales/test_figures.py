"""Figures as text and charts of characters: money keeps its currency, and no ticket is lost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.primary_sales.figures import (
    FULL,
    NOTHING,
    bar,
    bars,
    by_steps,
    pyramid,
    show_money,
    show_pace,
    show_revenue,
    show_share,
    sparkline,
)

DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("12345.6"), "EUR", "12,345.60 EUR"),
        (Decimal("-3.5"), "EUR", "-3.50 EUR"),
        (Decimal(0), None, "0.00"),
        (Decimal(0), "XXX", "0.00"),
        (Decimal(5), "XXX", "5.00 XXX"),
        (None, "EUR", NOTHING),
    ],
)
def test_money_has_cents_and_its_currency(amount: Decimal | None, currency: str | None, shown: str) -> None:
    assert show_money(amount, currency) == shown


def test_revenues_of_several_currencies_stand_side_by_side() -> None:
    summary = {"revenue": None, "currency": None, "revenues": {"USD": "5.00", "EUR": "1234.50"}}
    assert show_revenue(summary) == "1,234.50 EUR + 5.00 USD"
    assert show_revenue(summary | {"revenue": Decimal(7), "currency": "EUR"}) == "7.00 EUR"


@pytest.mark.parametrize(
    ("earlier_events", "earlier_sold", "pace", "shown"),
    [
        (2, 20, Decimal("1.124"), "112%"),
        (2, 19, None, "n/a (fewer than 20 sold at this point)"),
        (0, 0, None, NOTHING),
        (1, 30, None, NOTHING),
    ],
)
def test_a_pace_needs_something_to_be_measured_against(
    earlier_events: int, earlier_sold: int, pace: Decimal | None, shown: str
) -> None:
    summary = {"earlier_events": earlier_events, "earlier_sold": earlier_sold, "pace": pace}
    assert show_pace(summary, 20) == shown


def test_a_share_is_whole_percent() -> None:
    assert [show_share(Decimal("0.125")), show_share(None)] == ["12%", NOTHING]


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
