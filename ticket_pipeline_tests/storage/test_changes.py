"""What is stored as changed between captures equals the definition, in whatever order the captures arrive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES, Change, find_changes, link_captures
from ticket_pipeline.storage.change_quality import as_seen
from ticket_pipeline.storage.changes import rebuild_changes_by_day
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span
from ticket_pipeline_tests.storage.market_histories import EVENT_AT, MARKETPLACES, START, Shown, market_histories, show
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    empty,
    query,
)

HISTORY = Span(START, EVENT_AT + timedelta(hours=4))


def stored_changes(database: Database, marketplace: str) -> list[Change]:
    rows = query(database, "select * from listing_changes where marketplace = %(m)s", m=marketplace)
    return in_order(Change(**{name: row[name] for name in Change.__slots__}) for row in rows)


def in_order(changes: Any) -> list[Change]:  # noqa: ANN401 - any iterable of them
    return sorted(changes, key=lambda one: (one.captured_at, one.listing_id, one.change))


def stored_links(database: Database, marketplace: str) -> dict[datetime, tuple[Any, Any]]:
    rows = query(database, "select * from snapshots where marketplace = %(m)s order by captured_at", m=marketplace)
    return {row["captured_at"]: (row["previous_captured_at"], row["censored_because"]) for row in rows}


def trust(database: Database, marketplace: str) -> list[tuple[datetime, bool]]:
    rows = query(database, "select * from snapshots where marketplace = %(m)s order by captured_at", m=marketplace)
    return [(row["captured_at"], row["is_suspect"]) for row in rows]


def expected_changes(database: Database, marketplace: str) -> list[Change]:
    """By definition, from the stored listings of the trusted captures."""
    rows = query(database, "select * from listings where marketplace = %(m)s", m=marketplace)
    captures = [
        (at, [as_seen(row) for row in rows if row["captured_at"] == at])
        for at, is_suspect in trust(database, marketplace)
        if not is_suspect
    ]
    return in_order(find_changes(captures, DEFAULT_CHANGE_RULES))


def assert_all_is_by_definition(database: Database) -> None:
    for marketplace in MARKETPLACES:
        links = link_captures(trust(database, marketplace), EVENT_AT, DEFAULT_CHANGE_RULES)
        assert stored_links(database, marketplace) == {
            link.captured_at: (link.previous_captured_at, link.censored_because) for link in links
        }
        assert stored_changes(database, marketplace) == expected_changes(database, marketplace)


@EXAMPLES_SHARE_A_DATABASE
@given(history=market_histories)
def test_changes_are_those_of_the_definition_in_whatever_order_captures_arrive(
    database: Database, history: list[Shown]
) -> None:
    empty(database)
    show(database, history)
    assert_all_is_by_definition(database)


@EXAMPLES_SHARE_A_DATABASE
@given(history=market_histories, hours=st.tuples(st.integers(0, 60), st.integers(1, 30)))
def test_what_was_deleted_is_built_again_with_its_window(
    database: Database, history: list[Shown], hours: tuple[int, int]
) -> None:
    empty(database)
    show(database, history)
    window = Span(START + timedelta(hours=hours[0]), START + timedelta(hours=sum(hours)))
    with database.connection() as connection:
        bounds = [window.start, window.end]
        connection.execute("delete from listing_changes where captured_at >= %s and captured_at < %s", bounds)
        connection.execute(
            "update snapshots set previous_captured_at = null, censored_because = 'not compared'"
            " where captured_at >= %s and captured_at < %s",
            bounds,
        )
    for _ in range(2):
        list(rebuild_changes_by_day(database, window, DEFAULT_CHANGE_RULES))
        assert_all_is_by_definition(database)
