"""Which stored captures are believed, in whatever order they arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.trust import CaptureSize, find_suspects
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    NOON,
    capture_of,
    empty,
    items,
    query,
    rejects,
    stale_hours,
    store,
    watch_one,
    write,
)


def suspects(database: Database) -> dict[datetime, bool]:
    """Captures → whether they are suspect now, in order of capture."""
    rows = query(database, "select captured_at, is_suspect from snapshots order by captured_at")
    return {row["captured_at"]: row["is_suspect"] for row in rows}


def clear_marks(database: Database) -> None:
    query(database, "with gone as (delete from stale_prices) select 1")


def test_a_capture_with_fewer_than_half_the_listings_is_suspect(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(10))
    assert not store(database, event, NOON + MINUTE, items(5)).is_suspect
    assert store(database, event, NOON + 2 * MINUTE, items(2)).is_suspect
    assert list(suspects(database).values()) == [False, False, True]


def test_a_capture_at_the_same_level_confirms_the_suspect_one_and_marks_its_hour(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(20))
    store(database, event, NOON + HOUR, items(8))
    clear_marks(database)
    confirming = store(database, event, NOON + 2 * HOUR, items(10))
    assert not confirming.is_suspect
    assert confirming.confirmed_at == (NOON + HOUR,)
    assert list(suspects(database).values()) == [False, False, False]
    assert stale_hours(database) == [NOON + HOUR, NOON + 2 * HOUR]


def test_a_recovery_leaves_the_suspect_one_suspect(database: Database) -> None:
    event = watch_one(database)
    for minute, listings in enumerate((20, 3, 19)):
        store(database, event, NOON + minute * MINUTE, items(listings))
    assert list(suspects(database).values()) == [False, True, False]


def test_a_sold_out_market_is_believed_when_it_is_seen_twice(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(20))
    assert store(database, event, NOON + MINUTE).is_suspect
    assert store(database, event, NOON + 2 * MINUTE).confirmed_at == (NOON + MINUTE,)


def test_a_capture_whose_listings_were_all_rejected_is_never_believed(database: Database) -> None:
    event = watch_one(database)
    for minute in range(4):
        assert store(database, event, NOON + minute * MINUTE, rejected=rejects(9)).is_suspect
    assert not store(database, event, NOON + 5 * MINUTE, items(2)).is_suspect


def test_a_late_capture_takes_away_a_confirmation_that_skipped_it(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(20))
    store(database, event, NOON + 1 * HOUR, items(3))
    store(database, event, NOON + 3 * HOUR, items(3))
    assert list(suspects(database).values()) == [False, False, False]
    clear_marks(database)
    store(database, event, NOON + 2 * HOUR, items(20))
    assert list(suspects(database).values()) == [False, True, False, True]
    assert stale_hours(database) == [NOON + n * HOUR for n in (1, 2, 3)]


capture_size = st.tuples(st.sampled_from([0, 4, 5, 6, 9, 10, 20, 40]), st.booleans(), st.booleans()).map(
    lambda drawn: CaptureSize(drawn[0], 0 if drawn[1] and drawn[0] < 6 else drawn[0], is_disputed=drawn[2])
)


@EXAMPLES_SHARE_A_DATABASE
@given(
    sizes=st.lists(capture_size, min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_trust_does_not_depend_on_the_order_of_arrival_and_every_change_is_marked(
    database: Database, sizes: list[CaptureSize], order: object
) -> None:
    empty(database)
    event = watch_one(database)
    arrivals = list(range(len(sizes)))
    order.shuffle(arrivals)  # type: ignore[attr-defined]  # a Random of hypothesis
    for arrival in arrivals:
        before = suspects(database)
        clear_marks(database)
        moment, size = NOON + arrival * HOUR, sizes[arrival]
        doubts = ("listingCount is 50",) if size.is_disputed else ()
        capture = capture_of(event, moment, items(size.accepted), rejects(size.received - size.accepted))
        write(database, replace(capture, checksum_problems=doubts))
        after = suspects(database)
        changed = [at for at in after if after[at] != before.get(at)]
        assert stale_hours(database) == sorted({*changed, moment})
    assert list(suspects(database).values()) == find_suspects(sizes)
