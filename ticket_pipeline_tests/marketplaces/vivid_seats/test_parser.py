"""Vivid Seats' body: the recorded tickets lose nothing, totals are compared, and no price gets a wrong currency."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, FeeBasis, ParsedListings
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings

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
    assert one(n="Aisle\nNo parking") == {
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
        "notes": "Aisle. No parking",
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


def test_an_all_in_price_of_zero_is_not_told() -> None:
    parsed = parse(body(ticket(aip="0.00"), ticket(i="VF2")))
    assert parsed.columns["all_in_price"] == [None, 287.0]
    assert validate_listings([parsed])[0].columns["fee_basis"] == [FeeBasis.ASK, FeeBasis.ALL_IN]


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
        ({"q": "two"}, "q is not a number"),
    ],
)
def test_what_is_essential_and_cannot_be_read_rejects_the_ticket_by_name(changes: dict[str, Any], reason: str) -> None:
    assert reasons(**changes) == (reason,)


@pytest.mark.parametrize(
    ("changes", "price", "reason"),
    [
        ({"p": "NaN"}, 287.0, "p is not a number"),
        ({"p": "1.226"}, 287.0, "p may be thousands or decimals"),
        ({"p": "£212.55"}, 287.0, "p is shown in another currency"),
        ({"p": "300.00"}, 287.0, "ask_price is above the all-in price"),
        ({"aip": True}, 212.55, "aip is not a number"),
        ({"aip": "€287"}, 212.55, "aip is shown in another currency"),
        ({"s": ["A"]}, 287.0, "s is not text"),
        ({"r": "x" * 300}, 287.0, "r is longer than 250 characters"),
        ({"m": "one"}, 287.0, "m is not a list of quantities"),
        ({"m": "1,2,4"}, 287.0, "splits exceed the quantity"),
    ],
)
def test_a_secondary_field_that_is_wrong_is_unknown_and_counted(
    changes: dict[str, Any], price: float, reason: str
) -> None:
    validated = validate_listings([parse(body(ticket(i="VB1", **changes), ticket(i="VB2", **changes)))])[0]
    assert (validated.columns["price"], validated.unknown_fields) == ([price, price], {reason: 2})


def test_a_ticket_without_a_readable_price_is_rejected_with_what_is_wrong() -> None:
    (rejected,) = validate_listings([parse(body(ticket(p="NaN", aip="soon")))])[0].rejected
    assert rejected.reasons == (
        "price is missing: neither an all-in nor an ask price",
        "p is not a number",
        "aip is not a number",
    )


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_an_empty_market_is_an_answer() -> None:
    parsed = parse(body(**{"global": [{"listingCount": "0", "ticketCount": "0", "lp": "0.00"}]}))
    assert (parsed.received, parsed.checksum_problems) == (0, ())
    assert parsed.columns == {name: [] for name in LISTING_COLUMNS}


@pytest.mark.parametrize("announced", [[], [{}], {"listingCount": "100"}, [{"listings": "0"}], None])
def test_no_tickets_without_a_count_that_says_so_is_no_empty_market(announced: object) -> None:
    with pytest.raises(UnexpectedPayload, match="has no listings"):
        parse(body(**{"global": announced}))
    with pytest.raises(UnexpectedPayload, match="listingCount is 833"):
        parse(body(**{"global": [{"listingCount": "833"}]}))


def test_a_total_of_what_no_listing_tells_is_no_agreement() -> None:
    parsed = parse(body(ticket(aip=...), **{"global": [{"listingCount": "1", "lowestAip": "287.00"}]}))
    assert parsed.checksum_problems == ("lowestAip is 287, no listing has it",)


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


def test_totals_are_compared_where_a_body_announces_them() -> None:
    assert checksum() == ()
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
    assert validate_listings([parsed])[0].checksum_problems == ()


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
