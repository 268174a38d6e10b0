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
def test_market_hours_turn_back_into_hours_of_the_clock(hours: float, speed: float) -> None:
    timeline = Timeline(START, speed)
    assert timeline.clock_hours_before(timeline.market_hours_before(hours)) == pytest.approx(hours, abs=1e-6)


def test_the_last_ten_hours_are_four_times_as_busy() -> None:
    timeline = Timeline(START, 1.0)
    assert timeline.market_hours_before(10) - timeline.market_hours_before(9) == pytest.approx(4)
    assert timeline.market_hours_before(24) - timeline.market_hours_before(23) == pytest.approx(2)
    assert timeline.market_hours_before(100) - timeline.market_hours_before(99) == pytest.approx(1)


def test_a_market_hour_has_its_moment() -> None:
    timeline = Timeline(START, 2.0)
    moment = START - timedelta(hours=30)
    assert timeline.moment(timeline.market_hours_before(timeline.hours_before(moment))) == moment


def test_the_level_falls_over_the_last_two_days_and_drifts_before() -> None:
    level = PriceLevel.drawn(random.Random(1))  # noqa: S311 - chance, not secrecy
    assert level.at(48) == pytest.approx(1)
    assert level.at(0) == pytest.approx(0.72)
    assert len({round(level.at(hours), 4) for hours in (100, 200, 300, 400)}) == 4
    assert all(0.9 < level.at(hours) < 1.1 for hours in range(48, 1000, 7))
