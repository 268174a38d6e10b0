"""Classes that are computed for a whole capture at once are those of the definition, listing by listing."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.changes import SeenListing
from ticket_pipeline.market.hours import zone_of
from ticket_pipeline.market.price_classes import class_sizes, price_classes
from ticket_pipeline_tests.market.sales_by_definition import rank_class, rank_prices

# Few names and prices, so that there are ties, and sections of one.
_LISTINGS = st.lists(
    st.tuples(
        st.sampled_from([None, "*", "101", "102", "103", "unknown"]),
        st.sampled_from([None, None, "*", "Lower", "101"]),
        st.sampled_from(["USD", "USD", "USD", "EUR"]),
        st.sampled_from(["all_in", "all_in", "all_in", "ask"]),
        st.sampled_from([90.0, 100.0, 100.0, 100.5, 121.0]) | st.integers(1, 10**6).map(lambda cents: cents / 100),
        st.sampled_from(["seat", "seat", "seat", "grounds"]),
    ),
    max_size=80,
)
_NAMES = ("section", "zone", "currency", "fee_basis", "price", "admission")


@given(listings=_LISTINGS, numbers=st.permutations(range(80)))
def test_classes_are_those_of_the_definition(
    listings: list[tuple[str | None, str | None, str, str, float, str]], numbers: list[int]
) -> None:
    ids = [str(number) for number in numbers[: len(listings)]]
    columns = {name: [listing[place] for listing in listings] for place, name in enumerate(_NAMES)}
    seen = [
        SeenListing(one, section, None, zone_of(zone, section, admission), 2, Decimal(str(price)), currency, basis)
        for one, (section, zone, currency, basis, price, admission) in zip(ids, listings, strict=True)
    ]
    ranks = rank_prices(seen)

    found = price_classes(columns | {"listing_id": ids})

    assert found == [rank_class(ranks[one]) if one in ranks else None for one in ids]
    counts = Counter(found)
    assert class_sizes(len(ranks)) == [counts[number] for number in range(10)]
