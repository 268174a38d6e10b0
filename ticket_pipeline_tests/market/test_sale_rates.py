"""What is learned from departures is the likeliest under each belief, however far it is from the settings."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ticket_pipeline.market import sale_rates
from ticket_pipeline.market.sale_rates import (
    DEFAULT_SALE_RULES,
    RATES_SHAPE,
    Departures,
    Floats,
    SaleWeights,
    fit_windows,
    weigh_pairs,
)
from ticket_pipeline.market.sales import NO_DEPARTURES

CIRCLING = (21, 34, 56, 57)
"""Seeds of markets whose fit ran in circles with whole Newton steps."""

PRIOR = np.array(
    [
        sale_rates._WANTED_SCORE,
        -math.log(DEFAULT_SALE_RULES.hours_to_sale),
        -math.log(DEFAULT_SALE_RULES.hours_to_withdrawal),
    ]
)


def fit(window: Departures) -> Floats:
    rates: Floats = fit_windows([window], DEFAULT_SALE_RULES)[0]
    return rates


def weigh(rates: Floats, own: Departures) -> SaleWeights:
    return weigh_pairs([rates], [own])[0]


def week_of(seed: int) -> Departures:
    """The departures of a week from a market that follows the model, with rates that may be far from the settings."""
    chance = np.random.default_rng(seed)
    gap_hours = float(chance.choice([0.25, 1, 4, 12]))
    rates = PRIOR + chance.normal(0, [0.7, 0.8, 0.8])
    all_gone, all_new, _ = sale_rates._fractions(np.tile(rates, (len(sale_rates._SPEEDS), 1, 1)), gap_hours)
    gone, gone_of_new = all_gone[0, 0], all_new[0, 0]
    at_risk = (chance.uniform(20, 400) * 168 / gap_hours * np.diff(sale_rates._BOUNDS)).astype(int)
    new = chance.binomial(at_risk, gone)
    new_removed = chance.binomial(new, gone_of_new)
    gone_of_old = (gone * at_risk - gone_of_new * new) / np.maximum(at_risk - new, 1)
    removed = new_removed + chance.binomial(at_risk - new, np.clip(gone_of_old, 0, 1))
    return Departures(at_risk.tolist(), removed.tolist(), new.tolist(), new_removed.tolist(), gap_hours)


def middle_of(rates: Floats) -> Floats:
    return rates.mean(axis=1)


def posterior(middles: Floats, week: Departures) -> Floats:
    return sale_rates._log_posterior(middles[None, :, None, :], *sale_rates._as_arrays([week]), PRIOR)[0, :, 0]


@pytest.mark.parametrize("seed", [*CIRCLING, *range(6)])
def test_no_rates_nearby_are_likelier(seed: int) -> None:
    week = week_of(seed)
    found = middle_of(fit(week))
    here = posterior(found, week)
    for way in (*np.eye(3), *-np.eye(3)):
        assert (posterior(found + 0.1 * way, week) <= here + 0.02).all()


@pytest.mark.parametrize("seed", [*CIRCLING, *range(6)])
def test_a_further_step_never_makes_the_rates_less_likely(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    week = week_of(seed)
    reached = posterior(np.tile(PRIOR, (len(sale_rates._SPEEDS), 1)), week)
    for steps in range(1, 12):
        monkeypatch.setattr(sale_rates, "_MOST_STEPS", steps)
        before, reached = reached, posterior(middle_of(fit(week)), week)
        assert (reached >= before - 1e-6 * np.abs(before)).all()


@pytest.mark.parametrize("seed", CIRCLING)
def test_beliefs_agree_where_there_is_much_evidence(seed: int) -> None:
    week = week_of(seed)
    weights = weigh(fit(week), week)
    removed = np.concatenate([np.array(week.removed) - week.new_removed, week.new_removed])
    assert removed.sum() > 800
    assert (weights.error * removed).sum() < 0.25 * (weights.tickets * removed).sum()


def test_the_same_departures_give_the_same_rates() -> None:
    assert np.array_equal(fit(week_of(56)), fit(week_of(56)))


def test_without_departures_the_rates_are_those_of_the_settings() -> None:
    rates = fit(NO_DEPARTURES)
    assert rates.shape == RATES_SHAPE
    assert middle_of(rates) == pytest.approx(np.tile(PRIOR, (4, 1)))


def test_a_listing_that_goes_soon_is_likelier_sold_than_one_that_stood() -> None:
    for seed in range(6):
        chances = weigh(fit(week_of(seed)), week_of(seed)).chances
        assert (chances[10:] > chances[:10]).all()
