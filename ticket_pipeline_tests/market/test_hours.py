"""Hourly prices by definition: worked examples, and what must hold for any hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import (
    HourlyPrice,
    PricedListing,
    floor_price,
    get_in_price,
    hourly_prices,
    is_thin,
    quantile,
    to_cents,
    zone_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHOLE = ("*", "USD", "all_in")


def listing(
    price: str, quantity: int = 2, zone: str = "Lower", splits: tuple[int, ...] | None = None, currency: str = "USD"
) -> PricedListing:
    """One listing with all fees in."""
    return PricedListing(zone, currency, "all_in", quantity, Decimal(price), splits)


def hour(*captures: list[PricedListing]) -> dict[tuple[str, str, str], HourlyPrice]:
    """The hour of these captures, a minute apart."""
    return hourly_prices([(NOON + timedelta(minutes=n), listings) for n, listings in enumerate(captures)])


listings = st.builds(
    PricedListing,
    zone=st.sampled_from(["Lower", "Upper"]),
    currency=st.sampled_from(["USD", "CAD"]),
    fee_basis=st.sampled_from(["all_in", "ask"]),
    quantity=st.integers(1, 8),
    price=st.decimals("0.01", "999.99", places=2),
    splits=st.none() | st.lists(st.integers(1, 8), max_size=3).map(tuple),
)
hours = st.lists(st.lists(listings, max_size=6), min_size=1, max_size=4)


def test_a_worked_hour() -> None:
    rows = hour(
        [listing("100", 4), listing("90", 1), listing("200", 2, "Floor")],
        [listing("80", 3), listing("110.01", 2)],
    )
    assert rows[WHOLE] == HourlyPrice(
        snapshots=2,
        listings=2,
        min_listings=2,
        mean_listings=Decimal("2.5"),
        max_listings=3,
        tickets=5,
        min_tickets=5,
        mean_tickets=Decimal(6),
        max_tickets=7,
        sum_tickets=12,
        observations=5,
        sum_price=Decimal("580.01"),
        floor_price=None,
        low_floor_price=None,
        high_floor_price=None,
        open_price=Decimal(90),
        high_price=Decimal(90),
        low_price=Decimal(80),
        close_price=Decimal(80),
        min_price=Decimal(80),
        p25_price=Decimal(90),
        median_price=Decimal(100),
        p75_price=Decimal("110.01"),
        mean_price=Decimal("116.00"),
        max_price=Decimal(200),
        get_in_prices=(Decimal(80), Decimal(80), Decimal(80), *[None] * 5),
    )


def test_a_zone_that_is_gone_from_the_last_capture_has_no_tickets_and_keeps_its_prices() -> None:
    row = hour([listing("200", 2, "Floor"), listing("90")], [listing("80")])["Floor", "USD", "all_in"]
    assert (row.snapshots, row.listings, row.tickets, row.min_tickets, row.max_tickets) == (2, 0, 0, 0, 2)
    assert (row.mean_tickets, row.close_price, row.observations) == (Decimal(1), Decimal(200), 1)


def test_an_empty_capture_counts_as_a_capture_without_tickets() -> None:
    row = hour([listing("80", 6)], [])[WHOLE]
    assert (row.snapshots, row.tickets) == (2, 0)
    assert (row.mean_tickets, row.close_price) == (Decimal(3), Decimal(80))


def test_an_hour_of_empty_captures_has_no_row() -> None:
    assert hour([], []) == {}
    assert hourly_prices([]) == {}


def test_a_pair_that_is_not_split_opens_no_door_for_one() -> None:
    row = hour([listing("50", 2, splits=(2,))], [listing("50", 2, splits=(2,)), listing("70", 1)])[WHOLE]
    assert row.min_price == 50
    assert row.open_price == row.low_price == row.close_price == row.high_price == 70
    assert hour([listing("50", 2, splits=(2,))])[WHOLE].high_price is None


def test_currencies_and_fee_bases_never_mix() -> None:
    ask = PricedListing("Lower", "USD", "ask", 1, Decimal(10))
    rows = hour([listing("80"), listing("70", currency="CAD"), ask])
    assert {key: row.min_price for key, row in rows.items() if key[0] == "*"} == {
        ("*", "USD", "all_in"): 80,
        ("*", "CAD", "all_in"): 70,
        ("*", "USD", "ask"): 10,
    }


@pytest.mark.parametrize(
    ("quantity", "splits", "together", "can"),
    [
        (4, None, 4, True),
        (3, None, 4, False),
        (4, (2,), 2, True),
        (4, (1, 4), 2, False),
        (4, (), 1, False),  # known to be sold in no size at all
        (1, (2,), 2, True),  # the splits are what the marketplace says
    ],
)
def test_a_listing_sells_its_splits_or_any_number_up_to_its_quantity(
    quantity: int, splits: tuple[int, ...] | None, together: int, *, can: bool
) -> None:
    assert listing("50", quantity, splits=splits).can_sell(together) is can


def test_the_get_in_price_is_the_lowest_that_can_be_bought_together() -> None:
    offers = [listing("50", 1), listing("60", 2), listing("70", 4, splits=(4,))]
    assert [get_in_price(offers, n) for n in (1, 2, 3, 4, 5)] == [50, 60, None, 70, None]
    assert get_in_price([]) is None


@pytest.mark.parametrize(
    ("zone", "section", "counted_in"),
    [
        ("Lower", "101", "Lower"),
        (None, "101", "101"),
        (None, None, "unknown"),
        ("*", "101", "101"),
        (None, "*", "unknown"),
        ("*", None, "unknown"),
    ],
)
def test_a_listing_counts_in_its_zone_else_its_section(zone: str | None, section: str | None, counted_in: str) -> None:
    assert zone_of(zone, section) == counted_in


@pytest.mark.parametrize(
    ("prices", "floor"),
    [
        (["4.58", "36", "37", "38"], "36"),  # one cheap ask is no market
        (["4.58", "4.60", "36", "37", "38"], "36"),  # neither are two
        (["100", "110", "115"], "100"),  # 15 % is within
        (["100", "110", "115.01"], None),
        (["20", "20", "20", "100"], "20"),
        (["10", "20", "40", "80"], None),
        (["50", "51"], None),
        ([], None),
    ],
)
def test_the_floor_is_the_lowest_price_with_three_listings_within_15_percent(
    prices: list[str], floor: str | None
) -> None:
    assert floor_price(map(Decimal, reversed(prices))) == (floor and Decimal(floor))


@given(st.lists(st.decimals("0.01", "999.99", places=2), max_size=9))
def test_a_floor_equals_brute_force(prices: list[Decimal]) -> None:
    near = {price: sum(price <= other <= price * Decimal("1.15") for other in prices) for price in prices}
    assert floor_price(prices) == min((price for price, listings in near.items() if listings >= 3), default=None)


@given(st.lists(st.integers(1, 99_999), min_size=1, max_size=12), st.sampled_from([(1, 4), (1, 2), (3, 4)]))
def test_quantiles_are_those_of_numpy(cents: list[int], part: tuple[int, int]) -> None:
    ordered = sorted(Decimal(one).scaleb(-2) for one in cents)
    by_numpy = Decimal(float(np.quantile(cents, part[0] / part[1]))) / 100  # quarters of whole cents are exact
    assert quantile(ordered, Fraction(*part)) == to_cents(by_numpy)


@pytest.mark.parametrize(
    ("get_in", "floor", "thin"), [("4.58", "36", True), ("36", "36", False), ("5", None, True), (None, "36", False)]
)
def test_a_get_in_price_below_the_floor_or_without_one_is_thin(
    get_in: str | None, floor: str | None, *, thin: bool
) -> None:
    assert is_thin(get_in and Decimal(get_in), floor and Decimal(floor)) is thin


def test_a_grounds_pass_counts_in_its_own_zone_and_not_for_the_whole_event() -> None:
    rows = hour([listing("271.44"), listing("92.53", zone=zone_of("Lower", "GROUNDS PASS", "grounds"))])
    assert {zone: row.min_price for (zone, *_), row in rows.items()} == {
        "*": Decimal("271.44"),
        "Lower": Decimal("271.44"),
        "Grounds": Decimal("92.53"),
    }


def test_half_a_cent_is_rounded_up() -> None:
    assert [to_cents(Decimal(text)) for text in ("0.005", "0.0149", "2.675")] == [
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("2.68"),
    ]


@given(hours)
def test_the_whole_event_is_the_sum_of_its_zones(captures: list[list[PricedListing]]) -> None:
    rows = hour(*captures)
    for (zone, currency, basis), whole in rows.items():
        if zone == "*":
            parts = [row for key, row in rows.items() if key[0] != "*" and key[1:] == (currency, basis)]
            assert whole.tickets == sum(part.tickets for part in parts)
            assert whole.listings == sum(part.listings for part in parts)
            assert whole.observations == sum(part.observations for part in parts)
            assert whole.mean_tickets == pytest.approx(sum(part.mean_tickets for part in parts))
            assert whole.min_price == min(part.min_price for part in parts)
            assert whole.max_price == max(part.max_price for part in parts)


@given(hours)
def test_prices_are_in_order(captures: list[list[PricedListing]]) -> None:
    for row in hour(*captures).values():
        for moment in (row.open_price, row.close_price):
            prices = (row.min_price, row.low_price, moment, row.high_price, row.max_price)
            known = [price for price in prices if price is not None]
            assert known == sorted(known)
        assert row.min_price <= row.p25_price <= row.median_price <= row.p75_price <= row.max_price
        assert row.min_price <= row.mean_price <= row.max_price
        assert row.min_tickets <= row.mean_tickets <= row.max_tickets
        for price in (row.floor_price, row.low_floor_price, row.high_floor_price, *row.get_in_prices):
            assert price is None or row.min_price <= price <= row.max_price


@given(hours, st.randoms(use_true_random=False))
def test_the_order_of_listings_does_not_matter(captures: list[list[PricedListing]], order: object) -> None:
    shuffled = [list(capture) for capture in captures]
    for capture in shuffled:
        order.shuffle(capture)  # type: ignore[attr-defined]  # a Random of hypothesis
    assert hour(*shuffled) == hour(*captures)
