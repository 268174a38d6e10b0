"""Primary sales as stored: what a read may take away, and summaries of tickets that are not all alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline_tests.storage.stored import NOON, SHOW_AT, vivenu_event, vivenu_ticket


def sell(database: Database, *tickets: dict[str, Any], event: dict[str, Any] | None = None) -> None:
    described = event or vivenu_event("e1")
    external_id = described["external_id"]
    store.write_events(database, [described], [], rejects=[{"item_id": "others", "reason": "not described"}])
    rows = [
        vivenu_ticket(f"{external_id}-{number}") | {"external_id": external_id} | ticket
        for number, ticket in enumerate(tickets)
    ]
    store.write_tickets(database, rows, store.ReadMark(external_id, NOON, is_full=True), this_moment=NOON)


def summary(database: Database, external_id: str = "e1") -> Row:
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


# --- what a read may take away ----------------------------------------------------------------------------------------


def statuses(database: Database) -> dict[str, str]:
    with database.connection() as connection:
        rows = connection.execute("select ticket_id, status from vivenu_tickets").fetchall()
    return {row["ticket_id"]: row["status"] for row in rows}


def reject(item_id: str, *, is_identified: bool = True) -> dict[str, object]:
    return {"item_id": item_id, "reason": "Expected `str`", "updated_at": None, "is_identified": is_identified}


@pytest.mark.parametrize(
    ("brought", "rejects"),
    [
        (1, [reject("t2")]),  # it is there, in a form that nobody understands
        (1, [reject("(no id 1)", is_identified=False)]),  # which may be the other one
        (0, [reject("t1"), reject("t2")]),
        (0, []),
    ],
)
def test_a_read_with_unreadable_tickets_removes_none(
    database: Database, brought: int, rejects: list[dict[str, object]]
) -> None:
    store.write_events(database, [vivenu_event("e1")], [])
    both = [vivenu_ticket("t1"), vivenu_ticket("t2")]
    whole = store.ReadMark("e1", NOON, is_full=True)
    store.write_tickets(database, both, whole, this_moment=NOON)
    assert store.write_tickets(database, both[:brought], whole, rejects, this_moment=NOON).gone == 0
    assert "GONE" not in statuses(database).values()


def test_a_ticket_that_could_not_be_read_hides_no_other_that_is_gone(database: Database) -> None:
    store.write_events(database, [vivenu_event("e1")], [])
    three = [vivenu_ticket("t1"), vivenu_ticket("t2"), vivenu_ticket("t3")]
    whole = store.ReadMark("e1", NOON, is_full=True)
    store.write_tickets(database, three, whole, this_moment=NOON)
    stored = store.write_tickets(database, three[:1], whole, [reject("t2")], this_moment=NOON)
    assert (stored.gone, stored.known) == (1, 2)
    assert statuses(database) == {"t1": "VALID", "t2": "VALID", "t3": "GONE"}


def test_a_reject_ends_where_it_could_be_read_or_comes_no_more(database: Database) -> None:
    store.write_events(database, [vivenu_event("e1")], [])
    part, whole = store.ReadMark("e1", NOON, is_full=False), store.ReadMark("e1", NOON, is_full=True)
    store.write_tickets(database, [], part, [reject("t1"), reject("t2"), reject("t3")], this_moment=NOON)
    store.write_tickets(database, [vivenu_ticket("t1")], part, this_moment=NOON)
    assert [row["item_id"] for row in store.read_rejects(database, "e1")] == ["t2", "t3"]
    stored = store.write_tickets(database, [vivenu_ticket("t1")], whole, [reject("t3")], this_moment=NOON)
    assert [row["item_id"] for row in store.read_rejects(database)] == ["t3"]
    mark = store.read_mark(database, "e1") or {}
    assert (stored.known, mark["unreadable"]) == (2, 1)


def test_events_that_could_not_be_read_stay_listed(database: Database) -> None:
    store.write_events(database, [vivenu_event("e1"), vivenu_event("e2")], [])
    store.write_events(database, [vivenu_event("e1")], [], [reject("e2")])
    with database.connection() as connection:
        query = "select bool_and(is_listed) as are_listed from vivenu_events"
        assert connection.execute(query).fetchone() == {"are_listed": True}
