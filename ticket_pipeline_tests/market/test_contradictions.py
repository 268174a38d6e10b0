"""What contradicts itself inside one listing becomes unknown and is counted; nothing secondary costs a listing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.contradictions import MONEY_LIMIT
from ticket_pipeline.market.listings import round_to_cents
from ticket_pipeline_tests.market.test_listings import validate

ABOVE_PRICE = "net_proceeds is above the price"


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"ask_price": 300.0}, "ask_price", "ask_price is above the all-in price"),
        (
            {"ask_price": 100.0, "all_in_price": 99.9, "net_proceeds": 1},
            "ask_price",
            "ask_price is above the all-in price",
        ),
        (
            {"ask_price": 100.6, "all_in_price": 100, "net_proceeds": 1},
            "ask_price",
            "ask_price is above the all-in price",
        ),
        ({"ask_price": 1e11}, "ask_price", "ask_price is no price"),
        ({"ask_price": -3.0}, "ask_price", "ask_price is no price"),
        ({"net_proceeds": 300.0}, "net_proceeds", ABOVE_PRICE),
        ({"net_proceeds": 100.0, "all_in_price": None, "ask_price": 99.0}, "net_proceeds", ABOVE_PRICE),
        ({"net_proceeds": -1e10}, "net_proceeds", "net_proceeds is no price"),
        ({"net_proceeds": 1e10}, "net_proceeds", "net_proceeds is no price"),
        ({"net_proceeds": 0}, "net_proceeds", "net_proceeds is no price"),
        *(
            ({"all_in_price": price, "ask_price": 200, "net_proceeds": 9}, "all_in_price", "all_in_price is no price")
            for price in (-1, 0, 1e10)
        ),
        ({"splits": (1, 2, 4)}, "splits", "splits exceed the quantity"),
        ({"splits": (3,)}, "splits", "splits exceed the quantity"),
        ({"splits": (1, 2, 3), "quantity": 1}, "splits", "splits exceed the quantity"),
    ],
)
def test_what_contradicts_its_listing_is_unknown_and_counted(changes: dict[str, Any], column: str, reason: str) -> None:
    validated = validate({}, changes, {**changes, "quantity": 0})
    assert (validated.accepted, validated.unknown_fields) == (2, {reason: 1})  # that of a rejected one is not counted
    assert validated.columns[column][1] is None
    assert validated.rejected[0].reasons == ("quantity is zero or less",)


@pytest.mark.parametrize(
    "changes",
    [
        {"ask_price": 285.89},
        {"ask_price": 100.5, "all_in_price": 100, "net_proceeds": 90},  # rounded to whole units
        {"net_proceeds": 285.89},
        {"splits": (1, 2)},
        {"splits": (2,)},
    ],
)
def test_what_agrees_is_kept(changes: dict[str, Any]) -> None:
    validated = validate(changes)
    assert validated.unknown_fields == {}
    assert {name: validated.columns[name][0] for name in changes} == changes


@given(
    ask=st.none() | st.floats(-10, 2e10),
    all_in=st.floats(0.01, 1e9),
    net=st.none() | st.floats(-10, 2e10),
    splits=st.none() | st.lists(st.integers(1, 9), min_size=1, max_size=4).map(lambda found: tuple(sorted(found))),
    quantity=st.integers(1, 9),
)
def test_no_secondary_field_ever_costs_a_listing(
    ask: float | None, all_in: float, net: float | None, splits: tuple[int, ...] | None, quantity: int
) -> None:
    given_fields = {
        "ask_price": ask,
        "all_in_price": all_in,
        "net_proceeds": net,
        "splits": splits,
        "quantity": quantity,
    }
    validated = validate(given_fields)
    assert validated.accepted == 1
    kept = {name: values[0] for name, values in validated.columns.items()}
    lost = [
        name
        for name in ("ask_price", "net_proceeds", "splits")
        if given_fields[name] is not None and kept[name] is None
    ]
    assert sum(validated.unknown_fields.values()) == len(lost)
    assert kept["ask_price"] is None or 0 < kept["ask_price"] < MONEY_LIMIT
    assert kept["net_proceeds"] is None or 0 < kept["net_proceeds"] <= kept["price"]
    assert kept["splits"] is None or kept["splits"][-1] <= quantity


@pytest.mark.parametrize("currency", ["KWD", "BHD", "TND"])
@pytest.mark.parametrize(("amount", "kept"), [(12.345, None), (0.001, None), (12.34, 12.34), (12.5, 12.5), (7, 7.0)])
def test_an_amount_finer_than_a_cent_is_never_rounded(currency: str, amount: float, kept: float | None) -> None:
    as_net = validate({"currency": currency, "net_proceeds": amount})
    assert (as_net.columns["net_proceeds"], as_net.columns["price"]) == ([kept], [285.89])
    as_price = validate({"currency": currency, "all_in_price": amount, "net_proceeds": None})
    assert as_price.columns["price"] == ([] if kept is None else [kept])
    assert kept is not None or "all_in_price needs more than two decimals" in as_price.rejected[0].reasons


@pytest.mark.parametrize("amount", [12000, 12000.5, 1.226])
def test_a_currency_without_decimals_keeps_what_it_is_given(amount: float) -> None:
    assert validate({"currency": "JPY", "all_in_price": amount, "net_proceeds": None}).columns["price"] == [
        round_to_cents([amount])[0]
    ]
