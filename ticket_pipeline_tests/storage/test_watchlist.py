"""Bringing the database to the watchlist: who is who, what stays, and when a sync is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.errors import SheetError, StorageError
from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.watchlist import (
    SyncResult,
    read_keys,
    read_rejected_rows,
    read_venue_zones,
    replace_venue_zones,
    sync_watchlist,
)
from ticket_pipeline_tests.storage.stored import DAY, HOUR, NOON, count, event_record, items, query, store, watch


def sync(
    database: Database, *events: WatchlistEvent, rejected: Sequence[RejectedRow] = (), force: bool = False
) -> SyncResult:
    """One sync with the default guard."""
    return sync_watchlist(
        database, events, rejected, source="test", this_moment=NOON, max_untrack_fraction=0.5, force=force
    )


def counts(result: SyncResult) -> tuple[int, int, int, int]:
    """Added, changed, unchanged, untracked."""
    return result.added, result.changed, result.unchanged, result.untracked


def sources(database: Database) -> dict[str, tuple[int, bool]]:
    """External id → (event id, whether it is current)."""
    rows = query(database, "select external_id, event_id, is_current from event_sources")
    return {row["external_id"]: (row["event_id"], row["is_current"]) for row in rows}


def event_ids(database: Database) -> dict[str, int]:
    return {row["name"]: row["event_id"] for row in query(database, "select name, event_id from events")}


def tracked(database: Database) -> set[str]:
    return {row["name"] for row in query(database, "select name from events where is_tracked")}


def everything(database: Database) -> list[list[Row]]:
    """All that a sync can change, with the moments of the changes."""
    return [
        query(database, "select * from events order by event_id"),
        query(database, "select * from event_sources order by marketplace, external_id"),
        query(database, "select * from poll_schedule order by event_id, marketplace"),
        query(database, "select row_number, cells, reasons, first_seen_at from rejected_rows order by row_number"),
    ]


def bad_row(row_number: int, **cells: str) -> RejectedRow:
    return RejectedRow(row_number, cells, ["the date is missing"])


def test_new_events_are_added_with_their_ids_and_due_at_once(database: Database) -> None:
    both = event_record(2, external_ids={"stubhub": "1002", "vivid_seats": "v2"}, poll_interval=timedelta(hours=3))
    result = sync(database, event_record(1), both)
    assert counts(result) == (2, 0, 0, 0)
    assert result.new_keys == {"stubhub": ["1001", "1002"], "vivid_seats": ["v2"]}
    events = read_events(database)
    assert [(one.marketplace, one.external_id, one.name, one.sheet_interval) for one in events] == [
        ("stubhub", "1001", "Event 1", None),
        ("stubhub", "1002", "Event 2", timedelta(hours=3)),
        ("vivid_seats", "v2", "Event 2", timedelta(hours=3)),
    ]
    assert all(one.next_due_at <= datetime.now(UTC) + HOUR for one in events)
    assert read_keys(database, "stubhub") == ["1001", "1002"]


def test_a_row_is_stored_field_by_field(database: Database) -> None:
    record = event_record(
        1, name="Ünder; 'quotes\"", venue=None, country=None, capacity=19_500, is_tracked=False, event_group="NBA"
    )
    sync(database, record)
    (row,) = query(database, "select * from events")
    names = (
        "name",
        "venue",
        "city",
        "country",
        "event_date",
        "timezone",
        "event_at",
        "capacity",
        "sheet_row",
        "event_group",
    )
    assert {name: row[name] for name in names} == {name: getattr(record, name) for name in names}
    assert (row["is_tracked"], row["untracked_at"] is None) == (False, False)


def test_a_second_sync_of_the_same_watchlist_writes_nothing(database: Database) -> None:
    events = [event_record(number, poll_interval=timedelta(hours=number)) for number in range(1, 4)]
    rejected = [bad_row(9, Name="?")]
    sync(database, *events, rejected=rejected)
    before = everything(database)
    assert counts(sync(database, *events, rejected=rejected)) == (0, 0, 3, 0)
    assert everything(database) == before


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another name"},
        {"venue": None},
        {"event_date": datetime(2026, 6, 2, 20), "event_at": datetime(2026, 6, 3, 0, tzinfo=UTC)},  # noqa: DTZ001 - local
        {"timezone": "America/Chicago"},
        {"capacity": 500},
        {"event_group": "NBA"},
        {"poll_interval": timedelta(minutes=90)},
        {"sheet_row": 40},
    ],
)
def test_a_changed_row_changes_its_event_alone(database: Database, change: dict[str, object]) -> None:
    sync(database, event_record(1), event_record(2))
    before = event_ids(database)["Event 1"]
    result = sync(database, event_record(1, **change), event_record(2))
    assert counts(result) == (0, 1, 1, 0)
    (row,) = query(database, "select * from events where event_id = %(id)s", id=before)
    assert {name: row[name] for name in change} == change
    assert result.new_keys == {}


def test_a_replaced_id_is_retired_and_its_history_stays(database: Database) -> None:
    (event,) = watch(database, event_record(1))
    store(database, event, NOON, items(2))
    result = sync(database, event_record(1, name="EVENT 1", external_ids={"stubhub": "2001"}))
    assert (result.replaced_ids, result.removed_ids) == (["stubhub:1001"], [])
    assert counts(result) == (0, 1, 0, 0)
    assert result.new_keys == {"stubhub": ["2001"]}
    assert sources(database) == {"1001": (event.event_id, False), "2001": (event.event_id, True)}
    assert read_keys(database, "stubhub") == ["1001", "2001"]
    found = read_events(database, external_ids=["1001", "2001", "nope"], marketplace="stubhub")
    assert {one.external_id: one.is_current for one in found} == {"1001": False, "2001": True}
    assert count(database, "snapshots") == 1
    (row,) = query(database, "select next_due_at <= now() as is_due from poll_schedule")
    assert row["is_due"]


def test_an_id_moved_to_another_row_takes_its_event_along(database: Database) -> None:
    sync(database, event_record(1), event_record(2))
    ids = event_ids(database)
    # Row 1 now has StubHub's 1002, and row 2 a new id.
    moved = event_record(1, external_ids={"stubhub": "1002"})
    other = event_record(2, external_ids={"stubhub": "3003"})
    sync(database, moved, other)
    found = sources(database)
    assert found["1002"] == (ids["Event 2"], True)
    assert found["1001"] == (ids["Event 1"], True)  # untracked, with its history
    assert found["3003"][0] not in ids.values()
    assert read_current(database) == {"Event 1": "1002", "Event 2": "3003"}


def read_current(database: Database) -> dict[str, str]:
    """Event name → its current id at StubHub, of the tracked events."""
    return {one.name: one.external_id for one in read_events(database, tracked_only=True, marketplace="stubhub")}


def test_two_events_that_swap_their_ids_keep_the_history_with_the_id(database: Database) -> None:
    first, second = watch(database, event_record(1), event_record(2))
    store(database, first, NOON, items(2))
    sync(
        database,
        event_record(1, external_ids={"stubhub": "1002"}),
        event_record(2, external_ids={"stubhub": "1001"}),
    )
    assert read_current(database) == {"Event 1": "1002", "Event 2": "1001"}
    (row,) = query(database, "select e.name from snapshots as s inner join events as e on e.event_id = s.event_id")
    assert row["name"] == "Event 2"  # what was captured as 1001 belongs to the row that now has 1001
    assert sources(database) == {"1001": (first.event_id, True), "1002": (second.event_id, True)}


def test_a_new_show_on_the_date_that_a_known_one_left_does_not_take_its_history(database: Database) -> None:
    sync(database, event_record(1))
    event_id = event_ids(database)["Event 1"]
    new_show = event_record(1, external_ids={"stubhub": "2001"})
    later = replace(event_record(1), sheet_row=3, event_date=datetime(2026, 6, 2, 19, 30))  # noqa: DTZ001 - local
    sync(database, new_show, later)  # the new row stands first
    assert sources(database)["1001"] == (event_id, True)
    assert sources(database)["2001"][0] != event_id


def test_a_removed_row_is_untracked_and_keeps_its_data(database: Database) -> None:
    first, _ = watch(database, event_record(1), event_record(2))
    store(database, first, NOON, items(2))
    assert counts(sync(database, event_record(2))) == (0, 0, 1, 1)
    assert tracked(database) == {"Event 2"}
    assert count(database, "listings") == 2
    (row,) = query(database, "select untracked_at, sheet_row from events where name = 'Event 1'")
    assert row["untracked_at"] is not None
    assert row["sheet_row"] is None
    before = everything(database)
    assert counts(sync(database, event_record(2))) == (0, 0, 1, 0)
    assert everything(database) == before


def test_an_event_switched_off_in_its_row_is_untracked_and_can_be_switched_on(database: Database) -> None:
    sync(database, event_record(1), event_record(2))
    assert counts(sync(database, event_record(1, is_tracked=False), event_record(2))) == (0, 1, 1, 1)
    assert tracked(database) == {"Event 2"}
    assert counts(sync(database, event_record(1), event_record(2))) == (0, 1, 1, 0)
    assert tracked(database) == {"Event 1", "Event 2"}
    assert query(database, "select 1 from events where untracked_at is not null") == []


@pytest.mark.parametrize("cells", [{"viagId": " 1001 ", "Name": "mistyped"}, {"Name": "event 1", "viagId": "oops"}])
def test_an_event_whose_row_is_rejected_stays_as_it_was(database: Database, cells: dict[str, str]) -> None:
    sync(database, event_record(1), event_record(2))
    result = sync(database, event_record(2), rejected=[bad_row(2, **cells)])
    assert counts(result) == (0, 0, 1, 0)
    assert tracked(database) == {"Event 1", "Event 2"}


def test_events_behind_a_minority_of_rows_that_the_sheet_did_not_compute_go_on(database: Database) -> None:
    events = [event_record(number) for number in range(1, 6)]
    sync(database, *events)
    loading = [
        replace(bad_row(number, Name="Loading...", viagId="Loading..."), is_unidentified=True) for number in range(3)
    ]
    assert counts(sync(database, *events[2:], rejected=loading[:2])) == (0, 0, 3, 0)
    with pytest.raises(SheetError, match="stop 3 of the 5 upcoming events"):
        sync(database, *events[3:], rejected=loading)
    assert tracked(database) == {event.name for event in events}
    assert sync(database, *events[2:]).untracked == 2


def test_a_sync_that_drops_more_than_half_changes_nothing(database: Database) -> None:
    sync(database, *(event_record(number) for number in range(1, 6)))
    before = everything(database)
    with pytest.raises(SheetError, match=r"stop 3 of the 5 upcoming events \(Event 3, Event 4, Event 5\).*--force"):
        sync(database, event_record(1), event_record(2), event_record(7), rejected=[bad_row(9, Name="x")])
    with pytest.raises(SheetError, match="stop 3 of the 5 upcoming events"):
        sync(database, *(event_record(number, is_tracked=number > 3) for number in range(1, 6)))  # switched off
    assert everything(database) == before
    assert count(database, "watchlist_syncs") == 1


def at_both(number: int) -> WatchlistEvent:
    """An event with an id at two marketplaces."""
    return event_record(number, external_ids={"stubhub": f"100{number}", "vivid_seats": f"v{number}"})


def test_a_marketplace_whose_ids_are_gone_changes_nothing(database: Database) -> None:
    both = [at_both(number) for number in (1, 2, 3)]
    sync(database, *both, event_record(4))
    before = everything(database)
    without_column = [event_record(number) for number in (1, 2, 3, 4)]
    with pytest.raises(SheetError, match=r"remove 3 of the 3 vivid_seats ids.*\(v1, v2, v3\).*column.*--force"):
        sync(database, *without_column)
    with pytest.raises(SheetError, match="remove 2 of the 3 vivid_seats ids"):
        sync(database, both[0], *without_column[1:])
    assert everything(database) == before
    result = sync(database, *without_column, force=True)
    assert result.removed_ids == ["vivid_seats:v1", "vivid_seats:v2", "vivid_seats:v3"]
    assert counts(result) == (0, 3, 1, 0)
    assert {key for key, (_, is_current) in sources(database).items() if not is_current} == {"v1", "v2", "v3"}


def test_an_id_that_another_one_replaces_or_whose_event_goes_is_not_lost(database: Database) -> None:
    first, second, third = (at_both(number) for number in (1, 2, 3))
    sync(database, first, second, third, event_record(4), event_record(5))
    assert sync(database, first, event_record(4), event_record(5)).untracked == 2  # with two of three ids
    renamed = replace(first, external_ids={"stubhub": "1001", "vivid_seats": "v9"})
    assert sync(database, renamed, event_record(4), event_record(5)).replaced_ids == ["vivid_seats:v1"]
    # Now event 4 has it: the id is where the sheet says, though event 1 has none.
    moved = event_record(4, external_ids={"stubhub": "1004", "vivid_seats": "v9"})
    assert sync(database, event_record(1), moved, event_record(5)).removed_ids == []


def test_exactly_half_may_go_and_all_may_by_force(database: Database) -> None:
    sync(database, *(event_record(number) for number in range(1, 5)))
    assert sync(database, event_record(1), event_record(2)).untracked == 2
    assert sync(database, force=True).untracked == 2
    assert tracked(database) == set()


def test_events_that_are_over_do_not_count_for_the_guards(database: Database) -> None:
    over = [replace(at_both(number), event_at=NOON - DAY) for number in (1, 2, 3)]
    sync(database, *over, at_both(4))
    without_ids = [replace(event, external_ids={"stubhub": event.external_ids["stubhub"]}) for event in over]
    assert len(sync(database, *without_ids, at_both(4)).removed_ids) == 3
    with pytest.raises(SheetError, match="remove 1 of the 1 vivid_seats ids"):
        sync(database, *without_ids, event_record(4))
    assert sync(database, at_both(4)).untracked == 3
    with pytest.raises(SheetError, match="stop 1 of the 1 upcoming events"):
        sync(database, event_record(13))


def test_rejected_rows_are_those_of_the_last_sync_and_keep_when_they_were_first_seen(database: Database) -> None:
    sync(database, event_record(1), rejected=[bad_row(5, Name="a"), bad_row(6, Name="b")])
    first = {row["row_number"]: row for row in read_rejected_rows(database)}
    sync(database, event_record(1), rejected=[bad_row(6, Name="b"), bad_row(7, Name="c")])
    rows = {row["row_number"]: row for row in read_rejected_rows(database)}
    assert rows.keys() == {6, 7}
    assert rows[6]["first_seen_at"] == first[6]["first_seen_at"]
    assert (rows[7]["cells"], rows[7]["reasons"]) == ({"Name": "c"}, ["the date is missing"])
    sync(database, event_record(1), rejected=[bad_row(6, Name="changed")])
    (row,) = read_rejected_rows(database)
    assert row["first_seen_at"] > first[6]["first_seen_at"]
    sync(database, event_record(1))
    assert read_rejected_rows(database) == []


def test_each_sync_is_recorded(database: Database) -> None:
    sync(database, event_record(1), event_record(2), rejected=[bad_row(5, Name="a")])
    sync(database, event_record(1, name="New"))
    rows = query(
        database, "select rows_read, added, changed, untracked, rejected from watchlist_syncs order by sync_id"
    )
    assert [tuple(row.values()) for row in rows] == [(3, 2, 0, 0, 1), (1, 0, 1, 1, 0)]


def test_a_sync_that_the_database_rejects_changes_nothing(database: Database) -> None:
    sync(database, event_record(1))
    before = everything(database)
    with pytest.raises(StorageError, match="sync the watchlist"):
        sync(database, event_record(1, name="New"), event_record(2, capacity=-1))
    assert everything(database) == before


def test_the_venue_map_is_replaced_in_the_order_of_the_tab(database: Database) -> None:
    def zone(venue: str, pattern: str, name: str, position: int) -> dict[str, object]:
        return {"venue": venue, "section_pattern": pattern, "zone": name, "position": position}

    replace_venue_zones(database, [zone("Hall", "1*", "Lower", 0), zone("Hall", "2*", "Upper", 1)])
    replace_venue_zones(database, [zone("Hall", "2*", "Balcony", 0), zone("Dome", "*", "All", 1)])
    rows = [(row["venue"], row["section_pattern"], row["zone"]) for row in read_venue_zones(database)]
    assert rows == [("Hall", "2*", "Balcony"), ("Dome", "*", "All")]
