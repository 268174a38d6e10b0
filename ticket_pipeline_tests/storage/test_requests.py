"""Permission to send requests: budgets, spacing, requests under way and the breaker, on the real database.

Time passes by moving what is stored into the past: the gate's only clock is the database's own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RateLimited,
    RequestNotPermitted,
    RequestRejected,
    StorageError,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.storage.requests import (
    BreakerRule,
    Permit,
    PostgresGate,
    read_asked_wait,
    read_request_state,
    reset_breaker,
    set_up_budget,
)
from ticket_pipeline_tests.storage.stored import DAY, EXAMPLES_SHARE_A_DATABASE, HOUR, MINUTE, STUBHUB, query

if TYPE_CHECKING:
    from collections.abc import Callable

    from ticket_pipeline.storage.database import Database, Row

PATIENCE_SECONDS = 60.0
SECOND = timedelta(seconds=1)
HOLD = 60 * SECOND
GRACE = 5 * SECOND  # a permit that is older when it arrives is not used; holds are longer by as much
NO_SPACING = timedelta()
RULE = BreakerRule(threshold=3, pause=5 * MINUTE, max_pause=HOUR, blocked_pause=DAY)
TIMEOUT = TemporarilyUnavailable("no answer within 60 s", is_timeout=True)


@pytest.fixture
def budget(database: Database) -> Database:
    """A database where StubHub may be sent 4 requests in any minute, 3 at once."""
    set_up_budget(database, STUBHUB, {MINUTE: 4}, max_concurrent=3)
    return database


def open_gate(
    database: Database,
    *,
    spacing: timedelta = NO_SPACING,
    max_wait: timedelta = NO_SPACING,
    monotonic: Callable[[], float] = lambda: 0.0,
) -> PostgresGate:
    """A gate that refuses instead of waiting, unless told otherwise."""
    return PostgresGate(
        database,
        STUBHUB,
        draw_spacing=spacing.total_seconds,
        hold=HOLD,
        max_wait=max_wait,
        rule=RULE,
        monotonic=monotonic,
    )


def acquire(database: Database, *, spacing: timedelta = NO_SPACING) -> Permit:
    """Ask for one permit, without waiting."""
    return asyncio.run(open_gate(database, spacing=spacing).acquire())


def release(database: Database, permit: Permit, *, answered: bool = True) -> None:
    """Give a permit back."""
    asyncio.run(open_gate(database).release(permit, answered=answered))


def record(database: Database, error: MarketplaceError | None) -> None:
    """Tell the breaker."""
    asyncio.run(open_gate(database).record(error))


def refused_for(database: Database) -> timedelta:
    """How long a refused request is told to stay away."""
    with pytest.raises(RequestNotPermitted) as caught:
        acquire(database)
    assert caught.value.available_in is not None
    return caught.value.available_in


def send(database: Database, number: int = 1) -> None:
    """So many requests, one after the other, each answered at once."""
    for _ in range(number):
        release(database, acquire(database))


def free(database: Database) -> int:
    """How many requests could be sent now, one after the other, each answered; they are sent."""
    sent = 0
    while True:
        try:
            send(database)
        except RequestNotPermitted:
            return sent
        sent += 1


def pass_time(database: Database, span: timedelta) -> None:
    """Make everything that is stored about requests older."""
    with database.transaction() as transaction:
        transaction.connection.execute("update request_slots set busy_until = busy_until - %s", [span])
        transaction.connection.execute(
            "update breaker_state set open_until = open_until - %(span)s, next_request_at = next_request_at - %(span)s,"
            " asked_until = asked_until - %(span)s",
            {"span": span},
        )


def breaker(database: Database) -> Row:
    """The state of the breaker."""
    (row,) = query(database, "select * from breaker_state")
    return row


def pause_of(database: Database) -> timedelta:
    """How long the open breaker still is, as of the database's clock."""
    (row,) = query(database, "select open_until - clock_timestamp() as pause from breaker_state")
    pause: timedelta = row["pause"]
    return pause


class _Since:
    """When the test began, in monotonic seconds."""

    began = 0.0


@pytest.fixture(autouse=True)
def _begun() -> None:
    _Since.began = time.monotonic()


def about(span: timedelta) -> object:
    """Equal to a time that is shorter by no more than what the test has taken so far, however long, and two seconds."""
    slack = SECOND + timedelta(seconds=time.monotonic() - _Since.began) / 2
    return pytest.approx(span - slack, abs=slack)


