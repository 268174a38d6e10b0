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
        *("2026-03-14 19:30:00", "2026-03-14 19:30", "2026-03-14T19:30:00", "2026-03-14T19:30:00.000"),
        *("2026/03/14 19:30", "2026.3.14 19:30", "3/14/2026 19:30:00", "3/14/2026 7:30 PM", "03/14/26 7:30pm"),
        *("14/3/2026 19:30", "14-03-2026 19:30", "14.03.2026 19:30", "14. 3. 2026 19:30"),
        *("Sat, Mar 14, 2026 7:30 p.m.", "Saturday, March 14th, 2026 at 7:30 PM", "14 March 2026, 19:30"),
        *("14-Mar-2026 19:30", "14-Mar-26 19:30", "14.03.2026 19.30 Uhr", "2026-03-14 19h30", "2026-03-14 7.30pm"),
        *("2026-03-14 | 19:30", "2026-03-14 \u2013 19:30 hrs", "46095.8125", "46095.81249999999", "46095,8125"),
        *("2026-03-14 (Sat) 19:30", "Mar 14, 2026 Sat. 7:30 PM", "14.03.2026 um 19:30 Uhr", "14.3.2026 kl. 19.30"),
        *("14/3/2026 à 19h30", "2026. 3. 14. 19:30"),
    ],
)
def test_a_date_with_a_time_is_read_however_it_is_written(text: str) -> None:
    assert parse_local_time(text) == LocalTime(EVENING, is_time_known=True)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-14", "3/14/2026", "14.03.2026", "March 14, 2026", "14 Mar 2026", "46095"),
        *("2026-03-14 00:00:00", "2026-03-14T00:00", "2026-03-14T00:00:00.000", "3/14/2026 12:00 AM"),
        *("3/14/2026 0:00:00", "14.03.2026 00:00", "46095.0", "46095,0000"),
        *("2026-03-14 TBD", "Sat, Mar 14, 2026, time TBA", "2026-03-14 (TBC)", "14.03.2026 - t.b.a.", "2026-03-14 ?"),
        *("March 14, 2026 (time to be announced)", "2026-03-14 00:00 TBD", "2026-03-14T00:00:00 TBA", "3/14/2026 Sat"),
        *("2026. 03. 14.", "14.03.2026 (noch offen)", "14/3/2026 à confirmer", "14/3/2026 por confirmar"),
    ],
)
def test_a_date_without_a_time_is_midnight_with_an_unknown_time(text: str) -> None:
    assert parse_local_time(text) == LocalTime(MIDNIGHT, is_time_known=False)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        *(("12:05 AM", 0, 5), ("12:05 PM", 12, 5), ("8pm", 20, 0), ("11:59 pm", 23, 59), ("0:01", 0, 1)),
        *(("19:30-22:00", 19, 30), ("19:30 \u2013 22:00", 19, 30), ("7:30 PM - 10:00 PM", 19, 30), ("7-10pm", 19, 0)),
        *(("11:00-1:00 PM", 11, 0), ("20:00 to 23:30", 20, 0), ("10:00-12:00", 10, 0)),
        *(("20h", 20, 0), ("20 Uhr", 20, 0), ("19 hrs", 19, 0), ("20 bis 22 Uhr", 20, 0)),
    ],
)
def test_a_time_or_the_start_of_a_range_is_read(text: str, hour: int, minute: int) -> None:
    read = parse_local_time(f"2026-03-14 {text}")
    assert (read.value, read.is_time_known) == (MIDNIGHT.replace(hour=hour, minute=minute), True)
    assert read.utc_offset is None or read.is_range_possible


@pytest.mark.parametrize(
    ("offset", "hours"), [("Z", 0.0), ("+00:00", 0.0), ("-04:00", -4.0), ("+0530", 5.5), (" -05:00", -5.0)]
)
def test_a_stated_offset_is_handed_on(offset: str, hours: float) -> None:
    assert parse_local_time(f"2026-03-14T19:30:00{offset}").utc_offset == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["03/04/2026", "3/4/26 19:30", "03-04-2026", "12/1/2026 7:30 PM"])
