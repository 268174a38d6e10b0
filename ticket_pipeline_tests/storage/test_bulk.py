"""Captures that are stored together make the same rows as captures that are stored one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import LiteralString
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.snapshots import Capture
from ticket_pipeline_tests.storage.stored import (
    DAY,
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    NOON,
    PATIENCE_SECONDS,
    STUBHUB,
    Item,
    capture_of,
    empty,
    event_record,
    items,
    query,
    rejects,
    wait_for_locks,
    watch,
    write,
    write_all,
)

# (id, price, quantity) of each listing, how many were rejected, hours since the capture before
_LISTINGS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from((100.0, 105.0, 150.0)), st.sampled_from((1, 2))),
    max_size=8,
    unique_by=lambda listing: listing[0],
)
_CAPTURES = st.lists(st.tuples(_LISTINGS, st.integers(0, 3), st.integers(1, 30)), min_size=1, max_size=9)

_Drawn = tuple[list[tuple[int, float, int]], int, int]

ROWS: tuple[LiteralString, ...] = (
    """select captured_at, received, accepted, rejected, is_suspect, previous_captured_at, censored_because
    from snapshots where event_id = %(event_id)s order by 1""",
    """select captured_at, previous_captured_at, change, listing_id, previous_listing_id, relisted_as, old_price,
    new_price, old_quantity, new_quantity from listing_changes where event_id = %(event_id)s order by 1, 3, 4""",
    "select captured_at, listing_id, price from listings where event_id = %(event_id)s order by 1, 2",
    "select captured_at, position, raw from rejected_listings where event_id = %(event_id)s order by 1, 2",
    "select captured_at, body from raw_payloads where event_id = %(event_id)s order by 1",
    "select finished_at, outcome, listings from fetch_attempts where event_id = %(event_id)s order by 1",
    "select starts_at from stale_prices where event_id = %(event_id)s order by 1",
    "select captured_at, previous_captured_at, is_stale from sale_departures where event_id = %(event_id)s order by 1",
    """select next_due_at, consecutive_failures, last_attempt_at, last_success_at, last_outcome from poll_schedule
    where event_id = %(event_id)s and marketplace = 'stubhub'""",
)


def captures_of(event: Event, drawn: list[_Drawn]) -> list[Capture]:
    """The drawn captures of an event, in order."""
    at, captures = NOON, []
    for number, (listings, rejected, hours) in enumerate(drawn):
        at += hours * HOUR
        seen = [Item(listing_id=str(key), price=price, quantity=quantity) for key, price, quantity in listings]
        captures.append(capture_of(event, at, seen, rejects(rejected), body=b"%d" % number))
    return captures


def rows_of(database: Database, event: Event) -> list[list[Row]]:
    return [query(database, text, event_id=event.event_id) for text in ROWS]


@given(drawn=st.tuples(_CAPTURES, _CAPTURES), cuts=st.sets(st.integers(1, 17)))
@EXAMPLES_SHARE_A_DATABASE
def test_together_and_one_by_one_make_the_same_rows(
    database: Database, drawn: tuple[list[_Drawn], list[_Drawn]], cuts: set[int]
) -> None:
    empty(database)
    *alone, first, second = watch(database, *(event_record(number) for number in range(1, 5)))
    for event, own in zip(alone, drawn, strict=True):
        for capture in captures_of(event, own):
            write(database, capture)
    expected = [rows_of(database, event) for event in alone]
    captures = sorted(captures_of(first, drawn[0]) + captures_of(second, drawn[1]), key=lambda one: one.captured_at)
    for start, end in pairwise(sorted({0, len(captures), *(cut for cut in cuts if cut < len(captures))})):
        assert all(one.is_new for one in write_all(database, captures[start:end]))
    assert [rows_of(database, event) for event in (first, second)] == expected
    assert not any(one.is_new for one in write_all(database, captures))
    assert [rows_of(database, event) for event in (first, second)] == expected


def test_groups_with_the_same_events_in_another_order_wait_for_each_other(database: Database) -> None:
    one, two = watch(database, event_record(1), event_record(2))
    write_all(database, [capture_of(event, NOON, items(3)) for event in (one, two)])
    groups = [[capture_of(event, NOON + HOUR, items(4)) for event in (one, two)]]
    groups += [[capture_of(event, NOON + 2 * HOUR, items(5)) for event in (two, one)]]
    with ThreadPoolExecutor(2) as threads:
        with database.transaction() as holder:  # both wait for the first event, and neither holds the second meanwhile
            holder.execute("snapshots/lock_sources", event_ids=[one.event_id], marketplaces=[STUBHUB])
            writers = [threads.submit(write_all, database, group) for group in groups]
            wait_for_locks(database, 2)
        stored = [writer.result(PATIENCE_SECONDS) for writer in writers]
    assert all(capture.is_new for group in stored for capture in group)


SCHEDULE = {"lease_id": UUID(int=1), "leased_until": NOON + HOUR, "marketplace": STUBHUB, "this_moment": NOON}
SCHEDULE |= {"base_interval": HOUR, "band_floors": [timedelta()], "band_shares": [1.0], "retry_base": MINUTE}
SCHEDULE |= {"lease": MINUTE, "hold": MINUTE, "longest_spacing": MINUTE}


@pytest.mark.parametrize("name", ["claim_lease", "renew_lease", "release_lease", "reschedule_changed", "correct_clock"])
def test_whoever_changes_several_rows_of_the_schedule_locks_them_in_the_order_of_a_group(
    database: Database, name: str
) -> None:
    one, two = watch(database, event_record(1), event_record(2))
    with database.connection() as connection:
        connection.execute("update poll_schedule set lease_id = %s, leased_until = %s", [UUID(int=1), NOON + DAY])
        # Its row is behind the other one's now, in the table and in each index.
        connection.execute("update poll_schedule set next_due_at = now() where event_id = %s", [one.event_id])
    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as holder:
            holder.execute("snapshots/lock_sources", event_ids=[one.event_id], marketplaces=[STUBHUB])
            changing = threads.submit(database.execute, f"polling/{name}", **SCHEDULE)
            wait_for_locks(database)
            free = "select 1 from poll_schedule where event_id = %(id)s for update skip locked"
            assert query(database, free, id=two.event_id)
        changing.result(PATIENCE_SECONDS)


def test_each_is_told_what_became_of_it(database: Database) -> None:
    (event,) = watch(database, event_record(1))
    captures = captures_of(event, [([(n, 100.0, 2) for n in range(size)], 0, 1) for size in (8, 3, 7, 2, 2)])
    assert write(database, captures[0]).compared_at == ()
    known, cut, back, fell, confirmed = write_all(database, captures)
    assert not known.is_new
    assert (cut.is_suspect, cut.compared_at) == (True, ())
    assert (back.is_suspect, back.compared_at) == (False, (captures[2].captured_at,))
    assert (fell.is_suspect, fell.compared_at) == (False, (captures[3].captured_at,))
    assert (confirmed.is_suspect, confirmed.compared_at) == (False, (captures[4].captured_at,))