# --- budgets --------------------------------------------------------------------------------------------------------


def test_no_more_requests_than_the_limit_until_a_window_after_the_first_answer(budget: Database) -> None:
    send(budget, 4)
    assert refused_for(budget) == about(MINUTE)
    pass_time(budget, MINUTE)
    send(budget, 4)


def test_a_window_is_counted_from_the_answer_not_from_the_permit(budget: Database) -> None:
    permits = [acquire(budget) for _ in range(3)]
    pass_time(budget, 50 * SECOND)
    for permit in permits:
        release(budget, permit)
    send(budget)
    pass_time(budget, 30 * SECOND)  # a minute and more after the permits
    assert free(budget) == 0
    pass_time(budget, 30 * SECOND)
    assert free(budget) == 4


def test_requests_under_way_are_limited_and_an_answer_makes_room(budget: Database) -> None:
    permits = [acquire(budget) for _ in range(3)]
    assert refused_for(budget) == about(HOLD + GRACE)
    release(budget, permits[1])
    acquire(budget)


def test_a_request_without_an_answer_makes_room_for_another_but_stays_in_the_budget(budget: Database) -> None:
    for _ in range(3):
        release(budget, acquire(budget), answered=False)
    send(budget)
    assert refused_for(budget) == about(MINUTE)  # of the answered one; the others may arrive at the server yet
    pass_time(budget, MINUTE)
    assert free(budget) == 1
    pass_time(budget, HOLD + GRACE)
    assert free(budget) == 4


def test_the_places_of_a_process_that_died_come_back(budget: Database) -> None:
    for _ in range(3):
        acquire(budget)
    pass_time(budget, HOLD + GRACE)
    assert free(budget) == 1  # nobody is under way any more, but the server may have seen three just now
    pass_time(budget, MINUTE)
    assert free(budget) == 4


def test_the_strictest_of_several_windows_decides(database: Database) -> None:
    set_up_budget(database, STUBHUB, {MINUTE: 2, DAY: 5}, max_concurrent=9)
    assert free(database) == 2
    pass_time(database, MINUTE)
    assert free(database) == 2
    pass_time(database, MINUTE)
    assert free(database) == 1
    assert refused_for(database) == about(DAY - 2 * MINUTE)


def test_an_answer_that_comes_after_its_hold_counts_from_then(budget: Database) -> None:
    late = acquire(budget)
    pass_time(budget, HOLD + GRACE + MINUTE)
    release(budget, late)
    assert free(budget) == 3


def test_releasing_late_or_twice_frees_nobody_elses_place(database: Database) -> None:
    set_up_budget(database, STUBHUB, {MINUTE: 1}, max_concurrent=1)
    lost = acquire(database)
    pass_time(database, HOLD + GRACE + MINUTE)
    acquire(database)  # takes the place
    for _ in range(2):
        release(database, lost)
    assert refused_for(database) == about(HOLD + GRACE + MINUTE)


def test_threads_that_ask_at_once_get_no_more_than_the_limit(database: Database) -> None:
    set_up_budget(database, STUBHUB, {MINUTE: 5}, max_concurrent=50)
    barrier = threading.Barrier(6)

    def ask(_: int) -> int:
        barrier.wait(PATIENCE_SECONDS)
        return free(database)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(ask, range(6))) == 5


def test_those_who_queue_for_the_last_place_get_it_once(database: Database) -> None:
    set_up_budget(database, STUBHUB, {MINUTE: 1}, max_concurrent=50)
    with ThreadPoolExecutor(4) as threads:
        with database.transaction() as queue_head:
            queue_head.execute("requests/upsert_breaker", marketplace=STUBHUB)
            asked = [threads.submit(free, database) for _ in range(4)]
            while len(query(database, "select 1 from pg_locks where not granted")) < len(asked):
                assert not any(one.done() for one in asked)
        assert sorted(one.result(PATIENCE_SECONDS) for one in asked) == [0, 0, 0, 1]


def test_a_marketplace_without_a_budget_is_asked_nothing(database: Database) -> None:
    with pytest.raises(StorageError, match="no budget is set up for marketplace stubhub"):
        acquire(database)


