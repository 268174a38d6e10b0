"""Read single fields of Ticketmaster's JSON: each may be missing, and one that cannot be read becomes a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import read_json
from ticket_pipeline.marketplaces.values import to_text

_YEARS = range(2, 9999)  # so that arithmetic with zones cannot leave the calendar


def read_object(body: bytes) -> dict[str, Any]:
    """A body that is a JSON object; UnexpectedPayload for any other."""
    found = read_json(body, "Ticketmaster")
    if not isinstance(found, dict):
        raise UnexpectedPayload(
            f"Ticketmaster's response is not a JSON object: {excerpt(body)!r}. If this goes on, the API has changed.",
            status=200,
        )
    return found


def dict_of(found: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def list_of(found: dict[str, Any], key: str) -> list[Any]:
    """The list under a key; empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, list) else []


def objects_of(found: dict[str, Any], key: str, what: str, problems: list[str]) -> Iterator[dict[str, Any]]:
    """The objects of a list; anything else is a problem, since it must not count as nothing published."""
    if found.get(key) is not None and not isinstance(found[key], list):
        problems.append(f"{key} is not a list")
    for item in list_of(found, key):
        if isinstance(item, dict):
            yield item
        else:
            problems.append(f"{what} is not an object")


def read_value(found: dict[str, Any], key: str, convert: Callable[[object], Any], problems: list[str]) -> Any:  # noqa: ANN401 - what convert gives
    """One converted value; None where it is missing or unreadable, which is added to `problems`."""
    try:
        return None if found.get(key) is None else convert(found[key])
    except ValueError as error:
        problems.append(f"{key} {error}")
        return None


def read_text(found: object, key: str, problems: list[str]) -> Any:  # noqa: ANN401 - a text or None
    """The text under a key."""
    return read_value(found, key, lambda value: to_text(value, 500), problems) if isinstance(found, dict) else None


def to_date(value: Any) -> date:  # noqa: ANN401 - JSON is anything
    """Read a date; ValueError for anything else, as below."""
    with suppress(TypeError, ValueError):
        found = date.fromisoformat(value)
        if found.year in _YEARS:
            return found
    raise ValueError("is not a date")


def to_time(value: Any) -> time:  # noqa: ANN401 - JSON is anything
    """Read a time of day, without an offset."""
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        raise ValueError("is not a time of day") from None


def to_moment(value: Any) -> datetime:  # noqa: ANN401 - JSON is anything
    """Read a moment that names its offset."""
    with suppress(TypeError, ValueError):
        at = datetime.fromisoformat(value)
        if at.utcoffset() is not None and at.year in _YEARS:
            return at.astimezone(UTC)
    raise ValueError("is not a moment in UTC")


def find_zone(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
