"""Random histories of listings that come, go, change and come back, and writing them in any order.

What belongs here: what marketplaces may show of an event, drawn by hypothesis. What does not: what should come of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ticket_pipeline.market.events import Event
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.storage.stored import Item, capture_of, event_record, rejects, watch, write

START = datetime(2026, 3, 2, 20, tzinfo=UTC)
EVENT_AT = START + timedelta(hours=60)
"""The last captures of a history may be later."""

MARKETPLACES = ("stubhub", "vivid_seats")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a marketplace showed at a moment; `rejected` listings could not be read, which can make it suspect."""

    marketplace: str
    at: datetime
    listings: tuple[Item, ...]
    rejected: int


_item = st.builds(
    Item,
    # Few ids, seats and prices, so that listings stay, change and come back under other ids. 90 … 110 are near
    # 100, without a row 102.
    listing_id=st.sampled_from("abcdefgh"),
    section=st.sampled_from(["101", "101", None]),
    row=st.sampled_from(["1", None]),
    quantity=st.sampled_from([2, 2, 4]),
    price=st.sampled_from([90.0, 100.0, 100.0, 102.0, 102.01, 110.0, 110.01, 121.0]),
    zone=st.sampled_from([None, "Lower", "*"]),
    currency=st.sampled_from(["USD", "USD", "USD", "EUR"]),
    fee_basis=st.sampled_from(["all_in", "all_in", "all_in", "ask"]),
    admission=st.sampled_from(["seat", "seat", "seat", "grounds"]),
)
_listings = st.lists(_item, max_size=8, unique_by=lambda item: item.listing_id).map(tuple)
_shown = st.builds(
    Shown,
    marketplace=st.sampled_from(["stubhub", "stubhub", "stubhub", "vivid_seats"]),
    # Some captures are minutes apart, some longer than any window; the last ones are after the start.
    at=st.sampled_from([0, 0.1, 1, 1.2, 2, 3, 4, 28, 29, 30, 55, 59, 61, 62]).map(lambda h: START + timedelta(hours=h)),
    listings=_listings,
    rejected=st.sampled_from([0, 0, 0, 5]),
)
market_histories = st.lists(_shown, min_size=2, max_size=14, unique_by=lambda one: (one.marketplace, one.at))
"""Captures in the order in which they arrive, which is not that of their times."""


def show(database: Database, history: list[Shown]) -> dict[str, Event]:
    """Write a history of one event; returns the event at each marketplace."""
    keys = {"stubhub": "1001", "vivid_seats": "2001"}
    (watched,) = watch(database, event_record(1, event_at=EVENT_AT, external_ids=keys))
    events = {str(event.marketplace): event for event in read_events(database, event_id=watched.event_id)}
    for one in history:
        write(database, capture_of(events[one.marketplace], one.at, one.listings, rejects(one.rejected)))
    return dict(events)
