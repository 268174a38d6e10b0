"""Ages on the day of the event, and the groups they fall into."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.ages import OLDEST_YEARS, age_on, parse_age_groups, read_age, shape_of
from ticket_pipeline.primary_sales.mappings import Mappings, read_mappings

if TYPE_CHECKING:
    from pathlib import Path

RACE = date(2026, 6, 7)


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
    "answer",
    [
        *("1990-03-04", "1990-3-4", "1990/03/04", "1990.03.04", "19900304", 19900304),
        *("1990-03-04T00:00:00.000Z", "1990-03-04 12:30", "1990-03-04T00:00:00+01:00"),
        *("4.3.1990", "04.03.1990", "4. 3. 1990", "13/03/1990", "03/13/1990", "03-03-1990"),
        *(36, 36.0, " 36 "),
    ],
)
def test_birth_dates_and_ages_are_read_in_the_forms_of_organisers(answer: object) -> None:
    assert read_age(answer, RACE) == 36


@pytest.mark.parametrize(
    "answer",
    [
        *(None, "", "03/04/1990", "03-04-1990", "1990-13-04", "13/13/1990", "4.3.90", "04031990", "unknown"),
        *(121, -1, 36.5, True, [], "1990", "٣٦٣٦", "2030-01-01", "1990-03/04"),
    ],
)
def test_what_is_not_an_age_stays_unknown(answer: object) -> None:
    assert read_age(answer, RACE) is None


def test_a_date_of_two_meanings_has_the_configured_one() -> None:
    ages = [read_age("11/02/1990", date(2026, 6, 7), order=order) for order in ("month_first", "day_first", None)]
    assert ages == [35, 36, None]
    assert read_age("13/02/1990", RACE, order="month_first") == 36  # there is no thirteenth month
    assert read_age("1990-03-04", None) is None  # without a day of the event


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ("03/04/1990", "dd/dd/dddd"),
        ("last spring", "a a"),
        ("Jane Doe, born 4.3.90 <x>", "a a, a d.d.dd ?a?"),
        (36.5, "dd.d"),
        ("  ", None),
        (None, None),
        ("1 " * 40, "d d d d d d d d d d d d "),
    ],
)
def test_a_shape_shows_the_form_and_nothing_else(answer: object, shape: str | None) -> None:
    assert shape_of(answer) == shape


@given(st.text())
def test_no_shape_holds_anything_that_was_typed(answer: str) -> None:
    assert set(shape_of(answer) or "") <= set("ad ./:,+-?")


def test_the_usual_groups_are_those_of_the_races() -> None:
    groups = parse_age_groups(Mappings().age_groups)
    assert [(group.label, group.first, group.last) for group in (*groups[:3], groups[-1])] == [
        ("under 16", 0, 15),
        ("16-24", 16, 24),
        ("25-29", 25, 29),
        ("70+", 70, OLDEST_YEARS),
    ]


@given(st.lists(st.integers(0, OLDEST_YEARS - 2), min_size=1, max_size=8, unique=True), st.integers(0, OLDEST_YEARS))
def test_every_age_has_exactly_one_group_whatever_the_organiser_left_out(starts: list[int], age: int) -> None:
    groups = parse_age_groups(", ".join(f"{start}-{start}" for start in sorted(starts)))
    assert sum(group.first <= age <= group.last for group in groups) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (", ", "no age group"),
        ("16 to 24", "'16 to 24'"),
        ("24-16", "swap"),
        ("16-24, 20-30", "20-30"),
        ("30+, 40+", "40+"),
    ],
)
def test_groups_that_make_no_sense_are_rejected_with_the_file(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "mappings.yaml"
    file.write_text(f'age_groups: "{text}"', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"age_groups: .*{re.escape(reason)}"):
        read_mappings(file)
