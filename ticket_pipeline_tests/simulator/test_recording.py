"""Counting requests at the server."""

from __future__ import annotations

from datetime import UTC, datetime

from ticket_pipeline.simulator.recording import RequestLog, RequestRecord


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
