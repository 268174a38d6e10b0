"""Types of single settings: how a value is read, and why it is rejected.

What belongs here: one value at a time, with messages that never quote a secret; and how to show an address without its
secrets. What does not: which settings exist, and rules between two of them (`model`).
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr

_CRON = re.compile(r"@[a-z]+|\S+(?:\s+\S+){4}")
_LISTINGS_REQUEST = re.compile(r"(?:GET|PUT|POST) \S+")
_SOURCES = ("stubhub", "vivid_seats", "ticketmaster", "vivenu")
_BAND = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([dh])\s*:\s*(\d+(?:\.\d+)?(?:/\d+)?)\s*")
_LARGEST_SHARE = 1000
"""Of the base interval, which is a week at most; far beyond it no date holds the next poll."""
_DEFAULT_BANDS = "30d:1, 7d:1/3, 1d:1/12, 0d:1/48"
_DATABASE = re.compile(r"postgres(?:ql)?://|[^:/]+=")
_AGE_GROUP = re.compile(r"(?P<first>[0-9]{1,3})\s*(?:[-\N{EN DASH}]\s*(?P<last>[0-9]{1,3})|\+)")
# What stands before the last @ is a user. One behind the first ? or # makes the place a guess.
_ADDRESS = re.compile(
    r"(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)(?:[^?#]*@)?(?P<place>[^?#@]*)(?P<mark>[?#]?)[^@]*", re.DOTALL
)
_SENDABLE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


def is_sendable(text: str) -> bool:
    """Whether a text may be the value of an HTTP header: printable ASCII, and no blank at either end."""
    return _SENDABLE.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a text may be an API key: what is sendable, in one word."""
    return bool(text) and is_sendable(text) and not re.search(r"\s", text)


def show_address(text: str) -> str:
    """A URL or path of a setting without what may be secret in it: user, password, query and fragment.

    Also of one that cannot be read, such as `user:p?w@host`: where a part is in doubt it is hidden.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return "***"
    return f"{found['scheme']}{found['place']}{found['mark']}{'***' if found['mark'] else ''}"


def is_timezone(name: str) -> bool:
    """Whether this machine knows an IANA timezone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_age_groups(text: str) -> list[tuple[int, int | None]]:
    """Read groups such as `16-24, 25-29, 70+`: the first and last age of each, None where it is open.

    Raises:
        ValueError: a group cannot be read, or they do not rise without overlap.
    """
    groups: list[tuple[int, int | None]] = []
    for part in filter(None, map(str.strip, text.split(","))):
        found = _AGE_GROUP.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no age group; write it like 16-24 or 70+")
        first, last = int(found["first"]), int(found["last"]) if found["last"] else None
        if last is not None and last < first:
            raise ValueError(f"{part} ends before it begins; swap its ends")
        if groups and (groups[-1][1] is None or first <= groups[-1][1]):
            raise ValueError(f"{part} overlaps the group before it; list them from the youngest on, without overlap")
        groups.append((first, last))
    if not groups:
        raise ValueError("no age group is named; write them like 16-24, 25-29, 70+")
    return groups


def read_cadence_bands(text: str) -> tuple[tuple[timedelta, float], ...]:
    """Read bands such as `30d:1, 7d:1/3, 1d:1/12, 0d:1/48`: (least time to the event, share of the base interval).

    Returns:
        The bands, the most distant first.

    Raises:
        ValueError: an entry is malformed, a share is zero or too large, a floor stands twice, or none starts at 0d.
    """
    bands: dict[timedelta, float] = {}
    for part in text.split(","):
        floor, share = _read_band(part.strip())
        if floor in bands:
            raise _bad_bands(f"{part.partition(':')[0].strip()} stands twice")
        bands[floor] = share
    if timedelta() not in bands:
        raise _bad_bands("one band must start at 0d")
    return tuple(sorted(bands.items(), reverse=True))


