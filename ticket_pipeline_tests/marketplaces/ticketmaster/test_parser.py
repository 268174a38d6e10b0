"""Reading Ticketmaster's events: recorded searches whole, sentinels as what they mean, the rest as a problem."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.marketplaces.ticketmaster.parser import (
    PriceRange,
    SectionPrice,
    parse_page,
    parse_ticketmaster_event,
    read_event,
)
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import EVENT, event, page


def test_an_event_is_read_whole() -> None:
    read = parse_ticketmaster_event(orjson.dumps(EVENT))
    assert (read.external_id, read.name, read.url) == ("vvG1zZ_Test-1", "The Lanterns", EVENT["url"])
    assert (read.local_date, read.local_time) == (date(2027, 1, 19), time(20))
    assert (read.timezone, read.timezone_source) == ("America/Toronto", "event")
    assert read.event_at == datetime(2027, 1, 20, 1, tzinfo=UTC)
    assert not read.is_date_open
    assert not read.is_time_open
    assert read.status == "onsale"
    assert read.on_sale_at == datetime(2026, 8, 29, 20, tzinfo=UTC)
    assert read.price_ranges == (
        PriceRange("standard", "CAD", Decimal("54.00"), Decimal("315.50")),
        PriceRange("resale", "CAD", Decimal("80.00"), Decimal("900.00")),
    )
    assert read.attractions == ("The Lanterns", "Small Support")
    assert read.venue is not None
    assert (read.venue.name, read.venue.city, read.venue.country) == ("Lakeside Hall", "Toronto", "CA")
    assert (read.venue.latitude, read.venue.longitude) == (43.6, -79.3)
    assert read.problems == ()


def test_without_its_own_timezone_an_event_has_that_of_its_venue() -> None:
    read = read_event(event(dates__timezone=None))
    assert (read.timezone, read.timezone_source) == ("America/Toronto", "venue")
    assert read_event(event(dates__timezone="Nowhere/Land")).timezone_source == "venue"
    assert read_event(event(dates__timezone=None, _embedded={})).timezone is None


def test_without_a_utc_time_it_follows_from_the_local_one() -> None:
    assert read_event(event(dates__start__dateTime=None)).event_at == datetime(2027, 1, 20, 1, tzinfo=UTC)
    assert read_event(event(dates__start__dateTime=None, dates__timezone=None, _embedded={})).event_at is None


@pytest.mark.parametrize(
    "lie", [{"dates__timezone": "Pacific/Auckland"}, {"dates__start__localTime": "23:00:00"}], ids=["timezone", "time"]
)
def test_a_local_time_that_does_not_fit_the_instant_is_told(lie: dict[str, str]) -> None:
    read = read_event(event(**lie))
    assert read.event_at == datetime(2027, 1, 20, 1, tzinfo=UTC)
    assert read.problems == ("dateTime and the local time in its timezone disagree",)


@pytest.mark.parametrize("hour", ["05:30:00", "06:30:00"])
def test_an_hour_that_comes_twice_fits_both_its_instants(hour: str) -> None:
    when = {"localDate": "2027-11-07", "localTime": "01:30:00", "dateTime": f"2027-11-07T{hour}Z"}
    assert read_event(event(dates__start=when)).problems == ()


@pytest.mark.parametrize("sent", [True, "true", "True"])
@pytest.mark.parametrize("flag", ["timeTBA", "noSpecificTime"])
def test_a_time_to_be_announced_is_no_time_whatever_else_is_sent(flag: str, sent: object) -> None:
    read = read_event(event(**{f"dates__start__{flag}": sent}))
    assert (read.is_time_open, read.local_time, read.event_at) == (True, None, None)
    assert read.local_date == date(2027, 1, 19)


@pytest.mark.parametrize("sent", [True, "true", "TRUE"])
@pytest.mark.parametrize("flag", ["dateTBA", "dateTBD"])
def test_a_date_to_be_announced_is_no_date(flag: str, sent: object) -> None:
    read = read_event(event(**{f"dates__start__{flag}": sent}))
    assert (read.is_date_open, read.local_date, read.local_time, read.event_at) == (True, None, None, None)


@pytest.mark.parametrize("code", ["canceled", "cancelled", "Cancelled"])
def test_cancelled_has_one_spelling(code: str) -> None:
    assert read_event(event(dates__status__code=code)).status == "cancelled"


@pytest.mark.parametrize(
    "placeholder", ["1900-01-01", "1899-12-30", "1970-01-01", "0002-01-01", "2099-12-31", "3000-01-01"]
)
def test_a_start_that_nobody_entered_is_no_start(placeholder: str) -> None:
    moment = f"{placeholder}T06:00:00Z"
    assert read_event(event(sales__public__startDateTime=moment)).on_sale_at is None
    read = read_event(event(dates__start__localDate=placeholder, dates__start__dateTime=moment))
    assert (read.local_date, read.local_time, read.event_at, read.is_date_open) == (None, None, None, True)
    alone = read_event(event(dates__start={"dateTime": moment}))
    assert (alone.local_date, alone.event_at, alone.is_date_open) == (None, None, True)
    known = read_event(event(dates__start__dateTime=moment))  # the local date and time are real
    assert (known.event_at, known.is_date_open) == (datetime(2027, 1, 20, 1, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("sent", "is_test"), [(True, True), ("true", True), ("TRUE", True), (False, False), (None, False), ("no", False)]
)
def test_a_test_event_is_marked(sent: object, is_test: bool) -> None:
    assert read_event(event(test=sent)).is_test is is_test


def test_a_price_may_begin_at_nothing_and_half_a_cent_goes_up() -> None:
    ranges = [{"min": 0, "max": 50.005, "currency": "CAD"}, {"min": 12.34, "max": 13.5, "currency": "KWD"}]
    read = read_event(event(priceRanges=ranges))
    assert [(found.min_price, found.max_price) for found in read.price_ranges] == [
        (Decimal(0), Decimal("50.01")),
        (Decimal("12.34"), Decimal("13.50")),
    ]
    assert read.problems == ()


def test_no_published_price_is_an_answer_and_no_problem() -> None:
    read = read_event({key: value for key, value in EVENT.items() if key != "priceRanges"})
    assert (read.price_ranges, read.sections, read.problems) == ((), (), ())


@pytest.mark.parametrize(
    "broken",
    [
        {"min": "x", "max": 5, "currency": "CAD"},
        {"min": 9, "max": 5, "currency": "CAD"},
        {"min": -1, "max": 5, "currency": "CAD"},
        {"min": 1, "max": 5},
        {"min": 0, "max": 0, "currency": "CAD"},
        {"min": "0.00", "max": 0.0, "currency": "USD"},
        {"min": 12.345, "max": 13, "currency": "KWD"},
        {"min": "£1", "max": "£5", "currency": "CAD"},
        {"min": "1.226", "max": 1300, "currency": "EUR"},
        {"max": 5, "currency": "CAD"},
        "standard",
    ],
)
def test_a_price_range_that_cannot_be_is_left_out_and_told(broken: object) -> None:
    read = read_event(event(priceRanges=[broken, EVENT["priceRanges"][0]]))
    assert [found.price_type for found in read.price_ranges] == ["standard"]
    assert read.problems


@pytest.mark.parametrize("bad", ["NaN", "1e999", r'"\ud800"'])
def test_a_value_that_is_no_proper_json_costs_its_own_range_only(bad: str) -> None:
    body = orjson.dumps(event()).replace(b"54.0", bad.encode())
    read = parse_ticketmaster_event(body)
    assert [found.price_type for found in read.price_ranges] == ["resale"]
    assert read.problems


@pytest.mark.parametrize("path", ["dates__start__localDate", "dates__start__localTime", "dates__start__dateTime"])
def test_what_is_nested_beyond_showing_is_no_moment(path: str) -> None:
    body = orjson.dumps(event(**{path: "here"})).replace(b'"here"', b"[" * 1_000 + b"]" * 1_000)
    assert parse_ticketmaster_event(body).problems


@pytest.mark.parametrize("key", ["priceRanges", "sections"])
def test_prices_in_another_shape_are_no_absence_of_prices(key: str) -> None:
    assert read_event(event(**{key: {"value": EVENT["priceRanges"]}})).problems == (f"{key} is not a list",)


def test_sections_are_read_where_a_body_carries_them() -> None:
    read = read_event(event(sections=[{"section": "101", "price": 99.5, "currency": "CAD"}, {"section": "102"}, 103]))
    assert read.sections == (SectionPrice("101", Decimal("99.50"), "CAD"),)
    assert read.problems == ("a section lacks its name or its price", "a section is not an object")


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"null", b"{}", b'{"id": "1"}', b'{"name": "x"}', b'"x"'])
def test_what_is_no_event_is_an_unexpected_payload(body: bytes) -> None:
    with pytest.raises(UnexpectedPayload):
        parse_ticketmaster_event(body)


def test_an_empty_search_is_a_page_without_items() -> None:
    assert parse_page(page([])).items == ()


@pytest.mark.parametrize("number", [0, 1])
def test_a_page_without_the_results_that_it_counts_is_no_empty_search(number: int) -> None:
    with pytest.raises(UnexpectedPayload, match="is empty and counts 3 events"):
        parse_page(page([], number=number, size=2, total=3))
    assert parse_page(page([], number=2, size=2, total=3)).items == ()  # past the end


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"page": {"number": -1}}', b'{"_embedded": {"events": []}}'])
def test_a_page_that_does_not_describe_itself_is_an_unexpected_payload(body: bytes) -> None:
    with pytest.raises(UnexpectedPayload):
        parse_page(body)


def _paths(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, child in below for place in [(*way, key), *_paths(child, (*way, key))]]


@pytest.mark.parametrize("path", _paths(EVENT), ids=lambda path: ".".join(map(str, path)))
def test_every_field_may_be_missing(path: tuple[Any, ...]) -> None:
    made = copy.deepcopy(EVENT)
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    if path in {("id",), ("name",)}:
        with pytest.raises(UnexpectedPayload):
            read_event(made)
    else:
        assert read_event(made).external_id == EVENT["id"]


# --- recorded -------------------------------------------------------------------------------------------------------


def test_recorded_searches_are_read_with_nothing_lost(samples_dir: Path) -> None:
    searches = sorted((samples_dir / "ticketmaster").glob("events_search_*.json"))
    assert searches
    for path in searches:
        read_page = parse_page(path.read_bytes())
        assert len(read_page.items) == 20
        for item in read_page.items:
            read = read_event(item)
            assert read.problems == ()
            assert read.timezone is not None
            assert (read.event_at is None) == (item["dates"]["start"].get("timeTBA", False))
            assert len(read.price_ranges) == len(item.get("priceRanges", []))
            if read.event_at is not None:
                assert read.event_at.isoformat().replace("+00:00", "Z") == item["dates"]["start"]["dateTime"]


def test_the_documented_answers_are_read(samples_dir: Path) -> None:
    folder = samples_dir / "ticketmaster"
    read = parse_ticketmaster_event((folder / "doc_get_event.json").read_bytes())
    assert (read.status, read.problems) == ("onsale", ())
    assert read.price_ranges[0].min_price == Decimal("80.00")
    documented = parse_page((folder / "doc_search_events.json").read_bytes())
    assert [read_event(item).is_time_open for item in documented.items] == [True]
    assert parse_page((folder / "empty_search.json").read_bytes()).total == 0
