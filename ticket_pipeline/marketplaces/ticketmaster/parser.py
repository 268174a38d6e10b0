"""Read Ticketmaster's events and venues into typed results; every field may be missing.

`event_at` is the instant, where one is known: not while the date or the time is to be announced, whatever the other
fields contain. The timezone is the event's own, else its venue's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.failures import find_failure
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.market.vocabulary import FINER_THAN_CENTS
from ticket_pipeline.marketplaces.currencies import is_in_another
from ticket_pipeline.marketplaces.ticketmaster.fields import (
    dict_of,
    find_zone,
    list_of,
    objects_of,
    read_object,
    read_text,
    read_value,
    to_date,
    to_moment,
    to_time,
)
from ticket_pipeline.marketplaces.values import to_amount, to_number

CANCELLED = "cancelled"
MOVED = frozenset({"postponed", "rescheduled"})

_ONE_SPELLING = {"canceled": CANCELLED}
_CENT = Decimal("0.01")
_MOST_MONEY = Decimal(10) ** 9
_CURRENCY_LETTERS = 3
_REAL_YEARS = range(1971, 2099)
"""1900-01-01, or the first or last day of a computer's calendar, stands for a start that nobody entered."""


@dataclass(frozen=True, slots=True)
class Venue:
    """A place. Coordinates are degrees; unknown values are None."""

    venue_id: str | None
    name: str | None
    city: str | None
    state: str | None
    country: str | None
    timezone: str | None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What primary tickets of one type cost, in major units per ticket, as published (usually before fees)."""

    price_type: str
    currency: str
    min_price: Decimal
    max_price: Decimal


@dataclass(frozen=True, slots=True)
class SectionPrice:
    """The price of one section; few bodies have sections."""

    section: str
    price: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True)
class EventDetails:
    """One event as Ticketmaster describes it.

    Attributes:
        status: onsale, offsale, cancelled, postponed, rescheduled, or an unknown word; in lower case.
        local_date: at the venue; None while it is to be announced.
        local_time: at the venue; None where there is none or it is to be announced.
        timezone: IANA name, of the event, else of its venue.
        timezone_source: `event` or `venue`.
        event_at: aware UTC; None where date, time or timezone are not known.
        is_date_open: the date is to be announced or to be determined.
        is_time_open: the time is to be announced, or the event has none.
        on_sale_at: aware UTC; a placeholder date counts as unknown.
        price_ranges: empty where none is published.
        sections: empty where the body has none.
        problems: what could not be read, in words.
        is_test: not a real event: Ticketmaster's own, for tests.
        captured_at: aware UTC, when the response arrived; None for one that was not fetched.
        is_stale: from an older cached response, because the API gave no usable one.
    """

    external_id: str
    name: str
    url: str | None
    status: str | None
    local_date: date | None
    local_time: time | None
    timezone: str | None
    timezone_source: Literal["event", "venue"] | None
    event_at: datetime | None
    is_date_open: bool
    is_time_open: bool
    on_sale_at: datetime | None
    venue: Venue | None
    attractions: tuple[str, ...]
    price_ranges: tuple[PriceRange, ...]
    sections: tuple[SectionPrice, ...]
    problems: tuple[str, ...]
    is_test: bool = False
    captured_at: datetime | None = None
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: its items as received, the totals, and how many items are not JSON objects."""

    items: tuple[dict[str, Any], ...]
    number: int
    total: int
    total_pages: int
    unreadable: int = 0


def parse_ticketmaster_event(body: bytes) -> EventDetails:
    """Read the body of one event; UnexpectedPayload where it is no JSON object with id and name, or an error."""
    found = read_object(body)
    event = read_event(found)
    if not event.price_ranges:
        _check_failure(found)
    return event


def parse_page(body: bytes) -> Page:
    """Read one page of a search for events. An empty result has no `_embedded`.

    UnexpectedPayload where it does not describe its page, or has no results where the description counts some.
    """
    found = read_object(body)
    page, items = dict_of(found, "page"), dict_of(found, "_embedded").get("events", [])
    numbers = [page.get(name) for name in ("number", "totalElements", "totalPages")]
    if not isinstance(items, list) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise UnexpectedPayload(
            f"A page of Ticketmaster's search has no usable `page` or `events`: {excerpt(body)!r}. If this goes on, "
            "the API has changed.",
            status=200,
        )
    number, total, total_pages = map(int, numbers)  # type: ignore[arg-type]  # checked above
    if not items and total and number < max(total_pages, 1):
        raise UnexpectedPayload(
            f"Page {number} of Ticketmaster's search is empty and counts {total} events: {excerpt(body)!r}. Try again; "
            "if this goes on, the API has changed.",
            status=200,
        )
    if not items:
        _check_failure(found)
    objects = tuple(item for item in items if isinstance(item, dict))
    return Page(objects, number, total, total_pages, unreadable=len(items) - len(objects))


