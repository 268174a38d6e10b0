"""How often an event is polled: the share of the base interval that its time-to-event band gives.

The SQL statement `polling/reschedule_changed` applies the same bands to the whole schedule; a test keeps the two equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from ticket_pipeline.errors import ConfigurationError

_BAND = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([dh])\s*:\s*(\d+(?:\.\d+)?(?:/\d+)?)\s*$")


@dataclass(frozen=True, slots=True)
class Cadence:
    """The base interval and its bands.

    Attributes:
        base_interval: far from the event.
        bands: (least time to the event, share of the base interval), nearest last; the last one starts at zero.
    """

    base_interval: timedelta
    bands: tuple[tuple[timedelta, float], ...]

    def interval(self, time_to_event: timedelta, own_interval: timedelta | None = None) -> timedelta | None:
        """The interval of an event this far away; None once it has started.

        Args:
            time_to_event: negative or zero once the event has started.
            own_interval: the sheet's interval for this event; it replaces the bands.
        """
        if time_to_event <= timedelta():
            return None
        if own_interval is not None:
            return own_interval
        share = next(share for floor, share in self.bands if time_to_event >= floor)
        return self.base_interval * share


def parse_bands(text: str) -> tuple[tuple[timedelta, float], ...]:
    """Read CADENCE_BANDS, such as `30d:1, 7d:1/3, 1d:1/12, 0d:1/48`, into bands in descending order.

    Raises:
        ConfigurationError: an entry is malformed, a share is zero, a floor stands twice, or none starts at 0d.
    """
    bands: dict[timedelta, float] = {}
    for part in text.split(","):
        match = _BAND.match(part)
        if match is None:
            raise _bad_bands(text, f"{part.strip()!r} is not like 7d:1/3 (days or hours to the event : share)")
        number, unit, share_text = match.groups()
        floor = timedelta(days=float(number)) if unit == "d" else timedelta(hours=float(number))
        try:
            share = float(Fraction(share_text))
        except ZeroDivisionError:
            share = 0.0
        if share <= 0:
            raise _bad_bands(text, f"the share in {part.strip()!r} must be larger than zero")
        if floor in bands:
            raise _bad_bands(text, f"{number}{unit} stands twice")
        bands[floor] = share
    if timedelta() not in bands:
        raise _bad_bands(text, "one band must start at 0d")
    return tuple(sorted(bands.items(), reverse=True))


def _bad_bands(text: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"Read CADENCE_BANDS={text!r}; {problem}. The default is '30d:1, 7d:1/3, 1d:1/12, 0d:1/48'."
    )
