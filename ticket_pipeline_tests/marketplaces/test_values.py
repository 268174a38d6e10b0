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
            ("286.505", 286.505),
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
