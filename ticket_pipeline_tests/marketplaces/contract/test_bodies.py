"""What every client makes of a body, whatever is in it: every item read or counted as unreadable, and no surprise."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline_tests.marketplaces.contract.damage import JUNK, damaged_body, each_place_spoilt
from ticket_pipeline_tests.marketplaces.contract.listings import STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES
from ticket_pipeline_tests.marketplaces.contract.readings import Offer, Reading
from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.subjects import SUBJECTS
from ticket_pipeline_tests.marketplaces.contract.ticketmaster import TICKETMASTER_EVENT

OFFERS = [Offer(1, 50), Offer(2, 60, 4), Offer(3, 70, 1)]
FIELDS = [(subject, name) for subject in SUBJECTS for name in subject.without]


def those(*subjects: Subject) -> pytest.MarkDecorator:
    """The claim is one about these."""
    return pytest.mark.parametrize("subject", subjects, ids=lambda each: each.name)


RECORDED = those(*(each for each in SUBJECTS if each.samples))


def read(subject: Subject, body: bytes) -> Reading | None:
    """What is read of a body, with all that must hold for any; None where it is rejected as a whole."""
    try:
        reading = subject.read(body)
    except UnexpectedPayload:
        return None
    assert len(reading.items) + reading.unreadable + reading.repeated == reading.received
    return reading


def taken(subject: Subject, body: bytes) -> Reading:
    """As `read`, of a body that must not be rejected."""
    reading = read(subject, body)
    assert reading is not None
    return reading


@those(*(each for each in SUBJECTS if each.has_ids))
def test_an_id_that_comes_twice_counts_once(subject: Subject) -> None:
    reading = taken(subject, subject.body([*OFFERS, Offer(2, 61)]))
    assert reading.items == [subject.expected(offer) for offer in OFFERS]
    assert reading.received == 4
    assert not subject.has_listings or reading.problems == ("listing id was in this snapshot already",)


@pytest.mark.parametrize("text", ["Ärmel 🎫", "二階席", "مدرج", "Tribüne \u00ab1\u00bb", "e\u0301tage"])
def test_every_script_is_kept(subject: Subject, text: str) -> None:
    assert taken(subject, subject.body([Offer(1, section=text, row=text)])).items[0].name == text


@pytest.mark.parametrize("text", ["Lower\u00a0\u200b Level", "Lower\x00 Level", "\ufeffLower  Level\ud800"])
def test_invisible_characters_are_removed(subject: Subject, text: str) -> None:
    assert taken(subject, subject.body([Offer(1, section=text)])).items[0].name == "Lower Level"


def test_a_market_that_changes_its_currency_keeps_the_one_it_names(subject: Subject) -> None:
    assert taken(subject, subject.body(OFFERS, "USD")).currencies == {"USD"}
    changed = taken(subject, subject.body(OFFERS, "CAD"))
    assert (changed.currencies, len(changed.items)) == ({"CAD"}, 3)


def test_a_currency_that_is_none_makes_no_price(subject: Subject) -> None:
    reading = read(subject, subject.body(OFFERS, "dollars"))
    assert reading is None or (not reading.currencies and reading.problems)


def test_every_field_of_an_offer_is_tried(subject: Subject) -> None:
    assert set(subject.parts(subject.render(OFFERS, "USD"))[0]) == set(subject.without)


@pytest.mark.parametrize(("subject", "name"), FIELDS, ids=[f"{each.name}-{name}" for each, name in FIELDS])
@pytest.mark.parametrize(("absent", "places"), [(..., [1]), (None, [1]), ("", [1]), (..., [0, 1, 2])])
def test_a_missing_field_costs_its_own_offers_at_most(
    subject: Subject, name: str, absent: object, places: list[int]
) -> None:
    document = subject.render(OFFERS, "USD")
    parts = subject.parts(document)
    for part in (parts[place] for place in places):
        if absent is ...:
            del part[name]
        else:
            part[name] = absent
    reading = taken(subject, json.dumps(document).encode())
    unreadable = 0 if subject.without[name] == "read" else len(places)
    assert (len(reading.items), reading.received) == (3 - unreadable, 3)
    if places == [1]:
        assert (reading.items[0], reading.items[-1]) == (subject.expected(OFFERS[0]), subject.expected(OFFERS[2]))


# --- money and what is not essential ---------------------------------------------------------------------------------

PRICES = [
    (STUBHUB, ("sellerAllInPrice",)),
    (VIVID_SEATS, ("p", "aip")),
    (VIVID_SEATS_ZONES, ("price",)),
    (TICKETMASTER_EVENT, ("min", "max")),
]


def priced(subject: Subject, names: tuple[str, ...], amount: str) -> Reading:
    """What is read where these fields of the second offer hold an amount as text."""
    document = subject.render(OFFERS, "USD")
    subject.parts(document)[1].update(dict.fromkeys(names, amount))
    return taken(subject, json.dumps(document).encode())


@pytest.mark.parametrize(("subject", "names"), PRICES, ids=[each.name for each, _ in PRICES])
@pytest.mark.parametrize("amount", ["1 226,00", "1\u00a0226.00", "1\u202f226,00 $", "1'226", "$1,226.00"])
def test_thousands_are_read_whatever_parts_them(subject: Subject, names: tuple[str, ...], amount: str) -> None:
    assert [item.price for item in priced(subject, names, amount).items] == [50, 1226, 70]


@pytest.mark.parametrize(("subject", "names"), PRICES, ids=[each.name for each, _ in PRICES])
@pytest.mark.parametrize("amount", ["1.226", "12.500", "€1.226", "£100", "100 EUR", "CA$100"])
def test_a_price_that_may_be_two_or_is_in_another_currency_is_none(
    subject: Subject, names: tuple[str, ...], amount: str
) -> None:
    reading = priced(subject, names, amount)
    assert ([item.price for item in reading.items], reading.unreadable) == ([50, 70], 1)


SECONDARY = [(subject, name) for subject, name in FIELDS if subject.without[name] == "read"]


@pytest.mark.parametrize(("subject", "name"), SECONDARY, ids=[f"{each.name}-{name}" for each, name in SECONDARY])
@pytest.mark.parametrize("odd", [[["x"]], {"": {"": ""}}, ["1", None], {"amt": "soon"}])
def test_a_field_that_is_not_essential_never_costs_an_offer(subject: Subject, name: str, odd: object) -> None:
    document = subject.render(OFFERS, "USD")
    for part in subject.parts(document):
        part[name] = odd
    assert len(taken(subject, json.dumps(document).encode()).items) == len(OFFERS)


# --- an empty list that is no empty market ---------------------------------------------------------------------------

FAILURES: list[dict[str, object]] = [
    {"success": False, "error": "Session expired"},
    {"success": "false", "message": "Session expired"},
    {"error": {"code": 17, "message": "Session expired"}},
    {"errors": [{"detail": "Session expired", "status": "401"}]},
    {"hasError": True, "message": "Session expired"},
    {"errorMessage": "Session expired"},
    {"status": "error", "message": "Session expired"},
    {"status": 401, "detail": "Session expired"},
    {"statusCode": "503", "reason": "Session expired"},
    {"fault": {"faultstring": "Session expired"}},
    {"meta": {"success": 0, "message": "Session expired"}},
    {"code": "TOKEN_EXPIRED", "message": "Session expired"},
    {"sessionExpired": True, "detail": "Session expired"},
    {"isValid": False, "reason": "Session expired"},
    {"data": {"error": "Session expired"}},
    {"type": "error", "title": "Session expired"},
    {"resultCode": -1, "message": "Session expired"},
    {"code": "E1001", "message": "Session expired"},
    {"problem": "Session expired"},
    {"result": {"meta": {"success": False, "message": "Session expired"}}},
]
REFUSALS: list[dict[str, object]] = [
    {"message": "Session expired"},
    {"Message": "An error has occurred."},
    {"meta": {"reason": "User is not authorized"}},
    {"warnings": ["shard 3 timed out"]},
    {"isAuthenticated": False},
    {"requiresLogin": True},
    {"hasMore": True},
    {"hasNextPage": "true"},
    {"authenticated": "false"},
    {"isPartial": True},
    {"underMaintenance": 1},
    {"status": "pending"},
    {"message": "Sitzung abgelaufen"},
    {"message": "Rate exceeded"},
]
NO_FAILURES: list[dict[str, object]] = [
    {"success": True, "error": None, "errors": [], "errorCode": 0, "status": "ok"},
    {"error": "", "statusCode": 200, "message": "No listings found"},
    {"hasErrors": False, "failed": "false", "status": 200, "accountError": {}},
    {"sessionExpired": False, "expiredListings": 3, "loginRequired": False, "isAuthenticated": True, "hasMore": False},
    {"type": "event", "level": "info", "pendingCount": 1, "isPartial": False, "hasNextPage": False, "resultCode": 0},
    {"message": "Tickets are currently unavailable. Please try again later.", "state": "FL", "result": "sold out"},
]


def emptied(subject: Subject, beside: dict[str, object]) -> bytes:
    """A body without an offer, with this beside it."""
    document = subject.render([], "USD")
    return json.dumps((document if isinstance(document, dict) else {"listings": document}) | beside).encode()


@pytest.mark.parametrize("beside", FAILURES, ids=json.dumps)
def test_nothing_beside_an_error_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="Session expired"):
        subject.read(emptied(subject, beside))


@pytest.mark.parametrize("beside", NO_FAILURES, ids=json.dumps)
def test_nothing_beside_a_success_is_an_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    assert taken(subject, emptied(subject, beside)).received == 0


@pytest.mark.parametrize("key", ["status", "type", "error", "message", "total", "success", "hasMore"])
def test_what_is_nested_beyond_reading_beside_a_list_breaks_nothing(subject: Subject, key: str) -> None:
    body = emptied(subject, {key: "here"}).replace(b'"here"', b"[" * 900 + b"]" * 900)
    with suppress(UnexpectedPayload):
        subject.read(body)


LISTED = those(*(each for each in SUBJECTS if each.has_listings))


@LISTED
@pytest.mark.parametrize("beside", REFUSALS, ids=json.dumps)
def test_nothing_beside_a_refusal_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="has no listings, and yet the response says"):
        subject.read(emptied(subject, beside))


@LISTED
@pytest.mark.parametrize(
    "beside",
    [
        {"totalListings": 20},
        {"total": "20"},
        {"total_count": 1},
        {"numResults": 3.0},
        {"ticketCount": "1,300"},
        {"meta": {"count": 7}},
        {"stats": {"total_listings": 9}},
        {"itemsRemaining": 317},
        {"totals": {"listings": 20, "tickets": 40}},
        {"hits": {"total": 3}},
        {"data": {"offerCount": 2}},
        {"@odata.count": 5},
        {"hits": {"total": {"value": 9, "relation": "eq"}}},
        {"nbHits": 4},
        {"totalQuantity": 40},
    ],
    ids=json.dumps,
)
def test_nothing_beside_a_total_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="has no listings, and yet"):
        subject.read(emptied(subject, beside))


@LISTED
@pytest.mark.parametrize(
    "beside",
    [
        {"total": 0},
        {"viewCount": 5000},
        {"pageSize": 100, "totalPages": 1, "totalSeats": 18000},
        {"countryCode": "US"},
        {"discount": 5},
    ],
    ids=json.dumps,
)
def test_nothing_beside_what_counts_no_listings_is_an_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    assert taken(subject, emptied(subject, beside)).received == 0


@LISTED
@pytest.mark.parametrize(
    ("beside", "doubt"),
    [
        ({"totalListings": 20}, "totalListings is 20, the listings give 3"),
        ({"meta": {"total": "4"}}, "total is 4, the listings give 3"),
        ({"itemsRemaining": 317}, "itemsRemaining is 317"),
        ({"success": False, "error": "Partial results"}, "the response says 'Partial results'"),
    ],
)
def test_a_list_that_contradicts_what_stands_beside_it_is_kept_and_disputed(
    subject: Subject, beside: dict[str, object], doubt: str
) -> None:
    document = subject.render(OFFERS, "USD")
    body = (document if isinstance(document, dict) else {"listings": document}) | beside
    reading = taken(subject, json.dumps(body).encode())
    assert (len(reading.items), reading.problems) == (3, (doubt,))


# --- anything at all ------------------------------------------------------------------------------------------------

OFFERED = st.lists(
    st.builds(
        Offer,
        number=st.integers(1, 5),
        price=st.integers(1, 10**8).map(lambda cents: cents / 100),
        quantity=st.integers(1, 8),
        section=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    ),
    max_size=6,
)


def test_each_place_may_hold_what_no_writer_would_write(subject: Subject) -> None:
    for what, body in each_place_spoilt(subject.render(OFFERS[:1], "USD")):
        try:
            read(subject, body)
        except Exception as error:
            error.add_note(what)
            raise


@given(data=st.data(), offers=OFFERED)
def test_whatever_is_damaged_every_item_is_read_or_counted(
    subject: Subject, data: st.DataObject, offers: list[Offer]
) -> None:
    read(subject, damaged_body(data, subject.render(offers, "USD")))


@given(data=st.data())
def test_whatever_stands_in_an_offer_none_is_lost(subject: Subject, data: st.DataObject) -> None:
    document = subject.render(OFFERS, "USD")
    for part in subject.parts(document):
        part.update(data.draw(st.dictionaries(st.sampled_from(sorted(subject.without)), JUNK, max_size=3)))
    assert taken(subject, json.dumps(document).encode()).received == len(OFFERS)


@RECORDED
@settings(suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_damaged_in_a_recorded_response_every_item_is_read_or_counted(
    subject: Subject, samples_dir: Path, data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from(subject.recorded(samples_dir)))
    read(subject, damaged_body(data, json.loads(body)))


@given(data=st.data())
def test_wherever_a_body_is_cut_or_garbled_only_our_own_error_is_raised(subject: Subject, data: st.DataObject) -> None:
    body = bytearray(subject.body(OFFERS))
    position = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        del body[position:]
    else:
        body[position] = data.draw(st.integers(0, 255))
    read(subject, bytes(body))


@RECORDED
def test_recorded_responses_lose_nothing(subject: Subject, samples_dir: Path) -> None:
    recorded = subject.recorded(samples_dir)
    assert recorded
    for body in recorded:
        reading = taken(subject, body)
        assert reading.received == len(subject.parts(json.loads(body)))
        assert (reading.repeated, [problem for problem in reading.problems if "total" in problem]) == (0, [])
