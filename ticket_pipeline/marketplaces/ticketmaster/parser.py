"""Read Ticketmaster's events and venues into typed results; every field may be missing.

`event_at` is the instant, where one is known: not while the date or the time is to be announced, whatever the other
fields contain. The timezone is the event's own, else its venue's.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import read_json
from ticket_pipeline.marketplaces.values import to_amount, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CANCELLED = "cancelled"
MOVED = frozenset({"postponed", "rescheduled"})

_ONE_SPELLING = {"canceled": CANCELLED}
_CENT = Decimal("0.01")
_MOST_MONEY = Decimal(10) ** 9
_CURRENCY_LETTERS = 3
_YEARS = range(2, 9999)  # so that arithmetic with zones cannot leave the calendar
_PLACEHOLDERS_BEFORE = 1901  # 1900-01-01 stands for a sale whose start nobody entered


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
    """Read the body of one event; UnexpectedPayload where it is not a JSON object with id and name."""
    return read_event(_read_object(body))


def parse_page(body: bytes, key: str) -> Page:
    """Read one page of a search; `key` is `events` or `venues`. An empty result has no `_embedded`.

    UnexpectedPayload where it does not describe its page, or has no results where the description counts some.
    """
    found = _read_object(body)
    page, items = _dict(found, "page"), _dict(found, "_embedded").get(key, [])
    numbers = [page.get(name) for name in ("number", "totalElements", "totalPages")]
    if not isinstance(items, list) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise UnexpectedPayload(
            f"A page of Ticketmaster's search has no usable `page` or `{key}`: {excerpt(body)!r}. If this goes on, the "
            "API has changed.",
            status=200,
        )
    number, total, total_pages = map(int, numbers)  # type: ignore[arg-type]  # checked above
    if not items and total and number < max(total_pages, 1):
        raise UnexpectedPayload(
            f"Page {number} of Ticketmaster's search is empty and counts {total} {key}: {excerpt(body)!r}. Try again; "
            "if this goes on, the API has changed.",
            status=200,
        )
    objects = tuple(item for item in items if isinstance(item, dict))
    return Page(objects, number, total, total_pages, unreadable=len(items) - len(objects))


def read_event(found: dict[str, Any]) -> EventDetails:
    """Read one event object; UnexpectedPayload where it has no id or no name."""
    problems: list[str] = []
    external_id, name = _text(found, "id", problems), _text(found, "name", problems)
    if external_id is None or name is None:
        raise UnexpectedPayload(
            "An event of Ticketmaster has no id or no name. If this goes on, the API has changed.", status=200
        )
    venues = _list(_dict(found, "_embedded"), "venues")
    venue = read_venue(venues[0]) if venues and isinstance(venues[0], dict) else None
    when = _read_dates(_dict(found, "dates"), venue, problems)
    status = _text(_dict(_dict(found, "dates"), "status"), "code", problems)
    attractions = [_text(item, "name", problems) for item in _list(_dict(found, "_embedded"), "attractions")]
    sale = _dict(_dict(found, "sales"), "public")
    on_sale_at = _read(sale, "startDateTime", _to_moment, problems)
    is_real_sale = on_sale_at is not None and on_sale_at.year >= _PLACEHOLDERS_BEFORE
    return EventDetails(
        external_id=external_id,
        name=name,
        url=_text(found, "url", problems),
        status=None if status is None else _ONE_SPELLING.get(status.lower(), status.lower()),
        **when,
        on_sale_at=on_sale_at if is_real_sale else None,
        venue=venue,
        attractions=tuple(name for name in attractions if name),
        price_ranges=_read_ranges(found, problems),
        sections=_read_sections(found, problems),
        problems=tuple(problems),
    )


def read_venue(found: dict[str, Any]) -> Venue:
    """Read one venue object; unreadable values count as unknown."""
    ignored: list[str] = []
    location = _dict(found, "location")
    timezone = _text(found, "timezone", ignored)
    return Venue(
        venue_id=_text(found, "id", ignored),
        name=_text(found, "name", ignored),
        city=_text(_dict(found, "city"), "name", ignored),
        state=_text(_dict(found, "state"), "name", ignored),
        country=_text(_dict(found, "country"), "countryCode", ignored),
        timezone=timezone if _zone(timezone) else None,
        latitude=_read(location, "latitude", to_amount, ignored),
        longitude=_read(location, "longitude", to_amount, ignored),
    )


def _read_dates(dates: dict[str, Any], venue: Venue | None, problems: list[str]) -> dict[str, Any]:
    start = _dict(dates, "start")
    is_date_open = start.get("dateTBA") is True or start.get("dateTBD") is True
    is_time_open = start.get("timeTBA") is True or start.get("noSpecificTime") is True
    local_date = None if is_date_open else _read(start, "localDate", _to_date, problems)
    local_time = None if is_date_open or is_time_open else _read(start, "localTime", _to_time, problems)
    own, venues = _text(dates, "timezone", problems), venue.timezone if venue else None
    if own is not None and _zone(own) is None:
        problems.append("timezone is not known")
        own = None
    zone = _zone(own or venues)
    event_at = None
    if not is_date_open and not is_time_open:
        event_at = _read(start, "dateTime", _to_moment, problems)
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
    for item in _objects(found, "priceRanges", "a price range", problems):
        low, high = _read(item, "min", _to_money, problems), _read(item, "max", _to_money, problems)
        currency = _text(item, "currency", problems)
        if low is None or high is None or low > high or currency is None or len(currency) != _CURRENCY_LETTERS:
            problems.append("a price range lacks min, max or currency, or they are not in order")
            continue
        ranges.append(PriceRange(_text(item, "type", problems) or "standard", currency.upper(), low, high))
    return tuple(ranges)


def _read_sections(found: dict[str, Any], problems: list[str]) -> tuple[SectionPrice, ...]:
    """Prices by section, where a body has `sections`; the public API has none."""
    sections = []
    for item in _objects(found, "sections", "a section", problems):
        name, price = _text(item, "section", problems), _read(item, "price", _to_money, problems)
        if name is None or price is None:
            problems.append("a section lacks its name or its price")
            continue
        sections.append(SectionPrice(name, price, _text(item, "currency", problems)))
    return tuple(sections)


def _read_object(body: bytes) -> dict[str, Any]:
    found = read_json(body, "Ticketmaster")
    if not isinstance(found, dict):
        raise UnexpectedPayload(
            f"Ticketmaster's response is not a JSON object: {excerpt(body)!r}. If this goes on, the API has changed.",
            status=200,
        )
    return found


def _dict(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _list(found: dict[str, Any], key: str) -> list[Any]:
    value = found.get(key)
    return value if isinstance(value, list) else []


def _objects(found: dict[str, Any], key: str, what: str, problems: list[str]) -> Iterator[dict[str, Any]]:
    """The objects of a list; anything else is a problem, since it must not count as nothing published."""
    if found.get(key) is not None and not isinstance(found[key], list):
        problems.append(f"{key} is not a list")
    for item in _list(found, key):
        if isinstance(item, dict):
            yield item
        else:
            problems.append(f"{what} is not an object")


def _read(found: dict[str, Any], key: str, convert: Callable[[object], Any], problems: list[str]) -> Any:  # noqa: ANN401 - what convert gives
    """One converted value; None where it is missing or unreadable, which is added to `problems`."""
    try:
        return None if found.get(key) is None else convert(found[key])
    except ValueError as error:
        problems.append(f"{key} {error}")
        return None


def _text(found: object, key: str, problems: list[str]) -> Any:  # noqa: ANN401 - a text or None
    return _read(found, key, lambda value: to_text(value, 500), problems) if isinstance(found, dict) else None


def _to_date(value: Any) -> date:  # noqa: ANN401 - JSON is anything
    with suppress(TypeError, ValueError):
        found = date.fromisoformat(value)
        if found.year in _YEARS:
            return found
    raise ValueError("is not a date")


def _to_time(value: Any) -> time:  # noqa: ANN401 - JSON is anything
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        raise ValueError("is not a time of day") from None


def _to_money(value: object) -> Decimal:
    amount = to_amount(value)
    if amount is None or amount < 0 or amount > _MOST_MONEY:
        raise ValueError("is not a price")
    return Decimal(repr(amount)).quantize(_CENT)


def _to_moment(value: Any) -> datetime:  # noqa: ANN401 - JSON is anything
    with suppress(TypeError, ValueError):
        at = datetime.fromisoformat(value)
        if at.utcoffset() is not None and at.year in _YEARS:
            return at.astimezone(UTC)
    raise ValueError("is not a moment in UTC")


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
