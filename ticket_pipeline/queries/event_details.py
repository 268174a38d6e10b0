"""How Ticketmaster describes an event, over time, and what changed about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_COMPARED = {"status": "status", "local_date": "date", "local_time": "time", "venue": "venue"}
"""Attribute → its name for people."""


@dataclass(frozen=True, slots=True)
class EventDescription:
    """One capture of an event at Ticketmaster. Moments are aware UTC; None: not published.

    Attributes:
        on_sale_at: when the public sale starts.
        problems: what of the response could not be read.
        is_test: an event of Ticketmaster's own tests.
        price_ranges: each with price_type, currency, min_price and max_price; money is text in major units.
    """

    captured_at: datetime
    external_id: str
    name: str
    status: str | None
    local_date: date | None
    local_time: time | None
    timezone: str | None
    event_at: datetime | None
    is_date_open: bool
    is_time_open: bool
    on_sale_at: datetime | None
    venue: str | None
    city: str | None
    country: str | None
    url: str | None
    problems: Sequence[str]
    is_test: bool
    price_ranges: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two captures that follow each other."""

    seen_at: datetime
    what: str
    before: Any
    after: Any


def read_event_descriptions(database: Database, event_id: int, since: datetime) -> list[EventDescription]:
    """The captures of one event since a moment (aware UTC), oldest first."""
    rows = database.fetch_all("queries/select_event_descriptions", event_id=event_id, since=since)
    return [EventDescription(**row) for row in rows]


def find_changes(descriptions: Sequence[EventDescription]) -> Iterator[Change]:
    """Every change between consecutive captures, in order of time."""
    for before, after in pairwise(descriptions):
        for attribute, what in _COMPARED.items():
            was, is_now = getattr(before, attribute), getattr(after, attribute)
            if was != is_now:
                yield Change(after.captured_at, what, was, is_now)
        old, new = _ranges_by_type(before), _ranges_by_type(after)
        for price_type in sorted(old.keys() | new.keys()):
            earlier, later = old.get(price_type, []), new.get(price_type, [])
            if earlier != later:
                yield Change(after.captured_at, f"prices, {price_type}", earlier, later)


def _ranges_by_type(description: EventDescription) -> dict[str, list[Mapping[str, str]]]:
    """The price ranges of each type in an order of their own: the marketplace's changes by itself."""
    by_type: dict[str, list[Mapping[str, str]]] = {}
    for found in sorted(description.price_ranges, key=lambda each: sorted(each.items())):
        by_type.setdefault(found["price_type"], []).append(found)
    return by_type
