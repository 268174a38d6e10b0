"""The poll schedule: who is due, who holds it, and when it is due again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.ingest.cadence import Cadence
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.attempts import BackOff
from ticket_pipeline.storage.schedule import (
    claim_lease,
    lease_due_events,
    read_stale_events,
    release_lease,
    renew_lease,
    reschedule_changed,
)
from ticket_pipeline_tests.storage.stored import (
    BACK_OFF,
    DAY,
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    SHOW_AT,
    STUBHUB,
    capture_of,
    count,
    empty,
    event_record,
    fail,
    items,
    query,
    stale_hours,
    store,
    watch,
    write,
)

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

NOW = SHOW_AT - 40 * DAY
CADENCE = Cadence(12 * HOUR)
LEASE = UUID(int=1)
OTHER_LEASE = UUID(int=2)
PATIENCE_SECONDS = 60.0


def follow(database: Database, number: int = 1, this_moment: datetime = NOW) -> list[Event]:
    """So many events with intervals, all due whatever the time of the database."""
    events = watch(database, *(event_record(n) for n in range(1, number + 1)))
    query(database, "with due as (update poll_schedule set next_due_at = %(at)s) select 1", at=this_moment - DAY)
    reschedule(database, this_moment)
    return events


def reschedule(database: Database, this_moment: datetime = NOW, cadence: Cadence = CADENCE) -> int:
    return reschedule_changed(
        database,
        STUBHUB,
        base_interval=cadence.base_interval,
        bands=cadence.bands,
        back_off=BACK_OFF,
        this_moment=this_moment,
    )


def lease(
    database: Database, lease_id: UUID = LEASE, this_moment: datetime = NOW, batch_size: int = 100
) -> list[Event]:
    """Lease for five minutes."""
    return lease_due_events(
        database,
        STUBHUB,
        lease_id=lease_id,
        this_moment=this_moment,
        leased_until=this_moment + 5 * MINUTE,
        batch_size=batch_size,
        back_off=BACK_OFF,
    )


def schedule_of(database: Database, event: Event) -> Row:
    (row,) = query(database, "select * from poll_schedule where event_id = %(id)s", id=event.event_id)
    return row


def test_four_threads_that_lease_at_once_share_the_events_without_overlap(database: Database) -> None:
    events = follow(database, 200)
    barrier = threading.Barrier(4)

    def lease_in_turns(_: int) -> list[int]:
        barrier.wait(PATIENCE_SECONDS)
        return [one.event_id for _ in range(10) for one in lease(database, uuid4(), batch_size=7)]

    with ThreadPoolExecutor(4) as threads:
        leased = [event_id for ids in threads.map(lease_in_turns, range(4)) for event_id in ids]
    assert len(leased) == len(set(leased)) == len(events)


def test_an_event_is_leased_whole_and_not_again_until_its_lease_ends(database: Database) -> None:
    (event,) = follow(database)
    assert lease(database) == [Event(**{name: getattr(event, name) for name in Event.__slots__})]
    assert lease(database, OTHER_LEASE, NOW + 5 * MINUTE - timedelta(microseconds=1)) == []
    assert len(lease(database, OTHER_LEASE, NOW + 5 * MINUTE)) == 1
    for hold in (claim_lease, renew_lease):
        assert hold(database, LEASE, NOW + 2 * HOUR) == set()
    assert release_lease(database, LEASE) == 0


def test_a_run_holds_what_it_leased_and_gives_it_back_without_an_attempt(database: Database) -> None:
    follow(database, 2)
    (event,) = lease(database, batch_size=1)
    assert claim_lease(database, LEASE, NOW + HOUR) == {event.event_id}
    assert renew_lease(database, LEASE, NOW + 2 * HOUR) == {event.event_id}
    assert len(lease(database, OTHER_LEASE, NOW + HOUR)) == 1  # the other one
    assert release_lease(database, LEASE) == 1
    assert [one.event_id for one in lease(database, uuid4())] == [event.event_id]
    assert count(database, "fetch_attempts") == 0


def test_the_most_overdue_events_are_leased_first(database: Database) -> None:
    events = follow(database, 3)
    for hours, event in zip((1, 3, 2), events, strict=True):
        query(
            database,
            "with u as (update poll_schedule set next_due_at = %(at)s where event_id = %(id)s) select 1",
            at=NOW - hours * HOUR,
            id=event.event_id,
        )
    assert [lease(database, uuid4(), batch_size=1)[0].external_id for _ in range(3)] == ["1002", "1003", "1001"]


def test_only_due_tracked_upcoming_events_are_leased(database: Database) -> None:
    due, not_due, untracked, over, replaced = follow(database, 5)
    with database.connection() as connection:
        connection.execute(
            "update poll_schedule set next_due_at = %s where event_id = %s", [NOW + MINUTE, not_due.event_id]
        )
        connection.execute("update events set is_tracked = false where event_id = %s", [untracked.event_id])
        connection.execute("update events set event_at = %s where event_id = %s", [NOW, over.event_id])
        connection.execute("update event_sources set is_current = false where event_id = %s", [replaced.event_id])
    assert [event.event_id for event in lease(database)] == [due.event_id]


def test_a_lease_that_ran_out_is_recorded_as_abandoned_and_marks_its_hour(database: Database) -> None:
    (event,) = follow(database)
    lease(database)
    assert count(database, "fetch_attempts") == 0
    lease(database, OTHER_LEASE, NOW + 2 * HOUR)
    (attempt,) = query(database, "select * from fetch_attempts")
    assert (attempt["event_id"], attempt["external_id"], attempt["outcome"]) == (event.event_id, "1001", "abandoned")
    assert (attempt["started_at"], attempt["finished_at"]) == (NOW + 5 * MINUTE, NOW + 2 * HOUR)
    assert stale_hours(database) == [(NOW + 2 * HOUR).replace(minute=0)]


def test_an_event_whose_runs_die_waits_longer_each_time_and_is_due_again_at_once_only_after_the_first(
    database: Database,
) -> None:
    (event,) = follow(database)
    lease(database)
    moment, waits = NOW, []
    for _ in range(5):
        moment += HOUR
        if not lease(database, uuid4(), moment):
            due_at = schedule_of(database, event)["next_due_at"]
            assert lease(database, uuid4(), due_at - timedelta(microseconds=1)) == []
            assert len(lease(database, uuid4(), due_at)) == 1
            waits.append(due_at - moment)
            moment = due_at
    assert waits == [BACK_OFF.base * 2**n for n in range(4)]
    row = schedule_of(database, event)
    assert (row["consecutive_failures"], row["last_outcome"]) == (5, "abandoned")
    assert count(database, "fetch_attempts") == 5
    errors = [row["error"] for row in query(database, "select error from fetch_attempts order by attempt_id")]
    assert ["not for the first time" in error for error in errors] == [False, True, True, True, True]


def test_an_event_that_waits_leaves_the_others_of_its_dead_run_due(database: Database) -> None:
    first, second = follow(database, 2)
    lease(database)
    query(
        database,
        "update poll_schedule set consecutive_failures = 3 where event_id = %(id)s returning 1",
        id=first.event_id,
    )
    assert [event.event_id for event in lease(database, OTHER_LEASE, NOW + HOUR)] == [second.event_id]
    assert schedule_of(database, first)["next_due_at"] == NOW + HOUR + 4 * BACK_OFF.base
    assert schedule_of(database, first)["lease_id"] is None


def test_a_stored_capture_ends_the_lease_and_a_changed_interval_keeps_its_jitter(database: Database) -> None:
    (event,) = follow(database)
    lease(database)
    write(database, capture_of(event, NOW, items(1)), jitter_factor=1.25)
    row = schedule_of(database, event)
    assert (row["lease_id"], row["next_due_at"], row["anchor_at"]) == (None, NOW + 15 * HOUR, NOW)
    reschedule(database, cadence=Cadence(2 * HOUR, CADENCE.bands))
    assert schedule_of(database, event)["next_due_at"] == NOW + 2.5 * HOUR


def test_an_untracked_event_loses_its_interval_and_a_tracked_one_gets_it_back(database: Database) -> None:
    (event,) = follow(database)
    for is_tracked, interval in ((False, None), (True, 12 * HOUR)):
        query(database, "update events set is_tracked = %(is_tracked)s returning 1", is_tracked=is_tracked)
        assert reschedule(database) == 1
        assert schedule_of(database, event)["poll_interval"] == interval


def test_the_back_off_doubles_with_each_failure_in_a_row_up_to_its_cap(database: Database) -> None:
    (event,) = follow(database)
    query(database, "update events set poll_interval = interval '1 hour' returning 1")
    reschedule(database)
    waits = []
    for step in range(9):
        moment = NOW + step * MINUTE
        fail(database, event, moment, back_off=BackOff(5 * MINUTE, 6 * HOUR))
        waits.append(schedule_of(database, event)["next_due_at"] - moment)
    assert waits == [MINUTE * n for n in (5, 10, 20, 40, 80, 160, 320, 360, 360)]
    store(database, event, NOW, items(1))
    fail(database, event, NOW + HOUR)
    assert schedule_of(database, event)["next_due_at"] == NOW + HOUR + 5 * MINUTE


def test_a_failed_attempt_recorded_twice_counts_once_and_a_long_row_overflows_nothing(database: Database) -> None:
    (event,) = follow(database)
    fail(database, event, NOW)
    before = schedule_of(database, event)
    fail(database, event, NOW)
    assert schedule_of(database, event) == before
    query(database, "with u as (update poll_schedule set consecutive_failures = 1000000) select 1")
    fail(database, event, NOW + MINUTE, back_off=BackOff(DAY, 6 * HOUR))
    assert count(database, "fetch_attempts") == 2
    row = schedule_of(database, event)
    assert row["consecutive_failures"] == 1_000_001
    assert row["next_due_at"] == NOW + MINUTE + 12 * HOUR  # the interval is longer than the cap


def test_the_wait_that_the_server_asked_for_is_kept(database: Database) -> None:
    (event,) = follow(database)
    fail(database, event, NOW, Outcome.RATE_LIMITED, not_before=NOW + 2 * HOUR)
    assert schedule_of(database, event)["next_due_at"] == NOW + 2 * HOUR
    fail(database, event, NOW + MINUTE, Outcome.RATE_LIMITED, not_before=NOW)
    assert schedule_of(database, event)["next_due_at"] == NOW + 11 * MINUTE


bands = st.dictionaries(
    st.integers(1, 400).map(lambda hours: hours * HOUR), st.floats(0.001, 3, allow_nan=False), max_size=4
).map(lambda found: tuple(sorted({**found, timedelta(): 0.25}.items(), reverse=True)))
moments_to_event = st.integers(-48, 24 * 60).map(lambda hours: hours * HOUR) | st.timedeltas(
    timedelta(days=-2), timedelta(days=60)
)


@EXAMPLES_SHARE_A_DATABASE
@given(
    base_interval=st.timedeltas(timedelta(minutes=1), timedelta(days=7)),
    found_bands=bands,
    events=st.lists(st.tuples(moments_to_event, st.none() | st.integers(1, 500)), min_size=1, max_size=6),
)
def test_the_schedule_has_the_intervals_of_the_cadence(
    database: Database,
    base_interval: timedelta,
    found_bands: tuple[tuple[timedelta, float], ...],
    events: list[tuple[timedelta, int | None]],
) -> None:
    empty(database)
    cadence = Cadence(base_interval, found_bands)
    followed = watch(
        database,
        *(
            event_record(n, event_at=NOW + to_event, poll_interval=None if own is None else own * MINUTE)
            for n, (to_event, own) in enumerate(events)
        ),
    )
    reschedule(database, cadence=cadence)
    for event, (to_event, own) in zip(followed, events, strict=True):
        expected = cadence.interval(to_event, None if own is None else own * MINUTE)
        found = schedule_of(database, event)["poll_interval"]
        if expected is None:
            assert found is None
        else:
            assert abs(found - expected) <= timedelta(microseconds=2)
    assert reschedule(database, cadence=cadence) == 0


@pytest.mark.parametrize(
    ("interval", "pause", "wait"),
    [
        (HOUR, {}, 0.75 * HOUR),
        (MINUTE, {}, BACK_OFF.base),  # at least the base of the back-off
        (3 * HOUR, {}, 2.25 * HOUR),
        (DAY, {}, 6 * HOUR),  # a longer interval leaves the back-off as it is
        (MINUTE, {"next_request_at": NOW + 2 * HOUR}, 2 * HOUR),  # the marketplace's Retry-After
        (MINUTE, {"state": "open", "open_until": NOW + 3 * HOUR}, 3 * HOUR),
        (MINUTE, {"state": "open", "open_until": NOW + 24 * HOUR}, 6 * HOUR),  # its own wait ends first
        (MINUTE, {"state": "closed", "open_until": NOW + 3 * HOUR}, BACK_OFF.base),
    ],
)
def test_a_shorter_interval_shortens_the_back_off_but_not_a_pause_of_the_marketplace(
    database: Database, interval: timedelta, pause: dict[str, object], wait: timedelta
) -> None:
    (event,) = follow(database)
    reschedule(database, cadence=Cadence(4 * HOUR, CADENCE.bands))
    write(database, capture_of(event, NOW - DAY, items(1)), jitter_factor=0.75)
    for step in reversed(range(9)):
        fail(database, event, NOW - step * HOUR)
    assert schedule_of(database, event)["next_due_at"] == NOW + 6 * HOUR
    with database.connection() as connection:
        connection.execute("insert into breaker_state (marketplace) values ('stubhub') on conflict do nothing")
        connection.execute(
            "update breaker_state set state = %s, open_until = %s, next_request_at = coalesce(%s, next_request_at)",
            [pause.get("state", "closed"), pause.get("open_until"), pause.get("next_request_at")],
        )
    reschedule(database, cadence=Cadence(interval, CADENCE.bands))
    assert schedule_of(database, event)["next_due_at"] == NOW + wait
    fail(database, event, NOW + wait)
    assert schedule_of(database, event)["next_due_at"] == NOW + wait + max(6 * HOUR, interval)


def test_stale_events_are_those_without_a_success_for_long(database: Database) -> None:
    fresh, stale = follow(database, 2)
    store(database, stale, NOW - 25 * HOUR, items(1))
    store(database, fresh, NOW - 24 * HOUR, items(1))
    fail(database, stale, NOW - HOUR)
    (row,) = read_stale_events(database, NOW, multiple=2.0, grace=30 * MINUTE)
    assert (row["event_id"], row["last_outcome"], row["consecutive_failures"]) == (stale.event_id, "timeout", 1)
    assert read_stale_events(database, NOW, multiple=2.0, grace=2 * HOUR) == []


def test_an_event_that_no_sensor_ever_looked_at_is_stale_after_a_day(database: Database) -> None:
    watch(database, event_record(1))
    query(database, "update event_sources set first_seen_at = %(at)s returning 1", at=NOW - DAY - HOUR)
    assert len(read_stale_events(database, NOW, multiple=2.0, grace=timedelta())) == 1
    assert read_stale_events(database, NOW - 2 * HOUR, multiple=2.0, grace=timedelta()) == []
