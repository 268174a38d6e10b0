"""Permission to send requests: budgets, spacing and requests in flight, on the real database."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import RateLimited, RequestNotPermitted, StorageError
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.requests import read_asked_wait, read_request_state, reset_breaker, set_up_budget
from ticket_pipeline_tests.storage.gates import (
    GRACE,
    HOLD,
    PATIENCE_SECONDS,
    SECOND,
    about,
    acquire,
    free,
    open_gate,
    pass_time,
    pause_of,
    record,
    rejected_for,
    release,
    send,
)
from ticket_pipeline_tests.storage.stored import DAY, EXAMPLES_SHARE_A_DATABASE, HOUR, MINUTE, STUBHUB, query


def test_no_more_requests_than_the_limit_until_a_window_after_the_first_response(budget: Database) -> None:
    send(budget, 4)
    assert rejected_for(budget) == about(MINUTE)
    pass_time(budget, MINUTE)
    send(budget, 4)


def test_a_window_is_counted_from_the_response_not_from_the_permit(budget: Database) -> None:
    permits = [acquire(budget) for _ in range(3)]
    pass_time(budget, 50 * SECOND)
    for permit in permits:
        release(budget, permit)
    send(budget)
    pass_time(budget, 30 * SECOND)  # a minute and more after the permits
    assert free(budget) == 0
    pass_time(budget, 30 * SECOND)
    assert free(budget) == 4


def test_requests_under_way_are_limited_and_a_response_makes_room(budget: Database) -> None:
    permits = [acquire(budget) for _ in range(3)]
    assert rejected_for(budget) == about(HOLD + GRACE)
    release(budget, permits[1])
    acquire(budget)


def test_a_request_without_a_response_makes_room_for_another_but_stays_in_the_budget(budget: Database) -> None:
    for _ in range(3):
        release(budget, acquire(budget), answered=False)
    send(budget)
    assert rejected_for(budget) == about(MINUTE)  # of the answered one; the others may arrive at the server yet
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


def test_the_strictest_of_several_windows_decides(budget: Database) -> None:
    set_up_budget(budget, STUBHUB, {MINUTE: 2, DAY: 5}, max_concurrent=9)
    for expected in (2, 2, 1):
        assert free(budget) == expected
        pass_time(budget, MINUTE)
    assert rejected_for(budget) == about(DAY - 3 * MINUTE)


def test_a_response_that_arrives_after_its_hold_counts_from_then(budget: Database) -> None:
    late = acquire(budget)
    pass_time(budget, HOLD + GRACE + MINUTE)
    release(budget, late)
    assert free(budget) == 3


def test_nobody_gets_a_permit_while_limits_change_and_of_those_who_wait_one_gets_the_last(budget: Database) -> None:
    set_up_budget(budget, STUBHUB, {MINUTE: 1}, max_concurrent=50)
    with ThreadPoolExecutor(4) as threads:
        with budget.transaction() as change:
            change.execute("requests/upsert_breaker", marketplace=STUBHUB)
            waiting = [threads.submit(free, budget) for _ in range(4)]
            while len(query(budget, "select 1 from pg_locks where not granted")) < len(waiting):
                assert not any(one.done() for one in waiting)
        assert sorted(one.result(PATIENCE_SECONDS) for one in waiting) == [0, 0, 0, 1]


def test_a_short_wait_is_waited_and_a_long_one_rejected(database: Database) -> None:
    set_up_budget(database, STUBHUB, {timedelta(milliseconds=80): 1}, max_concurrent=1)

    async def send_three() -> None:
        gate = open_gate(database, max_wait=10 * SECOND)
        for _ in range(3):
            await gate.finish(await gate.acquire(), None)
        await gate.flush()

    asyncio.run(send_three())
    set_up_budget(database, STUBHUB, {MINUTE: 1}, max_concurrent=1)
    send(database)
    with pytest.raises(RequestNotPermitted, match=r"budget is spent and has room again in (1 min 0 s|\d\d s)"):
        asyncio.run(open_gate(database, max_wait=10 * SECOND).acquire())


def test_a_permit_that_arrives_too_late_is_not_used(budget: Database) -> None:
    readings = iter([0.0, 0.0, 5.1, 6.0, 6.1])  # started; asked, and a process that stood still; asked again, arrived
    permit = asyncio.run(open_gate(budget, monotonic=lambda: next(readings)).acquire())
    (newest,) = query(budget, "select max(permit_id) as permit_id from request_slots")
    assert permit == newest["permit_id"]
    assert free(budget) == 2  # the late one counts in the budget all the same, and nobody is under way but the other


# --- changing limits ------------------------------------------------------------------------------------------------


def test_a_window_that_is_no_longer_limited_limits_no_more(budget: Database) -> None:
    send(budget, 4)
    set_up_budget(budget, STUBHUB, {SECOND: 10}, max_concurrent=3)
    assert free(budget) == 10


@EXAMPLES_SHARE_A_DATABASE
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
                    rejected_for(database)


# --- spacing --------------------------------------------------------------------------------------------------------


def test_requests_of_all_gates_keep_their_distance(budget: Database) -> None:
    acquire(budget, spacing=10 * SECOND)
    assert rejected_for(budget) == about(10 * SECOND)
    assert read_asked_wait(budget, STUBHUB) == (timedelta(), None)  # our own spacing is not the marketplace's wait
    pass_time(budget, 10 * SECOND)
    acquire(budget)


def test_requests_leave_one_after_the_other_whenever_they_were_permitted(budget: Database) -> None:
    acquire(budget)
    acquire(budget)
    gap = timedelta(seconds=10)
    rows = [row for _ in range(3) for row in budget.fetch_all("requests/depart", marketplace=STUBHUB, spacing=gap)]
    assert [row["wait"] for row in rows] == [timedelta(), about(gap), about(2 * gap)]
    assert rejected_for(budget) == about(3 * gap)  # nor is a later request permitted before it may leave


def test_a_process_that_learns_too_late_of_its_moment_takes_another(
    budget: Database, caplog: pytest.LogCaptureFixture
) -> None:
    moments = iter([0.0, 10.0, 10.0, 10.0])
    acquire(budget)
    gate = open_gate(budget, spacing=timedelta(milliseconds=1), monotonic=lambda: next(moments))
    with caplog.at_level(logging.DEBUG):
        asyncio.run(gate.depart())
    assert caplog.text.count("requests/depart: 1 rows") == 2


def test_the_wait_that_the_server_asked_for_spaces_every_process(budget: Database) -> None:
    record(budget, RateLimited("slow down", retry_after=30 * SECOND))
    assert rejected_for(budget) == about(30 * SECOND)
    record(budget, RateLimited("slow down", retry_after=10 * SECOND))  # the longer wait stays
    record(budget, RateLimited("slow down"))
    assert pause_of(budget) == about(5 * MINUTE)  # and three in a row open the breaker
    assert reset_breaker(budget, STUBHUB)  # a person ends the pause, and not what the server asked for
    assert rejected_for(budget) == about(30 * SECOND)
    assert not reset_breaker(budget, STUBHUB, force=True)
    acquire(budget)


def test_a_rejection_names_whose_limit_it_is(budget: Database) -> None:
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


# --- many at once ---------------------------------------------------------------------------------------------------


def test_many_requests_at_once_take_one_statement(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    set_up_budget(database, STUBHUB, {MINUTE: 100}, max_concurrent=20)

    async def run() -> list[int]:
        gate = open_gate(database, max_wait=10 * SECOND)

        async def send_two() -> list[int]:
            permits = []
            for _ in range(2):
                permits.append(await gate.acquire())
                await gate.finish(permits[-1], None)
            return permits

        sent = await asyncio.gather(*(send_two() for _ in range(20)))
        await gate.flush()
        return [permit for pair in sent for permit in pair]

    with caplog.at_level(logging.DEBUG, logger="ticket_pipeline.storage"):
        permits = asyncio.run(run())
    assert len(set(permits)) == 40
    statements = [record for record in caplog.records if "requests/" in record.getMessage()]
    assert len(statements) == 3  # twenty; the end of these and twenty more; the end of those
    under_way, minute = read_request_state(database, STUBHUB)
    assert (under_way["used"], minute["used"]) == (0, 40)


def test_of_many_at_once_no_more_than_the_limit_are_permitted(budget: Database) -> None:
    async def run() -> list[int | BaseException]:
        gate = open_gate(budget)
        return await asyncio.gather(*(gate.acquire() for _ in range(10)), return_exceptions=True)

    results = asyncio.run(run())
    assert [type(one) for one in results] == [int] * 3 + [RequestNotPermitted] * 7
    assert rejected_for(budget) == about(HOLD + GRACE)


def test_a_request_that_ends_makes_room_for_one_that_waits_here(budget: Database) -> None:
    async def run() -> int:
        gate = open_gate(budget, max_wait=10 * MINUTE)
        first = [await gate.acquire() for _ in range(3)]
        waiting = asyncio.create_task(gate.acquire())
        await asyncio.sleep(0)
        await gate.finish(first[0], None)
        return await waiting

    assert asyncio.run(run())


def test_an_ended_request_is_settled_soon_without_another_one(budget: Database) -> None:
    async def run() -> None:
        gate = open_gate(budget)
        await gate.finish(await gate.acquire(), None)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while read_request_state(budget, STUBHUB)[0]["used"]:  # noqa: ASYNC110 - the database sets no event
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_permit_that_nobody_waits_for_any_more_goes_back(budget: Database) -> None:
    async def run() -> None:
        gate = open_gate(budget)
        waiting = [asyncio.create_task(gate.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        for one in waiting[:2]:
            one.cancel()
        await waiting[2]
        await gate.flush()

    asyncio.run(run())
    assert read_request_state(budget, STUBHUB)[0]["used"] == 1


def test_without_a_budget_every_request_that_waits_is_rejected(database: Database) -> None:
    async def run() -> list[int | BaseException]:
        gate = open_gate(database)
        return await asyncio.gather(*(gate.acquire() for _ in range(3)), return_exceptions=True)

    results = asyncio.run(run())
    assert [type(one) for one in results] == [StorageError] * 3
    assert "no budget is set up for marketplace stubhub" in str(results[0])
