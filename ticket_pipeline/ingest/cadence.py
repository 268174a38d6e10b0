"""How often an event is polled: the share of the base interval that its time-to-event band gives.

The SQL statement `polling/reschedule_changed` applies the same bands to the whole schedule; a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

BANDS = ((timedelta(days=30), 1.0), (timedelta(days=7), 1 / 3), (timedelta(days=1), 1 / 12), (timedelta(), 1 / 48))
"""Prices move most in the last week; the sheet sets the interval of a single event."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """The base interval and its bands: (least time to the event, share of the base interval), down to zero."""

    base_interval: timedelta
    bands: tuple[tuple[timedelta, float], ...] = BANDS

    def interval(self, time_to_event: timedelta, own_interval: timedelta | None = None) -> timedelta | None:
        """The interval of an event this far away; None once it has started. The sheet's own replaces the bands."""
        if time_to_event <= timedelta():
            return None
        if own_interval is not None:
            return own_interval
        share = next(share for floor, share in self.bands if time_to_event >= floor)
        return self.base_interval * share
