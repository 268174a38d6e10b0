# ruff: noqa: RUF001 - letters and digits of other scripts look like Latin ones
"""What a symbol beside an amount means: another currency than the listing's, the same, or nothing known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.marketplaces.currencies import agreeing_amounts, contradicts, is_in_another
from ticket_pipeline.marketplaces.values import Problems


@pytest.mark.parametrize(
    ("symbol", "currency"),
    [
        ("£", "USD"), ("€", "GBP"), ("¥", "USD"), ("CA$", "USD"), ("US$", "CAD"), ("A$", "NZD"), ("$", "EUR"),
        ("EUR", "USD"), ("eur", "USD"), ("€ each", "USD"), ("KWD", "USD"), ("zł", "EUR"), ("kr", "EUR"), ("R$", "USD"),
        ("Fr.", "EUR"), ("CHF", "EUR"), ("₹", "USD"), ("円", "USD"), ("TL", "EUR"), ("руб.", "USD"), ("Rs.", "USD"),
        ("euros", "USD"), ("$ CA", "USD"), ("ر.س", "USD"), ("S/", "USD"),
    ],
)  # fmt: skip
def test_a_symbol_of_another_currency_contradicts(symbol: str, currency: str) -> None:
    assert contradicts(symbol, currency)


@pytest.mark.parametrize(
    ("symbol", "currency"),
    [
        ("$", "USD"), ("$", "MXN"), ("$", "HKD"), ("US$", "USD"), ("C$", "CAD"), ("£", "GBP"), ("€", "EUR"),
        ("¥", "CNY"),
        ("Rs.", "INR"), ("$ US", "USD"), ("TL", "TRY"), ("元", "CNY"),
        ("kr.", "DKK"), ("kr", "NOK"), ("EUR", "EUR"), ("eur", "EUR"), ("$ USD", "USD"), ("USD $", "USD"),
        ("£ inc VAT", "GBP"),
        ("", "USD"), ("each", "USD"), ("Ω", "USD"), ("from", "EUR"), ("pp", "GBP"),
    ],
)  # fmt: skip
def test_its_own_symbol_and_an_unknown_word_do_not(symbol: str, currency: str) -> None:
    assert not contradicts(symbol, currency)


@given(
    st.lists(st.sampled_from(["$9", "9", "£9", "9,00 €", "CA$9", "9 kr", "", None, 9.0, ["£9"]]), max_size=8),
    st.data(),
)
def test_a_column_is_judged_like_its_amounts_one_by_one(shown: list[object], data: st.DataObject) -> None:
    codes = data.draw(
        st.lists(st.sampled_from(["USD", "CAD", "EUR", "SEK", None]), min_size=len(shown), max_size=len(shown))
    )
    problems = Problems(frozenset())
    amounts: list[float | None] = [9.0] * len(shown)
    expected = [code is not None and is_in_another(one, code) for one, code in zip(shown, codes, strict=True)]
    kept = agreeing_amounts("it", amounts, shown, codes, problems)
    assert [amount is None for amount in kept] == expected
    assert list(problems.unknown) == [row for row, is_wrong in enumerate(expected) if is_wrong]
