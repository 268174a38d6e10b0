"""Random histories of captures and failures for the tests of prices, and writing them.

What belongs here: what may happen to an event, drawn by hypothesis. What does not: the prices that should come of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span
from ticket_pipeline_tests.storage.stored import Item, event_record, fail, rejects, store, watch

START = datetime(2026, 3, 2, 21, tzinfo=UTC)
HISTORY = Span(START, START + timedelta(hours=30))
"""Every history lies in here: three evening hours of one UTC day, all of the next, the first hours of a third."""

_OFFSETS = (0, 2, 3, 4, 27)  # hours; few, so that several things fall into one, on three days


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to an event: a capture of these listings, or a failed attempt."""

    event_number: int
    at: datetime
    listings: tuple[Item, ...] = ()
    rejected: int = 0
    failure: Outcome | None = None


_item = st.builds(
    Item,
    # A few prices, so that ties and halves of a cent occur.
    price=st.sampled_from([10.0, 10.01, 10.02, 19.99, 25.0, 100.0, 0.01]),
    quantity=st.integers(1, 6),
    splits=st.none() | st.lists(st.integers(1, 6), max_size=3).map(tuple),
    zone=st.sampled_from([None, "Lower", "Upper", "*"]),
    section=st.sampled_from([None, "101", "Upper", "*"]),
    currency=st.sampled_from(["USD", "USD", "USD", "EUR"]),
    fee_basis=st.sampled_from(["all_in", "all_in", "ask"]),
)
_happening = st.builds(
    Happening,
    event_number=st.integers(1, 2),
    at=st.builds(
        lambda hours, minutes, seconds: START + timedelta(hours=hours, minutes=minutes, seconds=seconds),
        st.sampled_from(_OFFSETS),
        st.integers(0, 59),
        st.sampled_from([0, 59.999999]),
    ),
    # Mostly of one level, or nearly everything would be suspect.
    listings=(st.lists(_item, min_size=2, max_size=4) | st.lists(_item, max_size=6)).map(tuple),
    rejected=st.sampled_from([0, 0, 2]),
    failure=st.sampled_from([None, None, None, *(outcome for outcome in Outcome if outcome.is_failure)]),
)
histories = st.lists(_happening, min_size=4, max_size=14, unique_by=lambda one: (one.event_number, one.at))
"""Happenings in the order in which they arrive, which is not that of their times."""


def live_through(database: Database, history: list[Happening]) -> list[int]:
    """Write a history of two events; returns their ids."""
    events = watch(database, event_record(1), event_record(2))
    for one in history:
        event = events[one.event_number - 1]
        if one.failure is not None:
            fail(database, event, one.at, one.failure)
        else:
            store(database, event, one.at, one.listings, rejects(one.rejected))
    return [event.event_id for event in events]
