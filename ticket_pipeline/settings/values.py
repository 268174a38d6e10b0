"""Types of single settings: how a value is read, and why it is rejected.

What belongs here: one value at a time, with messages that never quote a secret; and how to show an address without its
secrets. What does not: which settings exist, and rules between two of them (`model`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr

from ticket_pipeline.market.vocabulary import Marketplace

_CRON = re.compile(r"@[a-z]+|\S+(?:\s+\S+){4}")
_DATABASE = re.compile(r"postgres(?:ql)?://|[^:/]+=")
_SENDABLE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")
# What stands before the last @ is a user; with a ? or # before an @ the host is a guess.
_ADDRESS = re.compile(
    r"(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)(?:[^?#]*@)?(?P<place>[^?#@]*)(?P<mark>[?#]?)[^@]*", re.DOTALL
)


def is_sendable(text: str) -> bool:
    """Whether a text may be the value of an HTTP header: printable ASCII without blanks at its ends."""
    return _SENDABLE.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a text may be an API key: one word that a header can hold."""
    return bool(text) and is_sendable(text) and not re.search(r"\s", text)


def is_host(text: str) -> bool:
    """Whether a text may be a host: a URL or a user in it would be looked up, and shown in errors."""
    return "://" not in text and "@" not in text[1:]  # a socket without a file begins with @


def show_address(text: str) -> str:
    """A URL or path without user, password, query and fragment; `***` where it is not clear which part is which."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return "***"
    return f"{found['scheme']}{found['place']}{found['mark']}{'***' if found['mark'] else ''}"


def read_names(text: str) -> list[str]:
    """The names in a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def is_timezone(name: str) -> bool:
    """Whether this machine knows an IANA timezone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def check_cron(text: str) -> str:
    """Return an expression of five fields or a word such as @daily; Dagster checks its numbers when it loads it."""
    if _CRON.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a valid cron expression; write minute hour day month weekday: 15 3 * * *")
    return text


def _require(is_valid: Callable[[Any], bool], problem: str) -> AfterValidator:
    """A validator that rejects values with a message; None and secrets are passed through and unwrapped."""

    def check(value: Any) -> Any:  # noqa: ANN401 - whatever the setting holds
        content = value.get_secret_value() if isinstance(value, SecretStr) else value
        if content is not None and not is_valid(content):
            raise ValueError(problem)
        return value

    return AfterValidator(check)


_SendableText = _require(
    is_sendable,
    "it goes into a request's header; write it in plain ASCII on one line, without a blank at either end",
)
_KeyText = _require(is_key, "an API key is one word of plain ASCII; copy the key alone")
_DatabaseText = _require(
    lambda text: _DATABASE.match(text) is not None,
    "it must be PostgreSQL or TimescaleDB; write it like postgresql://user:password@host:5432/name",
)

_HostText = _require(is_host, "write the host's name or address alone; a whole URL belongs in DATABASE_URL")

# `NAME=` in an env file means "not set", as `.env.example` shows.
_EmptyIsUnset = BeforeValidator(lambda value: None if value == "" else value)

OptionalText = Annotated[str | None, _EmptyIsUnset]
OptionalHost = Annotated[OptionalText, _HostText]
OptionalPath = Annotated[Path | None, _EmptyIsUnset]
OptionalDateOrder = Annotated[Literal["month_first", "day_first"] | None, _EmptyIsUnset]
OptionalSecret = Annotated[SecretStr | None, _EmptyIsUnset]
OptionalSecretHeader = Annotated[OptionalSecret, _SendableText]
OptionalKey = Annotated[OptionalSecret, _KeyText]
OptionalDatabase = Annotated[OptionalSecret, _DatabaseText]
Timezone = Annotated[str, _require(is_timezone, "it is not an IANA timezone; write one such as America/New_York")]
MarketplaceNames = Annotated[
    str,
    _require(
        lambda text: set(read_names(text)) <= set(Marketplace), f"the names are {', '.join(Marketplace)}, with commas"
    ),
]
ListingsRequest = Annotated[
    str,
    _require(
        lambda text: re.fullmatch(r"(?:GET|PUT|POST) \S+", text) is not None,
        "write the method (GET, PUT or POST), a space and the path, such as GET /api/listings",
    ),
]
