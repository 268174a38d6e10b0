"""How buyers choose: seats are sold soon where they ask no more than they are worth, hardly ever where they ask more.

Two clocks run for each holding. Buyers come at `sale_rate`, and a share of them that falls with the markup takes it
(`Demand.interest`). Its seller takes it down at `withdrawal_rate`, whatever it asks. The first to ring ends it. So dear
holdings live longer, most of them end unsold, and what is listed at any moment is dearer than what is sold.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MEAN_LIFE_HOURS = 60.0  # market hours
MAX_LIFE_HOURS = 1440.0  # market hours; bounds how far back a listing can have begun
SALE_SHARE = 0.75  # of the holdings that go; the others are taken down

SELLER_SPREAD = 0.22  # standard deviation of a seller's log price
STEEPNESS = 30.0  # a tenth more than the limit, and one buyer in eighteen would still pay
WITHDRAWN_SHARE = 0.1  # of the unsold: taken down although they were priced to sell

_QUANTILES = 400
_MARKUPS = tuple(
    math.exp(SELLER_SPREAD * NormalDist().inv_cdf((number + 0.5) / _QUANTILES)) for number in range(_QUANTILES)
)


class Demand(NamedTuple):
    """The rates of both clocks per market hour, and the markup up to which buyers buy."""

    limit: float
    sale_rate: float
    withdrawal_rate: float

    def interest(self, markup: float) -> float:
        """The share of its buyers who would pay this much more than the seats are worth."""
        return 1 / (1 + math.pow(markup / self.limit, STEEPNESS))

    def draw_life(self, markup: float, chance: random.Random) -> tuple[float, bool]:
        """How many market hours a holding lives, and whether it is sold in the end."""
        buying = self.sale_rate * self.interest(markup)
        rate = buying + self.withdrawal_rate
        capped = -math.expm1(-MAX_LIFE_HOURS * rate)
        return -math.log1p(-chance.random() * capped) / rate, chance.random() * rate < buying


@lru_cache
def demand_for(sale_share: float) -> Demand:
    """The demand that buys this share of all holdings, which live `MEAN_LIFE_HOURS` on average."""
    if not 0 < sale_share < 1:
        raise ValueError(f"The share of holdings that are sold is {sale_share}: give a number between 0 and 1")
    withdrawn = WITHDRAWN_SHARE * (1 - sale_share)
    odds = withdrawn / (1 - withdrawn)

    def share_sold(limit: float) -> float:
        demand = Demand(limit, 1.0, odds)
        return fmean(g / (g + odds) for g in map(demand.interest, _MARKUPS))

    limit = _solve(share_sold, sale_share)
    interests = [Demand(limit, 1, 1).interest(markup) for markup in _MARKUPS]
    rate = _solve(
        lambda rate: -fmean(_mean_capped_life(rate * (interest + odds)) for interest in interests),
        -MEAN_LIFE_HOURS,
    )
    return Demand(limit, rate, odds * rate)


def _mean_capped_life(rate: float) -> float:
    left = math.exp(-MAX_LIFE_HOURS * rate)
    return 1 / rate - MAX_LIFE_HOURS * left / (1 - left)


def _solve(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of a positive number reaches its target, by halving on a logarithmic scale."""
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(math.exp(middle)) < target else (low, middle)
    return math.exp((low + high) / 2)
