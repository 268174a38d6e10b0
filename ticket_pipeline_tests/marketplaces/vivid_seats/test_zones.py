"""The nested shape of Vivid Seats' body: zones, their sections, and the tickets in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import FeeBasis, ParsedListings
from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings


def _parse(content: bytes) -> ParsedListings:
    return parse_vivid_seats_listings(content, asked_currency="USD")


def nested(*tickets: object, **zone: object) -> bytes:
    """A body of one zone with one section of these tickets."""
    return json.dumps(
        {"zones": [{"name": "Lower", "sections": [{"name": "101", "tickets": tickets}], **zone}]}
    ).encode()


def test_the_nested_shape_is_read() -> None:
    parsed = _parse(
        nested({"id": 7, "row": "B", "price": "99.50", "quantity": 4, "splitOption": "2,4", "notes": "Aisle"})
    )
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
        "notes": "Aisle",
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
    parsed = _parse(nested({"id": 7, "price": 9, "quantity": 4, "splitOption": option}))
    assert parsed.columns["splits"] == [splits]


def test_a_ticket_without_an_id_gets_one_by_its_place_that_outlives_a_new_price() -> None:
    def ids(*prices: int) -> list[str]:
        same_row = [{"row": "B", "price": price, "quantity": 2} for price in prices]
        return list(_parse(nested(*same_row, {"row": "C", "price": 1, "quantity": 2})).columns["listing_id"])

    assert len(set(ids(10, 20))) == 3
    assert ids(10, 20) == ids(11, 19)


def test_a_zone_or_section_without_tickets_is_one_rejected_item() -> None:
    zones = [{"name": "A"}, 5, {"sections": [None, {"tickets": [{"id": 1, "price": 9, "quantity": 1}, "x"]}]}]
    parsed = _parse(json.dumps({"zones": zones}).encode())
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
        _parse(json.dumps({"zones": zones}).encode())
    with pytest.raises(UnexpectedPayload, match="listingCount is 7"):
        _parse(json.dumps({"zones": zones, "global": [{"listingCount": "7"}]}).encode())
    parsed = _parse(json.dumps({"zones": zones, "global": [{"listingCount": "0"}]}).encode())
    assert (parsed.received, parsed.checksum_problems) == (0, ())
