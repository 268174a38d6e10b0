"""Market hours and the price level of a simulated event.

Hours count backwards from the event's start: 0 is the start, larger is earlier.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

FALL_HOURS = 48.0
FALL_SHARE = 0.28  # sellers lag behind the level, so asks fall by a quarter
DRIFT_WAVES = ((0.06, 240.0), (0.03, 50.0))  # (share of the price, period in hours)

# (hours before the event where this pace begins, market hours per hour), from the start backwards
_PACES = ((10.0, 4.0), (24.0, 2.0), (math.inf, 1.0))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Turns moments into *market hours* before the event and back.

    In market hours everything happens at a steady rate. One hour of the clock is one market hour, two in the last day
    and four in the last ten hours; from `fast_since` on `speed` times as many.
    """

    event_at: datetime  # aware UTC
    speed: float
    fast_since: datetime | None = None  # None: always

    def hours_before(self, moment: datetime) -> float:
        """Hours from `moment` to the start; negative after it."""
        return (self.event_at - moment) / timedelta(hours=1)

    def market_hours_before(self, hours: float) -> float:
        """Market hours from `hours` before the start to the start."""
        return _paced(hours) + (self.speed - 1) * _paced(min(hours, self._fast_hours))

    def clock_hours_before(self, market_hours: float) -> float:
        """The inverse of `market_hours_before`."""
        fast = _paced(self._fast_hours)
        if market_hours <= self.speed * fast:
            return _clock(market_hours / self.speed)
        return _clock(market_hours - (self.speed - 1) * fast)

    @property
    def _fast_hours(self) -> float:
        """Hours before the start at which the market becomes fast."""
        return math.inf if self.fast_since is None else max(0.0, self.hours_before(self.fast_since))

    def moment(self, market_hours: float) -> datetime:
        """The aware UTC moment that is `market_hours` before the start."""
        return self.event_at - timedelta(hours=self.clock_hours_before(market_hours))


def _paced(hours: float) -> float:
    """The market hours of an ordinary market in the last `hours` of the clock."""
    passed = begin = 0.0
    for end, pace in _PACES:
        if hours <= end:
            return passed + (hours - begin) * pace
        passed += (end - begin) * pace
        begin = end
    raise AssertionError("the last pace has no end")


def _clock(market_hours: float) -> float:
    """The inverse of `_paced`."""
    begin = 0.0
    for end, pace in _PACES:
        if market_hours <= (end - begin) * pace:
            return begin + market_hours / pace
        market_hours -= (end - begin) * pace
        begin = end
    raise AssertionError("the last pace has no end")


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """An event's price level: slow waves, then a fall over the last two days. `phases` of the waves are in radians."""

    phases: tuple[float, ...]

    @classmethod
    def drawn(cls, chance: random.Random) -> PriceLevel:
        """Draw the waves of one event."""
        return cls(tuple(chance.uniform(0, 2 * math.pi) for _ in DRIFT_WAVES))

    def at(self, hours: float) -> float:
        """The level relative to the event's base price, `hours` before the start."""
        if hours < FALL_HOURS:
            return 1 - FALL_SHARE * (1 - max(hours, 0) / FALL_HOURS)
        fading = min(1.0, hours / FALL_HOURS - 1)  # the waves end where the fall begins
        waves = zip(DRIFT_WAVES, self.phases, strict=True)
        return math.exp(
            fading * sum(share * math.sin(2 * math.pi * hours / period + p) for (share, period), p in waves)
        )
