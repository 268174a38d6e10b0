"""What counts as a change, as the same seats, and as a comparison: every word of the definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.changes import (
    DEFAULT_CHANGE_RULES,
    CaptureLink,
    Censored,
    Change,
    ChangeRules,
    SeenListing,
    find_changes,
    link_captures,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT_AT = NOON + 1000 * HOUR
SEATS = SeenListing("a", "101", "4", "Lower", 2, Decimal(100), "USD", "all_in")


def seats(listing_id: str, price: str | int = 100, **changes: object) -> SeenListing:
    return replace(SEATS, listing_id=listing_id, price=Decimal(price), **changes)  # type: ignore[arg-type]


def changes(*captures: Sequence[SeenListing], rules: ChangeRules = DEFAULT_CHANGE_RULES) -> list[Change]:
    """What changes between captures an hour apart."""
    return find_changes([(NOON + number * HOUR, listings) for number, listings in enumerate(captures)], rules)


def told(found: Sequence[Change]) -> set[tuple[object, ...]]:
    """Capture, kind and id of each, with the other id of a relist."""
    return {
        ((one.captured_at - NOON) // HOUR, str(one.change), one.listing_id, one.previous_listing_id or one.relisted_as)
        for one in found
    }


def test_nothing_changes_where_nothing_changed() -> None:
    assert changes([SEATS], [replace(SEATS, zone="Upper", section="102")], [SEATS]) == []


def test_a_listing_whose_price_and_quantity_changed_has_two_rows() -> None:
    repriced, quantity = changes([SEATS], [replace(SEATS, price=Decimal(90), quantity=1)])
    assert (repriced.change, quantity.change) == ("repriced", "quantity")
    for one in (repriced, quantity):
        assert (one.old_price, one.new_price, one.old_quantity, one.new_quantity) == (100, 90, 2, 1)


@pytest.mark.parametrize("unit", [{"currency": "EUR"}, {"fee_basis": "ask"}])
def test_another_currency_or_fee_basis_is_a_break_of_level_and_no_new_price(unit: dict[str, str]) -> None:
    other = seats("a", 90, **unit)
    assert changes([SEATS], [other]) == []
    (quantity,) = changes([SEATS], [replace(other, quantity=1)])
    assert (quantity.change, quantity.old_price, quantity.new_price) == ("quantity", None, 90)
    assert (quantity.currency, quantity.fee_basis) == other.unit
    assert told(changes([SEATS], [seats("b", **unit)])) == {(1, "removed", "a", None), (1, "listed", "b", None)}


@pytest.mark.parametrize(
    ("back", "is_same"),
    [
        (seats("b"), True),
        (seats("b", "110.00"), True),
        (seats("b", "90.00"), True),
        (seats("b", "110.01"), False),
        (seats("b", "89.99"), False),
        (seats("b", section="102"), False),
        (seats("b", row="5"), False),
        (seats("b", row=None), False),
        (seats("b", quantity=1), False),
        (seats("b", zone="Upper"), True),
    ],
)
@pytest.mark.parametrize("is_later", [False, True])
def test_the_same_seats_at_nearly_the_same_price_are_relisted(
    back: SeenListing, *, is_same: bool, is_later: bool
) -> None:
    found = changes([SEATS], [] if is_later else [back], [back])
    other = ("b", "a") if is_same else (None, None)
    kind = "relisted" if is_same else "listed"
    assert told(found) == {(1, "removed", "a", other[0]), (2 if is_later else 1, kind, "b", other[1])}
    if is_same:
        (relisted,) = (one for one in found if one.change == "relisted")
        assert (relisted.old_price, relisted.new_price, relisted.old_quantity) == (100, back.price, 2)


@pytest.mark.parametrize(("price", "is_same"), [("98.00", True), ("102.00", True), ("97.99", False), ("102.01", False)])
@pytest.mark.parametrize("is_later", [False, True])
def test_seats_without_a_row_are_the_same_as_such_seats_at_the_same_price_only(
    price: str, *, is_same: bool, is_later: bool
) -> None:
    back = [seats("b", price, row=None)]
    found = changes([seats("a", row=None)], [] if is_later else back, back)
    other, kind = (("b", "a"), "relisted") if is_same else ((None, None), "listed")
    assert told(found) == {(1, "removed", "a", other[0]), (2 if is_later else 1, kind, "b", other[1])}


def test_an_id_that_is_back_in_the_next_capture_is_relisted_at_any_price_and_before_others() -> None:
    found = changes([SEATS], [], [seats("a", 300, quantity=1), seats("b")])
    assert told(found) == {(1, "removed", "a", "a"), (2, "relisted", "a", "a"), (2, "listed", "b", None)}


def test_seats_that_are_back_two_captures_later_or_after_the_window_are_new() -> None:
    new = {(1, "removed", "a", None), (3, "listed", "b", None)}
    assert told(changes([SEATS], [], [], [seats("b")])) == new
    late = changes([SEATS], [], [seats("b")], rules=ChangeRules(relist_window=HOUR - timedelta(seconds=1)))
    assert told(late) == {(1, "removed", "a", None), (2, "listed", "b", None)}
    assert len(told(changes([SEATS], [], [seats("b")], rules=ChangeRules(relist_window=HOUR)))) == 2


def test_the_capture_of_the_removal_is_looked_at_before_the_next_one() -> None:
    gone, other = seats("a"), seats("x")
    found = changes([gone], [other], [seats("b")])
    assert told(found) == {
        (1, "removed", "a", "x"),
        (1, "relisted", "x", "a"),
        (2, "removed", "x", "b"),
        (2, "relisted", "b", "x"),
    }


prices = st.lists(st.sampled_from([80, 88, 90, 96, 99, 100, 105, 110, 121]), max_size=4)


@given(gone=prices, new=prices)
def test_as_many_seats_are_relisted_as_can_be_each_once(gone: list[int], new: list[int]) -> None:
    before = [seats(f"old {number}", price) for number, price in enumerate(gone)]
    after = [seats(f"new {number}", price) for number, price in enumerate(new)]
    found = changes(before, after)
    pairs = {one.listing_id: one.relisted_as for one in found if one.relisted_as}
    back = {one.previous_listing_id: one.listing_id for one in found if one.previous_listing_id}
    assert pairs == back
    assert len(set(back.values())) == len(back)
    longer, shorter = (gone, new) if len(gone) > len(new) else (new, gone)
    is_turned = longer is new
    most = max(
        sum(abs(a - b) * 10 <= (b if is_turned else a) for a, b in zip(chosen, shorter, strict=True))
        for chosen in permutations(longer, len(shorter))
    )
    assert len(pairs) == most
    assert told(changes(before[::-1], after[::-1])) == told(found)


def link(at: int, previous: int | None, reason: Censored | None = None) -> CaptureLink:
    return CaptureLink(NOON + at * HOUR, None if previous is None else NOON + previous * HOUR, reason)


def test_each_trusted_capture_is_compared_with_the_last_trusted_one() -> None:
    captures = [(NOON + at * HOUR, at in (1, 2, 30)) for at in (0, 1, 2, 3, 27, 30, 55, 999, 1000)]
    assert link_captures(captures, EVENT_AT, DEFAULT_CHANGE_RULES) == [
        link(0, None),
        link(1, None),
        link(2, None),
        link(3, 0, Censored.SUSPECT_BETWEEN),
        link(27, 3),
        link(30, None),
        link(55, 27, Censored.SUSPECT_BETWEEN),
        link(999, 55, Censored.LONG_GAP),
        link(1000, 999, Censored.EVENT_STARTED),
    ]


def test_a_capture_is_compared_with_none_that_is_older_than_ninety_days() -> None:
    moments = [NOON, NOON + timedelta(days=90), NOON + timedelta(days=181)]
    links = link_captures([(at, False) for at in moments], moments[-1] + HOUR, DEFAULT_CHANGE_RULES)
    assert [one.previous_captured_at for one in links] == [None, NOON, None]
