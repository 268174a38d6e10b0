"""Trends: exact beside brute force in fractions, calm inside the dead band, fast over a year of hours."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.trends import measure_trend

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Few hours and few prices, so that several points share a moment, and many slopes tie.
_points = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda hours: NOON + hours * HOUR),
        st.sampled_from(["0.00", "10.00", "10.01", "10.20", "50.00", "51.00", "51.01", "1000.00"]).map(Decimal),
    ),
    max_size=25,
).map(lambda points: sorted(points, key=lambda point: point[0]))


def days(*values: str) -> list[tuple[datetime, Decimal]]:
    """One point a day."""
    return [(NOON + n * DAY, Decimal(value)) for n, value in enumerate(values)]


@given(points=_points)
def test_a_trend_is_what_brute_force_says(points: list[tuple[datetime, Decimal]]) -> None:
    trend = measure_trend(points)
    if len(points) < 2:
        assert trend is None
        return
    assert trend is not None
    first, last = points[0][1], points[-1][1]
    assert (trend.first, trend.last, trend.points) == (first, last, len(points))
    assert (trend.first_at, trend.last_at) == (points[0][0], points[-1][0])
    assert trend.change == last - first
    percent = Fraction(last - first) / Fraction(first) * 100 if first else None
    assert (trend.percent is None) == (percent is None)
    assert percent is None or trend.percent is None or abs(Fraction(trend.percent) - percent) <= Fraction("0.005")
    slopes = [
        Fraction(later - earlier) / Fraction((after - before) / DAY)
        for (before, earlier), (after, later) in combinations(points, 2)
        if after > before
    ]
    assert (trend.slope_per_day is None) == (not slopes)
    assert trend.slope_per_day is None or abs(Fraction(trend.slope_per_day) - median(slopes)) < Fraction("0.0001")
    dead_band = max(Decimal(1), first / 50)
    along = (trend.slope_per_day or Decimal()) * Decimal((points[-1][0] - points[0][0]) / DAY)
    moves = {0 if abs(move) <= dead_band else 1 if move > 0 else -1 for move in (last - first, along)}
    if trend.direction == "flat":
        assert moves == {0}
    elif trend.direction == "mixed":
        assert abs(last - first) <= dead_band or (last - first) * along < 0
    else:
        assert abs(last - first) > dead_band
        assert ((last > first), along >= 0 if last > first else along <= 0) == (trend.direction == "up", True)


@pytest.mark.parametrize(
    ("first", "last", "direction"),
    [
        ("100.00", "102.00", "flat"),
        ("100.00", "102.01", "up"),
        ("100.00", "97.99", "down"),
        ("10.00", "11.00", "flat"),  # 10 %, and one unit
        ("10.00", "8.99", "down"),
        ("0", "1", "flat"),
        ("0", "2", "up"),
    ],
)
def test_the_dead_band_is_two_percent_or_one_unit(first: str, last: str, direction: str) -> None:
    trend = measure_trend(days(first, last))
    assert trend is not None
    assert trend.direction == direction


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        (("100", "110", "120", "130", "60"), "mixed"),  # down at last, after days up
        (("100", "90", "80", "70", "130"), "mixed"),
        (("100", "130", "160", "190", "101"), "mixed"),  # back where it was, but not flat
        (("100", "100", "100", "100", "60"), "down"),  # the slope is level
        (("100", "90", "95", "70", "60"), "down"),
        (("100", "101", "99", "101", "100"), "flat"),
    ],
)
def test_a_direction_contradicts_neither_the_change_nor_the_slope(values: tuple[str, ...], direction: str) -> None:
    trend = measure_trend(days(*values))
    assert trend is not None
    assert trend.direction == direction


def test_the_dead_band_is_the_callers_choice() -> None:
    trend = measure_trend(days("100", "104"), dead_band_percent=Decimal(5), dead_band_units=Decimal(0))
    assert trend is not None
    assert trend.direction == "flat"


def test_outliers_do_not_move_the_slope() -> None:
    trend = measure_trend(days("100", "101", "900", "103", "104", "1", "106"))
    assert trend is not None
    assert trend.slope_per_day == 1


def test_a_year_of_hours_takes_a_moment() -> None:
    """A rise of 0.5 a day below the noise of a daily rhythm and of a tenth of wild outliers."""
    points = [
        (NOON + n * HOUR, Decimal(100) + Decimal(n) / 48 + n % 24 + (5000 if n % 10 == 3 else 0)) for n in range(8760)
    ]
    started = time.process_time()
    trend = measure_trend(points)
    assert time.process_time() - started < 0.5
    assert trend is not None
    assert trend.slope_per_day is not None
    assert abs(trend.slope_per_day - Decimal("0.5")) < Decimal("0.02")
