"""Ticketmaster's limits per key: requests per second and per rolling day."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class Refusal(StrEnum):
    """Which limit a request exceeds."""

    PER_SECOND = "per_second"
    PER_DAY = "per_day"


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """How many requests any window may hold."""

    per_second: int = 5
    per_day: int = 5_000


class Quota:
    """The requests of one key; a refused request does not count. `limits` None: count, refuse nothing."""

    def __init__(self, limits: QuotaLimits | None) -> None:
        self._is_enforced = limits is not None
        self._limits = limits or QuotaLimits()
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> Refusal | None:
        """Count one request at `now` (aware UTC), or return the limit that refuses it."""
        while self._taken and now - self._taken[0] >= DAY:
            self._taken.popleft()
        if self._is_enforced:
            if len(self._taken) >= self._limits.per_day:
                return Refusal.PER_DAY
            if sum(1 for moment in self._taken if now - moment < SECOND) >= self._limits.per_second:
                return Refusal.PER_SECOND
        self._taken.append(now)
        return None

    def headers(self) -> dict[str, str]:
        """The headers of a 200; the reset, in milliseconds, is when the oldest request will be a day old."""
        left = self._limits.per_day - len(self._taken)
        return {
            "Rate-Limit": str(self._limits.per_day),
            "Rate-Limit-Available": str(max(0, left)),
            "Rate-Limit-Over": str(max(0, -left)),
            "Rate-Limit-Reset": str(int((self._taken[0] + DAY).timestamp() * 1000)),
        }
