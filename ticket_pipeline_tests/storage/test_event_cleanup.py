"""Letting go of events: what was marked goes whole, what is followed again stays whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.event_cleanup import (
    count_untracked_data,
    delete_untracked_event,
    find_missing_events,
    untrack_events,
)
from ticket_pipeline_tests.storage.stored import (
    DAY,
    MINUTE,
    NOON,
    SHOW_AT,
    count,
    event_record,
    items,
    query,
    store,
    watch,
)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Two followed events with a capture each."""
    with Database(migrated_url, "tickets") as opened:
        for event in watch(opened, event_record(1), event_record(2)):
            store(opened, event, NOON, items(3))
        yield opened


def test_an_event_is_missing_when_its_row_is_gone_or_it_is_long_over(database: Database) -> None:
    assert find_missing_events(database, SHOW_AT) == []
    assert len(find_missing_events(database, SHOW_AT + DAY)) == 2
    query(database, "update events set sheet_row = null where name = 'Event 2' returning 1")
    assert [row["name"] for row in find_missing_events(database, SHOW_AT)] == ["Event 2"]


def test_marking_is_idempotent_and_keeps_data(database: Database) -> None:
    ids = [row["event_id"] for row in query(database, "select event_id from events where name = 'Event 1'")]
    assert [untrack_events(database, ids), untrack_events(database, ids)] == [1, 1]
    (counted,) = count_untracked_data(database)
    assert (counted["snapshots"], counted["listings"], counted["external_ids"]) == (1, 3, ["1001"])
    assert count(database, "listings") == 6


def test_a_capture_stored_after_counting_goes_too(database: Database) -> None:
    (event, _) = watch(database, event_record(1, is_tracked=False), event_record(2))
    (counted,) = count_untracked_data(database)
    store(database, event, NOON + DAY, items(3))
    store(database, event, NOON + DAY + MINUTE, items(4))  # by a machine whose clock is ahead
    assert count(database, "listing_changes") == 1
    assert delete_untracked_event(database, counted, NOON + DAY)
    assert (count(database, "events"), count(database, "listings"), count(database, "snapshots")) == (1, 3, 1)
    assert count(database, "listing_changes") == 0
    assert not delete_untracked_event(database, counted, NOON + DAY)


def test_an_event_that_is_followed_again_meanwhile_loses_nothing(database: Database) -> None:
    watch(database, event_record(1, is_tracked=False), event_record(2))
    (counted,) = count_untracked_data(database)
    watch(database, event_record(1), event_record(2))
    assert not delete_untracked_event(database, counted, NOON)
    assert (count(database, "events"), count(database, "listings"), count(database, "snapshots")) == (2, 6, 2)


def test_an_event_without_a_capture_can_be_deleted(database: Database) -> None:
    watch(database, event_record(1), event_record(2), event_record(3, is_tracked=False))
    (counted,) = count_untracked_data(database)
    assert delete_untracked_event(database, counted, NOON)
    assert count(database, "events") == 2
