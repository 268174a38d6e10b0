"""Stored estimates are those of the definition, in whatever order captures arrive, and whenever they are estimated."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES, find_changes, link_captures
from ticket_pipeline.market.sale_rates import SaleRules
from ticket_pipeline.storage.change_quality import as_seen
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import HOUR, Span, hour_start
from ticket_pipeline.storage.sales import rebuild_sales_by_day, update_sales
from ticket_pipeline_tests.market.sales_by_definition import estimate_sales, interval
from ticket_pipeline_tests.storage.market_histories import EVENT_AT, MARKETPLACES, START, Shown, market_histories, show
from ticket_pipeline_tests.storage.stored import EXAMPLES_SHARE_A_DATABASE, Item, empty, query, store, watch_one
from ticket_pipeline_tests.storage.test_changes import trust

# Short ones, so that a history of three days has many blocks and rates that are learned.
RULES = SaleRules(window=timedelta(hours=30), block=timedelta(hours=2))

Hours = dict[tuple[str, str, datetime], tuple[float, float, float]]
"""Marketplace, zone and hour → tickets, variance and error."""


def stored_hours(database: Database) -> Hours:
    rows = query(database, "select * from estimated_sales")
    found = {}
    for row in rows:
        low, high = interval(*(float(row[name]) for name in ("tickets", "variance", "error")))
        assert (float(row["low_tickets"]), float(row["high_tickets"])) == pytest.approx((low, high), abs=1e-4)
        numbers = tuple(float(row[name]) for name in ("tickets", "variance", "error"))
        found[row["marketplace"], row["zone"], row["hour_at"]] = (numbers[0], numbers[1], numbers[2])
    return found


def expected_hours(database: Database) -> Hours:
    """By definition: each pair's estimates, shared by the hours that it overlaps."""
    sums: dict[tuple[str, str, datetime], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for marketplace in MARKETPLACES:
        rows = query(database, "select * from listings where marketplace = %(m)s", m=marketplace)
        links = link_captures(trust(database, marketplace), EVENT_AT, DEFAULT_CHANGE_RULES)
        trusted = [at for at, is_suspect in trust(database, marketplace) if not is_suspect]
        captures = [(at, [as_seen(row) for row in rows if row["captured_at"] == at]) for at in trusted]
        pairs = [one for one in links if one.previous_captured_at and not one.censored_because]
        censored = set(trusted) - {one.captured_at for one in pairs}
        changes = find_changes(captures, DEFAULT_CHANGE_RULES)
        sales = estimate_sales(captures, changes, {}, RULES, censored=censored)
        for link in pairs:
            assert link.previous_captured_at is not None
            for hour, share in shares(link.previous_captured_at, link.captured_at):
                sums[marketplace, "*", hour] = sums[marketplace, "*", hour]
                for sale in sales:
                    if sale.change.captured_at == link.captured_at:
                        for zone in ("*", sale.change.zone):
                            for number, value in enumerate((sale.tickets, sale.variance, sale.error)):
                                sums[marketplace, zone, hour][number] += value * share
    return {key: (one[0], one[1], one[2]) for key, one in sums.items()}


def shares(start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """The hours that a pair overlaps, and how much of its time lies in each."""
    hours = []
    hour = hour_start(start)
    while hour < end:
        hours.append((hour, (min(end, hour + HOUR) - max(start, hour)) / (end - start)))
        hour += HOUR
    return hours


def assert_all_is_by_definition(database: Database) -> None:
    stored, expected = stored_hours(database), expected_hours(database)
    whole_events = {key for key in expected if key[1] == "*"}
    assert whole_events <= stored.keys()
    for key in stored.keys() | expected.keys():
        assert stored.get(key, (0, 0, 0)) == pytest.approx(expected.get(key, (0, 0, 0)), abs=1e-4), key


@EXAMPLES_SHARE_A_DATABASE
@given(history=market_histories, between=st.integers(0, 14))
def test_sales_are_those_of_the_definition_whenever_they_are_estimated(
    database: Database, history: list[Shown], between: int
) -> None:
    empty(database)
    show(database, history[:between])
    update_sales(database, RULES)
    show(database, history[between:])
    update_sales(database, RULES)
    assert_all_is_by_definition(database)
    assert update_sales(database, RULES) == 0


@EXAMPLES_SHARE_A_DATABASE
@given(history=market_histories, has_classes=st.booleans())
def test_a_window_that_is_estimated_again_has_the_same_rows(
    database: Database, history: list[Shown], *, has_classes: bool
) -> None:
    empty(database)
    show(database, history)
    update_sales(database, RULES)
    before = query(database, "select * from estimated_sales order by marketplace, zone, hour_at")
    with database.connection() as connection:
        connection.execute("truncate estimated_sales, sale_rates")
        if not has_classes:  # as captures that are older than these
            connection.execute("update snapshots set ranked_seats = null")
            connection.execute("update listings set price_class = null")
    list(rebuild_sales_by_day(database, Span(START - HOUR, EVENT_AT + 4 * HOUR), RULES))
    assert query(database, "select * from estimated_sales order by marketplace, zone, hour_at") == before


def test_what_was_sold_between_two_captures_is_shared_by_their_hours(database: Database) -> None:
    event = watch_one(database, event_at=EVENT_AT)
    many = [Item(listing_id=f"{number}", price=100.0 + number, quantity=2) for number in range(20)]
    store(database, event, START, many)
    store(database, event, START + 1.5 * HOUR, many[1:])
    assert update_sales(database, RULES) == 1
    first, second = query(database, "select * from estimated_sales where zone = '*' order by hour_at")
    assert float(first["tickets"]) == pytest.approx(2 * float(second["tickets"]), abs=1e-5)
    assert 1 < float(first["tickets"] + second["tickets"]) < 2.5  # the cheapest of twenty, two tickets
    assert float(first["value"]) == pytest.approx(100 * float(first["tickets"]), abs=0.01)
    assert [(row["covered_seconds"], row["polling_seconds"]) for row in (first, second)] == [(3600, 5400), (1800, 5400)]
    assert first["low_tickets"] < first["tickets"] < first["high_tickets"]
