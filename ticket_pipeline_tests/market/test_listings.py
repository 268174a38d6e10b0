"""The rules of a market price, one by one, and that several snapshots at once are judged as one by one."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandera.config import config_context

from ticket_pipeline.market.admission import AdmissionRule, AdmissionRules
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.listings import (
    is_general_admission,
    is_speculative,
    round_to_cents,
    validate_listings,
)
from ticket_pipeline.market.validated import VALIDATED_COLUMNS, ValidatedListings
from ticket_pipeline.market.vocabulary import FeeBasis, ParsedListings, RejectedListing

BASE: dict[str, Any] = {
    "listing_id": "1",
    "section": "Loge 18",
    "row": "16",
    "zone": None,
    "quantity": 2,
    "splits": None,
    "ask_price": None,
    "all_in_price": 285.89,
    "net_proceeds": 210.6,
    "currency": "USD",
    "is_general_admission": False,
    "is_speculative": False,
    "notes": None,
}


def snapshot(*listings: dict[str, Any]) -> ParsedListings:
    """A parsed snapshot; each listing is the base with changes and an id of its own unless given."""
    rows = [BASE | {"listing_id": f"id-{number}"} | changes for number, changes in enumerate(listings)]
    return ParsedListings(
        items=[dict(row) for row in rows],
        positions=list(range(len(rows))),
        columns={name: [row[name] for row in rows] for name in BASE},
        rejected=[],
    )


def validate(*listings: dict[str, Any]) -> ValidatedListings:
    return validate_listings([snapshot(*listings)])[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"all_in_price": None}, "price is missing: neither an all-in nor an ask price"),
        ({"all_in_price": 0}, "price is zero or less"),
        ({"all_in_price": 0.004}, "price is zero or less"),
        ({"all_in_price": -5.0}, "price is zero or less"),
        ({"all_in_price": 1e10}, "price is absurdly large"),
        ({"all_in_price": 1e308}, "price is absurdly large"),
        ({"all_in_price": 9_999_999_999.995}, "price is absurdly large"),
        ({"all_in_price": None, "ask_price": 1e11}, "price is absurdly large"),
        ({"quantity": 0}, "quantity is zero or less"),
        ({"quantity": -2}, "quantity is zero or less"),
        ({"quantity": 1001}, "quantity is above 1000"),
        ({"currency": None}, "currency is missing"),
        ({"currency": "usd"}, "currency is not an ISO 4217 code"),
        ({"currency": "$"}, "currency is not an ISO 4217 code"),
        ({"row": "Parking"}, "parking pass, not a seat"),
        ({"section": "Garage B"}, "parking pass, not a seat"),
        ({"zone": "Gold Lot"}, "parking pass, not a seat"),
        ({"notes": "This is not an event ticket."}, "extra without admission, not a seat"),
        ({"listing_id": "id-0"}, "listing id was in this snapshot already"),
    ],
)
def test_what_is_no_market_price_is_rejected_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    validated = validate({}, changes, {})
    assert [(one.position, one.reasons) for one in validated.rejected] == [(1, (reason,))]
    assert validated.rejected[0].raw == BASE | {"listing_id": "id-1"} | changes
    assert validated.columns["listing_id"] == ["id-0", "id-2"]
    assert {len(values) for values in validated.columns.values()} == {validated.accepted}


@pytest.mark.parametrize("changes", [{"all_in_price": 0.005}, {"quantity": 1000}, {"all_in_price": 9_999_999_999.99}])
def test_the_bounds_themselves_are_accepted(changes: dict[str, Any]) -> None:
    assert validate(changes).accepted == 1


def test_a_listing_has_every_reason() -> None:
    broken = {"all_in_price": None, "quantity": 0, "currency": "", "row": "Parking", "listing_id": "id-0"}
    assert validate({}, broken).rejected[0].reasons == (
        "price is missing: neither an all-in nor an ask price",
        "quantity is zero or less",
        "currency is not an ISO 4217 code",
        "parking pass, not a seat",
        "listing id was in this snapshot already",
    )


def test_grounds_are_accepted_and_count_as_seats_only_where_there_are_no_others() -> None:
    grounds = {"section": "GROUNDS PASS - VIEWING PARTY", "all_in_price": 92.53, "quantity": 3}
    validated = validate(grounds, {"all_in_price": 271.44}, {"section": "Gold Lot", "all_in_price": 35.0})
    assert validated.columns["admission"] == [Admission.GROUNDS, Admission.SEAT]
    assert (validated.accepted, validated.tickets, validated.seats["price"]) == (2, 2, [271.44])
    alone = validate(grounds, {"section": "Gold Lot"}, {"all_in_price": 0})
    assert (alone.columns["admission"], alone.tickets, alone.seats["price"]) == ([Admission.SEAT], 3, [92.53])


def test_what_is_set_aside_keeps_its_columns_so_that_it_can_come_back() -> None:
    validated = validate({}, {"row": "Parking", "notes": "A good lot", "splits": (1, 2)}, {"row": "Lot", "quantity": 0})
    assert [item.listing for item in validated.rejected] == [
        BASE
        | {"listing_id": "id-1", "row": "Parking", "splits": (1, 2), "price": 285.89, "fee_basis": FeeBasis.ALL_IN}
        | {"admission": Admission.PARKING},
        None,
    ]
    assert (validated.set_aside, validated.is_unusable) == (1, False)
    assert validate({"section": "VIP upgrade"}, {"section": "Lot 4"}).is_unusable is False
    assert validate({"section": "VIP upgrade"}, {"quantity": 0}).is_unusable is True


def test_only_notes_that_decide_are_kept() -> None:
    columns = validate({"notes": "Aisle"}, {"notes": "Grounds pass only"}, {}).columns
    assert (columns["notes"], columns["admission"]) == (
        [None, "Grounds pass only", None],
        [Admission.SEAT, Admission.GROUNDS, Admission.SEAT],
    )


def test_each_snapshot_is_judged_by_its_own_rules() -> None:
    rules = AdmissionRules([AdmissionRule(None, "Dome", "Gold Lot", Admission.SEAT)])
    snapshots = [snapshot({"section": "Gold Lot"}, {})] * 2
    own = [rules.for_event("stubhub", venue) for venue in ("Dome", "Hall")]
    assert [validated.accepted for validated in validate_listings(snapshots, own)] == [2, 1]


def test_price_is_the_all_in_price_where_known_else_the_ask() -> None:
    validated = validate({"all_in_price": 12.0, "ask_price": 10.0}, {"all_in_price": None, "ask_price": 10.0})
    assert validated.columns["price"] == [12.0, 10.0]
    assert validated.columns["fee_basis"] == [FeeBasis.ALL_IN, FeeBasis.ASK]
    assert validated.columns["all_in_price"] == [12.0, None]
    assert validated.columns["ask_price"] == [10.0, 10.0]
    assert validated.fee_basis is None


def test_accepted_listings_of_one_kind_have_a_common_currency_and_fee_basis() -> None:
    validated = validate({}, {"quantity": 3}, {"currency": "CAD", "quantity": 0})
    assert (validated.currency, validated.fee_basis, validated.tickets) == ("USD", FeeBasis.ALL_IN, 5)
    assert validate({}, {"currency": "CAD"}).currency is None


def test_an_empty_market_is_valid() -> None:
    validated = validate()
    assert (validated.received, validated.accepted, validated.currency, validated.fee_basis) == (0, 0, None, None)
    assert validated.columns == {name: [] for name in VALIDATED_COLUMNS}
    assert validate_listings([]) == []


def test_ids_may_come_again_in_another_snapshot() -> None:
    first, second = validate_listings([snapshot({"listing_id": "a"}), snapshot({"listing_id": "a"})])
    assert first.accepted == second.accepted == 1


def test_the_parsers_rejects_stand_among_the_others_by_position() -> None:
    parsed = snapshot({}, {"quantity": 0})
    parsed = ParsedListings(
        items=[parsed.items[0], "junk", parsed.items[1]],
        positions=[0, 2],
        columns=parsed.columns,
        rejected=[RejectedListing(1, "junk", ("no object",))],
    )
    validated = validate_listings([parsed])[0]
    assert [(one.position, one.raw) for one in validated.rejected] == [(1, "junk"), (2, parsed.items[2])]
    assert validated.accepted + len(validated.rejected) == validated.received == 3


def test_rules_hold_where_the_environment_switches_pandera_off() -> None:
    with config_context(validation_enabled=False):
        assert validate({"quantity": 0}).accepted == 0


def test_what_was_parsed_is_not_changed() -> None:
    parsed = snapshot({"all_in_price": 1.005}, {"quantity": 0}, {"section": "GA"})
    before = {name: list(values) for name, values in parsed.columns.items()}
    validate_listings([parsed])
    assert parsed.columns == before


def test_a_column_of_another_type_is_an_error_of_the_parser() -> None:
    parsed = snapshot({})
    with pytest.raises(ValueError, match="convert"):
        validate_listings([ParsedListings(parsed.items, [0], parsed.columns | {"all_in_price": ["free"]}, [])])


def test_a_frame_for_analysis_holds_the_accepted_listings() -> None:
    frame = validate({}, {"quantity": 0}).to_frame()
    assert list(frame.columns) == list(VALIDATED_COLUMNS)
    assert frame["price"].tolist() == [285.89]


_LISTING = st.fixed_dictionaries(
    {},
    optional={
        "listing_id": st.sampled_from("abc"),
        "section": st.sampled_from([None, "GA", "Parking", "Loge 1", "TBD", "Lawn", "Upgrade"]),
        "notes": st.sampled_from([None, "Aisle", "Parking only", "Grounds pass"]),
        "quantity": st.integers(-1, 3),
        "all_in_price": st.one_of(st.none(), st.floats(-1, 1e11)),
        "ask_price": st.one_of(st.none(), st.floats(-1, 1e3)),
        "net_proceeds": st.none(),
        "currency": st.sampled_from(["USD", "CAD", None, "x"]),
        "is_general_admission": st.booleans(),
        "is_speculative": st.booleans(),
    },
)


@given(st.lists(st.lists(_LISTING, max_size=4), max_size=4))
def test_many_snapshots_at_once_are_judged_as_one_by_one(histories: list[list[dict[str, Any]]]) -> None:
    snapshots = [snapshot(*listings) for listings in histories]
    together = validate_listings(snapshots)
    assert together == [validate_listings([one])[0] for one in snapshots]
    for validated in together:
        assert validated.accepted + len(validated.rejected) == validated.received


# --- money ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (1.005, 1.01),
        (2.675, 2.68),
        (1.004999, 1.0),
        (285.89, 285.89),
        (-1.005, -1.01),
        (0.005, 0.01),
        (7, 7.0),
        (1234567890.125, 1234567890.13),
        (0.285, 0.29),
        (1.0049999999, 1.0),
    ],
)
def test_half_a_cent_goes_up_as_written(amount: float, cents: float) -> None:
    assert round_to_cents([amount]).tolist() == [cents]


def test_unknown_amounts_stay_unknown() -> None:
    assert all(map(math.isnan, round_to_cents([None, math.nan])))
    assert round_to_cents([None, 1.005])[1] == 1.01


@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=4).map(float), min_size=1, max_size=5))
def test_rounding_agrees_with_decimal_arithmetic(amounts: list[float]) -> None:
    exact = [float(Decimal(repr(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)) for amount in amounts]
    assert round_to_cents(amounts).tolist() == exact


# --- what sections and rows say -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["GA", "GA2", "General Admission", "SRO", "SRO8", "Lower Level 134 GA - x", "Standing Room", "Gen Adm"]
)
def test_general_admission_is_known_from_text(text: str) -> None:
    assert is_general_admission(text)
    assert validate({"section": text}).columns["is_general_admission"] == [True]
    assert validate({}, {"row": text}).columns["is_general_admission"] == [False, True]


@pytest.mark.parametrize("text", ["Gallery 3", "Garden", "G A", "Outstanding", "101", "SROW"])
def test_other_sections_are_not_general_admission(text: str) -> None:
    assert not is_general_admission(text)


@pytest.mark.parametrize("text", ["Zone Seating A", "TBD", "tba", "Speculative"])
def test_a_seat_the_seller_does_not_know_is_speculative(text: str) -> None:
    assert is_speculative(text)
    assert validate({"row": text}).columns["is_speculative"] == [True]


def test_what_the_marketplace_flags_stays_flagged() -> None:
    flagged = validate({"is_general_admission": True, "is_speculative": True}, {}).columns
    assert (flagged["is_general_admission"], flagged["is_speculative"]) == ([True, False], [True, False])
