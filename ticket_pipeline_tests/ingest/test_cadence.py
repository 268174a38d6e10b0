"""The cadence: the interval at each distance from the event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.settings.model import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


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
    assert build_cadence(Settings()).interval(time_to_event) == interval


def test_the_sheets_interval_replaces_the_bands_until_the_event_starts() -> None:
    assert build_cadence(Settings()).interval(40 * DAY, 5 * HOUR) == 5 * HOUR
    assert build_cadence(Settings()).interval(timedelta(), 5 * HOUR) is None
