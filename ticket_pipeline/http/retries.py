"""When a fetch is retried and when it ends: limits of tries and time, and the state of one fetch within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ticket_pipeline.errors import MarketplaceError
    from ticket_pipeline.settings.model import Settings


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of one fetch. Only transient errors are retried.

    Attributes:
        max_tries: requests sent at most.
        retry_seconds: no try starts, and no later try runs, past this long after the first request was permitted.
        request_seconds: longest single request, from sending to the last byte.
        max_body_bytes: a larger body, compressed or not, is refused.
        first_wait_seconds: before the second try; doubles with each further one.
        longest_wait_seconds: where the doubling ends. A longer Retry-After is honoured all the same.
        jitter_seconds: up to this much is added to every wait, so that many fetches do not return together.
    """

    max_tries: int = 3
    retry_seconds: float = 120.0
    request_seconds: float = 60.0
    max_body_bytes: int = 64_000_000
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    jitter_seconds: float = 1.0

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The limits of the settings."""
        return cls(
            max_tries=settings.httpx_retries + 1,
            request_seconds=settings.tuning.request_timeout_seconds,
        )


class RetryState:
    """How far one fetch has come: its tries, its time, and when to try again."""

    def __init__(self, policy: RetryPolicy, rng: Random, monotonic: Callable[[], float]) -> None:
        self.tries = 0
        self._policy = policy
        self._rng = rng
        self._monotonic = monotonic
        self._started = 0.0

    def begin_try(self) -> None:
        """Count a request. The time of the fetch runs from the first one: waiting for a permit is not retrying."""
        self.tries += 1
        if self.tries == 1:
            self._started = self._monotonic()

    def request_limit(self) -> float:
        """Seconds the current request may take: a later try also ends with the fetch's own time."""
        if self.tries == 1:
            return self._policy.request_seconds
        return max(0.0, min(self._policy.request_seconds, self._time_left()))

    def next_wait(self, error: MarketplaceError) -> float | None:
        """Seconds until the next try after `error`; None to give up."""
        if not error.is_transient or self.tries >= self._policy.max_tries:
            return None
        doubled = self._policy.first_wait_seconds * 2.0 ** (self.tries - 1)
        wait = min(doubled, self._policy.longest_wait_seconds) + self._rng.uniform(0, self._policy.jitter_seconds)
        if error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        return wait if wait < self._time_left() else None

    def _time_left(self) -> float:
        return self._policy.retry_seconds - (self._monotonic() - self._started)
