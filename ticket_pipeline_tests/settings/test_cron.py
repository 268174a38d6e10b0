"""Cron lines: what is taken runs in Dagster, at the times that it names; what is refused is told by its field."""

from __future__ import annotations

import itertools

import pytest
from dagster._utils.schedules import is_valid_cron_string, schedule_execution_time_iterator
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.settings.cron import check_cron

RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def parts(least: int, most: int) -> st.SearchStrategy[str]:
    """Parts of a field, some of them wrong."""
    number = st.integers(least - 1, most + 1).map(str)
    words = st.sampled_from(["mon", "Sun", "jan", "feb"])
    span = st.builds("{}-{}".format, number, number)
    first = st.one_of(st.just("*"), number, span, words)
    return st.one_of(first, st.builds("{}/{}".format, first, st.integers(0, 40)))


LINES = st.tuples(
    *(st.lists(parts(*ends), min_size=1, max_size=2).map(",".join) for ends in RANGES.values()),
).map(" ".join)


@given(line=LINES)
def test_what_is_taken_runs_in_dagster(line: str) -> None:
    try:
        check_cron(line)
    except ValueError:
        return
    assert is_valid_cron_string(line)
    ticks = schedule_execution_time_iterator(1_700_000_000.0, line, "UTC", ascending=True)
    assert len(list(itertools.islice(ticks, 2))) == 2


@pytest.mark.parametrize("line", ["40 * * * *", "*/10 0-6 1,15 * mon-fri", "0 0 1 JAN 7", "0 0 29 2 *", "0 0 31 2,3 *"])
def test_lines_that_mean_what_they_seem_to_mean_are_taken(line: str) -> None:
    assert check_cron(line) == line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("every day", "minute hour day month weekday"),
        ("@daily", "is no cron line"),
        ("0 0 * * * *", "is no cron line"),
        ("60 * * * *", "'60' is no minute: it is a number from 0 to 59"),
        ("jan * * * *", "'jan' is no minute"),
        ("mon 3 * * *", "'mon' is no minute"),
        ("0 0 * mon *", "'mon' is no month"),
        ("0 0 * * 8", "'8' is no weekday"),
        ("0 22-2 * * *", "'22-2' runs backwards"),
        ("0 0 * * fri-mon", "'fri-mon' runs backwards"),
        ("0 0 2-2 * *", "'2-2' is one day, which some programs take for every one: write 2"),
        ("0 1-1/2 * * *", "'1-1/2' is one hour"),
        ("0 0 * feb-2 *", "'feb-2' is one month, which some programs take for every one: write 2"),
        ("*/0 * * * *", "a step of 1 or more"),
        ("5/10 * * * *", "follows * or a range"),
        ("*-5 * * * *", "a range has two ends"),
        ("1,, * * * *", "'' is no minute"),
        ("\u0665 * * * *", "is no minute"),
        ("0 0 31 2 *", "days that never come"),
        ("0 0 31 4,jun *", "days that never come"),
        ("0 0 30-31 feb mon", "days that never come"),
    ],
)
def test_others_are_refused_by_their_field(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"cron line|never come") as caught:
        check_cron(line)
    assert said in str(caught.value)
