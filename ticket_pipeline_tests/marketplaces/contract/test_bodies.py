"""What every parser makes of a body, whatever is in it: every listing accepted or rejected, and no surprise."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.listings import MONEY_LIMIT, validate_listings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS
from ticket_pipeline_tests.marketplaces.contract.subjects import SUBJECTS, Offer, Subject

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.market.listings import ValidatedListings

SMALLINT = 2**15
OFFERS = [Offer(1, 50), Offer(2, 60, 4), Offer(3, 70, 1)]
RECORDED = pytest.mark.parametrize("subject", [each for each in SUBJECTS if each.samples], ids=lambda each: each.name)
FIELDS = [(subject, name) for subject in SUBJECTS for name in subject.changed_by]


def read(subject: Subject, body: bytes) -> ValidatedListings | None:
    """Parse and validate, with all that must hold for any body; None where it is refused as a whole."""
    try:
        parsed = subject.parse(body)
    except UnexpectedPayload:
        return None
    assert parsed.received == len(parsed.positions) + len(parsed.rejected)
    assert parsed.columns.keys() == set(LISTING_COLUMNS)
    assert {len(values) for values in parsed.columns.values()} == {len(parsed.positions)}
    assert parsed.positions == sorted(set(parsed.positions))
    validated = validate_listings([parsed])[0]
    assert validated.accepted + len(validated.rejected) == validated.received
    assert all(each.reasons for each in validated.rejected)
    _assert_storable(validated)
    return validated


def _assert_storable(validated: ValidatedListings) -> None:
    columns = validated.columns
    for name in ("listing_id", "section", "row", "zone", "currency"):
        for text in columns[name]:
            assert text is None or (0 < len(text) <= 250 and "\x00" not in text and text.encode())
    for splits in columns["splits"]:
        assert splits is None or (splits and all(0 < number < SMALLINT for number in splits))
    for price, quantity in zip(columns["price"], columns["quantity"], strict=True):
        assert 0 < price < MONEY_LIMIT
        assert quantity > 0
    assert len(set(columns["listing_id"])) == validated.accepted


def accepted(subject: Subject, body: bytes) -> ValidatedListings:
    """As `read`, of a body that must not be refused."""
    validated = read(subject, body)
    assert validated is not None
    return validated


def test_an_id_that_comes_twice_counts_once(subject: Subject) -> None:
    validated = accepted(subject, subject.body([*OFFERS, Offer(2, 61)]))
    assert (validated.accepted, validated.received) == (3, 4)
    assert validated.rejected[0].reasons == ("listing id was in this snapshot already",)


@pytest.mark.parametrize("text", ["Ärmel 🎫", "二階席", "مدرج", "Tribüne \u00ab1\u00bb", "e\u0301tage"])
def test_every_script_is_kept(subject: Subject, text: str) -> None:
    assert accepted(subject, subject.body([Offer(1, section=text, row=text)])).columns["section"] == [text]


@pytest.mark.parametrize("text", ["Lower\u00a0\u200b Level", "Lower\x00 Level", "\ufeffLower  Level\ud800"])
def test_what_nobody_sees_is_taken_out(subject: Subject, text: str) -> None:
    assert accepted(subject, subject.body([Offer(1, section=text)])).columns["section"] == ["Lower Level"]


def test_a_market_that_changes_its_currency_keeps_the_one_it_names(subject: Subject) -> None:
    assert accepted(subject, subject.body(OFFERS, "USD")).currency == "USD"
    changed = accepted(subject, subject.body(OFFERS, "CAD"))
    assert (changed.currency, changed.accepted) == ("CAD", 3)


def test_a_currency_that_is_none_makes_no_price(subject: Subject) -> None:
    validated = read(subject, subject.body(OFFERS, "dollars"))
    assert validated is None or validated.accepted == 0


def test_every_field_of_a_listing_is_tried(subject: Subject) -> None:
    ticket = subject.tickets(subject.render(OFFERS, "USD"))[0]
    assert set(ticket) == set(subject.changed_by)


@pytest.mark.parametrize(("subject", "name"), FIELDS, ids=[f"{each.name}-{name}" for each, name in FIELDS])
@pytest.mark.parametrize("absent", [..., None, ""])
def test_a_missing_field_costs_its_own_listing_at_most(subject: Subject, name: str, absent: object) -> None:
    document = subject.render(OFFERS, "USD")
    ticket = subject.tickets(document)[1]
    if absent is ...:
        del ticket[name]
    else:
        ticket[name] = absent
    validated = accepted(subject, json.dumps(document).encode())
    is_kept = subject.changed_by[name] == "kept"
    assert (validated.accepted, validated.received) == (3 if is_kept else 2, 3)
    assert validated.columns["price"][0] == OFFERS[0].price
    assert validated.columns["price"][-1] == OFFERS[2].price


@pytest.mark.parametrize(("subject", "name"), FIELDS, ids=[f"{each.name}-{name}" for each, name in FIELDS])
def test_a_field_that_every_listing_lacks_is_no_crash(subject: Subject, name: str) -> None:
    document = subject.render(OFFERS, "USD")
    for ticket in subject.tickets(document):
        del ticket[name]
    validated = accepted(subject, json.dumps(document).encode())
    assert validated.accepted == (3 if subject.changed_by[name] == "kept" else 0)


# --- anything at all ------------------------------------------------------------------------------------------------

_ODD = [
    "_", "2", "-1", "0", "1,2", "$1,234.50", "1.234", "NaN", "\x00", "\ud800", "x" * 300, "GA", "Parking", "USD",
    10**400, 2**63, -0.0, 1e308, 1e-9, True, {"amt": "x"}, [[]], ["1"],
]  # fmt: skip
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.sampled_from(_ODD)),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=5,
)
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


def damage(data: st.DataObject, document: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """The document with up to four values inside it replaced, taken out, or doubled."""
    damaged = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 4))):
        place = damaged
        while place:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
                _damage_at(data, place, key)
                break
            place = place[key]
    return damaged


def _damage_at(data: st.DataObject, place: Any, key: Any) -> None:  # noqa: ANN401 - JSON is anything
    how = data.draw(st.sampled_from(["replace", "take out", "double"]))
    if how == "replace":
        place[key] = data.draw(JUNK)
    elif how == "take out":
        del place[key]
    elif isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    else:
        place[f"{key}2"] = place[key]


@given(data=st.data(), offers=OFFERED)
def test_whatever_is_damaged_every_listing_is_accepted_or_rejected(
    subject: Subject, data: st.DataObject, offers: list[Offer]
) -> None:
    read(subject, json.dumps(damage(data, subject.render(offers, "USD"))).encode())


@given(data=st.data())
def test_whatever_stands_in_a_listing_none_is_lost(subject: Subject, data: st.DataObject) -> None:
    document = subject.render(OFFERS, "USD")
    for ticket in subject.tickets(document):
        changes = data.draw(st.dictionaries(st.sampled_from(sorted(subject.changed_by)), JUNK, max_size=3))
        ticket.update(changes)
    assert accepted(subject, json.dumps(document).encode()).received == len(OFFERS)


@RECORDED
@given(data=st.data())
def test_whatever_is_damaged_in_a_recorded_answer_every_listing_is_accepted_or_rejected(
    subject: Subject, samples_dir: Path, data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from(subject.recorded(samples_dir)))
    read(subject, json.dumps(damage(data, json.loads(body))).encode())


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
def test_recorded_answers_lose_nothing(subject: Subject, samples_dir: Path) -> None:
    recorded = subject.recorded(samples_dir)
    assert recorded
    for body in recorded:
        parsed = subject.parse(body)
        assert (parsed.received, parsed.rejected) == (len(subject.tickets(json.loads(body))), [])
