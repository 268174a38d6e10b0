# ruff: noqa: RUF001 - letters and digits of other scripts look like Latin ones
"""Single values as marketplaces send them, and that a column reads like its values one by one."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.marketplaces import values as v

_NO_NUMBERS: list[object] = [
    True,
    False,
    "NaN",
    math.nan,
    math.inf,
    "inf",
    "1e5",
    "two",
    [],
    {},
    "",
    "٣",
    10**400,
    "--2",
]
_NO_AMOUNTS: list[object] = ["free", "$", "$1.234", "1,23,4", "1,234,50", "($5)", "5-7", "$1.2.3"]
_NO_AMOUNTS += [
    "$.50",
    "kr.50",
    "0,999",
    "$1.2k",
    "1.5M",
    "1.2万円",
    "99p",
    "99 ¢",
    "from $35",
    "ab 35 €",
    "$35+",
    "~$35",
]
_NO_AMOUNTS += ["35%", "$35 and up", "12.500 KD", "1,22,60,0"]
_NO_AMOUNTS += ["1.226", "286.505", "-12.000", "€1.226", "1 22 6", "12 34", "1 226 00", "1 226.500", "1'226,000"]

Read = Callable[[object], object]
ACCEPTED: list[tuple[Read, object, object]] = [
    *(
        (v.to_text, value, expected)
        for value, expected in [
            ("  Lower  Level\u00a0134 \t", "Lower Level 134"),
            ("A\x00B\u200b\ufeff\ud800", "AB"),
            (101, "101"),
            (101.0, "101"),
            (7.5, "7.5"),
            ("Ärmel 🎫", "Ärmel 🎫"),
            ("x" * 250, "x" * 250),
            *((nothing, None) for nothing in ("", " \u00a0", "_", "-", "N/A", None)),
        ]
    ),
    *((v.to_id, value, "13706863000") for value in (13706863000, "13706863000", 13706863000.0, "13706863000.0")),
    (v.to_id, " VB123 ", "VB123"),
    (v.to_id, 2**63, str(2**63)),
    *((v.to_quantity, value, 2) for value in (2, 2.0, "2", " 2 ", "2.0")),
    (v.to_quantity, 0, 0),
    (v.to_quantity, -1, -1),
    *(
        (v.to_amount, value, expected)
        for value, expected in [
            *((nothing, None) for nothing in (None, "", "_")),
            (286, 286.0),
            (286.5, 286.5),
            ("286.50", 286.5),
            ("$286", 286.0),
            ("$3,746.00", 3746.0),
            ("$1,234,567", 1234567.0),
            ("US$1,234", 1234.0),
            ("C$ 99.5", 99.5),
            ("1.234,50\u00a0€", 1234.5),
            ("99,95 EUR", 99.95),
            ("1.234.567 €", 1234567.0),
            ("-$5.00", -5.0),
            ("0", 0.0),
            ("1 226,00 €", 1226.0),
            ("1\u00a0226,00\u00a0€", 1226.0),
            ("1\u202f226 $", 1226.0),
            ("€ 1\u2009226\u2009000", 1226000.0),
            ("CHF 1'226.50", 1226.5),
            ("1\u2019226\u2019000.05 CHF", 1226000.05),
            ("CHF 1'226.\u2013", 1226.0),
            ("45,-", 45.0),
            ("€ 1.226,-", 1226.0),
            ("1 226:-", 1226.0),
            ("1.226:- kr", 1226.0),
            ("1\u00b4226", 1226.0),
            ("\u22125.00", -5.0),
            ("\u20135.00", -5.0),
            ("₹1,22,600.50", 122600.5),
            ("Rs. 1,226", 1226.0),
            ("Rs.1,22,600", 122600.0),
            ("1.226,50 kr.", 1226.5),
            ("1 226,50 руб.", 1226.5),
            ("S/. 150", 150.0),
            ("د.إ 350", 350.0),
            ("١٬٢٢٦٫٥٠ ر.س", 1226.5),
            ("१,२२६.५०", 1226.5),
            ("１２，０００円", 12000.0),
            ("99 C$", 99.0),
            ("1234.505", 1234.505),
            ("0.505", 0.505),
            ("12.3456", 12.3456),
        ]
    ),
]
REJECTED: list[tuple[Read, object]] = [
    *((v.to_text, value) for value in (True, math.nan, math.inf, [], {"a": 1}, "x" * 251)),
    *((v.to_id, value) for value in (None, "", "_", True, [], "x" * 65)),
    *((v.to_quantity, value) for value in (*_NO_NUMBERS, None, 2.5, "2.5", 10**10, "10000000000")),
    *((v.to_amount, value) for value in (True, math.nan, math.inf, "NaN", [], {}, 10**400, *_NO_AMOUNTS)),
]


@pytest.mark.parametrize(("read", "value", "expected"), ACCEPTED)
def test_values_are_read_in_many_spellings(read: Read, value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(("read", "value"), REJECTED)
def test_a_value_of_another_kind_or_of_two_meanings_is_rejected(read: Read, value: object) -> None:
    with pytest.raises(ValueError, match=r"is |may be "):
        read(value)


@given(
    cents=st.integers(1000_00, 10**11),
    thousands=st.sampled_from([" ", "\u00a0", "\u202f", "\u2009", "'", "\u2019", ".", ","]),
    decimal=st.sampled_from([".", ","]),
    symbol=st.sampled_from(["", "€", "CHF ", "US$", "kr "]),
)
def test_an_amount_is_read_whatever_parts_its_thousands(cents: int, thousands: str, decimal: str, symbol: str) -> None:
    if thousands == decimal:
        return
    whole = f"{cents // 100:,}".replace(",", thousands)
    assert v.to_amount(f"{symbol}{whole}{decimal}{cents % 100:02}") == cents / 100


@given(st.from_regex(r"(€ ?|US\$)?[1-9][0-9]{0,2}\.[0-9]{3}( ?(€|EUR))?", fullmatch=True))
def test_three_digits_after_one_point_are_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="may be thousands or decimals"):
        v.to_amount(text)


_ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2", "$1,234.50", "1.226", "_", "a\x00b", 10**400]),
    st.lists(st.integers(), max_size=1),
)
_UNIFORM = st.one_of(
    st.lists(st.integers(), max_size=6),
    st.lists(st.floats(), max_size=6),
    st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=6),
    st.lists(st.text("0123456789.,-", max_size=6), max_size=6),
    st.lists(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True), max_size=6),
    st.lists(_ANY, max_size=6),
)


@pytest.mark.parametrize(
    ("column", "single"),
    [
        (v.text_column, v.to_text),
        (v.id_column, v.to_id),
        (v.quantity_column, v.to_quantity),
        (v.amount_column, v.to_amount),
        (v.splits_column, v.to_splits),
    ],
)
@given(given_values=_UNIFORM)
def test_a_column_reads_like_its_values_one_by_one(
    column: Callable[[list[object], str, v.Problems], list[object]],
    single: Callable[[object], object],
    given_values: list[object],
) -> None:
    expected: list[object] = []
    broken = set()
    for row, value in enumerate(given_values):
        try:
            expected.append(single(value))
        except ValueError:
            expected.append(None)
            broken.add(row)
    problems, secondary = v.Problems(frozenset({"it"})), v.Problems(frozenset({"another"}))
    assert column(given_values, "it", problems) == column(given_values, "it", secondary) == expected
    assert (set(problems.rejects), problems.unknown) == (broken, {})
    assert (secondary.rejects, secondary.unknown) == ({}, problems.rejects)
    assert all(reason.startswith("it ") for reasons in problems.rejects.values() for reason in reasons)
