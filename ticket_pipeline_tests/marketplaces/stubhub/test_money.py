"""Amounts, displays and currencies of StubHub's listings."""

from __future__ import annotations

from typing import Any

import pytest

from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline_tests.marketplaces.stubhub.pro_listings import item, one, parse, reasons


@pytest.mark.parametrize("changes", [{"sellerAllInPrice": None}, {"sellerAllInPrice": ...}, {"sellerAllInPrice": {}}])
def test_an_amount_that_is_not_given_is_unknown(changes: dict[str, Any]) -> None:
    assert one(**changes)["all_in_price"] is None


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        ({"amt": None, "disp": "$1,123.45", "currency": "USD"}, 1123.45),
        ({"amt": "286.10"}, 286.1),
        ({"disp": "$5"}, 5.0),
        (286, 286),
        ("$286.00", 286.0),
    ],
)
def test_amounts_are_read_in_every_form(money: object, expected: float) -> None:
    assert one(sellerAllInPrice=money)["all_in_price"] == expected


def test_the_currency_comes_from_the_listing_else_from_its_amounts() -> None:
    assert one(currencyCode=" usd ")["currency"] == "USD"
    assert one(currencyCode=...)["currency"] == "USD"
    assert one(currencyCode=None, sellerAllInPrice=None)["currency"] == "USD"
    assert one(currencyCode="CAD", sellerAllInPrice=9, sellerNetProceeds=8)["currency"] == "CAD"
    assert one(currencyCode="", sellerAllInPrice=9, sellerNetProceeds=8)["currency"] is None


def test_two_currencies_in_one_listing_are_no_price() -> None:
    assert reasons(currencyCode="CAD") == ("currencies of the listing and its price differ",)


@pytest.mark.parametrize(
    ("shown", "currency"),
    [
        ("$100", "CAD"),
        ("US$100", "USD"),
        ("100 kr", "SEK"),
        ("100,00\u00a0zł", "PLN"),
        ("£100 each", "GBP"),
        ("Ω100", "USD"),
    ],
)
def test_a_symbol_that_fits_the_currency_contradicts_nothing(shown: str, currency: str) -> None:
    price = {"amt": 100, "disp": shown, "currency": currency}
    assert one(sellerAllInPrice=price, sellerNetProceeds=None, currencyCode=currency)["all_in_price"] == 100


@pytest.mark.parametrize(
    ("amount", "shown", "is_counted"),
    [
        *((285.89, "$1,285.89", True), (28589, "$285.89", True), (285.89, "$571.78", True), (1285.89, "$285", True)),
        *((285.89, "$286", False), (285.89, "$285", False), (1285.5, "US$1,285.50", False), (285.89, "call us", False)),
        *((1285.5, "1 285,50 $", False), (285.89, None, False), (None, "$285.89", False), (285.89, "from $35", False)),
    ],
)
def test_a_display_of_another_amount_is_counted_and_costs_nothing(
    amount: float | None, shown: str | None, is_counted: bool
) -> None:
    price = {"amt": amount, "disp": shown, "currency": "USD"}
    (validated,) = validate_listings([parse(item(sellerAllInPrice=price, sellerNetProceeds=None))])
    assert validated.columns["price"] == [285.89 if amount is None else amount]
    assert bool(validated.unknown_fields) == is_counted


@pytest.mark.parametrize(("amount", "shown"), [(12.5, "12.500"), (7.25, "KD 7.250"), (250, "KWD 250.000")])
def test_a_number_in_a_currency_of_three_decimals_is_what_it_is(amount: float, shown: str) -> None:
    price = {"amt": amount, "disp": shown, "currency": "KWD", "dec": 3}
    assert one(sellerAllInPrice=price, sellerNetProceeds=None, currencyCode="KWD")["all_in_price"] == amount


@pytest.mark.parametrize("text", ["12,345", "KWD 12,345", "12.345 KWD", "12.345"])
def test_an_amount_in_a_currency_of_three_decimals_is_never_taken_for_thousands(text: str) -> None:
    assert reasons(sellerAllInPrice=text, sellerNetProceeds=None, currencyCode="KWD") == (
        "sellerAllInPrice may be thousands or decimals",
    )