def read_event(found: dict[str, Any]) -> EventDetails:
    """Read one event object; UnexpectedPayload where it has no id or no name."""
    problems: list[str] = []
    external_id, name = read_text(found, "id", problems), read_text(found, "name", problems)
    if external_id is None or name is None:
        raise UnexpectedPayload(
            "An event of Ticketmaster has no id or no name. If this goes on, the API has changed.", status=200
        )
    venues = list_of(dict_of(found, "_embedded"), "venues")
    venue = read_venue(venues[0]) if venues and isinstance(venues[0], dict) else None
    when = _read_dates(dict_of(found, "dates"), venue, problems)
    status = read_text(dict_of(dict_of(found, "dates"), "status"), "code", problems)
    attractions = [read_text(item, "name", problems) for item in list_of(dict_of(found, "_embedded"), "attractions")]
    sale = dict_of(dict_of(found, "sales"), "public")
    on_sale_at = read_value(sale, "startDateTime", to_moment, problems)
    return EventDetails(
        external_id=external_id,
        name=name,
        url=read_text(found, "url", problems),
        status=None if status is None else _ONE_SPELLING.get(status.lower(), status.lower()),
        **when,
        on_sale_at=None if _is_placeholder(on_sale_at) else on_sale_at,
        venue=venue,
        attractions=tuple(name for name in attractions if name),
        price_ranges=_read_ranges(found, problems),
        sections=_read_sections(found, problems),
        problems=tuple(problems),
        is_test=_is_set(found.get("test")),
    )


def read_venue(found: dict[str, Any]) -> Venue:
    """Read one venue object; unreadable values count as unknown."""
    ignored: list[str] = []
    location = dict_of(found, "location")
    timezone = read_text(found, "timezone", ignored)
    return Venue(
        venue_id=read_text(found, "id", ignored),
        name=read_text(found, "name", ignored),
        city=read_text(dict_of(found, "city"), "name", ignored),
        state=read_text(dict_of(found, "state"), "name", ignored),
        country=read_text(dict_of(found, "country"), "countryCode", ignored),
        timezone=timezone if find_zone(timezone) else None,
        latitude=read_value(location, "latitude", to_number, ignored),
        longitude=read_value(location, "longitude", to_number, ignored),
    )


def _read_dates(dates: dict[str, Any], venue: Venue | None, problems: list[str]) -> dict[str, Any]:
    start = dict_of(dates, "start")
    is_date_open = _is_set(start.get("dateTBA")) or _is_set(start.get("dateTBD"))
    is_time_open = _is_set(start.get("timeTBA")) or _is_set(start.get("noSpecificTime"))
    local_date = None if is_date_open else read_value(start, "localDate", to_date, problems)
    event_at = None if is_date_open or is_time_open else read_value(start, "dateTime", to_moment, problems)
    is_date_open = is_date_open or _is_placeholder(local_date or event_at)
    local_date = None if is_date_open else local_date
    event_at = None if is_date_open or _is_placeholder(event_at) else event_at
    local_time = None if is_date_open or is_time_open else read_value(start, "localTime", to_time, problems)
    own, venues = read_text(dates, "timezone", problems), venue.timezone if venue else None
    if own is not None and find_zone(own) is None:
        problems.append("timezone is not known")
        own = None
    zone = find_zone(own or venues)
    if local_date and local_time and zone:
        local = datetime.combine(local_date, local_time)
        if event_at is None:
            event_at = local.replace(tzinfo=zone).astimezone(UTC)
        elif event_at.astimezone(zone).replace(tzinfo=None) != local:
            problems.append("dateTime and the local time in its timezone disagree")
    return {
        "local_date": local_date,
        "local_time": local_time,
        "timezone": own or venues,
        "timezone_source": "event" if own else "venue" if venues else None,
        "event_at": event_at,
        "is_date_open": is_date_open,
        "is_time_open": is_time_open,
    }


def _read_ranges(found: dict[str, Any], problems: list[str]) -> tuple[PriceRange, ...]:
    ranges = []
    for item in objects_of(found, "priceRanges", "a price range", problems):
        low, high = read_value(item, "min", _to_money, problems), read_value(item, "max", _to_money, problems)
        currency = (read_text(item, "currency", problems) or "").upper()
        if low is None or high is None or low > high or len(currency) != _CURRENCY_LETTERS:
            problems.append("a price range lacks min, max or currency, or they are not in order")
        elif high == 0:
            problems.append("a price range of 0 to 0 is no price")
        elif currency in FINER_THAN_CENTS and (low != _in_cents(low) or high != _in_cents(high)):
            problems.append("a price range needs more than two decimals")
        elif is_in_another(item["min"], currency) or is_in_another(item["max"], currency):
            problems.append("a price range is shown in another currency")
        else:
            price_type = read_text(item, "type", problems) or "standard"
            ranges.append(PriceRange(price_type, currency, _in_cents(low), _in_cents(high)))
    return tuple(ranges)


def _read_sections(found: dict[str, Any], problems: list[str]) -> tuple[SectionPrice, ...]:
    """Prices by section, where a body has `sections`; the public API has none."""
    sections = []
    for item in objects_of(found, "sections", "a section", problems):
        name, price = read_text(item, "section", problems), read_value(item, "price", _to_money, problems)
        if name is None or price is None:
            problems.append("a section lacks its name or its price")
            continue
        sections.append(SectionPrice(name, _in_cents(price), read_text(item, "currency", problems)))
    return tuple(sections)


def _check_failure(found: dict[str, Any]) -> None:
    """Nothing found, beside an error, is not nothing."""
    if (words := find_failure(found)) is not None:
        raise UnexpectedPayload(
            f"Ticketmaster's response holds nothing and says {words}. Nothing is stored; retried at the next poll.",
            status=200,
        )


def _to_money(value: object) -> Decimal:
    amount = to_amount(value)
    if amount is None or amount < 0 or amount > _MOST_MONEY:
        raise ValueError("is not a price")
    return Decimal(repr(amount))


def _in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _is_placeholder(when: date | None) -> bool:
    return when is not None and when.year not in _REAL_YEARS


def _is_set(flag: object) -> bool:
    return flag is True or (isinstance(flag, str) and flag.lower() == "true")
