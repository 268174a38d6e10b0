"""Depth and comparables are what a trusted capture says, by brute force; a row has an order only where it is known."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import PricedListing, floor_price, quantile
from ticket_pipeline.market.rows import row_rank
from ticket_pipeline.queries.comparables import UnclearSeatsError, comparables
from ticket_pipeline.queries.market import market_depth
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.queries.test_now import by_unit, priced
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    NOON,
    Item,
    empty,
    items,
    query,
    store,
    watch_one,
)

LATER = NOON + HOUR
ROWS = st.sampled_from([None, "1", " 4", "5", "12", "C", "c", "Z", "AA", "DDD", "GA", "9 - CLUB", "AB"])
seats = st.lists(
    st.builds(
        Item,
        price=st.sampled_from([10.0, 10.01, 11.5, 11.51, 19.99, 25.0, 100.0]),
        quantity=st.integers(1, 6),
        splits=st.none() | st.lists(st.integers(1, 6), max_size=3).map(tuple),
        zone=st.sampled_from([None, "Lower", "Upper", "*"]),
        section=st.sampled_from([None, "101", "101", "Lower Bowl 101", "Club 102", "102 ", "Upper", "*"]),
        row=ROWS,
        listing_id=st.uuids().map(str),
        currency=st.sampled_from(["USD", "USD", "EUR"]),
        fee_basis=st.sampled_from(["all_in", "all_in", "ask"]),
        admission=st.sampled_from(["seat", "seat", "grounds"]),
    ),
    min_size=1,
    max_size=25,
)


def capture(database: Database, listings: list[Item]) -> int:
    """One trusted capture of these listings, of the only event; returns its id."""
    empty(database)
    event = watch_one(database)
    store(database, event, NOON, listings)
    return event.event_id


def measure(listings: list[PricedListing]) -> dict[str, Any]:
    """Listings, tickets, floor and quartiles."""
    ordered = sorted(listing.price for listing in listings)
    quarters = {"p25_price": 1, "median_price": 2, "p75_price": 3}
    return {
        "listings": len(listings),
        "tickets": sum(listing.quantity for listing in listings),
        "floor_price": floor_price(ordered),
        **{name: quantile(ordered, Fraction(part, 4)) if ordered else None for name, part in quarters.items()},
    }


@EXAMPLES_SHARE_A_DATABASE
@given(seats, st.integers(1, 7), st.booleans())
def test_depth_counts_from_the_floor_up(database: Database, listings: list[Item], together: int, by_zone: bool) -> None:
    event_id = capture(database, listings)
    found = market_depth(database, event_id, this_moment=LATER, together=together, by_zone=by_zone)
    expected = {}
    for unit, own in by_unit([priced(item) for item in listings]).items():
        for zone in {listing.zone for listing in own} if by_zone else {"*"}:
            able = [one for one in own if one.can_sell(together) and zone in {"*", one.zone}]
            if able:
                floor = floor_price(one.price for one in able)
                base = floor or min(one.price for one in able)
                limits = [base * (100 + step) / 100 for step in (0, 5, 10, 15, 25, 50, 100)]
                within = [[one.quantity for one in able if base <= one.price <= limit] for limit in limits]
                below = [one.quantity for one in able if one.price < base]
                steps = [(len(one), sum(one)) for one in within]
                expected[zone, *unit] = (floor, base, len(below), sum(below), steps)
    assert {
        (one.zone, one.currency, one.fee_basis): (
            one.floor_price,
            one.base_price,
            one.listings_below,
            one.tickets_below,
            [(step.listings, step.tickets) for step in one.steps],
        )
        for one in found
    } == expected


def in_section_of(listings: list[Item], section: str | None) -> list[Item]:
    """Those of a section by its name, else by its last word."""
    named = [(item, (item.section or "").strip().lower()) for item in listings if item.admission == "seat"]
    wanted = (section or "").lower()
    exact = [item for item, name in named if name == wanted]
    return (exact or [item for item, name in named if name.split()[-1:] == [wanted]]) if section else []


@EXAMPLES_SHARE_A_DATABASE
@given(
    seats,
    st.integers(1, 4),
    st.sampled_from(["101", "101", "upper", "102", None]),
    st.sampled_from([None, "Lower", "UPPER"]),
    st.sampled_from([("4", "5"), ("C", "A"), ("Y", "AA"), None]),
    st.integers(0, 3),
)
def test_rings_hold_what_stands_beside_the_seats(
    database: Database,
    listings: list[Item],
    quantity: int,
    section: str | None,
    zone: str | None,
    rows: tuple[str, str] | None,
    near: int,
) -> None:
    if section is None and (zone is None or rows):
        return
    event_id = capture(database, listings)
    ask = Decimal("11.51")
    found = comparables(
        database,
        event_id,
        this_moment=LATER,
        quantity=quantity,
        section=section,
        zone=zone,
        rows=rows,
        neighbour_rows=near,
        ask=ask,
    )
    assert [(one.currency, one.fee_basis) for one in found] == list(by_unit([priced(item) for item in listings]))
    for one in found:
        own = [
            item
            for item in listings
            if (item.currency, item.fee_basis, item.admission) == (one.currency, one.fee_basis, "seat")
        ]
        in_section = [item for item in in_section_of(listings, section) if item in own]
        zones = Counter(priced(item).zone for item in in_section)
        assert one.zone == zone if zone else zones[one.zone or ""] == max(zones.values(), default=0)
        able = [item for item in own if priced(item).can_sell(quantity)]
        in_section = [item for item in in_section if item in able]
        expected = {"zone": [item for item in able if priced(item).zone.lower() == (one.zone or "").lower()]}
        if one.zone is None:
            expected.pop("zone")
        if section:
            expected["section"] = in_section
        if section and rows:
            first, last = sorted(row_rank(row) or 0 for row in rows)
            expected["rows"] = [
                item for item in in_section if first - near <= (row_rank(item.row or "") or -99) <= last + near
            ]
        assert {ring.name for ring in one.rings} == set(expected)
        for ring in one.rings:
            members = expected[ring.name]
            values = measure([priced(item) for item in members])
            assert {name: getattr(ring, name) for name in values} == values
            prices = sorted(priced(item).price for item in members)
            assert [each.price for each in ring.cheapest] == prices[:5]
            assert {each.listing_id for each in ring.cheapest} <= {item.listing_id for item in members}
            assert ring.ask_rank == 1 + sum(price < ask for price in prices)
            if ring.name == "rows" and rows:
                is_number = rows[0].isdigit()
                ranked = [row_rank(item.row or "") for item in in_section]
                assert ring.unknown_rows == sum(rank is None or (rank < 100_000) != is_number for rank in ranked)


def test_the_ranks_of_rows_are_the_same_in_the_database(database: Database) -> None:
    names = [*"1 07 9999 12345 A b Z AA zz AAA ZZZZ AAAAA AB GA 9-CLUB B53 É".split(), " 12 ", ""]  # noqa: SIM905 - shorter
    rows = query(
        database, "select name, row_rank(name) as rank from unnest(%(names)s::text[]) as n (name)", names=names
    )
    assert {row["name"]: row["rank"] for row in rows} == {name: row_rank(name) for name in names}


def test_letters_follow_each_other_as_in_a_theatre() -> None:
    ranks = [row_rank(row) or 0 for row in ("9", "10", "A", "B", "Z", "AA", "BB", "ZZ", "AAA")]
    assert ranks == sorted(ranks)
    assert (row_rank("AA") or 0) - (row_rank("Z") or 0) == 1


@pytest.mark.parametrize(
    ("section", "rows", "message"),
    [
        (None, None, "Name the section"),
        (None, ("1", "2"), "Name the section"),
        ("101", ("GA", "GA"), "Row 'GA' has no known order"),
        ("101", ("3", "C"), "from a number to a number"),
    ],
)
def test_seats_that_cannot_be_compared_are_named(
    database: Database, section: str | None, rows: tuple[str, str] | None, message: str
) -> None:
    with pytest.raises(UnclearSeatsError, match=message):
        comparables(database, 1, this_moment=NOON, quantity=2, section=section, rows=rows)


def test_near_rows_are_counted_from_both_ends_and_unknown_ones_are_said(database: Database) -> None:
    names = ["2", "3", "4", "5", "7", "8", "C", "GA", None]
    event_id = capture(database, [Item(listing_id=str(n), row=name) for n, name in enumerate(names)])
    (found,) = comparables(
        database, event_id, this_moment=LATER, quantity=2, section="101", rows=("5", "4"), neighbour_rows=2
    )
    rows = next(ring for ring in found.rings if ring.name == "rows")
    assert [one.row for one in rows.cheapest] == ["2", "3", "4", "5", "7"]
    assert (rows.listings, rows.unknown_rows) == (5, 3)


def test_the_seats_of_a_suspect_capture_are_no_comparables(database: Database) -> None:
    event_id = capture(database, items(10))
    event = watch_one(database)
    store(database, event, NOON + HOUR, items(1))
    (found,) = comparables(database, event_id, this_moment=NOON + 2 * HOUR, quantity=2, section="101")
    assert (found.captured_at, found.health, found.rings[0].listings) == (NOON, "suspect", 10)