def test_a_date_with_two_readings_is_rejected_with_the_setting_that_decides(text: str) -> None:
    with pytest.raises(CellProblem, match="month first or day first: set WATCHLIST_DATE_ORDER"):
        parse_local_time(text)


def test_an_agreed_order_settles_two_readings_but_never_makes_an_impossible_date() -> None:
    assert parse_local_time("03/04/2026", "month_first").value == datetime(2026, 3, 4)  # noqa: DTZ001 - local time
    assert parse_local_time("03/04/2026", "day_first").value == datetime(2026, 4, 3)  # noqa: DTZ001 - local time
    assert parse_local_time("3/14/2026", "day_first").value == MIDNIGHT
    assert parse_local_time("14/3/2026", "month_first").value == MIDNIGHT
    assert parse_local_time("05/05/2026").value == datetime(2026, 5, 5)  # noqa: DTZ001 - one reading


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(("", "is blank"), ("TBA", "not a date we can read"), ("next Friday", "not a date we can read")),
        *(("20260314", "not a date we can read"), ("7:30 PM", "not a date we can read")),
        *(("2026-02-30", "not in the calendar"), ("13/13/2026", "not in the calendar")),
        *(("03.14.2026", "not in the calendar"), ("14 Foo 2026", "names no month")),
        *(("1999-12-31 20:00", "not in the years 2000 to 2099"), ("12345", "not in the years 2000 to 2099")),
        *(("99999", "not in the years 2000 to 2099"), ("2026-03-14 25:00", "no clock shows")),
        *(("2026-03-14 19:60", "no clock shows"), ("2026-03-14 13:00 PM", "no clock shows")),
        *(("2026-03-14 19", "time of day we cannot read"), ("2026-03-14 7:30 PM EST", "time of day we cannot read")),
        *(("2026-03-14 doors 19:00", "time of day we cannot read"), ("2026-03-14-15", "time of day we cannot read")),
        ("2026-03-14 TBD maybe", "time of day we cannot read"),
        ("2026-03-14 19:30-", "time of day we cannot read"),
    ],
)
def test_anything_else_is_rejected_with_the_way_to_write_it(text: str, reason: str) -> None:
    with pytest.raises(CellProblem, match=f"{reason}.*: write it as YYYY-MM-DD HH:MM"):
        parse_local_time(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Fri 2026-03-14", "Sunday, March 14, 2026 7:30 PM", "Mon. 14.03.2026", "tues 3/14/2026"),
        *("2026-03-14 (Sun)", "March 14, 2026 Friday 7:30 PM", "14.03.2026, Mon.", "Sat 2026-03-14 (Sun)"),
    ],
)
def test_a_weekday_that_contradicts_the_date_is_rejected(text: str) -> None:
    with pytest.raises(CellProblem, match="names another weekday: 2026-03-14 is a Saturday"):
        parse_local_time(text)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 31)))  # noqa: DTZ001 - local times
def test_an_iso_date_of_any_time_reads_as_itself(value: datetime) -> None:
    whole = value.replace(microsecond=0)
    assert parse_local_time(whole.isoformat()).value == whole
    assert parse_local_time(f"{whole:%d.%m.%Y %H:%M:%S}").value == whole
    assert parse_local_time(f"{whole:%A, %B %d, %Y %I:%M:%S %p}").value == whole
    assert parse_local_time(f"{whole:%Y-%m-%d %H:%M:%S} - 23:59").value == whole


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 30)))  # noqa: DTZ001 - local times
def test_a_serial_number_reads_as_the_second_it_stands_for(value: datetime) -> None:
    whole = value.replace(microsecond=0)
    serial = (whole - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - local times
    assert parse_local_time(f"{serial:.10f}").value == whole
