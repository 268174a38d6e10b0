"""Genders from answers in any language; what nobody knows stays unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.primary_sales.gender import GENDERS, WORDS, GenderTable
from ticket_pipeline.simulator.vivenu_world import ANSWERS

USUAL = GenderTable.usual()


@pytest.mark.parametrize(
    ("answer", "gender"),
    [
        ("Female", "female"),
        ("Male 남성", "male"),
        ("Female เพศหญิง", "female"),
        ("männlich", "male"),
        ("\uff26\uff25\uff2d\uff21\uff2c\uff25", "female"),  # FEMALE in full width, as an Asian keyboard types it
        ("  prefer   NOT to say ", "undisclosed"),
        ("Femme / Female", "female"),
        ("Male / Female", "unknown"),
        ("femalevolent", "unknown"),  # a known word inside another says nothing
        ("Xyzzy", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_answer_means_a_gender_only_where_its_words_agree(answer: str | None, gender: str) -> None:
    assert USUAL.read(answer) == gender


def test_no_word_stands_for_two_genders() -> None:
    words = [word.strip().casefold() for line in WORDS.values() for word in line.split(",")]
    assert sorted(words) == sorted(set(words))


def test_every_answer_of_the_simulated_organiser_is_read_as_it_was_meant() -> None:
    assert [USUAL.read(text) for text, _ in ANSWERS] == [gender or "unknown" for _, gender in ANSWERS]


def test_a_users_word_wins_over_ours() -> None:
    table = GenderTable.usual({"Xyzzy": "diverse", "X": "undisclosed"})
    assert (table.read("xyzzy"), table.read("x"), table.read("male")) == ("diverse", "undisclosed", "male")


@given(st.text())
def test_whatever_is_answered_is_one_of_the_genders(answer: str) -> None:
    assert USUAL.read(answer) in GENDERS
