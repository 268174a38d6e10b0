"""One value as a short text for people: money, counts, moments at the venue, durations, names from outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.market.vocabulary import FeeBasis
from ticket_pipeline.market.waits import show_wait

NOTHING = "\N{EN DASH}"
"""Stands where there is no value: never 0, never an empty cell."""

FEE_BASIS: dict[str, str] = {
    FeeBasis.ALL_IN: "what the buyer pays, fees included",
    FeeBasis.ASK: "asked, before the buyer's fees",
}

FLOOR = "Floor: the lowest price with at least three listings within 15 %. Get-in: the lowest price for one ticket."
THIN = "* thin: a lone ask, below the floor or where there is none; fewer than three listings are near it."

_WHOLE_UNITS_FROM = 10_000
"""From here on an amount is shown without cents, so that a price column stays seven characters wide."""

_LONGEST_BUCKET = timedelta(days=31)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_BUCKETS = "give 6h, 2d or 1w, for example"
_DURATION = re.compile(r"\s*(\d{1,5})?\s*(m|minutes?|h|hours?|d|days?|w|weeks?)\s*", re.IGNORECASE)


def money(amount: Decimal | None) -> str:
    """An amount in major units; its currency stands in the table's caption."""
    if amount is None:
        return NOTHING
    return f"{amount:.2f}" if abs(amount) < _WHOLE_UNITS_FROM else f"{amount:,.0f}"


def get_in(price: Decimal | None, floor: Decimal | None) -> str:
    """A get-in price beside a floor; `*` marks one that stands alone (`THIN`)."""
    return money(price) + "*" * is_thin(price, floor)


def count(number: int | None) -> str:
    """A whole number with thousands separated."""
    return NOTHING if number is None else f"{number:,}"


def counted(number: int, one: str) -> str:
    """A number of things, such as `1 capture` and `2 captures`."""
    return f"{count(number)} {one}{'' if number == 1 else 's'}"


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
    name = local.tzname() or "UTC"
    # Many zones have no letters, only +03.
    return f"{local:%Y-%m-%d %H:%M} {f'UTC{name}' if name[0] in '+-' else name}"


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
    return " ".join(show_wait(duration).split()[:2])


def plain(text: object) -> str:
    """Text from outside without control characters: a name must not be able to steer a terminal."""
    if text is None:
        return NOTHING
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `30m`, `6 hours`, `2d` or `week`: the parser of an option."""
    return _duration(text, "give 30m, 6h, 2d or 1w, for example")


def _duration(text: str, advice: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration: {advice}")
    return int(match[1] or 1) * _UNITS[match[2][0].lower()]


def parse_bucket(text: str) -> timedelta:
    """Read a duration that can be a bucket of prices: the parser of an option."""
    bucket = _duration(text, _BUCKETS)
    if bucket % timedelta(hours=1) or not timedelta() < bucket <= _LONGEST_BUCKET:
        raise typer.BadParameter(f"{text!r} is not whole hours, 31 days at most: {_BUCKETS}")
    return bucket


def utc_now() -> datetime:
    """The clock of the command line: aware UTC."""
    return datetime.now(UTC)
