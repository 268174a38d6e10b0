"""Market hours and the price level."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

START = datetime(2026, 7, 1, 23, tzinfo=UTC)


@given(st.floats(0, 5000), st.floats(0.1, 100))
def test_market_hours_convert_back_to_clock_hours_and_moments(hours: float, speed: float) -> None:
    timeline = Timeline(START, speed)
    market_hours = timeline.market_hours_before(hours)
    assert timeline.clock_hours_before(market_hours) == pytest.approx(hours, abs=1e-6)
    assert abs(timeline.moment(market_hours) - (START - timedelta(hours=hours))) < timedelta(milliseconds=10)


@pytest.mark.parametrize(("hours", "pace"), [(10, 4), (24, 2), (100, 1)])
def test_the_last_ten_hours_are_four_times_as_busy(hours: int, pace: int) -> None:
    timeline = Timeline(START, 1.0)
    assert timeline.market_hours_before(hours) - timeline.market_hours_before(hours - 1) == pytest.approx(pace)


def test_the_level_falls_over_the_last_two_days_and_drifts_before() -> None:
    level = PriceLevel.drawn(random.Random(1))  # noqa: S311 - chance, not secrecy
    assert (level.at(48), level.at(0)) == (pytest.approx(1), pytest.approx(0.72))
    assert len({round(level.at(hours), 4) for hours in (100, 200, 300, 400)}) == 4
    assert all(0.9 < level.at(hours) < 1.1 for hours in range(48, 1000, 7))
