"""Ages on the day of the event, and the groups they fall into."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.ages import OLDEST_YEARS, AgeGroups, age_on, read_age
from ticket_pipeline.settings import Settings

RACE = date(2026, 6, 7)
USUAL = AgeGroups.parse(Settings().vivenu_age_groups)


@pytest.mark.parametrize(
    ("born_on", "age"),
    [
        (date(1996, 6, 7), 30),  # the birthday is the day of the race
        (date(1996, 6, 8), 29),
        (date(1996, 6, 6), 30),
        (date(2026, 6, 7), 0),
        (date(2026, 6, 8), None),  # not born yet
        (date(1900, 1, 1), None),  # mistyped
    ],
)
def test_an_age_is_that_of_the_day_of_the_event(born_on: date, age: int | None) -> None:
    assert age_on(born_on, RACE) == age


def test_who_was_born_on_29_february_is_a_year_older_on_1_march() -> None:
    born_on = date(2000, 2, 29)
    assert [age_on(born_on, date(2026, 2, 28)), age_on(born_on, date(2026, 3, 1))] == [25, 26]


@given(st.dates(date(1910, 1, 1), RACE))
def test_a_year_later_everybody_is_a_year_older(born_on: date) -> None:
    now, later = age_on(born_on, RACE), age_on(born_on, RACE.replace(year=2027))
    assert now is not None
    assert later == now + 1


@pytest.mark.parametrize(
    "answer", ["1990-03-04", "1990-03-04T00:00:00.000Z", "4.3.1990", "04.03.1990", 36, 36.0, " 36 "]
)
def test_birth_dates_and_ages_are_read_as_organisers_ask_for_them(answer: object) -> None:
    assert read_age(answer, RACE) == 36


@pytest.mark.parametrize(
    "answer", [None, "", "03/04/1990", "1990-13-04", "unknown", 121, -1, 36.5, True, [], "1990", "٣٦٣٦", "2030-01-01"]
)
def test_what_is_no_age_stays_unknown(answer: object) -> None:
    assert read_age(answer, RACE) is None


def test_a_birth_date_without_a_day_of_the_event_says_nothing() -> None:
    assert read_age("1990-03-04", None) is None


@pytest.mark.parametrize(
    ("age", "label"),
    [
        (15, "under 16"),
        (16, "16-24"),
        (24, "16-24"),
        (25, "25-29"),
        (69, "65-69"),
        (70, "70+"),
        (120, "70+"),
        (None, "unknown"),
    ],
)
def test_the_usual_groups_are_those_of_the_races(age: int | None, label: str) -> None:
    assert USUAL.label_of(age) == label


@given(st.lists(st.integers(0, OLDEST_YEARS - 2), min_size=1, max_size=8, unique=True), st.integers(0, OLDEST_YEARS))
def test_every_age_has_exactly_one_group_whatever_the_organiser_left_out(starts: list[int], age: int) -> None:
    groups = AgeGroups.parse(", ".join(f"{start}-{start}" for start in sorted(starts))).groups
    assert sum(group.first <= age <= group.last for group in groups) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no group"), ("16 to 24", "'16 to 24'"), ("24-16", "swap"), ("16-24, 20-30", "20-30"), ("30+, 40+", "40+")],
)
def test_groups_that_make_no_sense_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace("+", r"\+")):
        AgeGroups.parse(text)


def test_a_day_is_enough_to_change_a_group() -> None:
    born_on = date(2001, 6, 7)
    before, on = (USUAL.label_of(age_on(born_on, day)) for day in (RACE - timedelta(days=1), RACE))
    assert (before, on) == ("16-24", "25-29")
