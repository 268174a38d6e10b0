"""The breaker of a marketplace: when it opens, for how long, and what closes it, on the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RequestNotPermitted,
    RequestRejected,
    UnexpectedPayload,
)
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.requests import read_request_state, reset_breaker, set_up_budget
from ticket_pipeline_tests.storage.gates import (
    GRACE,
    HOLD,
    RULE,
    TIMEOUT,
    about,
    acquire,
    breaker,
    open_gate,
    pass_time,
    pause_of,
    record,
    rejected_for,
    send,
)
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, STUBHUB, empty, query


def open_breaker(database: Database) -> None:
    for _ in range(RULE.threshold):
        record(database, TIMEOUT)


def test_failures_in_a_row_open_the_breaker_with_a_reason(budget: Database) -> None:
    record(budget, TIMEOUT)
    record(budget, UnexpectedPayload("no JSON"))
    assert breaker(budget)["state"] == "closed"
    record(budget, TIMEOUT)
    assert breaker(budget)["state"] == "open"
    with pytest.raises(RequestNotPermitted, match=r"breaker is open for another \d min \d+ s: no answer within 60 s"):
        acquire(budget)
    assert rejected_for(budget) == about(5 * MINUTE)


@pytest.mark.parametrize(
    "response",
    [
        None,
        EventGone("unknown event", status=404),
        RequestRejected("moved", status=302),
        RequestRejected("wrong method", status=405),
    ],
)
def test_a_response_between_failures_resets_their_count(budget: Database, response: MarketplaceError | None) -> None:
    for error in (TIMEOUT, TIMEOUT, response, TIMEOUT, TIMEOUT):
        record(budget, error)
    assert breaker(budget)["state"] == "closed"


def test_a_request_that_was_never_sent_counts_neither_way(budget: Database) -> None:
    malformed = RequestRejected("not sent, the request is malformed")
    for error in (TIMEOUT, malformed, malformed, malformed, TIMEOUT):
        record(budget, error)
    assert (breaker(budget)["state"], breaker(budget)["consecutive_failures"]) == ("closed", 2)


def test_after_the_pause_one_request_at_a_time_may_probe(budget: Database) -> None:
    open_breaker(budget)
    pass_time(budget, 5 * MINUTE)
    acquire(budget)
    assert breaker(budget)["state"] == "half_open"
    assert rejected_for(budget) == about(HOLD + GRACE)
    pass_time(budget, HOLD + GRACE)  # its process died
    acquire(budget)


def test_a_probe_with_a_response_closes_the_breaker(budget: Database) -> None:
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


def test_a_block_opens_at_once_and_for_long(budget: Database) -> None:
    record(budget, Blocked("403: log in again", status=403))
    assert pause_of(budget) == about(DAY)
    with pytest.raises(RequestNotPermitted, match=r"another 2[34] h .*403: log in again"):
        acquire(budget)


def test_responses_to_requests_sent_before_it_opened_change_nothing(budget: Database) -> None:
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


def test_a_block_during_a_short_pause_makes_it_long_and_its_reason_is_cut(budget: Database) -> None:
    open_breaker(budget)
    record(budget, Blocked("word " * 2_000))
    assert pause_of(budget) == about(DAY)
    assert breaker(budget)["reason"] == "word " * 99 + "…"


def test_unreadable_responses_open_the_breaker_and_double_its_pauses_until_one_is_read(budget: Database) -> None:
    gate = open_gate(budget)
    for _ in range(RULE.threshold):
        assert breaker(budget)["state"] == "closed"
        record(budget, None)
        gate.record_unread("no price in it")
    assert (breaker(budget)["state"], breaker(budget)["reason"]) == ("open", "no price in it")
    assert pause_of(budget) == about(5 * MINUTE)
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
    assert reset_breaker(budget, STUBHUB)
    gate.record_unread("no price in it")
    assert breaker(budget)["state"] == "closed"  # a reset also ends the count of unreadable responses


def test_a_person_resets_the_breaker(budget: Database) -> None:
    record(budget, Blocked("log in again"))
    assert reset_breaker(budget, STUBHUB)
    acquire(budget)
    assert not reset_breaker(budget, STUBHUB)
    empty(budget)
    assert not reset_breaker(budget, STUBHUB)


def test_the_state_shows_what_is_used_and_when_there_is_room(budget: Database) -> None:
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
