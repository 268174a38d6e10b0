"""Vivid Seats' body: the recorded tickets lose nothing, totals are compared, and no price gets a wrong currency."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, FeeBasis, ParsedListings
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = [{"i": "401890", "n": "Promenade"}, {"i": 393215, "n": "Courtside"}, {"i": "393220", "n": ""}]
SECTIONS = [{"i": "316", "n": "Promenade 316"}]
DOLLARS = {"from": "USD", "to": "USD", "rate": 1, "applyCurrencyConversion": False}


def ticket(**changes: object) -> dict[str, Any]:
    """A ticket as the site sends it, with changes; a key changed to `...` is left out."""
    base: dict[str, object] = {
        "s": "Promenade 316",
        "r": "Z",
        "q": "3",
        "p": "212.55",
        "i": "VB17082859486",
        "d": "316",
        "n": "Mobile Tickets.",
        "m": "1,3",
        "c": "401890",
        "aip": "287.00",
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def body(*tickets: object, **changes: object) -> bytes:
    """A body of these tickets without totals, with changes; a key changed to `...` is left out."""
    base = {"global": [{}], "tickets": tickets, "groups": GROUPS, "sections": SECTIONS, "i18n": DOLLARS}
    return json.dumps({name: value for name, value in (base | changes).items() if value is not ...}).encode()


def parse(content: bytes, asked: str = "USD") -> ParsedListings:
    return parse_vivid_seats_listings(content, asked_currency=asked)


def one(**changes: object) -> dict[str, Any]:
    """The columns of one accepted ticket."""
    parsed = parse(body(ticket(**changes)))
    assert parsed.rejected == []
    return {name: values[0] for name, values in parsed.columns.items()}


def reasons(**changes: object) -> tuple[str, ...]:
    """Why one ticket is rejected."""
    parsed = parse(body(ticket(), ticket(**changes)))
    assert parsed.positions == [0]
    return parsed.rejected[0].reasons


# --- whom it is about ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"global": [{"productionId": "5990417"}], "groups": [{"productionId": 7}]}, {"5990417"}),
        ({"groups": [{"productionId": 5990417}, {"productionId": 7}]}, {"5990417", "7"}),
        ({"groups": 7, "sections": [{"productionId": 5990417.0}, 7]}, {"5990417"}),
        ({"global": [{"productionId": "0"}], "groups": [{"productionId": ""}, {"productionId": [7]}]}, set()),
        ({}, set()),
    ],
)
def test_a_body_is_about_the_productions_that_it_names(changes: dict[str, Any], about: set[str]) -> None:
    assert parse(body(ticket(), **changes)).about == about
    nested = {"zones": [{"sections": [{"tickets": [{"price": 5, "quantity": 1}]}]}]}
    assert parse(json.dumps(nested | changes).encode()).about == about


# --- keys and values ------------------------------------------------------------------------------------------------


def test_every_key_of_a_ticket_finds_its_column() -> None:
    assert one() == {
        "listing_id": "VB17082859486",
        "section": "Promenade 316",
        "row": "Z",
        "zone": "Promenade",
        "quantity": 3,
        "splits": (1, 3),
        "ask_price": 212.55,
        "all_in_price": 287.0,
        "net_proceeds": None,
        "currency": "USD",
        "is_general_admission": False,
        "is_speculative": False,
    }


def test_the_long_names_stand_in_for_the_short_ones() -> None:
    long = ticket(s=..., r=..., q="", aip=None, sectionName="A", row="4", quantity="2", allInPricePerTicket="9.00")
    columns = {name: values[0] for name, values in parse(body(long)).columns.items()}
    assert (columns["section"], columns["row"], columns["quantity"], columns["all_in_price"]) == ("A", "4", 2, 9.0)


def test_a_ticket_without_a_section_takes_the_name_of_its_section_id() -> None:
    assert one(s=...)["section"] == "Promenade 316"
    assert one(s="", d="999")["section"] is None


@pytest.mark.parametrize(
    ("group", "zone"),
    [
        ("401890", "Promenade"),
        ("393215", "Courtside"),
        (393215, "Courtside"),
        ("393220", None),
        ("1", None),
        ([], None),
    ],
)
def test_the_zone_is_the_name_of_the_group(group: object, zone: str | None) -> None:
    assert one(c=group)["zone"] == zone


@pytest.mark.parametrize("groups", [..., None, {}, "x", [1, {"i": []}, {"i": "401890", "n": {}}]])
def test_without_readable_groups_there_is_no_zone(groups: object) -> None:
    assert parse(body(ticket(), groups=groups)).columns["zone"] == [None]


@pytest.mark.parametrize(
    ("told", "splits"), [("1,2,3,4,5,6,8", (1, 2, 3, 4, 5, 6, 8)), ("4, 2,2", (2, 4)), ([2, 1], (1, 2)), ("", None)]
)
def test_purchasable_quantities_are_the_splits(told: object, splits: tuple[int, ...] | None) -> None:
    assert one(m=told)["splits"] == splits


def test_an_all_in_price_of_zero_is_not_told() -> None:
    parsed = parse(body(ticket(aip="0.00"), ticket(i="VF2")))
    assert parsed.columns["all_in_price"] == [None, 287.0]
    assert validate_listings([parsed])[0].columns["fee_basis"] == [FeeBasis.ASK, FeeBasis.ALL_IN]


@pytest.mark.parametrize("text", ["SRO", "GA", "Lower Level 134 GA - Standing"])
def test_a_section_that_says_general_admission_is_flagged(text: str) -> None:
    validated = validate_listings([parse(body(ticket(s=text), ticket(i="VB2")))])[0]
    assert validated.columns["is_general_admission"] == [True, False]


@pytest.mark.parametrize(
    ("note", "is_speculative"),
    [("Speculative listing", True), ("Zone Seating: any row", True), ("Delivery date TBD", False), (None, False)],
)
def test_a_note_that_says_speculative_is_flagged(note: str | None, is_speculative: bool) -> None:
    parsed = parse(body(ticket(n=note), ticket(n=7)))
    assert parsed.columns["is_speculative"] == [is_speculative, False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"i": ...}, "i is missing"),
        ({"q": ...}, "q is missing"),
        ({"q": "2.5"}, "q is not a whole number"),
        ({"p": "NaN"}, "p is not a number"),
        ({"aip": True}, "aip is not a number"),
        ({"s": ["A"]}, "s is not text"),
        ({"r": "x" * 300}, "r is longer than 250 characters"),
        ({"m": "one"}, "m is not a list of quantities"),
        ({"m": "0,2"}, "m is not a list of quantities"),
        ({"m": "2,70000"}, "m is not a list of quantities"),
    ],
)
def test_what_cannot_be_read_is_rejected_by_name(changes: dict[str, Any], reason: str) -> None:
    assert reasons(**changes) == (reason,)


@pytest.mark.parametrize(("price", "amount"), [("1,212.55", 1212.55), ("$212.55", 212.55), (212, 212.0), ("", None)])
def test_amounts_are_read_in_every_form(price: object, amount: float | None) -> None:
    assert one(p=price)["ask_price"] == amount


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_an_empty_market_is_an_answer() -> None:
    parsed = parse(body(**{"global": [{"listingCount": "0", "ticketCount": "0", "lp": "0.00"}]}))
    assert (parsed.received, parsed.checksum_problems) == (0, ())
    assert parsed.columns == {name: [] for name in LISTING_COLUMNS}


@pytest.mark.parametrize("announced", [[], [{}], {"listingCount": "100"}, [{"listings": "0"}], None])
def test_no_tickets_without_a_count_that_says_so_is_no_empty_market(announced: object) -> None:
    with pytest.raises(UnexpectedPayload, match="no listingCount"):
        parse(body(**{"global": announced}))


def test_a_total_of_what_no_listing_tells_is_no_agreement() -> None:
    parsed = parse(body(ticket(aip=...), **{"global": [{"listingCount": "1", "lowestAip": "287.00"}]}))
    assert parsed.checksum_problems == ("lowestAip is 287, no listing has it",)


def test_no_tickets_where_some_are_announced_is_no_empty_market() -> None:
    with pytest.raises(UnexpectedPayload, match="listingCount is 833"):
        parse(body(**{"global": [{"listingCount": "833"}]}))


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b'{"tickets":{}}', b'{"zones":null}', b"3", b"", b'{"tickets":[', b"<html>", b"\xff"]
)
def test_another_shape_is_no_empty_market(content: bytes) -> None:
    with pytest.raises(UnexpectedPayload, match="Vivid Seats"):
        parse(content)


# --- currency -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "currency"),
    [(DOLLARS, "USD"), ({"from": "CAD", "to": "cad"}, "CAD"), ({}, "EUR"), (..., "EUR"), ("x", "EUR")],
)
def test_the_body_names_the_currency_and_else_it_is_the_one_asked_for(told: object, currency: str) -> None:
    assert parse(body(ticket(), i18n=told), asked="EUR").columns["currency"] == [currency]


@pytest.mark.parametrize(
    "changes",
    [
        {"i18n": {"from": "USD", "to": "CAD"}},
        {"i18n": ..., "global": [{"priceLocalized": "true"}]},
        {"i18n": None, "global": [{"isPriceLocalized": True}]},
    ],
)
def test_prices_whose_currency_cannot_be_told_are_not_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedPayload, match="prices is ambiguous"):
        parse(body(ticket(), **changes))


def test_a_currency_nested_beyond_showing_makes_no_price() -> None:
    content = body(ticket(), i18n=..., currency="here").replace(b'"here"', b"[" * 1_000 + b"]" * 1_000)
    assert validate_listings([parse(content)])[0].rejected[0].reasons == ("currency is no ISO 4217 code",)


# --- totals ---------------------------------------------------------------------------------------------------------

TOTALS = {
    "listingCount": "2",
    "ticketCount": "5",
    "lp": "212.55",
    "hp": "250.00",
    "lowestAip": "287.00",
    "highestAip": "300.00",
}


def checksum(**changes: object) -> tuple[str, ...] | None:
    """What comes of comparing two tickets with these totals."""
    parsed = parse(
        body(ticket(), ticket(i="VF2", q="2", m="2", p="250.00", aip="300.00"), **{"global": [TOTALS | changes]})
    )
    assert len(parsed.positions) == 2
    return parsed.checksum_problems


def test_totals_that_agree_say_so() -> None:
    assert checksum() == ()


def test_a_body_that_announces_nothing_is_not_compared() -> None:
    assert parse(body(ticket())).checksum_problems is None
    assert parse(body(ticket(), **{"global": "x"})).checksum_problems is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"listingCount": "3"}, "listingCount is 3, the listings give 2"),
        ({"ticketCount": 6}, "ticketCount is 6, the listings give 5"),
        ({"lp": "212.54"}, "lp is 212.54, the listings give 212.55"),
        ({"hp": "251"}, "hp is 251, the listings give 250"),
        ({"lowestAip": "1.00"}, "lowestAip is 1, the listings give 287"),
        ({"highestAip": "1.00"}, "highestAip is 1, the listings give 300"),
        ({"lp": "none"}, "lp is not a number"),
    ],
)
def test_a_total_that_disagrees_is_told_and_costs_no_listing(changes: dict[str, Any], problem: str) -> None:
    assert checksum(**changes) == (problem,)


def test_a_ticket_that_cannot_be_read_still_counts_as_announced() -> None:
    parsed = parse(body(ticket(), ticket(i=...), **{"global": [{"listingCount": "2", "ticketCount": "6"}]}))
    assert (len(parsed.rejected), parsed.checksum_problems) == (1, ())


def test_the_result_of_the_comparison_reaches_the_caller() -> None:
    parsed = parse(body(ticket(), **{"global": [{"listingCount": "9"}]}))
    assert validate_listings([parsed])[0].checksum_problems == ("listingCount is 9, the listings give 1",)


# --- the nested shape -----------------------------------------------------------------------------------------------


def nested(*tickets: object, **zone: object) -> bytes:
    """A body of one zone with one section of these tickets."""
    return json.dumps(
        {"zones": [{"name": "Lower", "sections": [{"name": "101", "tickets": tickets}], **zone}]}
    ).encode()


def test_the_nested_shape_is_read() -> None:
    parsed = parse(nested({"id": 7, "row": "B", "price": "99.50", "quantity": 4, "splitOption": "2,4"}))
    assert {name: values[0] for name, values in parsed.columns.items()} == {
        "listing_id": "7",
        "section": "101",
        "row": "B",
        "zone": "Lower",
        "quantity": 4,
        "splits": (2, 4),
        "ask_price": 99.5,
        "all_in_price": None,
        "net_proceeds": None,
        "currency": "USD",
        "is_general_admission": False,
        "is_speculative": False,
    }
    assert validate_listings([parsed])[0].fee_basis is FeeBasis.ASK
    assert parsed.checksum_problems is None


@pytest.mark.parametrize(
    ("option", "splits"),
    [
        ("ANY", (1, 2, 3, 4)),
        ("NeverLeaveOne", (1, 2, 4)),
        ("NONE", (4,)),
        ([4, 2], (2, 4)),
        ("DEFAULT", None),
        ("2", None),
        (1, None),
        (None, None),
        ({}, None),
    ],
)
def test_split_options_are_read_where_their_meaning_is_certain(option: object, splits: tuple[int, ...] | None) -> None:
    parsed = parse(nested({"id": 7, "price": 9, "quantity": 4, "splitOption": option}))
    assert parsed.columns["splits"] == [splits]


def test_a_ticket_without_an_id_gets_one_by_its_place_that_outlives_a_new_price() -> None:
    def ids(*prices: int) -> list[str]:
        same_row = [{"row": "B", "price": price, "quantity": 2} for price in prices]
        return list(parse(nested(*same_row, {"row": "C", "price": 1, "quantity": 2})).columns["listing_id"])

    assert len(set(ids(10, 20))) == 3
    assert ids(10, 20) == ids(11, 19)


def test_a_zone_or_section_without_tickets_is_one_rejected_item() -> None:
    zones = [{"name": "A"}, 5, {"sections": [None, {"tickets": [{"id": 1, "price": 9, "quantity": 1}, "x"]}]}]
    parsed = parse(json.dumps({"zones": zones}).encode())
    assert parsed.received == 5
    assert [(each.position, each.reasons[0]) for each in parsed.rejected] == [
        (0, "the zone has no array `sections`"),
        (1, "the zone has no array `sections`"),
        (2, "the section has no array `tickets`"),
        (4, "the listing is not a JSON object"),
    ]
    assert parsed.positions == [3]


@pytest.mark.parametrize("zones", [[], [{"name": "Lower", "sections": []}], [{"sections": [{"tickets": []}]}]])
def test_zones_without_a_ticket_are_an_empty_market_only_where_a_total_says_so(zones: list[Any]) -> None:
    with pytest.raises(UnexpectedPayload, match="no listingCount"):
        parse(json.dumps({"zones": zones}).encode())
    with pytest.raises(UnexpectedPayload, match="listingCount is 7"):
        parse(json.dumps({"zones": zones, "global": [{"listingCount": "7"}]}).encode())
    parsed = parse(json.dumps({"zones": zones, "global": [{"listingCount": "0"}]}).encode())
    assert (parsed.received, parsed.checksum_problems) == (0, ())


# --- recorded -------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(samples_dir: Path) -> dict[str, Any]:
    """An excerpt of a recorded body: 21 of its 833 tickets, with the cheapest and the dearest."""
    content = (samples_dir / "vividseats" / "hermes_listings_5990417_excerpt.json").read_bytes()
    found: dict[str, Any] = json.loads(content)
    return found


def test_recorded_tickets_lose_nothing(recorded: dict[str, Any]) -> None:
    parsed = parse(json.dumps(recorded).encode())
    tickets = recorded["tickets"]
    assert (parsed.received, parsed.rejected) == (21, [])
    validated = validate_listings([parsed])[0]
    assert (validated.accepted, validated.currency, validated.fee_basis) == (21, "USD", FeeBasis.ALL_IN)
    assert validated.columns["listing_id"] == [each["i"] for each in tickets]
    assert validated.columns["ask_price"] == [float(each["p"]) for each in tickets]
    assert validated.columns["price"] == [float(each["aip"]) for each in tickets]
    assert [",".join(map(str, splits)) for splits in validated.columns["splits"]] == [each["m"] for each in tickets]
    names = {group["i"]: group["n"] for group in recorded["groups"]}
    assert validated.columns["zone"] == [names[each["c"]] for each in tickets]


def test_recorded_totals_reconcile(recorded: dict[str, Any]) -> None:
    """The prices are those of the whole body, the counts those of an excerpt; the groups hold the rest."""
    (totals,) = recorded["global"]
    assert parse(json.dumps(recorded).encode()).checksum_problems == (
        "listingCount is 833, the listings give 21",
        "ticketCount is 2551, the listings give 56",
    )
    assert sum(int(group["q"]) for group in recorded["groups"]) == int(totals["ticketCount"])
    totals |= {"listingCount": "21", "ticketCount": "56"}
    assert parse(json.dumps(recorded).encode()).checksum_problems == ()
