"""Values as text for people: money, counts, moments at the venue, durations, and names of the outside world.

What belongs here: one value to one short text. What does not: tables and JSON documents (`tables`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline.ingest.due import show_wait

if TYPE_CHECKING:
    from decimal import Decimal

NOTHING = "\N{EN DASH}"
"""What stands where there is no value: never 0, never an empty cell."""

_WHOLE_UNITS_FROM = 10_000
"""From here on an amount is shown without cents, so that a price column stays seven characters wide."""

_MONTH = timedelta(days=31)
_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_DURATION = re.compile(r"\s*(\d{1,5})?\s*(h|hours?|d|days?|w|weeks?)\s*", re.IGNORECASE)


def money(amount: Decimal | None) -> str:
    """An amount in major units; its currency stands in the table's caption."""
    if amount is None:
        return NOTHING
    return f"{amount:.2f}" if abs(amount) < _WHOLE_UNITS_FROM else f"{amount:,.0f}"


def count(number: int | None) -> str:
    """A whole number with thousands separated."""
    return NOTHING if number is None else f"{number:,}"


def percent(first: Decimal | None, last: Decimal | None) -> str:
    """The change from `first` to `last`, such as `-12.5%`."""
    if first is None or last is None or not first:
        return NOTHING
    return f"{(last - first) / first * 100:+.1f}%"


def local_time(moment: datetime | None, timezone: str) -> str:
    """A moment on the venue's clock with its zone, such as `2026-03-14 19:30 EDT`."""
    if moment is None:
        return NOTHING
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{local:%Y-%m-%d %H:%M} {_zone_name(local)}"


def _zone_name(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name  # many zones have no letters, only +03


def ago(moment: datetime | None, this_moment: datetime) -> str:
    """How long ago a moment was, in the largest unit: `3 min ago`; within a minute `just now`."""
    if moment is None:
        return "never"
    passed = this_moment - moment
    return "just now" if passed < timedelta(minutes=1) else f"{largest_unit(passed)} ago"


def until(moment: datetime | None, this_moment: datetime) -> str:
    """How long until a moment, in the largest unit: `in 4 min`; `now` once it has come."""
    if moment is None:
        return NOTHING
    wait = moment - this_moment
    return "now" if wait <= timedelta() else f"in {largest_unit(wait)}"


def largest_unit(duration: timedelta) -> str:
    """A duration in its largest unit only, as narrow columns need it: `4 min`."""
    number, unit = show_wait(duration).split()[:2]
    return f"{number} {unit}"


def plain(text: object) -> str:
    """Text from outside without control characters: a name must not be able to steer a terminal."""
    if text is None:
        return NOTHING
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def parse_age(text: str) -> timedelta:
    """Read an age such as `30m`, `6h` or `2d`.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"\s*(\d{1,5})\s*([mhd])\s*", text)
    if match is None:
        raise ValueError(f"{text!r} is no age: give minutes, hours or days, such as 30m, 6h or 2d")
    unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[match[2]]
    return int(match[1]) * unit


def parse_bucket(text: str) -> timedelta:
    """Read a bucket such as `1 day`, `6 hours`, `1h` or `week`.

    Raises:
        ValueError: it is none, is shorter than an hour (prices are kept by the hour), or longer than a month.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no bucket: give hours, days or weeks, such as '6 hours', '1 day' or '1w'")
    number, unit = match.groups()
    bucket = int(number or 1) * next(size for name, size in _UNITS.items() if name.startswith(unit[0].lower()))
    if not timedelta(hours=1) <= bucket <= _MONTH:
        raise ValueError(f"{text!r} is not between an hour and 31 days: prices are kept by the hour")
    return bucket


def utc_now() -> datetime:
    """The clock of the command line: aware UTC."""
    return datetime.now(UTC)
