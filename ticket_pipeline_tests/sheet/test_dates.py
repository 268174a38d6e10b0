"""Local dates: every usual spelling, and no guess where there are two readings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.sheet.cells import CellProblem
from ticket_pipeline.sheet.dates import LocalTime, parse_local_time

EVENING = datetime(2026, 3, 14, 19, 30)  # noqa: DTZ001 - local times are naive here
MIDNIGHT = datetime(2026, 3, 14)  # noqa: DTZ001 - local times are naive here


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14 19:30:00",
        "2026-03-14 19:30",
        "2026-03-14T19:30:00",
        "2026-03-14T19:30:00.000",
        "2026/03/14 19:30",
        "2026.3.14 19:30",
        "3/14/2026 19:30:00",
        "3/14/2026 7:30 PM",
        "03/14/26 7:30pm",
        "14/3/2026 19:30",
        "14-03-2026 19:30",
        "14.03.2026 19:30",
        "14. 3. 2026 19:30",
        "Sat, Mar 14, 2026 7:30 p.m.",
        "Saturday, March 14th, 2026 at 7:30 PM",
        "14 March 2026, 19:30",
        "14-Mar-2026 19:30",
        "46095.8125",
        "46095.81249999999",
        "46095,8125",
    ],
)
def test_a_date_with_a_time_is_read_however_it_is_written(text: str) -> None:
    assert parse_local_time(text) == LocalTime(EVENING, is_time_known=True)


@pytest.mark.parametrize("text", ["2026-03-14", "3/14/2026", "14.03.2026", "March 14, 2026", "14 Mar 2026", "46095"])
def test_a_date_alone_is_midnight_with_an_unknown_time(text: str) -> None:
    assert parse_local_time(text) == LocalTime(MIDNIGHT, is_time_known=False)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [("12:05 AM", 0, 5), ("12:05 PM", 12, 5), ("8pm", 20, 0), ("11:59 pm", 23, 59), ("0:00", 0, 0)],
)
def test_a_dial_has_its_noon_and_its_midnight(text: str, hour: int, minute: int) -> None:
    assert parse_local_time(f"2026-03-14 {text}") == LocalTime(
        MIDNIGHT.replace(hour=hour, minute=minute), is_time_known=True
    )


@pytest.mark.parametrize(
    ("offset", "hours"), [("Z", 0.0), ("+00:00", 0.0), ("-04:00", -4.0), ("+0530", 5.5), (" -05:00", -5.0)]
)
def test_a_stated_offset_is_handed_on(offset: str, hours: float) -> None:
    assert parse_local_time(f"2026-03-14T19:30:00{offset}").utc_offset == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["03/04/2026", "3/4/26 19:30", "03-04-2026", "12/1/2026 7:30 PM"])
def test_a_date_with_two_readings_is_refused(text: str) -> None:
    with pytest.raises(CellProblem, match="month first or day first: write it as YYYY-MM-DD HH:MM"):
        parse_local_time(text)


def test_an_agreed_order_settles_two_readings_but_never_makes_an_impossible_date() -> None:
    assert parse_local_time("03/04/2026", "month_first").value == datetime(2026, 3, 4)  # noqa: DTZ001 - local time
    assert parse_local_time("03/04/2026", "day_first").value == datetime(2026, 4, 3)  # noqa: DTZ001 - local time
    assert parse_local_time("3/14/2026", "day_first").value == MIDNIGHT
    assert parse_local_time("14/3/2026", "month_first").value == MIDNIGHT


def test_the_same_number_twice_has_one_reading() -> None:
    assert parse_local_time("05/05/2026").value == datetime(2026, 5, 5)  # noqa: DTZ001 - local time


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is blank"),
        ("TBA", "not a date we can read"),
        ("next Friday", "not a date we can read"),
        ("20260314", "not a date we can read"),
        ("7:30 PM", "not a date we can read"),
        ("2026-02-30", "not in the calendar"),
        ("13/13/2026", "not in the calendar"),
        ("03.14.2026", "not in the calendar"),
        ("14 Foo 2026", "names no month"),
        ("1999-12-31 20:00", "not in the years 2000 to 2099"),
        ("12345", "not in the years 2000 to 2099"),
        ("99999", "not in the years 2000 to 2099"),
        ("2026-03-14 25:00", "no clock shows"),
        ("2026-03-14 19:60", "no clock shows"),
        ("2026-03-14 13:00 PM", "no clock shows"),
        ("2026-03-14 19", "time of day we cannot read"),
        ("2026-03-14 7:30 PM EST", "time of day we cannot read"),
        ("2026-03-14 doors 19:00", "time of day we cannot read"),
        ("2026-03-14-15", "time of day we cannot read"),
    ],
)
def test_what_is_no_date_is_refused_with_the_way_to_write_it(text: str, reason: str) -> None:
    with pytest.raises(CellProblem, match=f"{reason}.*: write it as YYYY-MM-DD HH:MM"):
        parse_local_time(text)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 31)))  # noqa: DTZ001 - local times
def test_an_iso_date_of_any_time_reads_as_itself(value: datetime) -> None:
    whole = value.replace(microsecond=0)
    assert parse_local_time(whole.isoformat()).value == whole
    assert parse_local_time(f"{whole:%d.%m.%Y %H:%M:%S}").value == whole
    assert parse_local_time(f"{whole:%B %d, %Y %I:%M:%S %p}").value == whole


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 30)))  # noqa: DTZ001 - local times
def test_a_serial_number_reads_as_the_second_it_stands_for(value: datetime) -> None:
    whole = value.replace(microsecond=0)
    serial = (whole - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - local times
    assert parse_local_time(f"{serial:.10f}").value == whole
