"""StubHub's body: recorded listings lose nothing, and whatever is broken is counted and named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS
from ticket_pipeline.marketplaces.stubhub.parser import parse_any, parse_stubhub_listings, parse_usual
from ticket_pipeline_tests.marketplaces.contract.damage import JUNK
from ticket_pipeline_tests.marketplaces.stubhub.pro_listings import item, one, parse, reasons


def test_every_key_of_a_listing_finds_its_column() -> None:
    assert one() == {
        "listing_id": "13706863000",
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


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        (None, None),
        ([], None),
        (["Aisle", " No  parking "], "Aisle. No parking"),
        (
            [{"listingNoteTypeId": 3, "formattedListingNoteContent": "Grounds pass"}, "Clear view"],
            "Grounds pass. Clear view",
        ),
        ("Two lines\nof text", "Two lines. of text"),
        (["\x00", "-"], None),
        (7, None),
        ([[["deep", [["deeper"]]]]], "deep"),
        ("x" * 5000, "x" * 2000),
    ],
)
@pytest.mark.parametrize("also", [{}, {"row": 7}])
def test_notes_of_any_shape_become_one_text_and_cost_no_listing(
    notes: object, text: str | None, also: dict[str, object]
) -> None:
    parsed = parse_stubhub_listings(json.dumps([item(listingNotes=notes, **also), item(listingId=2)]).encode())
    assert parsed.columns["notes"] == [text, None]
    assert not parsed.rejected


@pytest.mark.parametrize("envelope", [lambda items: items, lambda items: {"listings": items, "count": len(items)}])
def test_both_envelopes_are_read(envelope: Callable[[list[object]], object]) -> None:
    assert parse_stubhub_listings(json.dumps(envelope([item()])).encode()).received == 1
    empty = parse_stubhub_listings(json.dumps(envelope([])).encode())
    assert (empty.received, empty.columns) == (0, {name: [] for name in LISTING_COLUMNS})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"3",
        b'"text"',
        b"{}",
        b'{"listings":null}',
        b'{"listings":{"0":{}}}',
        b'{"error":"no"}',
        b"<html>Sign In</html>",
        b'[{"listingId":1},{"listi',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_another_shape_is_no_empty_market(body: bytes) -> None:
    with pytest.raises(UnexpectedPayload) as caught:
        parse_stubhub_listings(body)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        ({"items": [{"id": 1, "rawPrice": 234}], "totalCount": 327}, "public event page"),
        ({"items": [], "totalCount": 0}, "public event page"),
        ({"grid": {"items": []}, "appName": "viagogo-event"}, "public event page"),
        ({"Items": [{"Id": 1, "RawPrice": 2}]}, "public event page"),
        ({"eventId": 9, "listing": [{"listingId": 1, "currentPrice": {"amount": 75.7}}]}, "legacy inventory search"),
        ({"totalListings": 0, "listing": []}, "legacy inventory search"),
        ({"totalCount": 0, "pageSize": 10, "currentPage": 1, "itemsRemaining": 0}, "public event page"),
        ({"eventId": 9, "totalListings": 0, "section_stats": []}, "legacy inventory search"),
        ({"eventId": 9, "totalListings": 0, "pricingSummary": {}}, "legacy inventory search"),
        ({"inventory": [], "numberOfItems": 0}, "export for points of sale"),
    ],
)
def test_another_body_of_stubhub_is_named_with_what_to_use_instead(body: object, whose: str) -> None:
    with pytest.raises(UnexpectedPayload, match=f"response of StubHub's {whose}.*GetCompListingsByEventId"):
        parse_stubhub_listings(json.dumps(body).encode())


def test_recorded_bodies_of_the_public_page_and_of_the_legacy_search_are_named(samples_dir: Path) -> None:
    folder = samples_dir / "stubhub"
    pages = json.loads((folder / "event_list_pages_excerpt.json").read_bytes())
    legacy = json.loads((folder / "legacy_inventory_9566731.json").read_bytes())
    for body in (*pages, legacy):
        with pytest.raises(UnexpectedPayload, match="GetCompListingsByEventId"):
            parse_stubhub_listings(json.dumps(body).encode())


def test_an_unusable_body_is_quoted_without_its_secrets() -> None:
    with pytest.raises(UnexpectedPayload) as caught:
        parse_stubhub_listings(b'{"apikey":"S3CRET","message":"quota"}')
    assert "quota" in str(caught.value)
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"listingId": ...}, "listingId is missing"),
        ({"availableTickets": ...}, "availableTickets is missing"),
        ({"availableTickets": 2.5}, "availableTickets is not a whole number"),
        ({"sellerAllInPrice": {"amt": "NaN"}}, "sellerAllInPrice is not a number"),
        ({"sellerAllInPrice": "1.226"}, "sellerAllInPrice may be thousands or decimals"),
        ({"sellerAllInPrice": {"amt": None, "disp": "1.226"}}, "sellerAllInPrice may be thousands or decimals"),
        ({"sellerAllInPrice": {"amt": 100, "disp": "£100"}}, "sellerAllInPrice is shown in another currency"),
        ({"sellerAllInPrice": "CA$100"}, "sellerAllInPrice is shown in another currency"),
        (
            {"sellerAllInPrice": {"amt": 9, "disp": "9 EUR", "currency": "USD"}},
            "sellerAllInPrice is shown in another currency",
        ),
    ],
)
def test_what_is_essential_and_cannot_be_read_rejects_the_listing_by_name(changes: dict[str, Any], reason: str) -> None:
    assert reasons(**changes) == (reason,)


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"sellerNetProceeds": []}, "net_proceeds", "sellerNetProceeds is not a number"),
        ({"sellerNetProceeds": {"amt": "soon"}}, "net_proceeds", "sellerNetProceeds is not a number"),
        ({"sellerNetProceeds": "1.226"}, "net_proceeds", "sellerNetProceeds may be thousands or decimals"),
        (
            {"sellerNetProceeds": {"amt": 9, "disp": "£9"}},
            "net_proceeds",
            "sellerNetProceeds is shown in another currency",
        ),
        (
            {"sellerNetProceeds": {"amt": 9, "currency": "CAD"}},
            "net_proceeds",
            "sellerNetProceeds is in another currency",
        ),
        ({"section": {"name": "A"}}, "section", "section is not text"),
        ({"row": "x" * 300}, "row", "row is longer than 250 characters"),
        ({"currencyCode": ["USD"]}, None, "currencyCode is not text"),
        *(({"currencyCode": code}, None, "currencyCode is not a currency code") for code in ("$", "null", 0, "US-D")),
    ],
)
def test_a_secondary_field_that_cannot_be_read_is_unknown_and_counted(
    changes: dict[str, Any], column: str | None, reason: str
) -> None:
    validated = validate_listings([parse(*(item(listingId=number, **changes) for number in range(50)))])[0]
    assert (validated.accepted, validated.unknown_fields) == (50, {reason: 50})
    assert validated.columns["price"] == [285.89] * 50
    assert column is None or validated.columns[column] == [None] * 50


def test_all_reasons_of_a_listing_are_told() -> None:
    assert reasons(listingId=None, availableTickets="x", row=[]) == (
        "listingId is missing",
        "availableTickets is not a number",
        "row is not text",
    )


def test_items_that_are_no_objects_are_rejected_where_they_stand() -> None:
    parsed = parse(None, item(), "x", item(listingId=...), 7, item(listingId=2))
    assert [rejected.position for rejected in parsed.rejected] == [0, 2, 3, 4]
    assert [rejected.raw for rejected in parsed.rejected][:2] == [None, "x"]
    assert parsed.positions == [1, 5]
    assert parsed.columns["listing_id"] == ["13706863000", "2"]
    assert parsed.received == 6


@pytest.mark.parametrize("bad", [r'"\ud800"', "NaN", "1e999", "1" + "0" * 400])
def test_a_value_the_fast_reader_refuses_costs_its_own_listing_at_most(bad: str) -> None:
    body = json.dumps([item(), item(sellerAllInPrice={"amt": "HERE"})]).replace('"HERE"', bad).encode()
    parsed = parse_stubhub_listings(body)
    assert parsed.received == 2
    assert 0 in parsed.positions


_MUTATED = st.dictionaries(st.sampled_from([*item(), "extra"]), st.one_of(JUNK, st.just(...)), max_size=4).map(
    lambda changes: item(**changes)
)


def test_parsing_changes_nothing_of_what_was_received() -> None:
    items = [item(), item(row=" 4 "), 3]
    assert parse(*items).items == copy.deepcopy(items)


@given(st.lists(_MUTATED, max_size=6), st.booleans())
def test_both_ways_of_reading_agree(items: list[Any], is_enveloped: bool) -> None:
    body = json.dumps({"listings": items} if is_enveloped else items).encode()
    usual = parse_usual(body)
    if usual is None:
        return
    other = parse_any(body)
    assert (usual.positions, usual.columns, usual.rejected) == (other.positions, other.columns, other.rejected)
    assert list(usual.items) == usual.items[:] == other.items


@pytest.mark.parametrize(
    "changes", [{}, {"sellerAllInPrice": None}, {"section": ...}, {"listingId": "7"}, {"extra": [1]}]
)
def test_the_usual_body_takes_the_fast_way(changes: dict[str, Any]) -> None:
    assert parse_usual(json.dumps([item(**changes)]).encode()) is not None


def test_a_body_that_is_no_utf_8_is_unusable_even_where_we_do_not_look() -> None:
    with pytest.raises(UnexpectedPayload):
        parse_stubhub_listings(json.dumps([item(extra="HERE")]).encode().replace(b"HERE", b"\xff"))


def test_a_rejected_listing_is_kept_as_it_was_received() -> None:
    raw = item(listingId=None, extra=[1.5, None])
    assert parse(item(), raw).rejected[0].raw == raw


def test_recorded_listings_lose_nothing(samples_dir: Path) -> None:
    files = [samples_dir / "replay" / "stubhub_comps_9566731.json"]
    files += sorted((samples_dir / "replay" / "nba_game7").glob("*.json"))
    assert len(files) == 35
    bodies = [file.read_bytes() for file in files]
    parsed = [parse_stubhub_listings(body) for body in bodies]
    assert sum(len(one.rejected) for one in parsed) == 0
    for body, validated in zip(bodies, validate_listings(parsed), strict=True):
        kept = [raw for raw in json.loads(body) if raw["row"] != "Parking"]
        assert validated.columns["listing_id"] == [str(raw["listingId"]) for raw in kept]
        assert validated.columns["price"] == [raw["sellerAllInPrice"]["amt"] for raw in kept]
        assert validated.columns["quantity"] == [raw["availableTickets"] for raw in kept]
