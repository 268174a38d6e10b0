"""The summaries of primary sales where tickets are not all alike: currencies, small bases, coupons everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline_tests.storage.stored import NOON, SHOW_AT, vivenu_event, vivenu_ticket

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row


def sell(database: Database, *tickets: dict[str, Any], event: dict[str, Any] | None = None) -> None:
    """Store an event with these tickets."""
    described = event or vivenu_event("e1")
    external_id = described["external_id"]
    store.write_events(database, [described], [], rejects=[{"item_id": "others", "reason": "not told"}])
    rows = [
        vivenu_ticket(f"{external_id}-{number}") | {"external_id": external_id} | ticket
        for number, ticket in enumerate(tickets)
    ]
    store.write_tickets(database, rows, store.ReadMark(external_id, NOON, is_full=True), this_moment=NOON)


def summary(database: Database, external_id: str = "e1") -> Row:
    """The rebuilt row of an event."""
    store.rebuild(database, "sales_daily")
    store.rebuild_summary(database, NOON)
    return store.read_sales(database, "summary", external_id)[0]


@pytest.mark.parametrize("other", [None, "USD"])
def test_revenue_is_never_added_up_across_currencies(database: Database, other: str | None) -> None:
    sell(database, {"real_price": "80.10"}, {"real_price": "5.00", "currency": other}, {"real_price": "4.90"})
    row = summary(database)
    assert (row["currency"], row["revenue"], row["revenue_without_coupon"]) == (None, None, None)
    assert row["revenues"] == {"EUR": "85.00", other or "XXX": "5.00"}
    daily = {one["currency"]: str(one["revenue"]) for one in store.read_sales(database, "daily")}
    assert daily == row["revenues"]


def test_what_cost_nothing_needs_no_currency(database: Database) -> None:
    sell(database, {"real_price": "80.10"}, {"real_price": "0.00", "currency": None}, {"real_price": None})
    row = summary(database)
    assert (row["currency"], str(row["revenue"]), row["sold"]) == ("EUR", "80.10", 3)


@pytest.mark.parametrize(("sold_before", "has_pace"), [(19, False), (20, True)])
def test_a_pace_against_next_to_nothing_is_none(database: Database, sold_before: int, *, has_pace: bool) -> None:
    then = SHOW_AT - timedelta(days=400)
    earlier = vivenu_event("e0", starts_at=NOON - timedelta(days=1), event_on=None, capacity=100)
    sell(database, *[{"created_at": then}] * sold_before, event=earlier)
    sell(database, *[{}] * 5)
    row = summary(database)
    assert (row["earlier_events"], row["earlier_sold"]) == (1, sold_before)
    assert (row["pace"] is not None) == has_pace


@pytest.mark.parametrize(("kind", "earlier"), [("SINGLE", 2), (None, 2), ("ROOT", 1)])
def test_the_root_of_a_series_sells_nothing_and_is_no_pace(database: Database, kind: str | None, earlier: int) -> None:
    then = SHOW_AT - timedelta(days=400)
    for number, event_type in enumerate(("SINGLE", kind)):
        before = vivenu_event(f"e0{number}", starts_at=NOON - timedelta(days=1), event_on=None, capacity=100)
        sold = [{"created_at": then}] * (30 if number == 0 else 0)
        sell(database, *sold, event=before | {"event_type": event_type})
    sell(database, *[{}] * 15)
    row = summary(database)
    assert (row["earlier_events"], float(row["earlier_sold_share"])) == (earlier, 0.3 / earlier)


def test_a_coupon_brings_an_event_what_its_own_transactions_state(database: Database) -> None:
    sell(database, {"transaction_id": "x1"}, {"transaction_id": "x2"}, {"transaction_id": "x3"})
    sell(database, *[{"transaction_id": "x4"}] * 4, event=vivenu_event("e2"))
    uses = [("x1", "c1"), ("x2", "c1"), ("x2", "c2"), ("x4", "c1")]
    read = store.CouponsRead(
        [{"coupon_id": "c1", "code": "SAVE", "used": 9}, {"coupon_id": "c2", "code": "MORE", "used": 1}],
        ["x1", "x2", "x3", "x4"],
        [
            {"transaction_id": one, "coupon_id": coupon, "external_id": "e2" if one == "x4" else "e1"}
            for one, coupon in uses
        ],
    )
    store.write_coupons(database, read, store.ReadMark(store.TRANSACTIONS, NOON, is_full=True))
    database.execute("primary_sales/update_coupon_sums")
    columns = ("code", "transactions", "shared_transactions", "tickets", "revenue", "discount", "organiser_used")
    found = [tuple(str(row[name]) for name in columns) for row in store.read_sales(database, "event_coupons", "e1")]
    assert found == [("SAVE", "2", "1", "1", "80.10", "8.90", "9"), ("MORE", "1", "1", "0", "0", "0", "1")]
    assert {row["code"]: row["tickets"] for row in store.read_sales(database, "coupons")} == {"SAVE": 5, "MORE": 0}


def test_a_coupons_money_is_never_added_up_across_currencies(database: Database) -> None:
    sell(database, {}, {"currency": None}, {"currency": None, "real_price": "0.00", "regular_price": "0.00"})
    uses = [{"transaction_id": "x1", "coupon_id": "c1", "external_id": "e1"}]
    read = store.CouponsRead([{"coupon_id": "c1", "used": 1}], ["x1"], uses)
    store.write_coupons(database, read, store.ReadMark(store.TRANSACTIONS, NOON, is_full=True))
    database.execute("primary_sales/update_coupon_sums")
    for row in (*store.read_sales(database, "coupons"), *store.read_sales(database, "event_coupons", "e1")):
        assert (row["tickets"], row["revenue"], row["discount"], row["currency"]) == (3, None, None, None)
