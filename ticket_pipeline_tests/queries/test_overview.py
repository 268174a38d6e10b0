"""Changes, sales and health in the overview, and the health of the whole watchlist, on histories of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.market.vocabulary import Health
from ticket_pipeline.queries.market import market_now
from ticket_pipeline.queries.overview import floor_changes, overview, watchlist_health
from ticket_pipeline.queries.prices import section_prices
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline.storage.watchlist import replace_venue_zones, sync_watchlist
from ticket_pipeline_tests.market.sales_by_definition import interval
from ticket_pipeline_tests.storage.stored import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SHOW_AT,
    STUBHUB,
    Item,
    event_record,
    fail,
    items,
    query,
    store,
    watch,
    watch_one,
)


def test_a_change_is_against_the_last_floor_a_day_or_a_week_before(database: Database) -> None:
    event = watch_one(database)
    now = NOON + 8 * DAY

    def capture(before: timedelta, price: float, **changes: Any) -> None:  # noqa: ANN401 - the fields of an item
        listings = [Item(price=price, listing_id=str(n), **changes) for n in range(3)]
        store(database, event, now - before, listings)

    capture(8 * DAY + HOUR, 500.0)  # too old for a week
    capture(7 * DAY + HOUR, 90.0)
    capture(DAY + 2 * HOUR, 110.0)
    capture(DAY + MINUTE, 50.0, currency="EUR")  # another currency
    capture(DAY - MINUTE, 400.0)  # later than a day before
    capture(timedelta(), 99.0)
    rebuild_hourly(database, Span(NOON - DAY, now + HOUR))
    (row,) = overview(database, this_moment=now + HOUR)
    assert (row.floor_price, row.change_24_hours, row.change_7_days) == (99, -11, 9)
    assert (row.day_ago_at, row.week_ago_at) == (now - DAY - 2 * HOUR, now - 7 * DAY - HOUR)
    # The same numbers of the same moments, by zone, too.
    for zone in ("*", "101"):
        (change,) = floor_changes(database, event.event_id, this_moment=now + HOUR, zone=zone)
        assert (change.captured_at, change.floor_price) == (now, 99)
        assert (change.day_ago_at, change.day_ago_floor_price) == (row.day_ago_at, row.day_ago_floor_price)
        assert (change.week_ago_at, change.week_ago_floor_price) == (row.week_ago_at, row.week_ago_floor_price)
    for days, at, before in ((1, row.day_ago_at, 110), (7, row.week_ago_at, 90)):
        span = Span(now + HOUR - days * DAY, now + HOUR)
        found = [one for one in section_prices(database, event.event_id, span=span) if one.currency == "USD"]
        assert [(one.zone, one.before_at, one.before_floor_price) for one in found] == [
            ("*", at, before),
            ("101", at, before),
        ]


def test_without_a_floor_near_that_moment_there_is_no_change(database: Database) -> None:
    event = watch_one(database)
    for before in (9 * DAY, 3 * DAY, timedelta()):
        store(database, event, NOON + 9 * DAY - before, items(3))
    rebuild_hourly(database, Span(NOON, NOON + 9 * DAY + HOUR))
    (row,) = overview(database, this_moment=NOON + 9 * DAY)
    assert (row.day_ago_at, row.change_24_hours, row.week_ago_at, row.change_7_days) == (None,) * 4


def test_sales_of_a_day_are_those_of_its_hours(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(3))
    hours = [NOON - n * HOUR for n in (-1, 0, 1, 23, 24)]
    query(
        database,
        "insert into estimated_sales (event_id, marketplace, zone, hour_at, tickets, variance, low_tickets, "
        "high_tickets, covered_seconds, polling_seconds, method) "
        "select %(event_id)s, 'stubhub', z, h, 1.5, 0.25, 1, 2, 1800, 3600, 1 "
        "from unnest(%(hours)s::timestamptz[]) as h cross join unnest(array['*', '101']) as z returning 1",
        event_id=event.event_id,
        hours=hours,
    )
    (row,) = overview(database, this_moment=NOON)
    assert (row.sold_tickets, row.sold_hours) == (Decimal("4.5"), Decimal("1.5"))
    assert row.sold_low_tickets is not None
    assert row.sold_high_tickets is not None
    bounds = (float(row.sold_low_tickets), float(row.sold_high_tickets))
    assert bounds == pytest.approx(interval(4.5, 0.75, 0.0), abs=1e-4)
    (early,) = overview(database, this_moment=NOON - 2 * DAY)
    assert (early.sold_tickets, early.sold_low_tickets, early.sold_hours) == (None, None, None)


def test_health_says_why_nothing_new_arrives(database: Database) -> None:
    event = watch_one(database)

    def health(moment: datetime) -> tuple[Health, str | None]:
        (row,) = market_now(database, event.event_id, this_moment=moment)
        return row.health, row.reason

    assert health(NOON) == (Health.NEVER_SEEN, "no attempt has ended yet")
    fail(database, event, NOON)
    assert health(NOON) == (Health.NEVER_SEEN, "it was too slow")
    store(database, event, NOON + HOUR, items(1))
    assert health(NOON + HOUR) == (Health.OK, None)
    assert health(NOON + 2 * DAY) == (Health.STALE, "nothing has been tried since")
    assert health(SHOW_AT) == (Health.OVER, None)
    set_up_budget(database, STUBHUB, {MINUTE: 4}, max_concurrent=3)
    query(
        database,
        "update breaker_state set state = 'open', reason = 'a login page', open_until = %(until)s returning 1",
        until=NOON + 3 * HOUR,
    )
    assert health(NOON + 2 * HOUR) == (Health.PAUSED, "a login page")
    assert health(NOON + 3 * HOUR) == (Health.OK, None)
    watch(database, event_record(2))
    assert health(NOON + 2 * HOUR) == (Health.UNTRACKED, None)
    assert [row.name for row in overview(database, this_moment=NOON)] == ["Event 2"]


def test_the_health_of_the_watchlist_names_what_is_wrong_where(database: Database) -> None:
    well, failing, lost = watch(
        database, *(event_record(n, external_ids={"stubhub": str(n), "ticketmaster": f"t{n}"}) for n in (1, 2, 3))
    )
    replace_venue_zones(database, [{"venue": "HARBOR garden", "section_pattern": "1*", "zone": "Lower", "position": 1}])
    store(database, well, NOON, [Item(section="101", zone="Lower"), Item(section="305", listing_id="2")])
    store(database, failing, NOON, [Item(zone="Lower")])
    fail(database, failing, NOON + MINUTE)
    found = watchlist_health(database, this_moment=NOON + HOUR)
    assert [(one.state, one.event_id, one.marketplace, one.detail, one.items) for one in found.problems] == [
        ("failing", failing.event_id, "stubhub", "it was too slow", 1),
        ("never seen", lost.event_id, "stubhub", "no attempt has ended yet", 1),
        *(
            ("never seen", event.event_id, "ticketmaster", "no attempt has ended yet", 1)
            for event in (well, failing, lost)
        ),
        ("unmapped", well.event_id, "stubhub", "305", 1),
    ]
    assert found.counts == {"ok": 1, "failing": 1, "never seen": 4, "unmapped": 1}


def test_the_health_of_the_watchlist_names_rows_breakers_and_spent_budgets(database: Database) -> None:
    rejected = RejectedRow(7, {"A": "?"}, ["no date", "no id"])
    sync_watchlist(database, [event_record(1)], [rejected], source="test", this_moment=NOON, max_untrack_fraction=0.5)
    this_moment = datetime.now(UTC)
    set_up_budget(database, STUBHUB, {MINUTE: 1, DAY: 1}, max_concurrent=1)
    query(database, "update request_slots set busy_until = %(until)s returning 1", until=this_moment + HOUR)
    query(
        database,
        "update breaker_state set state = 'open', reason = 'a login page', open_until = %(until)s returning 1",
        until=this_moment + HOUR,
    )
    query(database, "update events set event_at = %(at)s returning 1", at=this_moment + DAY)
    found = watchlist_health(database, this_moment=this_moment)
    assert [(one.state, one.marketplace, one.sheet_row, one.detail, one.items) for one in found.problems] == [
        ("budget spent", "stubhub", None, "all 1 of 24 hours, everybody", 1),
        ("paused", "stubhub", None, "a login page", 1),
        ("rejected row", None, 7, "no date; no id", 1),
    ]
