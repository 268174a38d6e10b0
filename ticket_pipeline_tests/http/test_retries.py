"""When a fetch is retried, when it ends, and what becomes of its permits."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.errors import (
    MarketplaceError,
    RequestNotPermitted,
    TemporarilyUnavailable,
)
from ticket_pipeline.http.retries import RetryPolicy, RetryState
from ticket_pipeline.market.vocabulary import RawResponse
from ticket_pipeline_tests.http.wire import (
    THREE_TRIES,
    RecordingGate,
    fetch,
    hang,
    outcome,
    request_to,
    reset_after,
    response,
    serve_wire,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_temporary_problem_is_retried_until_it_is_over() -> None:
    found, heads = outcome(response(503), reset_after(b"HTT"), response(), policy=THREE_TRIES)
    assert isinstance(found, RawResponse)
    assert found.tries == len(heads) == 3


def test_tries_are_capped_and_the_last_error_is_raised() -> None:
    error, heads = outcome(response(500), response(502), response(503), policy=THREE_TRIES)
    assert isinstance(error, TemporarilyUnavailable)
    assert (error.status, error.tries, len(heads)) == (503, 3, 3)
    assert "try 3 of 3" in str(error)


@pytest.mark.parametrize("given", [response(401), response(404), response(400), response(200, b"")])
def test_a_lasting_error_is_not_retried(given: bytes) -> None:
    assert len(outcome(given, policy=THREE_TRIES)[1]) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_wait_beyond_the_time_left_ends_the_fetch_at_once_and_is_reported(status: int) -> None:
    error, heads = outcome(response(status, retry_after="3600"), policy=THREE_TRIES, clock=lambda: NOW)
    assert isinstance(error, MarketplaceError)
    assert (error.retry_after, len(heads)) == (HOUR, 1)


@pytest.mark.parametrize("asked", ["0", "soon"])
def test_a_wait_that_is_over_or_unreadable_leaves_the_usual_back_off(asked: str) -> None:
    assert len(outcome(response(429, retry_after=asked), response(), policy=THREE_TRIES)[1]) == 2


def test_the_time_from_the_first_request_is_capped() -> None:
    moments = iter([0.0, *[1000.0] * 10])
    error, heads = outcome(response(503), policy=THREE_TRIES, monotonic=lambda: next(moments))
    assert isinstance(error, TemporarilyUnavailable)
    assert len(heads) == 1


def _state(*, seconds: float = 0.0, **limits: float) -> RetryState:
    now = iter([0.0])
    policy = RetryPolicy(**limits)  # type: ignore[arg-type]  # only the float fields are given
    state = RetryState(policy, random.Random(1), lambda: next(now, seconds))  # noqa: S311 - a test
    state.begin_try()
    return state


def test_a_wait_of_the_server_is_kept_to_the_second() -> None:
    assert _state(jitter_seconds=0).next_wait(TemporarilyUnavailable("x", retry_after=timedelta(seconds=70))) == 70


def test_waits_double_up_to_the_longest_and_carry_jitter() -> None:
    state = _state(max_tries=9, first_wait_seconds=2, longest_wait_seconds=5, jitter_seconds=1, retry_seconds=1e9)
    waits = []
    for _ in range(4):
        waits.append(state.next_wait(TemporarilyUnavailable("x")) or 0.0)
        state.begin_try()
    for wait, floor in zip(waits, [2, 4, 5, 5], strict=True):
        assert floor <= wait <= floor + 1
    assert waits[2] != waits[3]


def test_a_later_try_ends_with_the_time_of_the_fetch() -> None:
    state = _state(seconds=100, request_seconds=60, retry_seconds=120)
    assert state.request_limit() == 60
    state.begin_try()
    assert state.request_limit() == 20


# --- permits --------------------------------------------------------------------------------------------------------


def test_every_try_has_its_own_permit_and_the_gate_is_notified_of_each_end() -> None:
    gate = RecordingGate()
    outcome(response(503), response(), policy=THREE_TRIES, gate=gate)
    assert gate.finished == [(1, "TemporarilyUnavailable"), (2, None)]


def test_a_cancelled_fetch_gives_its_permit_back() -> None:
    gate = RecordingGate()
    received = asyncio.Event()

    async def receive_then_hang(writer: asyncio.StreamWriter) -> None:
        received.set()
        await hang(writer)

    async def run() -> None:
        async with serve_wire(receive_then_hang) as server:
            task = asyncio.create_task(fetch(request_to(server.url), policy=THREE_TRIES, gate=gate))
            await received.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert (gate.acquired, gate.departed, gate.cancelled, gate.finished) == (1, 1, [1], [])


def test_nothing_is_sent_without_a_permit() -> None:
    class ClosedGate(RecordingGate):
        async def acquire(self) -> int:
            raise RequestNotPermitted("the breaker is open")

    gate = ClosedGate()
    error, heads = outcome(response(), policy=THREE_TRIES, gate=gate)
    assert isinstance(error, RequestNotPermitted)
    assert (heads, gate.finished, gate.cancelled) == ([], [], [])
