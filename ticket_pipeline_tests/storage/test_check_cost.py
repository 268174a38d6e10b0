"""The checks read what they compare and no more: by the server's account of their statements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ticket_pipeline.storage.database import REBUILD_SETTINGS, Database, as_query
from ticket_pipeline.storage.prices import rebuild_daily
from ticket_pipeline.storage.statements import statement
from ticket_pipeline_tests.storage.stored import event_record, query, watch

Node = dict[str, Any]

EVENTS, DAYS, ZONES = 20, 10, 3
FIRST = date(2026, 3, 2)
UNTIL = FIRST + timedelta(days=DAYS)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
FILL_HOURS = """
insert into hourly_prices
select
  e.event_id, 'stubhub', z, 'USD', 'all_in', h, 1, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1,
  5, 5, 5, 5, 5, 5, 5, 5, 5, null, h, h
from events as e, unnest(array['*', 'Lower', 'Upper']) as z,
  generate_series(%(first)s::timestamptz, %(first)s + interval '239 hours', interval '1 hour') as h
"""
MARK_ALL = """
insert into stale_prices (grain, starts_at, event_id, marketplace)
select 'hour', hour_at, event_id, marketplace from hourly_prices where zone = '*'
"""


@pytest.fixture
def filled(database: Database) -> Database:
    """Ten days of twenty events in three zones, with every price in order and one unknown."""
    watch(database, *(event_record(number) for number in range(EVENTS)))
    with database.connection() as connection:
        connection.execute(FILL_HOURS, {"first": MIDNIGHT})
    rebuild_daily(database, FIRST, UNTIL)
    with database.connection() as connection:
        connection.execute("delete from stale_prices")
        connection.execute("analyze hourly_prices, daily_prices, stale_prices")
    return database


def nodes(database: Database, name: str, **parameters: object) -> list[Node]:
    """What each step of a statement did, under the settings that the checks run with."""
    explain = "explain (analyze, timing off, format json)\n"
    with database.transaction() as transaction:
        for setting, value in REBUILD_SETTINGS.items():
            transaction.connection.execute("select set_config(%s, %s, true)", [setting, value])
        row = transaction.connection.execute(as_query(f"{explain}{statement(name)}"), parameters).fetchone()
    assert row is not None
    return list(below(row["QUERY PLAN"][0]["Plan"]))


def below(node: Node) -> Iterator[Node]:
    """A step and all that lead to it."""
    yield node
    for each in node.get("Plans", []):
        yield from below(each)


def rows_read(found: list[Node], table: str) -> int:
    """How many rows of a table were looked at, those that a filter threw away included."""
    scans = [node for node in found if node.get("Relation Name") == table]
    assert scans
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(name, 0) for name in removed)) for node in scans
    )


def test_to_compare_a_few_days_of_events_only_their_own_rows_are_read(filled: Database) -> None:
    event_ids = [row["event_id"] for row in query(filled, "select event_id from events order by event_id limit 4")]
    days = [FIRST, FIRST + timedelta(days=9), FIRST + timedelta(days=5), FIRST]
    found = nodes(
        filled, "prices/select_days_that_disagree", event_ids=event_ids, marketplaces=["stubhub"] * 4, days=days
    )
    assert found[0]["Actual Rows"] == 0
    finding_zones = len(set(event_ids)) * (ZONES + 1)
    assert rows_read(found, "hourly_prices") <= len(days) * 24 * ZONES + finding_zones
    assert rows_read(found, "daily_prices") == len(days) * ZONES


def test_days_that_wait_are_looked_up_and_not_compared_with_every_mark_of_their_event(filled: Database) -> None:
    with filled.connection() as connection:
        connection.execute(MARK_ALL)
        connection.execute("analyze stale_prices")
    found = nodes(
        filled,
        "prices/sample_days",
        day_from=FIRST,
        day_until=UNTIL,
        new_from=UNTIL - timedelta(days=2),
        salt="x",
        new_size=9,
        old_size=9,
    )
    assert found[0]["Actual Rows"] == 0
    joins = [node for node in found if "Join Type" in node]
    assert joins
    assert not any("Join Filter" in node for node in joins)


@pytest.mark.parametrize(
    ("name", "span"),
    [
        (
            "prices/select_bad_prices",
            {"starts_from": MIDNIGHT, "starts_until": MIDNIGHT + timedelta(days=DAYS)}
            | {"day_from": FIRST, "day_until": UNTIL},
        ),
    ],
)
def test_good_rows_are_not_taken_apart(filled: Database, name: str, span: dict[str, object]) -> None:
    found = nodes(filled, name, **span)
    assert found[0]["Actual Rows"] == 0
    assert [node["Actual Loops"] for node in found if node["Node Type"] == "Values Scan"] == [0]
