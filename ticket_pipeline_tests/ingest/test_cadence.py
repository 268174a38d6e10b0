"""The cadence: bands read or refused, and the interval of each distance, in Python as in SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.ingest.cadence import Cadence
from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.values import read_cadence_bands
from ticket_pipeline.storage.attempts import BackOff
from ticket_pipeline.storage.schedule import reschedule_changed
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.ingest.loopback import STUBHUB, watched

if TYPE_CHECKING:
    from ticket_pipeline_tests.ingest.loopback import Loopback

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def default_cadence() -> Cadence:
    return build_cadence(Settings())


@pytest.mark.parametrize(
    ("time_to_event", "interval"),
    [
        (40 * DAY, 12 * HOUR),
        (30 * DAY, 12 * HOUR),
        (30 * DAY - SECOND, 4 * HOUR),
        (7 * DAY, 4 * HOUR),
        (7 * DAY - SECOND, HOUR),
        (DAY, HOUR),
        (DAY - SECOND, HOUR / 4),
        (SECOND, HOUR / 4),
        (timedelta(), None),
        (-DAY, None),
    ],
)
def test_the_default_bands_are_those_of_the_design(time_to_event: timedelta, interval: timedelta | None) -> None:
    assert default_cadence().interval(time_to_event) == interval


def test_the_sheets_interval_replaces_the_bands_until_the_event_starts() -> None:
    assert default_cadence().interval(40 * DAY, 5 * HOUR) == 5 * HOUR
    assert default_cadence().interval(timedelta(), 5 * HOUR) is None


@given(st.timedeltas(timedelta(minutes=1), 400 * DAY))
def test_every_upcoming_event_has_an_interval(time_to_event: timedelta) -> None:
    interval = default_cadence().interval(time_to_event)
    assert interval is not None
    assert HOUR / 4 <= interval <= 12 * HOUR


def test_the_sql_of_the_schedule_gives_the_same_intervals(loopback: Loopback) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    floors = [timedelta(), DAY, 7 * DAY, 30 * DAY]
    distances = [floor + step for floor in floors for step in (-SECOND, timedelta(), SECOND)] + [90 * DAY]
    own = {len(distances): 5 * HOUR, len(distances) + 1: 5 * HOUR}
    distances += [90 * DAY, -DAY]
    cadence = Cadence(7 * HOUR, read_cadence_bands("30d:1, 7d:1/3, 1d:0.1, 0d:1/48"))
    events = [
        watched(row, str(row), now + distance, poll_interval=own.get(row)) for row, distance in enumerate(distances)
    ]
    sync_watchlist(loopback.database, events, [], source="a test", this_moment=now, max_untrack_fraction=1)

    def reschedule() -> int:
        return reschedule_changed(
            loopback.database,
            STUBHUB,
            base_interval=cadence.base_interval,
            bands=cadence.bands,
            back_off=BackOff(timedelta(minutes=5), 6 * HOUR),
            this_moment=now,
        )

    reschedule()

    assert [loopback.schedule(str(row))["poll_interval"] for row in range(len(distances))] == [
        cadence.interval(distance, own.get(row)) for row, distance in enumerate(distances)
    ]
    assert reschedule() == 0
