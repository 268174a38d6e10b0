"""Counting requests at the server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ticket_pipeline.simulator.recording import RecordedApp, RequestLog, RequestRecord

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def _log(*spans: tuple[float, float | None]) -> RequestLog:
    log = RequestLog()
    for begin, end in spans:
        log.add(RequestRecord(datetime(2026, 1, 1, tzinfo=UTC), begin, end, "GET", "/", "1", (), None, 200))
    return log


def test_the_busiest_window_is_half_open() -> None:
    assert _log((0, 1), (30, 31), (60, 61)).busiest_window(60) == 2
    assert _log((0, 1), (30, 31), (59.9, 61)).busiest_window(60) == 3
    assert _log().busiest_window(60) == 0


def test_requests_that_only_touch_are_not_at_once() -> None:
    assert _log((0, 1), (1, 2)).most_at_once() == 1
    assert _log((0, 1), (0.5, 2), (0.7, None)).most_at_once() == 3


def test_records_can_be_asked_for_one_event_and_cleared() -> None:
    log = _log((0, 1))
    assert len(log.records("1")) == 1
    assert log.records("2") == []
    log.clear()
    assert log.records() == []


class _Wire:
    """A connection, as far as a record needs it."""

    def __init__(self) -> None:
        self.is_cut = False

    def is_closing(self) -> bool:
        """Whether the client has hung up."""
        return self.is_cut


def test_a_request_whose_client_left_is_over_before_the_next_although_its_task_was_not_told_yet() -> None:
    async def hang(_: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def run() -> RequestLog:
        log, left = RequestLog(), _Wire()
        app: Any = RecordedApp(hang, log=log, clock=lambda: datetime.now(UTC), external_id_of=lambda _: "1")
        tasks = []
        for wire in (left, _Wire()):
            scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "state": {"transport": wire}}
            tasks.append(asyncio.create_task(app(scope, None, None)))
            await asyncio.sleep(0)
            left.is_cut = True
        assert [record.finished_monotonic is None for record in log.records()] == [False, True]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return log

    assert asyncio.run(run()).most_at_once() == 1
