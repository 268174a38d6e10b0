"""Which event a row of the watchlist means: the same one in other words, never one of another night or place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.events import WatchlistEvent
from ticket_pipeline.marketplaces.ticketmaster.matching import LEAST_SCORE, choose, score
from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails, Venue, read_event
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import EVENT

WANTED = WatchlistEvent(
    sheet_row=7,
    name="The Lanterns",
    venue="Lakeside Hall",
    city="Toronto",
    country=None,
    event_date=datetime(2027, 1, 19, 20),  # noqa: DTZ001 - local at the venue, as in the sheet
    timezone="America/Toronto",
    timezone_source="city",
    event_at=datetime(2027, 1, 20, 1, tzinfo=UTC),
    is_tracked=True,
    capacity=None,
    poll_interval=None,
    external_ids={},
)
SAME = read_event(EVENT)
ELSEWHERE = Venue("v", "Harbor Stadium", "Boston", None, "US", None)


def other(**changes: Any) -> EventDetails:  # noqa: ANN401 - fields of the event
    """The same event but for these."""
    return replace(SAME, **({"attractions": ()} | changes))


def test_the_same_event_scores_full() -> None:
    assert score(WANTED, SAME) == 100


@pytest.mark.parametrize(
    "candidate",
    [
        other(name="Lanterns, The"),
        other(name="The Lanterns: Winter Tour 2027 with Small Support"),
        other(name="LANTÉRNS"),
        other(name="An Evening of Light", attractions=("The Lanterns",)),
        other(local_time=None),
        other(venue=None),
        other(local_date=None, local_time=None),
    ],
)
def test_the_same_event_in_other_words_is_proposed(candidate: EventDetails) -> None:
    assert score(WANTED, candidate) >= LEAST_SCORE
    assert choose(WANTED, [candidate]).best is candidate


@pytest.mark.parametrize(
    "candidate",
    [
        other(name="Symphony No. 5"),
        other(name="Symphony No. 5", venue=ELSEWHERE),
        other(venue=ELSEWHERE, local_date=date(2027, 1, 22)),
    ],
)
def test_another_event_is_not(candidate: EventDetails) -> None:
    assert choose(WANTED, [candidate]).best is None


def test_of_two_nights_the_right_one_is_chosen() -> None:
    nights = [other(external_id=f"n{day}", local_date=date(2027, 1, day)) for day in (18, 19, 20)]
    found = choose(WANTED, nights)
    assert found.best is nights[1]
    assert found.rivals == 0


def test_an_equal_candidate_is_named_as_a_rival() -> None:
    found = choose(WANTED, [other(external_id="b"), other(external_id="a"), other(external_id="c", name="Symphony")])
    assert found.best is not None
    assert (found.best.external_id, found.rivals) == ("a", 1)


def test_matinee_and_evening_are_different_events() -> None:
    matinee = other(external_id="a", local_time=time(14))
    assert choose(WANTED, [matinee, SAME]).best is SAME


def test_a_test_event_is_never_proposed() -> None:
    assert choose(WANTED, [other(is_test=True)]).best is None
    assert choose(WANTED, [other(is_test=True), other(external_id="real")]).best == other(external_id="real")


def test_without_candidates_there_is_no_proposal() -> None:
    assert (choose(WANTED, []).best, choose(WANTED, []).score) == (None, 0)


@given(name=st.text(max_size=30), title=st.text(max_size=30))
def test_any_two_names_give_a_score_between_0_and_100(name: str, title: str) -> None:
    assert 0 <= score(replace(WANTED, name=name), other(name=title)) <= 100
