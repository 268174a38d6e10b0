"""Single values as marketplaces send them, and that a column reads like its values one by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.marketplaces import values as v

if TYPE_CHECKING:
    from collections.abc import Callable

_BAD_NUMBERS: list[object] = [
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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Lower  Level\u00a0134 \t", "Lower Level 134"),
        ("A\x00B\u200b\ufeff\ud800", "AB"),
        ("", None),
        (" \u00a0", None),
        ("_", None),
        ("-", None),
        ("N/A", None),
        (None, None),
        (101, "101"),
        (101.0, "101"),
        (7.5, "7.5"),
        ("Ärmel 🎫", "Ärmel 🎫"),
        ("x" * 250, "x" * 250),
    ],
)
def test_texts_are_cleaned_and_nothing_is_none(value: object, expected: str | None) -> None:
    assert v.to_text(value) == expected


@pytest.mark.parametrize("value", [True, math.nan, math.inf, [], {"a": 1}, "x" * 251])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is "):
        v.to_text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (13706863000, "13706863000"),
        ("13706863000", "13706863000"),
        (13706863000.0, "13706863000"),
        ("13706863000.0", "13706863000"),
        (" VB123 ", "VB123"),
        (2**63, str(2**63)),
    ],
)
def test_ids_are_text_without_a_decimal_point(value: object, expected: str) -> None:
    assert v.to_id(value) == expected


@pytest.mark.parametrize("value", [None, "", "_", True, [], "x" * 65])
def test_a_listing_cannot_be_known_by_these(value: object) -> None:
    with pytest.raises(ValueError, match=r"is "):
        v.to_id(value)


@pytest.mark.parametrize(("value", "expected"), [(2, 2), (2.0, 2), ("2", 2), (" 2 ", 2), ("2.0", 2), (0, 0), (-1, -1)])
def test_quantities_come_in_many_spellings(value: object, expected: int) -> None:
    assert v.to_quantity(value) == expected


@pytest.mark.parametrize("value", [*_BAD_NUMBERS, None, 2.5, "2.5", 10**10, "10000000000"])
def test_what_is_no_number_of_tickets_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is "):
        v.to_quantity(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("_", None),
        (286, 286.0),
        (286.5, 286.5),
        ("286.50", 286.5),
        ("286.505", 286.505),
        ("$286", 286.0),
        ("$286.00", 286.0),
        ("$3,746.00", 3746.0),
        ("$1,234,567", 1234567.0),
        ("US$1,234", 1234.0),
        ("C$ 99.5", 99.5),
        ("1.234,50\u00a0€", 1234.5),
        ("99,95 EUR", 99.95),
        ("1.234.567 €", 1234567.0),
        ("-$5.00", -5.0),
        ("0", 0.0),
    ],
)
def test_amounts_come_in_many_spellings(value: object, expected: float | None) -> None:
    assert v.to_amount(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        True,
        math.nan,
        math.inf,
        "NaN",
        [],
        {},
        "free",
        "$",
        "$1.234",
        "1,23,4",
        "1,234,50",
        "($5)",
        "5-7",
        "$1.2.3",
        10**400,
    ],
)
def test_what_is_no_amount_or_could_be_two_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is |may be "):
        v.to_amount(value)


_ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2", "$1,234.50", "_", "a\x00b", 10**400]),
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
    problems: v.Problems = {}
    assert column(given_values, "it", problems) == expected
    assert set(problems) == broken
    assert all(reason.startswith("it ") for reasons in problems.values() for reason in reasons)
