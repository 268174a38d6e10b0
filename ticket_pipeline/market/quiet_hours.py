"""Hours in which nobody is told: `22:00-08:00`, on the venue's clock or on a given one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_HOURS = re.compile(r"(\d{1,2}):([0-5]\d) ?[-\u2013] ?(\d{1,2}):([0-5]\d)(?: (\S+))?")
_FORM = "write them like 22:00-08:00, or 22:00-08:00 Europe/Berlin"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another, over midnight where the second is earlier; no `timezone`: the event's."""

    start: time
    end: time
    timezone: str | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """Quiet hours as a user writes them; a ValueError that completes the sentence about the cell."""
        match = _HOURS.fullmatch(text)
        if match is None or int(match[1]) > 23 or int(match[3]) > 23:  # noqa: PLR2004 - hours of a day
            raise ValueError(f"are no hours: {_FORM}")
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        if start == end:
            raise ValueError(f"end when they begin: {_FORM}")
        try:
            ZoneInfo(match[5] or "UTC")
        except (ValueError, OSError, LookupError):
            raise ValueError(f"name a timezone that is not known: {_FORM}") from None
        return cls(start, end, match[5])

    def __str__(self) -> str:
        """As a user writes them."""
        zone = f" {self.timezone}" if self.timezone else ""
        return f"{self.start:%H:%M}-{self.end:%H:%M}{zone}"

    def after(self, moment: datetime, event_timezone: str) -> datetime:
        """The moment itself, or the end of the quiet hours that it lies in; aware UTC."""
        zone = ZoneInfo(self.timezone or event_timezone)
        local = moment.astimezone(zone)
        clock = local.time()
        is_over_midnight = self.end < self.start
        is_quiet = clock >= self.start or clock < self.end if is_over_midnight else self.start <= clock < self.end
        if not is_quiet:
            return moment
        day = local.date() + timedelta(days=is_over_midnight and clock >= self.start)
        ends = datetime.combine(day, self.end, zone).replace(fold=local.fold)  # of an hour that comes twice, this one
        return max(moment, ends.astimezone(UTC))