def _read_band(part: str) -> tuple[timedelta, float]:
    found = _BAND.fullmatch(part)
    if found is None:
        raise _bad_bands(f"{part!r} is not like 7d:1/3 (days or hours to the event : share)")
    number, unit, share_text = found.groups()
    try:
        share = float(Fraction(share_text))
    except (ValueError, ZeroDivisionError, OverflowError):  # 1.5/3; a number of five thousand digits
        share = 0.0
    if not 0 < share <= _LARGEST_SHARE:
        raise _bad_bands(
            f"the share in {part!r} must be a number larger than zero, such as 0.5 or 1/2, and at most {_LARGEST_SHARE}"
        )
    try:
        return float(number) * timedelta(**{{"d": "days", "h": "hours"}[unit]: 1}), share
    except OverflowError:
        raise _bad_bands(f"{part!r} is further away than any event") from None


def _bad_bands(problem: str) -> ValueError:
    return ValueError(f"{problem}; the default is '{_DEFAULT_BANDS}'")


def _check_bands(text: str) -> str:
    read_cadence_bands(text)
    return text


def check_cron(text: str) -> str:
    """Return a cron expression; whether its numbers are possible is checked by Dagster when it loads the schedule.

    Raises:
        ValueError: the text does not have five fields, and is not a word such as @daily.
    """
    if _CRON.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a valid cron expression; write minute hour day month weekday: 15 3 * * *")
    return text


def _check_marketplaces(text: str) -> str:
    if unknown := set(read_names(text)).difference(_SOURCES):
        raise ValueError(f"{', '.join(sorted(unknown))}: unknown; the names are {', '.join(_SOURCES)}")
    return text


def read_names(text: str) -> list[str]:
    """The names in a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def _check_listings_request(text: str) -> str:
    if _LISTINGS_REQUEST.fullmatch(text) is None:
        raise ValueError("write the method (GET, PUT or POST), a space and the path, such as GET /api/listings")
    return text


def _check_timezone(name: str) -> str:
    if not is_timezone(name):
        raise ValueError(f"{name!r} is not an IANA timezone; write one such as America/New_York")
    return name


def _check_age_groups(text: str) -> str:
    read_age_groups(text)
    return text


def _check_database(secret: SecretStr | None) -> SecretStr | None:
    # Whether the rest of it can be read is libpq's to say (`storage.connect`).
    if secret is not None and _DATABASE.match(secret.get_secret_value()) is None:
        raise ValueError(
            "only PostgreSQL and TimescaleDB will do; write it like postgresql://user:password@host:5432/name"
        )
    return secret


def _empty_is_unset(value: object) -> object:
    """`NAME=` in a `.env` file means "not set", as `.env.example` shows them."""
    return None if value == "" else value


def _check_sendable(text: str) -> str:
    if not is_sendable(text):
        raise ValueError(
            "it goes into a request's header, and holds a line break, a control character, one that is not ASCII, or a "
            "blank at an end; write it in plain ASCII on one line"
        )
    return text


def _check_secret_sendable(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        _check_sendable(secret.get_secret_value())
    return secret


def _check_secret_key(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not is_key(secret.get_secret_value()):
        raise ValueError(
            "an API key is one word of plain ASCII, and this holds a blank, a line break or another character; copy "
            "the key alone"
        )
    return secret


OptionalText = Annotated[str | None, BeforeValidator(_empty_is_unset)]
OptionalPath = Annotated[Path | None, BeforeValidator(_empty_is_unset)]
OptionalDateOrder = Annotated[Literal["month_first", "day_first"] | None, BeforeValidator(_empty_is_unset)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_empty_is_unset)]
OptionalSecretHeader = Annotated[OptionalSecret, AfterValidator(_check_secret_sendable)]
OptionalKey = Annotated[OptionalSecret, AfterValidator(_check_secret_key)]
OptionalDatabase = Annotated[OptionalSecret, AfterValidator(_check_database)]
CadenceBands = Annotated[str, AfterValidator(_check_bands)]
CronExpression = Annotated[str, AfterValidator(check_cron)]
AgeGroups = Annotated[str, AfterValidator(_check_age_groups)]
Timezone = Annotated[str, AfterValidator(_check_timezone)]
MarketplaceNames = Annotated[str, AfterValidator(_check_marketplaces)]
ListingsRequest = Annotated[str, AfterValidator(_check_listings_request)]
HeaderText = Annotated[str, AfterValidator(_check_sendable)]
