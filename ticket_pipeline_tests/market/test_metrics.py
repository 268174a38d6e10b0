"""The metrics of one capture: a worked example, nothing at all, and agreement with the hour of that capture alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import NEAR_FLOOR, PricedListing, hourly_prices
from ticket_pipeline.market.metrics import SnapshotMetrics, measure_snapshot

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
    rows = [(0.1, 1, None), (0.2, 2, None), (0.21, 1, (1,)), (0.23, 6, (2, 4)), (10.0, 3, None)]
    assert measure_snapshot(columns(rows)) == SnapshotMetrics(
        listings=5,
        tickets=13,
        min_price=Decimal("0.1"),
        p25_price=Decimal("0.2"),
        median_price=Decimal("0.21"),
        p75_price=Decimal("0.23"),
        mean_price=Decimal("2.15"),
        max_price=Decimal(10),
        floor_price=Decimal("0.2"),
        listings_near_floor=3,
        get_in_prices=(
            *(Decimal("0.1"), Decimal("0.2"), Decimal(10), Decimal("0.23")),
            *(None, None, None, None),
        ),
    )


def test_an_empty_market_has_no_prices() -> None:
    assert measure_snapshot(columns([])) == SnapshotMetrics()


@given(offers)
def test_one_capture_measures_what_its_hour_would(rows: list[tuple[float, int, tuple[int, ...] | None]]) -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    listings = [
        PricedListing("Lower", "USD", "all_in", quantity, Decimal(str(price)), splits)
        for price, quantity, splits in rows
    ]
    hour = hourly_prices([(moment, listings)])["*", "USD", "all_in"]
    metrics = measure_snapshot(columns(rows))
    assert metrics.get_in_prices[0] == hour.open_price == hour.close_price
    near = [
        row for row in listings if hour.floor_price and hour.floor_price <= row.price <= hour.floor_price * NEAR_FLOOR
    ]
    assert metrics.listings_near_floor == len(near)
    for name in set(SnapshotMetrics.__slots__) - {"listings_near_floor"}:
        assert getattr(metrics, name) == getattr(hour, name), name
