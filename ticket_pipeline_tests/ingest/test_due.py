"""Choosing a batch: what is due is leased once, and every reason not to is told with its end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest

from ticket_pipeline.errors import Blocked
from ticket_pipeline.ingest.due import LeasedBatch, Skip, choose_batch
from ticket_pipeline.ingest.poll import build_gate
from ticket_pipeline.market.waits import show_wait
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.requests import reset_breaker, set_up_budget
from ticket_pipeline.storage.schedule import release_lease
from ticket_pipeline_tests.ingest.loopback import STUBHUB, Loopback, open_loopback
from ticket_pipeline_tests.simulator_support.large_world import large_world

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def twelve_events(migrated_url: str) -> Iterator[Loopback]:
    """Twelve events on the watchlist, all due."""
    now = datetime.now(UTC)
    with open_loopback(migrated_url, large_world(now, 12, listings=5, templates=1)) as opened:
        opened.watch()
        yield opened


def choose(loopback: Loopback, settings: Settings | None = None, *, lease_id: UUID | None = None) -> LeasedBatch | Skip:
    return choose_batch(
        loopback.database,
        settings or loopback.settings(),
        STUBHUB,
        this_moment=loopback.clock(),
        lease_id=lease_id or uuid4(),
    )


def skipped(loopback: Loopback, settings: Settings | None = None) -> str:
    """The reason why nothing is chosen; nothing may be leased then."""
    choice = choose(loopback, settings)
    assert isinstance(choice, Skip)
    return choice.reason


def leased(loopback: Loopback, settings: Settings | None = None) -> list[str]:
    """The keys that are chosen."""
    choice = choose(loopback, settings)
    assert isinstance(choice, LeasedBatch)
    return [event.external_id for event in choice.events]


def block(loopback: Loopback, settings: Settings) -> None:
    """The marketplace refuses our session."""
    gate = build_gate(loopback.database, settings, STUBHUB, Random(1))  # noqa: S311 - chance, not secrecy
    asyncio.run(gate.finish(0, Blocked("Your session was refused.", status=403)))


def send(loopback: Loopback, *, requests: int) -> None:
    """Use up some of the budget."""
    gate = build_gate(loopback.database, loopback.settings(), STUBHUB, Random(1))  # noqa: S311 - chance, not secrecy

    async def send_all() -> None:
        for _ in range(requests):
            await gate.finish(await gate.acquire(), None)
        await gate.flush()

    asyncio.run(send_all())


def test_what_is_due_is_leased_under_the_id_and_for_the_time_of_the_settings(watching: Loopback) -> None:
    lease_id = uuid4()
    before = watching.clock()
    choice = choose(watching, watching.settings(lease_seconds=120), lease_id=lease_id)
    assert isinstance(choice, LeasedBatch)
    assert choice.lease_id == lease_id
    assert choice.marketplace is STUBHUB
    assert [event.external_id for event in choice.events] == watching.keys
    for key in watching.keys:
        row = watching.schedule(key)
        assert row["lease_id"] == lease_id
        assert timedelta() <= row["leased_until"] - before - 2 * MINUTE < MINUTE


def test_a_marketplace_that_is_switched_off_is_not_polled(watching: Loopback) -> None:
    assert skipped(watching, watching.settings(disabled_marketplaces="stubhub")) == (
        "stubhub is not polled: it is disabled. Remove it from DISABLED_MARKETPLACES to poll it."
    )


def test_without_events_it_says_what_to_add(loopback: Loopback) -> None:
    assert skipped(loopback) == ("No tracked, upcoming event has a stubhub id. Add one to the watchlist and sync it.")


def test_when_nothing_is_due_it_says_when_the_next_is(watching: Loopback) -> None:
    moment = watching.clock()
    watching.rows("update poll_schedule set next_due_at = %s", moment + 4 * MINUTE + timedelta(seconds=10.4))
    choice = choose_batch(watching.database, watching.settings(), STUBHUB, this_moment=moment, lease_id=uuid4())
    assert choice == Skip("Nothing is due; the next of 4 events in 4 min 10 s.")


def test_a_wait_that_the_marketplace_asked_for_is_not_taken_for_a_wrong_clock(watching: Loopback) -> None:
    set_up_budget(watching.database, STUBHUB, {MINUTE: 5}, max_concurrent=2)
    until = watching.clock() + HOUR
    watching.rows("update breaker_state set asked_until = %s, next_request_at = %s", until, until)
    assert isinstance(choose(watching), Skip)
    assert watching.value("select next_request_at from breaker_state") == until


def test_after_the_clock_was_set_back_nothing_waits_for_the_time_it_showed_before(watching: Loopback) -> None:
    ahead = watching.clock() + HOUR
    set_up_budget(watching.database, STUBHUB, {MINUTE: 5}, max_concurrent=2)
    send(watching, requests=1)
    watching.rows("update request_slots set busy_until = %s", ahead + MINUTE)
    watching.rows("update breaker_state set next_request_at = %s", ahead)
    watching.rows(
        "update poll_schedule set anchor_at = %s, last_attempt_at = %s, last_success_at = %s, next_due_at = %s",
        *(ahead, ahead, ahead, ahead + 15 * MINUTE),
    )
    batch = choose(watching)
    assert isinstance(batch, LeasedBatch)
    assert len(batch.events) == 4
    assert watching.rows("select max(next_request_at) <= clock_timestamp() as is_free from breaker_state") == [
        {"is_free": True}
    ]
    watching.rows("update poll_schedule set leased_until = %s", ahead)  # of a run that died
    choose(watching)
    settings = watching.settings()
    (lease,) = watching.rows("select max(leased_until) as until from poll_schedule")
    assert lease["until"] <= watching.clock() + timedelta(seconds=settings.tuning.lease_seconds)


def test_a_success_by_the_right_clock_replaces_one_dated_later(watching: Loopback) -> None:
    watching.rows("update poll_schedule set last_success_at = %s", watching.clock() + HOUR)
    watching.poll(watching.events())
    (row,) = watching.rows("select max(last_success_at) as last from poll_schedule")
    assert row["last"] <= watching.clock()


def test_the_same_event_is_never_leased_twice(watching: Loopback) -> None:
    first = leased(watching, watching.settings(poll_batch_size=2))
    roomy = watching.settings(poll_batch_size=100)
    assert sorted(first + leased(watching, roomy)) == watching.keys
    assert skipped(watching, roomy) == "All 4 due events are under way."


def test_while_much_of_a_batch_is_under_way_no_other_is_started(watching: Loopback) -> None:
    settings = watching.settings(poll_batch_size=3)
    leased(watching, settings)
    assert skipped(watching, settings) == "A batch is still under way (3 events to go); 1 more are due."


def test_when_another_tick_takes_the_events_meanwhile_it_says_so(watching: Loopback) -> None:
    lease_id = uuid4()
    choose(watching, lease_id=lease_id)  # settles the intervals, which is a write of its own
    release_lease(watching.database, lease_id)
    with psycopg.connect(watching.database_url) as other:
        other.execute("select 1 from tickets.poll_schedule for update")
        assert (
            skipped(watching)
            == "The due events were taken by another tick just now, or wait, because their runs died repeatedly."
        )


def test_an_open_breaker_says_why_how_long_and_how_to_resume(watching: Loopback) -> None:
    settings = watching.settings()
    set_up_budget(watching.database, STUBHUB, {MINUTE: 60}, max_concurrent=3)
    block(watching, settings)
    assert skipped(watching, settings) in {
        f"stubhub is paused for another {wait}: Your session was refused. "
        "When the cause is fixed: ticket-pipeline resume stubhub"
        for wait in ("1 d 0 h", "23 h 59 min")
    }
    watching.clock.offset = 25 * HOUR
    assert leased(watching, settings) == watching.keys


def test_a_wait_that_the_marketplace_asked_for_is_kept_and_told_instead_of_leasing(watching: Loopback) -> None:
    watching.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600"))
    result = watching.poll(watching.events(), watching.settings(httpx_max_connections=1))
    assert "stubhub: it asked to wait until " in str(result.stopped_by)
    until = watching.value("select asked_until from breaker_state").astimezone(UTC)
    for offset, another in ((0, r"(?:9 min \d+|10 min 0) s"), (545, r"\d+ s")):
        watching.clock.offset = timedelta(seconds=offset)
        assert re.fullmatch(
            rf"stubhub asked to wait until {until:%Y-%m-%d %H:%M} UTC, another {another}; "
            "nothing is sent before. Its events stay due.",
            skipped(watching),
        )
    assert len(watching.log.records()) == 1
    watching.clock.offset = timedelta(seconds=601)
    assert leased(watching) == watching.keys


def test_a_breaker_that_a_person_closed_lets_the_next_tick_through(watching: Loopback) -> None:
    set_up_budget(watching.database, STUBHUB, {MINUTE: 60}, max_concurrent=3)
    block(watching, watching.settings())
    skipped(watching)
    reset_breaker(watching.database, STUBHUB)
    assert leased(watching) == watching.keys


def test_a_batch_is_no_larger_than_what_its_budget_lets_through_in_five_minutes(twelve_events: Loopback) -> None:
    set_up_budget(twelve_events.database, STUBHUB, {MINUTE: 2}, max_concurrent=1)
    send(twelve_events, requests=1)
    assert leased(twelve_events) == twelve_events.keys[:9]


def test_a_long_window_counts_once(twelve_events: Loopback) -> None:
    set_up_budget(twelve_events.database, STUBHUB, {MINUTE: 60, DAY: 7}, max_concurrent=1)
    send(twelve_events, requests=2)
    assert leased(twelve_events) == twelve_events.keys[:5]


def test_the_limit_of_requests_under_way_does_not_bound_a_batch(twelve_events: Loopback) -> None:
    set_up_budget(twelve_events.database, STUBHUB, {MINUTE: 60}, max_concurrent=1)
    assert leased(twelve_events) == twelve_events.keys


def test_a_spent_budget_says_when_there_is_room_again(twelve_events: Loopback) -> None:
    set_up_budget(twelve_events.database, STUBHUB, {DAY: 2}, max_concurrent=1)
    send(twelve_events, requests=2)
    assert skipped(twelve_events) in {
        f"The request budget of stubhub is spent; room again in {wait}." for wait in ("1 d 0 h", "23 h 59 min")
    }


def test_a_changed_interval_takes_effect_at_the_next_tick(watching: Loopback) -> None:
    watching.poll(watching.events())
    watching.clock.offset = 3 * HOUR
    assert "Nothing is due" in skipped(watching)
    assert leased(watching, watching.settings(base_scrape_interval_hours=1)) == watching.keys


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (-MINUTE, "0 s"),
        (timedelta(seconds=0.4), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (4 * MINUTE + timedelta(seconds=10), "4 min 10 s"),
        (3 * HOUR + 5 * MINUTE + timedelta(seconds=59), "3 h 5 min"),
        (2 * DAY + 4 * HOUR + 59 * MINUTE, "2 d 4 h"),
    ],
)
def test_waits_are_shown_in_two_units(wait: timedelta, text: str) -> None:
    assert show_wait(wait) == text
