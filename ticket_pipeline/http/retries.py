"""When a fetch is tried again, and when it ends: the limits of tries and time, and the course of one fetch within them.

What belongs here: counting, waiting times, the time left. What does not: sending (`http`), and which errors can be
mended by asking again (`errors`: `is_transient`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.http.answers import read_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from random import Random

    from ticket_pipeline.settings.model import Settings

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How one class of errors is retried, where that differs from the rest.

    Attributes:
        max_tries: requests sent at most, if this is how the last one ended; the policy's own cap holds besides.
        first_wait_seconds: before the second try; doubles with each further one.
        longest_wait_seconds: where the doubling ends.
    """

    max_tries: int
    first_wait_seconds: float
    longest_wait_seconds: float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of one fetch.

    Attributes:
        max_tries: requests sent at most.
        retry_seconds: no try starts, and no later try runs, past this long after the first request was permitted.
        request_seconds: longest single request, from sending to the last byte.
        max_body_bytes: a larger body, compressed or not, is refused.
        first_wait_seconds: before the second try; doubles with each further one.
        longest_wait_seconds: where the doubling ends. A longer Retry-After is honoured all the same.
        jitter_seconds: up to this much is added to every wait, so that many fetches do not come back together.
        rules: error class → its own rule; the nearest class counts. An error that is not transient is never retried,
            whatever its rule.
    """

    max_tries: int = 3
    retry_seconds: float = 120.0
    request_seconds: float = 60.0
    max_body_bytes: int = 64 * _MEGABYTE
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    jitter_seconds: float = 1.0
    rules: Mapping[type[MarketplaceError], RetryRule] = field(default_factory=dict)

    def rule_for(self, error: MarketplaceError) -> RetryRule:
        """The rule of an error's class, or of the nearest class above it, or the policy's own numbers."""
        own = RetryRule(self.max_tries, self.first_wait_seconds, self.longest_wait_seconds)
        return next((self.rules[kind] for kind in type(error).__mro__ if kind in self.rules), own)

    @classmethod
    def from_settings(cls, settings: Settings, rules: Mapping[type[MarketplaceError], RetryRule] | None = None) -> Self:
        """The limits that the settings name, with a marketplace's own rules."""
        return cls(
            max_tries=settings.httpx_retries + 1,
            request_seconds=settings.tuning.request_timeout_seconds,
            max_body_bytes=settings.tuning.max_body_megabytes * _MEGABYTE,
            rules=rules or {},
        )


class Course:
    """How far one fetch has come: its tries, its time, and when to try again."""

    def __init__(self, policy: RetryPolicy, rng: Random, monotonic: Callable[[], float]) -> None:
        self.tries = 0
        self._policy = policy
        self._rng = rng
        self._monotonic = monotonic
        self._started = 0.0
        self._asked_wait: float | None = None

    def begin_try(self) -> None:
        """Count a request; the time of the fetch runs from the first, since waiting for a permit is no retry."""
        self.tries += 1
        self._asked_wait = None
        if self.tries == 1:
            self._started = self._monotonic()

    def request_limit(self) -> float:
        """Seconds the request at hand may take: a later try also ends with the fetch's own time."""
        if self.tries == 1:
            return self._policy.request_seconds
        return max(0.0, min(self._policy.request_seconds, self._time_left()))

    def hear_retry_after(self, value: str | None, now: datetime) -> None:
        """Remember the wait that an answer asks for."""
        wait = read_retry_after(value, now)
        self._asked_wait = None if wait is None else wait.total_seconds()

    def next_wait(self, error: Exception) -> bool | float:
        """Seconds until the next try after `error`, or False to give up."""
        if not (isinstance(error, MarketplaceError) and error.is_transient):
            return False
        rule = self._policy.rule_for(error)
        if self.tries >= rule.max_tries:
            return False
        doubled = rule.first_wait_seconds * 2.0 ** (self.tries - 1)
        backoff = min(doubled, rule.longest_wait_seconds) + self._rng.uniform(0, self._policy.jitter_seconds)
        wait = backoff if self._asked_wait is None else max(self._asked_wait, backoff)
        return wait if wait < self._time_left() else False

    def _time_left(self) -> float:
        return self._policy.retry_seconds - (self._monotonic() - self._started)
