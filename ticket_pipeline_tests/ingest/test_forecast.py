"""A plan equals what the schedule will do: checked against a clock that ticks minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.ingest.cadence import BANDS, Cadence
from ticket_pipeline.ingest.forecast import Forecast, PlannedEvent, forecast_polls, poisson_quantile

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVEN = ((timedelta(), 1.0),)
OTHERS = ((14 * DAY, 1.0), (2 * DAY, 1 / 2), (6 * HOUR, 1 / 4), (timedelta(), 1 / 60))


def tick_by_tick(event: PlannedEvent, cadence: Cadence, days: int) -> list[datetime]:
    """The polls of one event as the sensor makes them: at every minute the interval that holds is applied."""
    polls: list[datetime] = []
    anchor: datetime | None = None
    due = event.due_at
    for number in range(days * 24 * 60):
        now = START + number * MINUTE
        interval = cadence.interval(event.event_at - now, event.own_interval)
        if interval is None:
            break
        if anchor is not None:
            due = anchor + interval
        if due <= now:
            polls.append(now)
            anchor = now
    return polls


@given(
    hours_to_event=st.integers(1, 60 * 24),
    due_in_minutes=st.integers(-600, 2000),
    base_hours=st.sampled_from([4, 12, 24]),  # their shares are whole minutes, as the ticks are
    own_hours=st.none() | st.integers(1, 48),
    bands=st.sampled_from([BANDS, EVEN, OTHERS]),
)
def test_a_plan_equals_the_schedule_ticked_minute_by_minute(
    hours_to_event: int,
    due_in_minutes: int,
    base_hours: int,
    own_hours: int | None,
    bands: tuple[tuple[timedelta, float], ...],
) -> None:
    cadence = Cadence(base_hours * HOUR, bands)
    event = PlannedEvent(
        START + hours_to_event * HOUR,
        START + due_in_minutes * MINUTE,
        None if own_hours is None else own_hours * HOUR,
    )
    forecast = forecast_polls([event], cadence, start=START, days=10)
    ticked = tick_by_tick(event, cadence, 10)
    # A band begins between two ticks here and there: each may move one poll over a boundary, or at the end.
    bands_crossed = len(cadence.bands)
    assert abs(sum(forecast.by_day) - len(ticked)) <= bands_crossed
    per_day = [sum((poll - START) // DAY == day for poll in ticked) for day in range(10)]
    assert max(abs(a - b) for a, b in zip(forecast.by_day, per_day, strict=True)) <= bands_crossed


def test_polls_of_all_events_are_counted_day_by_day_and_in_the_busiest_hour() -> None:
    cadence = Cadence(12 * HOUR)
    far = [PlannedEvent(START + 60 * DAY, START + n * MINUTE) for n in range(10)]
    own = PlannedEvent(START + 60 * DAY, START + 5 * HOUR, own_interval=HOUR / 2)
    forecast = forecast_polls([*far, own], cadence, start=START, days=2)
    assert forecast.by_day == (20 + 38, 20 + 48)
    assert (forecast.busiest_day, forecast.busiest_hour) == (68, 12)
    assert forecast.busiest_hour_at == START + 12 * HOUR


def test_a_poll_that_finds_a_kept_answer_young_enough_is_no_request() -> None:
    cadence = Cadence(12 * HOUR)
    own = PlannedEvent(START + 60 * DAY, START, own_interval=HOUR / 4)
    for kept_for, per_hour in ((HOUR / 4, 4), (HOUR / 2, 2), (HOUR * 0.7, 4 / 3)):
        forecast = forecast_polls([own, own], cadence, start=START, days=2, kept_for=kept_for)
        assert forecast.by_day == (2 * 24 * per_hour, 2 * 24 * per_hour)


def test_an_event_that_is_over_or_none_at_all_is_no_poll() -> None:
    cadence = Cadence(12 * HOUR)
    over = PlannedEvent(START - HOUR, START - DAY)
    for events in ([], [over]):
        forecast = forecast_polls(events, cadence, start=START, days=3)
        assert (forecast.by_day, forecast.busiest_hour_at, forecast.busiest_hour) == ((0, 0, 0), None, 0)
        assert forecast.busy_minute() == 0


@pytest.mark.parametrize(
    ("mean", "probability", "expected"),
    [(0, 0.999, 0), (1, 0.5, 1), (1, 0.999, 5), (10, 0.95, 15), (100, 0.999, 132), (2000, 0.5, 2000)],
)
def test_the_poisson_quantile_equals_the_published_tables(mean: float, probability: float, expected: int) -> None:
    assert poisson_quantile(mean, probability) == expected


def test_a_busy_minute_is_rarer_than_one_in_a_thousand() -> None:
    assert Forecast((60,), START, 60).busy_minute() == poisson_quantile(1.0, 0.999)
