"""Jitter: random factors for poll intervals. It spreads load; it hides nothing.

Every draw takes a `Random`, so that a seed repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import JitterStrategy

_SIGMA = 1 / 3  # of the bounded normal: three sigmas reach the bound
_RATE = 3.0  # of the bounded exponential: 5 % of its mass lies beyond the bound and is drawn again
_POISSON_MEAN = 2.0
_POISSON_STEPS = 6


def draw_factor(strategy: JitterStrategy, random: Random, low: float, high: float) -> float:
    """A factor in [low, high] whose mean is exactly 1, for any low ≤ 1 ≤ high.

    The deviation from 1 has a side and a size. The size, as a share of the side's room, follows the strategy; the side
    is below with probability (high - 1) / (high - low), so that both sides weigh the same and the mean is 1 whatever
    the size's distribution. `uniform` with symmetric bounds is the plain uniform distribution over them; `normal` and
    `exponential` stay closer to 1; `poisson` moves in the steps of a counting process.

    Args:
        strategy: how the size of the deviation is drawn.
        random: the source of randomness.
        low: least factor, in (0, 1].
        high: largest factor, at least 1.
    """
    room_below, room_above = 1 - low, high - 1
    if room_below <= 0 or room_above <= 0:
        return 1.0  # one side has no room: only "no jitter at all" keeps the mean
    size = _draw_size(strategy, random)
    if random.random() < room_above / (room_above + room_below):
        return 1 - room_below * size
    return 1 + room_above * size


def _draw_size(strategy: JitterStrategy, random: Random) -> float:
    match strategy:
        case "uniform":
            return random.random()
        case "normal":
            return _bounded(lambda: abs(random.gauss(0, _SIGMA)))
        case "exponential":
            return _bounded(lambda: random.expovariate(_RATE))
        case "poisson":
            return _bounded(lambda: (_draw_poisson(random, _POISSON_MEAN) + random.random()) / _POISSON_STEPS)
        case _:
            assert_never(strategy)


def _bounded(draw: Callable[[], float]) -> float:
    """Draw until the value lies in [0, 1]."""
    while True:
        value = draw()
        if 0 <= value <= 1:
            return value


def _draw_poisson(random: Random, mean: float) -> int:
    """A Poisson count, by Knuth's product of uniforms."""
    limit = math.exp(-mean)
    count, product = 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count
