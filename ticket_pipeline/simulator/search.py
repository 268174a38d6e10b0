"""What a search of the Discovery API asks for: words, places, dates, order and page, and which of these are refused.

What belongs here: reading a search's parameters and applying them. What does not: answering
(`ticket_pipeline.simulator.ticketmaster`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ticket_pipeline.simulator.discovery import DATE_FORMAT, country_code, error_document, venue_id
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ticket_pipeline.simulator.market import EventMarket
    from ticket_pipeline.simulator.venue import Venue

DEFAULT_SIZE = 20
MAX_SIZE = 200
MAX_OFFSET = 1_000  # the documentation says less than this; exactly this was still served

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class RefusedParameterError(Exception):
    """A parameter that the service answers with 400; `document` is the answer."""

    def __init__(self, code: str, detail: str, status: str = "400") -> None:
        super().__init__(detail)
        self.document = error_document(code, detail, status)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found, counted from 0."""

    number: int
    size: int

    @classmethod
    def asked_for(cls, query: Mapping[str, str]) -> Page:
        """The page that these parameters ask for; RefusedParameterError where it is too large or too deep."""
        size, number = query.get("size", str(DEFAULT_SIZE)), query.get("page", "0")
        if not size.isdecimal() or not 0 < int(size) <= MAX_SIZE:
            raise RefusedParameterError("DIS1036", f'Query param "size" must be less than {MAX_SIZE}')
        if not number.isdecimal() or int(number) * int(size) > MAX_OFFSET:
            raise RefusedParameterError(
                "DIS1035",
                "API Limits Exceeded: Max paging depth exceeded. (page * size) must be less than 1,000",
                "400 BAD_REQUEST",
            )
        return cls(int(number), int(size))


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a search for events asks for; dates are aware UTC."""

    query: Mapping[str, str]
    starts: datetime | None
    ends: datetime | None

    @classmethod
    def asked_for(cls, query: Mapping[str, str]) -> EventFilter:
        """Read the parameters; RefusedParameterError where a date is malformed."""
        return cls(query, _date(query.get("startDateTime")), _date(query.get("endDateTime")))

    def admits(self, market: EventMarket) -> bool:
        """Whether the search finds this event."""
        event = market.event
        return (
            (self.starts is None or event.event_at >= self.starts)
            and (self.ends is None or event.event_at <= self.ends)
            and self.query.get("venueId") in {None, venue_id(event.venue)}
            and is_wanted(f"{event.name} {event.venue.name}", event.venue, self.query)
        )


def is_wanted(text: str, venue: Venue, query: Mapping[str, str]) -> bool:
    """Every word of the keyword is in `text`, and city and country are the venue's."""
    words = query.get("keyword", "").casefold().split()
    return (
        all(word in text.casefold() for word in words)
        and query.get("city", venue.city).casefold() == venue.city.casefold()
        and query.get("countryCode", country_code(venue)).upper() == country_code(venue)
    )


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    detail = "Query param with date must be of valid format YYYY-MM-DDTHH:mm:ssZ {example: 2020-08-01T14:00:00Z }"
    if not _DATE.fullmatch(text):
        raise RefusedParameterError("DIS1015", detail)
    try:
        return datetime.strptime(text, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise RefusedParameterError("DIS1015", detail) from None


def in_order(markets: list[EventMarket], query: Mapping[str, str]) -> list[EventMarket]:
    """Sort as asked, by date where nothing is; RefusedParameterError for an order that is not known."""
    field, _, direction = query.get("sort", "date,asc").partition(",")
    keys: dict[str, Callable[[EventMarket], Any]] = {
        "id": lambda market: market.event.ids[Marketplace.TICKETMASTER],
        "date": lambda market: (market.event.event_at, market.event.ids[Marketplace.TICKETMASTER]),
        "name": lambda market: (market.event.name, market.event.ids[Marketplace.TICKETMASTER]),
        "relevance": lambda market: market.event.ids[Marketplace.TICKETMASTER],
    }
    if field not in keys or direction not in {"asc", "desc"}:
        raise RefusedParameterError("DIS1005", f'Query param "sort" has an unknown value {query.get("sort")}')
    return sorted(markets, key=keys[field], reverse=direction == "desc")
