"""How many requests a watchlist will make: the cadence applied ahead, event by event, without jitter.

Jitter has a mean of 1, so it moves requests but does not change how many there are; retries come on top.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.ingest.cadence import Cadence

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One event at one marketplace; `due_at` is its next poll, and `own_interval` that of the sheet, if any."""

    event_at: datetime
    due_at: datetime
    own_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The polls of one marketplace per 24 hours from the start on, and those of the busiest hour."""

    by_day: tuple[int, ...]
    busiest_hour_at: datetime | None
    busiest_hour: int

    @property
    def busiest_day(self) -> int:
        """Polls of the busiest day."""
        return max(self.by_day, default=0)

    def busy_minute(self, *, chance: float = 0.001) -> int:
        """Polls that a minute of the busiest hour exceeds with at most this chance: jitter makes a Poisson process."""
        return poisson_quantile(self.busiest_hour / 60, 1 - chance)


def forecast_polls(
    events: Iterable[PlannedEvent],
    cadence: Cadence,
    *,
    start: datetime,
    days: int,
    kept_for: timedelta = timedelta(),
) -> Forecast:
    """Count the polls of `days` times 24 hours from `start` (aware UTC) on.

    Args:
        events: of one marketplace.
        cadence: how often each is polled.
        start: aware UTC.
        days: how many times 24 hours.
        kept_for: how long a response is cached; a poll of the same event within that time is not counted.
    """
    by_day = [0] * days
    by_hour: Counter[int] = Counter()
    for event in events:
        asked_at = start - kept_for
        for moment in _polls(event, cadence, start, start + days * _DAY):
            if moment - asked_at < kept_for:
                continue
            asked_at = moment
            by_day[(moment - start) // _DAY] += 1
            by_hour[(moment - start) // _HOUR] += 1
    # Of equally busy hours the first.
    busiest = max(by_hour, key=lambda hour: (by_hour[hour], -hour), default=None)
    busiest_at = None if busiest is None else start + busiest * _HOUR
    return Forecast(tuple(by_day), busiest_at, 0 if busiest is None else by_hour[busiest])


def _polls(event: PlannedEvent, cadence: Cadence, start: datetime, end: datetime) -> Iterator[datetime]:
    moment = max(event.due_at, start)
    while moment < min(end, event.event_at):
        yield moment
        moment = _next_poll(moment, event, cadence)


def _next_poll(anchor: datetime, event: PlannedEvent, cadence: Cadence) -> datetime:
    """When a poll follows one at `anchor`: an interval later, or sooner where a nearer band begins meanwhile.

    A band that begins gives the event its interval at once, counted from the last poll (see `reschedule_changed`).
    """
    due = event.event_at
    interval = cadence.interval(event.event_at - anchor, event.own_interval)
    if interval is not None:
        due = anchor + interval
    if event.own_interval is not None:
        return due
    for floor, share in cadence.bands:
        # At its floor an event is in the farther band still: the nearer one begins just after.
        begins = event.event_at - floor
        nearer = next((other for lower, other in cadence.bands if lower < floor), None)
        if nearer is not None and nearer != share and anchor <= begins < due:
            due = max(begins, anchor + cadence.base_interval * nearer)
    return due


def poisson_quantile(mean: float, probability: float) -> int:
    """The least count that a Poisson variable exceeds with a chance of at most 1 - `probability`."""
    if mean <= 0:
        return 0
    count, log_term = 0, -mean
    total = math.exp(log_term)
    # The bound ends the loop where rounding keeps the sum below the probability.
    while total < probability and count < mean + 20 * math.sqrt(mean) + 100:
        count += 1
        log_term += math.log(mean / count)
        total += math.exp(log_term)
    return count