def test_a_short_wait_is_waited_and_a_long_one_refused(database: Database) -> None:
    set_up_budget(database, STUBHUB, {timedelta(milliseconds=80): 1}, max_concurrent=1)

    async def send_three() -> None:
        gate = open_gate(database, max_wait=10 * SECOND)
        for _ in range(3):
            await gate.release(await gate.acquire(), answered=True)

    asyncio.run(send_three())
    set_up_budget(database, STUBHUB, {MINUTE: 1}, max_concurrent=1)
    send(database)
    with pytest.raises(RequestNotPermitted, match=r"budget is spent and has room again in (1 min 0 s|\d\d s)"):
        asyncio.run(open_gate(database, max_wait=10 * SECOND).acquire())


def test_a_permit_that_arrives_too_late_is_not_used(budget: Database) -> None:
    readings = iter([0.0, 0.0, 5.1, 6.0, 6.1])  # started; asked, and a process that stood still; asked again, arrived
    permit = asyncio.run(open_gate(budget, monotonic=lambda: next(readings)).acquire())
    (newest,) = query(budget, "select max(permit_id) as permit_id from request_slots")
    assert permit.permit_id == newest["permit_id"]
    assert free(budget) == 2  # the late one counts in the budget all the same, and nobody is under way but the other


# --- changing limits ------------------------------------------------------------------------------------------------


def test_setting_up_again_forgets_nothing(budget: Database) -> None:
    send(budget, 3)
    set_up_budget(budget, STUBHUB, {MINUTE: 4}, max_concurrent=3)
    assert free(budget) == 1


def test_a_raised_limit_gives_the_difference_and_a_lowered_one_takes_it(budget: Database) -> None:
    send(budget, 3)
    set_up_budget(budget, STUBHUB, {MINUTE: 6}, max_concurrent=3)
    assert free(budget) == 3
    pass_time(budget, MINUTE)
    set_up_budget(budget, STUBHUB, {MINUTE: 2}, max_concurrent=3)
    assert free(budget) == 2


def test_what_was_sent_under_a_higher_limit_counts_under_the_lower_one(budget: Database) -> None:
    send(budget, 2)
    pass_time(budget, 30 * SECOND)
    send(budget, 1)
    set_up_budget(budget, STUBHUB, {MINUTE: 1}, max_concurrent=3)
    pass_time(budget, 30 * SECOND)
    assert refused_for(budget) == about(30 * SECOND)
    set_up_budget(budget, STUBHUB, {MINUTE: 3}, max_concurrent=3)
    assert free(budget) == 2


def test_a_window_that_is_no_longer_limited_limits_no_more(budget: Database) -> None:
    send(budget, 4)
    set_up_budget(budget, STUBHUB, {SECOND: 10}, max_concurrent=3)
    assert free(budget) == 10


