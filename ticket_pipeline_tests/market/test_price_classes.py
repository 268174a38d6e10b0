"""Classes that are computed for a whole capture at once are those of the definition, listing by listing."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.changes import SeenListing
from ticket_pipeline.market.hours import zone_of
from ticket_pipeline.market.price_classes import class_sizes, price_classes
from ticket_pipeline.market.rows import row_depth
from ticket_pipeline_tests.market.sales_by_definition import classify_prices

# Few names and prices, so that there are ties, and sections of one.
_LISTINGS = st.lists(
    st.tuples(
        st.sampled_from([None, "*", "101", "102", "103", "unknown"]),
        st.sampled_from([None, None, "*", "Lower", "101"]),
        st.sampled_from(["USD", "USD", "USD", "EUR"]),
        st.sampled_from(["all_in", "all_in", "all_in", "ask"]),
        st.sampled_from([90.0, 100.0, 100.0, 100.5, 121.0]) | st.integers(1, 10**6).map(lambda cents: cents / 100),
        st.sampled_from(["seat", "seat", "seat", "grounds"]),
        st.sampled_from([None, "GA", "1", "2", "12", "A", "C"]),
    ),
    max_size=80,
)
_NAMES = ("section", "zone", "currency", "fee_basis", "price", "admission", "row")


@given(listings=_LISTINGS, numbers=st.permutations(range(80)))
def test_classes_are_those_of_the_definition(
    listings: list[tuple[str | None, str | None, str, str, float, str, str | None]], numbers: list[int]
) -> None:
    ids = [str(number) for number in numbers[: len(listings)]]
    columns = {name: [listing[place] for listing in listings] for place, name in enumerate(_NAMES)}
    seen = [
        SeenListing(one, section, row, zone_of(zone, section, admission), 2, Decimal(str(price)), currency, basis)
        for one, (section, zone, currency, basis, price, admission, row) in zip(ids, listings, strict=True)
    ]
    expected = classify_prices(seen)

    found = price_classes(columns | {"listing_id": ids})

    assert found == [expected.get(one) for one in ids]
    counts = Counter(found)
    assert class_sizes(len(expected)) == [counts[number] for number in range(10)]


def test_a_front_row_at_the_price_of_a_back_row_is_the_cheapest() -> None:
    rows = [str(1 + number % 20) for number in range(60)]
    prices = [200 - 4.0 * int(row) for row in rows]
    prices[20] = prices[19]  # row 1 for the price of row 20
    columns = {
        "listing_id": [str(number) for number in range(60)],
        "section": ["101"] * 60,
        "row": rows,
        "zone": ["Lower"] * 60,
        "currency": ["USD"] * 60,
        "fee_basis": ["all_in"] * 60,
        "price": prices,
        "admission": ["seat"] * 60,
    }

    assert price_classes(columns).index(0) == 20


@pytest.mark.parametrize(("row", "depth"), [("7", 7), ("A", 1), ("C", 3), ("AA", 27), ("GA", None), (None, None)])
def test_rows_are_counted_from_the_front(row: str | None, depth: int | None) -> None:
    assert row_depth(row) == depth
