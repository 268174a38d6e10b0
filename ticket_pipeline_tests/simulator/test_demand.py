"""Who buys what: the share that is sold is the one asked for, and falls with the markup."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from ticket_pipeline.simulator.demand import MEAN_LIFE_HOURS, SELLER_SPREAD, demand_for


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_the_share_that_is_sold_and_the_mean_life_are_those_asked_for(share: float) -> None:
    chance, demand = random.Random(1), demand_for(share)  # noqa: S311 - chance, not secrecy
    lives = [demand.draw_life(chance.lognormvariate(0, SELLER_SPREAD), chance) for _ in range(20_000)]
    assert fmean(is_sold for _, is_sold in lives) == pytest.approx(share, abs=0.02)
    assert fmean(hours for hours, _ in lives) == pytest.approx(MEAN_LIFE_HOURS, rel=0.1)


def test_the_cheap_are_sold_sooner_and_more_often() -> None:
    demand = demand_for(0.7)
    results = []
    for markup in (0.8, 1.0, 1.3):
        chance = random.Random(2)  # noqa: S311 - chance, not secrecy
        lives = [demand.draw_life(markup, chance) for _ in range(2_000)]
        results.append((fmean(hours for hours, _ in lives), fmean(is_sold for _, is_sold in lives)))
    hours, shares = zip(*results, strict=True)
    assert hours[0] < hours[1] < hours[2]
    assert shares[0] > shares[1] > 0.8
    assert shares[2] < 0.1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_outside_of_zero_and_one_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        demand_for(share)
