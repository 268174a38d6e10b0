"""Genders from answers in any language; other answers stay unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.primary_sales.gender import GENDERS, WORDS, GenderTable, words_of
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
        ("I am not a man", "unknown"),
        ("I'm not a man", "unknown"),
        ("This isn\u2019t a woman", "unknown"),
        ("Kein Mann", "unknown"),
        ("non male", "unknown"),
        ("Frauen", "female"),
        ("M\u00e4nner", "male"),
        ("Ma\u0308nner", "male"),  # the same, its dots a character of their own
        ("Female.", "female"),
        ("Male\uff1a男性", "male"),
        ("(w)", "female"),
        ("I'm tired", "unknown"),  # no lone letter is a word of an answer
        ("Non-Binary / no binario", "diverse"),
        ("Prefer not to say 답변하지 않음", "undisclosed"),
        ("ผู้หญิง (female)", "female"),
        ("femalevolent", "unknown"),  # a known word inside another does not count
        ("Xyzzy", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_answer_means_a_gender_only_where_its_words_agree(answer: str | None, gender: str) -> None:
    assert USUAL.read(answer) == gender


def test_no_word_stands_for_two_genders() -> None:
    meant: dict[tuple[str, ...], set[str]] = {}
    for gender, line in WORDS.items():
        for word in line.split(","):
            meant.setdefault(words_of(word), set()).add(gender)
    assert [words for words, genders in meant.items() if len(genders) > 1 or not words] == []


def test_every_answer_of_the_simulated_organiser_is_read_as_it_was_meant() -> None:
    assert [USUAL.read(text) for text, _ in ANSWERS] == [gender or "unknown" for _, gender in ANSWERS]


def test_a_users_word_wins_over_ours() -> None:
    table = GenderTable.usual({"Xyzzy": "diverse", "X": "undisclosed", "not a man": "female", "!": "male"})
    assert (table.read("xyzzy"), table.read("x"), table.read("male")) == ("diverse", "undisclosed", "male")
    assert (table.read("I am not a man!"), table.read("!")) == ("female", "unknown")


@given(st.text())
def test_whatever_is_answered_is_one_of_the_genders(answer: str) -> None:
    assert USUAL.read(answer) in GENDERS