@settings(EXAMPLES_SHARE_A_DATABASE, max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("limit"), st.integers(1, 6)),
            st.tuples(st.just("send"), st.integers(1, 4)),
            st.tuples(st.just("pass"), st.sampled_from([1, 30, 59, 61])),
        ),
        max_size=12,
    )
)
def test_however_limits_change_no_request_is_sent_that_the_limit_of_its_moment_forbids(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    with database.connection() as connection:
        connection.execute("truncate breaker_state cascade")
    limit, clock = 3, 0  # in minutes: so long an example does not take by itself
    set_up_budget(database, STUBHUB, {HOUR: limit}, max_concurrent=9)
    sent: list[int] = []
    for kind, number in steps:
        if kind == "limit":
            limit = number
            set_up_budget(database, STUBHUB, {HOUR: limit}, max_concurrent=9)
        elif kind == "pass":
            clock += number
            pass_time(database, number * MINUTE)
        else:
            for _ in range(number):
                in_window = sum(moment > clock - 60 for moment in sent)
                if in_window < limit:
                    send(database)
                    sent.append(clock)
                else:
                    refused_for(database)


def test_nobody_gets_a_permit_while_limits_change(budget: Database) -> None:
    with ThreadPoolExecutor(1) as threads:
        with budget.transaction() as change:
            change.execute("requests/upsert_breaker", marketplace=STUBHUB)
            asked = threads.submit(acquire, budget)
            while not query(budget, "select 1 from pg_locks where not granted"):
                assert not asked.done()
        assert asked.result(PATIENCE_SECONDS).permit_id


# --- spacing --------------------------------------------------------------------------------------------------------


def test_requests_of_all_gates_keep_their_distance(budget: Database) -> None:
    acquire(budget, spacing=10 * SECOND)
    assert refused_for(budget) == about(10 * SECOND)
    pass_time(budget, 10 * SECOND)
    acquire(budget)


def test_what_the_server_asked_for_spaces_every_process(budget: Database) -> None:
    record(budget, RateLimited("slow down", retry_after=30 * SECOND))
    assert refused_for(budget) == about(30 * SECOND)
    record(budget, RateLimited("slow down", retry_after=10 * SECOND))  # the longer wait stays
    record(budget, RateLimited("slow down"))
    assert pause_of(budget) == about(5 * MINUTE)  # and three in a row open the breaker
    assert reset_breaker(budget, STUBHUB)  # a person ends the pause, and not what the server asked for
    assert refused_for(budget) == about(30 * SECOND)
    assert not reset_breaker(budget, STUBHUB, force=True)
    acquire(budget)


def test_a_refusal_says_whose_limit_it_is(budget: Database) -> None:
    record(budget, RateLimited("slow down", retry_after=30 * SECOND))
    asked = read_asked_wait(budget, STUBHUB)
    assert asked[0] == about(30 * SECOND)
    assert asked[1] is not None
    with pytest.raises(RequestNotPermitted, match=f"it asked to wait until {asked[1]:%Y-%m-%d %H:%M} UTC, another "):
        acquire(budget)
    pass_time(budget, 30 * SECOND)
    assert read_asked_wait(budget, STUBHUB) == (timedelta(), None)
    send(budget, 4)
    with pytest.raises(RequestNotPermitted, match="its request budget is spent"):
        acquire(budget)
    record(budget, RateLimited("slow down", retry_after=10 * SECOND))  # our own budget lets nothing go for longer
    with pytest.raises(RequestNotPermitted, match="its request budget is spent"):
        acquire(budget)


def test_spacing_is_no_wish_of_the_marketplace(budget: Database) -> None:
    acquire(budget, spacing=10 * SECOND)
    assert read_asked_wait(budget, STUBHUB) == (timedelta(), None)


# --- the breaker ----------------------------------------------------------------------------------------------------


def open_breaker(database: Database) -> None:
    """Fail often enough."""
    for _ in range(RULE.threshold):
        record(database, TIMEOUT)


def test_failures_in_a_row_open_the_breaker_and_it_says_why(budget: Database) -> None:
    record(budget, TIMEOUT)
    record(budget, UnexpectedPayload("no JSON"))
    assert breaker(budget)["state"] == "closed"
    record(budget, TIMEOUT)
    assert breaker(budget)["state"] == "open"
    with pytest.raises(RequestNotPermitted, match=r"breaker is open for another \d min \d+ s: no answer within 60 s"):
        acquire(budget)
    assert refused_for(budget) == about(5 * MINUTE)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        EventGone("unknown event", status=404),
        RequestRejected("moved", status=302),
        RequestRejected("wrong method", status=405),
    ],
)
def test_an_answer_between_failures_forgets_them(budget: Database, answer: MarketplaceError | None) -> None:
    for error in (TIMEOUT, TIMEOUT, answer, TIMEOUT, TIMEOUT):
        record(budget, error)
    assert breaker(budget)["state"] == "closed"


def test_what_was_never_sent_says_nothing_about_the_marketplace(budget: Database) -> None:
    malformed = RequestRejected("not sent, the request is malformed")
    for error in (TIMEOUT, malformed, malformed, malformed, TIMEOUT):
        record(budget, error)
    assert (breaker(budget)["state"], breaker(budget)["consecutive_failures"]) == ("closed", 2)


def test_after_the_pause_one_request_may_probe_and_nobody_else(budget: Database) -> None:
    open_breaker(budget)
    pass_time(budget, 5 * MINUTE)
    acquire(budget)
    assert breaker(budget)["state"] == "half_open"
    assert refused_for(budget) == about(HOLD + GRACE)


def test_a_probe_that_is_answered_closes_the_breaker(budget: Database) -> None:
    open_breaker(budget)
    pass_time(budget, 5 * MINUTE)
    send(budget)
    record(budget, None)
    row = breaker(budget)
    assert (row["state"], row["reason"], row["opened_at"], row["consecutive_openings"]) == ("closed", None, None, 0)
    acquire(budget)


def test_pauses_double_with_each_failed_probe_up_to_the_longest(budget: Database) -> None:
    open_breaker(budget)
    opened_at = breaker(budget)["opened_at"]
    pauses = [pause_of(budget)]
    for _ in range(5):
        pass_time(budget, HOUR)
        send(budget)
        record(budget, TIMEOUT)
        pauses.append(pause_of(budget))
    assert pauses == [about(minutes * MINUTE) for minutes in (5, 10, 20, 40, 60, 60)]
    assert breaker(budget)["opened_at"] == opened_at


