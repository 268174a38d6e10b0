"""What every client makes of a body, whatever is in it: every item read or counted as unreadable, and no surprise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline_tests.marketplaces.contract.damage import JUNK, damaged_body, each_place_spoilt
from ticket_pipeline_tests.marketplaces.contract.listings import STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES
from ticket_pipeline_tests.marketplaces.contract.readings import Offer, Reading
from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.subjects import OFFERS, SUBJECTS, read, taken, those
from ticket_pipeline_tests.marketplaces.contract.ticketmaster import TICKETMASTER_EVENT

FIELDS = [(subject, name) for subject in SUBJECTS for name in subject.without]


RECORDED = those(*(each for each in SUBJECTS if each.samples))


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
