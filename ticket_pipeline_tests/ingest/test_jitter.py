"""Jitter: every draw within its bounds, the mean where it was promised, the shape that the name says."""

from __future__ import annotations

import math
from random import Random
from statistics import mean, stdev
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.ingest.jitter import draw_factor
from ticket_pipeline.settings.model import JitterStrategy

STRATEGIES: tuple[JitterStrategy, ...] = get_args(JitterStrategy)
BOUNDS = [(0.5, 1.5), (0.2, 1.1), (0.9, 4.0)]
DRAWS = 20_000


def factors(strategy: JitterStrategy, low: float = 0.5, high: float = 1.5, seed: int = 7) -> list[float]:
    random = Random(seed)  # noqa: S311 - chance, not secrecy
    return [draw_factor(strategy, random, low, high) for _ in range(DRAWS)]


@given(st.sampled_from(STRATEGIES), st.floats(0.001, 1), st.floats(1, 5), st.integers())
def test_a_factor_stays_within_its_bounds(strategy: JitterStrategy, low: float, high: float, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - chance, not secrecy
    assert all(low <= draw_factor(strategy, random, low, high) <= high for _ in range(20))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_the_mean_factor_is_one_whatever_the_bounds(strategy: JitterStrategy, low: float, high: float) -> None:
    drawn = factors(strategy, low, high)
    assert abs(mean(drawn) - 1) < 4 * stdev(drawn) / math.sqrt(DRAWS)
    assert stdev(drawn) > 0.1 * min(1 - low, high - 1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_seed_repeats_the_factors_and_another_does_not(strategy: JitterStrategy) -> None:
    assert factors(strategy, seed=3) == factors(strategy, seed=3) != factors(strategy, seed=4)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("low", "high"), [(1.0, 2.0), (0.5, 1.0), (1.0, 1.0)])
def test_without_room_on_one_side_there_is_no_jitter(strategy: JitterStrategy, low: float, high: float) -> None:
    assert set(factors(strategy, low, high)) == {1.0}


def test_uniform_factors_fill_symmetric_bounds_evenly() -> None:
    drawn = factors("uniform")
    for start in (0.5, 0.75, 1.0, 1.25):
        share = sum(start <= factor < start + 0.25 for factor in drawn) / DRAWS
        assert share == pytest.approx(0.25, abs=0.015)


@pytest.mark.parametrize(
    ("strategy", "deviation"),
    # The mean size of a deviation, as a share of the room: of the half normal, the exponential and the Poisson bounded.
    [("uniform", 0.5), ("normal", 0.264), ("exponential", 0.281), ("poisson", 0.402)],
)
def test_each_strategy_has_the_spread_of_its_name(strategy: JitterStrategy, deviation: float) -> None:
    assert mean(abs(factor - 1) / 0.5 for factor in factors(strategy)) == pytest.approx(deviation, abs=0.012)