def test_a_probe_that_nobody_tells_about_is_followed_by_another(budget: Database) -> None:
    open_breaker(budget)
    pass_time(budget, 5 * MINUTE)
    acquire(budget)
    pass_time(budget, HOLD + GRACE)
    acquire(budget)


def test_a_block_opens_at_once_and_for_long(budget: Database) -> None:
    record(budget, Blocked("403: log in again", status=403))
    assert pause_of(budget) == about(DAY)
    with pytest.raises(RequestNotPermitted, match=r"another 2[34] h .*403: log in again"):
        acquire(budget)


def test_answers_to_requests_sent_before_it_opened_change_nothing(budget: Database) -> None:
    record(budget, Blocked("403: log in again", status=403))
    before = breaker(budget)
    for late in (None, TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT):
        record(budget, late)
    after = breaker(budget)
    for name in ("state", "reason", "opened_at", "open_until", "consecutive_openings"):
        assert after[name] == before[name]


def test_requests_that_fail_together_open_the_breaker_once(budget: Database) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: record(budget, TIMEOUT), range(12)))
    row = breaker(budget)
    assert (row["state"], row["consecutive_failures"], row["consecutive_openings"]) == ("open", 12, 1)
    assert pause_of(budget) == about(5 * MINUTE)


def test_a_block_during_a_short_pause_makes_it_long(budget: Database) -> None:
    open_breaker(budget)
    record(budget, Blocked("log in again"))
    assert pause_of(budget) == about(DAY)
    assert breaker(budget)["reason"] == "log in again"


def test_answers_that_cannot_be_read_open_the_breaker_though_their_requests_went_well(budget: Database) -> None:
    for _ in range(RULE.threshold):
        assert breaker(budget)["state"] == "closed"
        record(budget, None)
        open_gate(budget).record_unread("no price in it")
    assert (breaker(budget)["state"], breaker(budget)["reason"]) == ("open", "no price in it")
    assert pause_of(budget) == about(5 * MINUTE)


def test_while_answers_stay_unreadable_pauses_double_and_one_that_is_read_forgets_them(budget: Database) -> None:
    gate = open_gate(budget)
    for _ in range(RULE.threshold):
        gate.record_unread("no price in it")
    pass_time(budget, HOUR)
    send(budget)
    record(budget, None)
    assert breaker(budget)["state"] == "closed"
    gate.record_unread("no price in it")
    assert pause_of(budget) == about(10 * MINUTE)
    pass_time(budget, HOUR)
    send(budget)
    record(budget, None)
    gate.record_read()
    for _ in range(RULE.threshold):
        assert breaker(budget)["state"] == "closed"
        gate.record_unread("no price in it")
    assert pause_of(budget) == about(5 * MINUTE)


def test_a_person_who_closes_the_breaker_forgets_unreadable_answers_too(budget: Database) -> None:
    for _ in range(RULE.threshold):
        open_gate(budget).record_unread("no price in it")
    assert reset_breaker(budget, STUBHUB)
    open_gate(budget).record_unread("no price in it")
    assert breaker(budget)["state"] == "closed"


def test_a_person_closes_the_breaker(budget: Database) -> None:
    record(budget, Blocked("log in again"))
    assert reset_breaker(budget, STUBHUB)
    acquire(budget)
    assert not reset_breaker(budget, STUBHUB)
    with budget.connection() as connection:
        connection.execute("truncate breaker_state cascade")
    assert not reset_breaker(budget, STUBHUB)


def test_a_reason_is_cut_to_what_a_person_reads(budget: Database) -> None:
    record(budget, Blocked("x" * 10_000))
    assert breaker(budget)["reason"] == "x" * 500


def test_the_state_says_what_is_used_and_when_there_is_room(budget: Database) -> None:
    acquire(budget)
    send(budget, 3)
    under_way, minute = read_request_state(budget, STUBHUB)
    assert (under_way["budget_window"], under_way["max_requests"], under_way["used"]) == (timedelta(), 3, 1)
    assert (minute["budget_window"], minute["max_requests"], minute["used"]) == (MINUTE, 4, 4)
    set_up_budget(budget, STUBHUB, {MINUTE: 2}, max_concurrent=3)
    _, lowered = read_request_state(budget)
    text = "select busy_until from request_slots where budget_window > interval '0' order by busy_until"
    ends = [row["busy_until"] for row in query(budget, text)]
    assert lowered["next_free_at"] == ends[2]  # two more must end before one of two is free
