"""Gates and breakers on the real database, for the tests of both.

Time passes by moving what is stored into the past: the gate's only clock is the database's own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from ticket_pipeline.errors import (
    MarketplaceError,
    RequestNotPermitted,
    RequestRejected,
    TemporarilyUnavailable,
)
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.request_gate import BreakerRule, PostgresGate
from ticket_pipeline.storage.requests import Spacing
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, STUBHUB, query

PATIENCE_SECONDS = 60.0
SECOND = timedelta(seconds=1)
HOLD = 60 * SECOND
GRACE = 5 * SECOND  # a permit that is older when it arrives is not used; holds are longer by as much
NO_SPACING = timedelta()
RULE = BreakerRule(threshold=3, pause=5 * MINUTE, max_pause=HOUR, blocked_pause=DAY)
TIMEOUT = TemporarilyUnavailable("no answer within 60 s", is_timeout=True)


def open_gate(
    database: Database,
    *,
    spacing: timedelta = NO_SPACING,
    max_wait: timedelta = NO_SPACING,
    monotonic: Callable[[], float] = lambda: 0.0,
) -> PostgresGate:
    """A gate that rejects instead of waiting, by default."""
    return PostgresGate(
        database,
        STUBHUB,
        spacing=Spacing(spacing.total_seconds(), spacing.total_seconds(), Random()),  # noqa: S311 - spacing
        hold=HOLD,
        max_wait=max_wait,
        rule=RULE,
        monotonic=monotonic,
    )


def acquire(database: Database, *, spacing: timedelta = NO_SPACING) -> int:
    """Take one permit, without waiting."""
    return asyncio.run(open_gate(database, spacing=spacing).acquire())


def release(database: Database, permit: int, *, answered: bool = True) -> None:
    """Give a permit back without a verdict on the marketplace."""

    async def give_back() -> None:
        gate = open_gate(database)
        await (gate.finish(permit, RequestRejected("never sent")) if answered else gate.cancel(permit))
        await gate.flush()

    asyncio.run(give_back())


def record(database: Database, error: MarketplaceError | None) -> None:
    """End a request like this."""

    async def end() -> None:
        gate = open_gate(database)
        await gate.finish(0, error)
        await gate.flush()

    asyncio.run(end())


def rejected_for(database: Database) -> timedelta:
    """How long a rejected request has to wait."""
    with pytest.raises(RequestNotPermitted) as caught:
        acquire(database)
    assert caught.value.available_in is not None
    return caught.value.available_in


def send(database: Database, number: int = 1) -> None:
    """Send so many requests, one after the other."""
    for _ in range(number):
        release(database, acquire(database))


def free(database: Database) -> int:
    """How many requests could be sent now, one after the other; they are sent."""
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
    (row,) = query(database, "select * from breaker_state")
    return row


def pause_of(database: Database) -> timedelta:
    """How long the open breaker still is, as of the database's clock."""
    (row,) = query(database, "select open_until - clock_timestamp() as pause from breaker_state")
    pause: timedelta = row["pause"]
    return pause


class Since:
    """When the test began, in monotonic seconds; the fixture `budget` notes it."""

    began = 0.0


def about(span: timedelta) -> object:
    """Equal to a time that is shorter by no more than what the test has taken so far, and two seconds."""
    slack = SECOND + timedelta(seconds=time.monotonic() - Since.began) / 2
    return pytest.approx(span - slack, abs=slack)
