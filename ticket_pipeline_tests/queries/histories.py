"""Random histories of one event at two marketplaces for the tests of queries, and what was stored of them.

What belongs here: what may happen to an event, drawn by hypothesis; writing it; and reading it back, capture by
capture, for twins that compute from listings. What does not: what should come of it.

    @given(history=histories())
    def test_…(database, history):
        event_id = live_through(database, history)  # prices built
        stored = read_stored(database, event_id)

A history of several days lies around a change of clocks of its timezone, or in one that is 30 or 45 minutes beside UTC.
It has gaps, empty markets, failures, suspects, markets of mixed currency and fee basis, a day on which these change for
good, and zones that sell out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from ticket_pipeline.market.hours import PricedListing, zone_of
from ticket_pipeline.market.vocabulary import Marketplace, Outcome
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, hour_start, rebuild_hourly
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, Item, empty, event_record, fail, query, store, watch

MARKETPLACES = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)

# Timezone, and the UTC midnight of the second of three days: clocks go forward, back, back by half an hour, or not.
PLACES = {
    "America/New_York": [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)],
    "Europe/London": [datetime(2026, 10, 25, tzinfo=UTC)],
    "Australia/Lord_Howe": [datetime(2026, 4, 4, tzinfo=UTC)],
    "Asia/Kolkata": [datetime(2026, 6, 10, tzinfo=UTC)],
    "Asia/Kathmandu": [datetime(2026, 6, 10, tzinfo=UTC)],
}
LENGTH = 3 * DAY


@dataclass(frozen=True, slots=True)
class Happening:
    """A capture of these listings, or a failed attempt, at one marketplace."""

    marketplace: Marketplace
    at: datetime
    listings: tuple[Item, ...] = ()
    failure: Outcome | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one event, in order of time.

    Attributes:
        span: whole hours; everything lies in it.
    """

    timezone: str
    span: Span
    event_at: datetime
    happenings: tuple[Happening, ...]
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """One trusted capture as stored."""

    at: datetime
    listings: list[PricedListing] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stored:
    """All that is stored of one event at one marketplace, in order of time; no listing is a grounds pass.

    Attributes:
        suspects: moments of captures that are not trusted.
        failures: moments of failed attempts.
    """

    captures: list[Captured] = field(default_factory=list)
    suspects: list[datetime] = field(default_factory=list)
    failures: list[datetime] = field(default_factory=list)


_listings = st.lists(
    st.builds(
        Item,
        price=st.sampled_from([10.0, 10.01, 11.0, 19.99, 25.0, 100.0]),
        quantity=st.integers(1, 6),
        splits=st.none() | st.just((2,)) | st.just((1, 2, 4)),
        zone=st.sampled_from(["Lower", "Lower", "Upper", None]),
        currency=st.sampled_from(["USD"] * 9 + ["CAD"]),
        fee_basis=st.sampled_from(["all_in"] * 9 + ["ask"]),
    ),
    max_size=6,
).map(lambda items: tuple(replace(item, listing_id=str(n)) for n, item in enumerate(items)))


@st.composite
def histories(draw: st.DrawFn, *, most: int = 16) -> History:
    """Histories of at most so many captures and attempts over three days."""
    timezone = draw(st.sampled_from(sorted(PLACES)))
    start = draw(st.sampled_from(PLACES[timezone])) - DAY
    moments = draw(
        st.lists(
            # Few hours, most of them around the midnights of all places, so that several things fall into one.
            st.builds(
                lambda day, hour, minute: start + day * DAY + hour * HOUR + minute * MINUTE,
                st.integers(0, 2),
                st.sampled_from([0, 4, 5, 6, 12, 13, 15, 18, 23]),
                st.sampled_from([0, 10, 14, 15, 29, 30, 44, 45, 59]),
            ),
            max_size=most,
            unique=True,
        )
    )
    changes_at = draw(st.none() | st.sampled_from([start + DAY, start + 30 * HOUR]))
    becomes = draw(
        st.sampled_from([{"fee_basis": "ask"}, {"currency": "CAD"}, {"currency": "CAD", "fee_basis": "ask"}])
    )
    failure = st.sampled_from([None] * 5 + [Outcome.TIMEOUT])
    happenings = []
    for at in sorted(moments):
        listings = draw(_listings)
        if changes_at is not None and at >= changes_at:
            listings = tuple(replace(item, **becomes) for item in listings)
        happenings.append(Happening(draw(st.sampled_from(MARKETPLACES)), at, listings, draw(failure)))
    return History(
        timezone=timezone,
        span=Span(start, start + LENGTH),
        event_at=start + LENGTH - draw(st.sampled_from([0, 1, 30, 12 * 60 + 15])) * MINUTE,
        happenings=tuple(happenings),
        capacity=draw(st.sampled_from([None, 400])),
    )


def live_through(database: Database, history: History) -> int:
    """Empty the database, write a history and build its prices; returns the event's id."""
    empty(database)
    return add_event(database, history, 1)


def add_event(database: Database, history: History, number: int, **changes: object) -> int:
    """Write one more history, of an event that replaces the watchlist, and build its prices; returns the event's id."""
    ids = {str(marketplace): f"{marketplace}-{number}" for marketplace in MARKETPLACES} | {
        "stubhub": str(1000 + number)
    }
    record = event_record(
        number,
        timezone=history.timezone,
        event_at=history.event_at,
        capacity=history.capacity,
        external_ids=ids,
        **changes,
    )
    (watched,) = watch(database, record)
    events = {event.marketplace: event for event in read_events(database, event_id=watched.event_id)}
    for one in history.happenings:
        if one.failure is not None:
            fail(database, events[one.marketplace], one.at, one.failure)
        else:
            store(database, events[one.marketplace], one.at, one.listings)
    if history.happenings:
        rebuild_hourly(database, history.span)
    return watched.event_id


def read_stored(database: Database, event_id: int) -> dict[str, Stored]:
    """What is stored of an event at each marketplace that saw anything of it."""
    stored: dict[str, Stored] = {}
    captures = {}
    for row in query(
        database,
        "select marketplace, captured_at, is_suspect from snapshots where event_id = %(id)s order by captured_at",
        id=event_id,
    ):
        own = stored.setdefault(row["marketplace"], Stored())
        if row["is_suspect"]:
            own.suspects.append(row["captured_at"])
        else:
            captures[row["marketplace"], row["captured_at"]] = Captured(row["captured_at"])
            own.captures.append(captures[row["marketplace"], row["captured_at"]])
    for row in query(database, "select * from listings where event_id = %(id)s", id=event_id):
        if capture := captures.get((row["marketplace"], row["captured_at"])):
            splits = tuple(row["splits"]) if row["splits"] is not None else None
            zone = zone_of(row["zone"], row["section"])
            key = (zone, row["currency"], row["fee_basis"])
            capture.listings.append(PricedListing(*key, row["quantity"], row["price"], splits))
    for row in query(
        database,
        "select marketplace, finished_at, outcome from fetch_attempts where event_id = %(id)s",
        id=event_id,
    ):
        if Outcome(row["outcome"]).is_failure:
            stored.setdefault(row["marketplace"], Stored()).failures.append(row["finished_at"])
    return stored


def hours_of(stored: Stored) -> dict[datetime, list[Captured]]:
    """The trusted captures by the UTC hour that they lie in."""
    hours: dict[datetime, list[Captured]] = {}
    for capture in stored.captures:
        hours.setdefault(hour_start(capture.at), []).append(capture)
    return hours
