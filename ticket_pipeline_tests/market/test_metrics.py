"""The metrics of one capture: a worked example, nothing at all, and agreement with the hour of that capture alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import PricedListing, hourly_prices
from ticket_pipeline.market.metrics import SnapshotMetrics, measure_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

offers = st.lists(
    st.tuples(
        st.integers(1, 99_999_999).map(lambda cents: cents / 100),
        st.integers(1, 8),
        st.none() | st.lists(st.integers(1, 8), max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=12,
)


def columns(rows: Sequence[tuple[float, int, tuple[int, ...] | None]]) -> dict[str, Sequence[Any]]:
    """(price, quantity, splits) as columns."""
    return {name: [row[index] for row in rows] for index, name in enumerate(("price", "quantity", "splits"))}


def test_a_worked_capture() -> None:
    rows = [(0.1, 1, None), (0.2, 2, None), (0.25, 6, (2, 4)), (10.0, 3, None)]
    assert measure_snapshot(columns(rows)) == SnapshotMetrics(
        listings=4,
        tickets=12,
        min_price=Decimal("0.1"),
        mean_price=Decimal("2.64"),
        median_price=Decimal("0.23"),
        max_price=Decimal(10),
        get_in_price=Decimal("0.1"),
        get_in_2_price=Decimal("0.2"),
        get_in_4_price=Decimal("0.25"),
    )


def test_an_empty_market_has_no_prices() -> None:
    assert measure_snapshot(columns([])) == SnapshotMetrics(0, 0, None, None, None, None, None, None, None)


@given(offers)
def test_one_capture_measures_what_its_hour_would(rows: list[tuple[float, int, tuple[int, ...] | None]]) -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    listings = [
        PricedListing("Lower", "USD", "all_in", quantity, Decimal(str(price)), splits)
        for price, quantity, splits in rows
    ]
    hour = hourly_prices([(moment, listings)])["*", "USD", "all_in"]
    metrics = measure_snapshot(columns(rows))
    assert metrics.get_in_price == hour.open_price == hour.close_price
    for name in set(SnapshotMetrics.__slots__) - {"get_in_price"}:
        assert getattr(metrics, name) == getattr(hour, name), name
