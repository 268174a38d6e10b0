"""Events, listings and captures for the tests of storage, written through the room's own functions.

What belongs here: building and writing what a test needs. What does not: what should come of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES
from ticket_pipeline.market.events import Event, WatchlistEvent
from ticket_pipeline.market.price_classes import price_classes
from ticket_pipeline.market.vocabulary import Marketplace, Outcome, RejectedListing
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.attempts import Attempt, BackOff, record_failure
from ticket_pipeline.storage.database import Database, Row, as_query
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.prices import read_stale_windows
from ticket_pipeline.storage.snapshots import Capture, StoredCapture, write_captures
from ticket_pipeline.storage.watchlist import sync_watchlist

STUBHUB = Marketplace.STUBHUB
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOW_AT = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PATIENCE_SECONDS = 60.0
EXAMPLES_SHARE_A_DATABASE = settings(
    max_examples=settings().max_examples // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For property tests: one database for all examples, a third of the profile's; each calls `empty` first."""
BACK_OFF = BackOff(timedelta(minutes=5), timedelta(hours=6))


def event_record(number: int, **changes: Any) -> WatchlistEvent:  # noqa: ANN401 - the fields of the record
    """A good row of the watchlist; number 7 stands in row 8 and is StubHub event 1007."""
    fields: dict[str, Any] = {
        "name": f"Event {number}",
        "venue": "Harbor Garden",
        "city": "Boston",
        "country": "United States",
        "event_date": datetime(2026, 6, 1, 19, 30),  # noqa: DTZ001 - local at the venue, as in the sheet
        "timezone": "America/New_York",
        "timezone_source": "city",
        "event_at": SHOW_AT,
        "is_tracked": True,
        "capacity": None,
        "poll_interval": None,
        "sheet_row": number + 1,
        "external_ids": {"stubhub": str(1000 + number)},
    }
    return WatchlistEvent(**(fields | changes))


def watch(database: Database, *events: WatchlistEvent) -> list[Event]:
    """Put these events, and no others, on the watchlist; returns each at StubHub, in order."""
    sync_watchlist(database, events, [], source="test", this_moment=NOON, max_untrack_fraction=0.5, force=True)
    keys = [event.external_ids["stubhub"] for event in events]
    found = {event.external_id: event for event in read_events(database, external_ids=keys, marketplace=STUBHUB)}
    return [found[key] for key in keys]


def watch_one(database: Database, **changes: Any) -> Event:  # noqa: ANN401 - the fields of the record
    return watch(database, event_record(1, **changes))[0]


def empty(database: Database) -> None:
    """Take everything out again, for the next test or the next example of a property test."""
    with database.connection() as connection:
        connection.execute(
            "truncate events, listings, listing_changes, rejected_rows, watchlist_syncs, venue_zones, admission_rules, "
            "breaker_state, cached_responses, cache_uses, vivenu_events, vivenu_reads, vivenu_rejects, vivenu_coupons, "
            "vivenu_coupon_uses, alert_rules, rejected_alert_rules, archive_files, alert_deliveries, incidents, "
            "operations_watch, payload_changes restart identity cascade"
        )


def query(database: Database, text: LiteralString, **parameters: object) -> list[Row]:
    """The rows of a question that only a test asks."""
    with database.connection() as connection:
        return connection.execute(as_query(text), parameters).fetchall()


def count(database: Database, table: str) -> int:
    with database.connection() as connection:
        return len(connection.execute(sql.SQL("select 1 from {}").format(sql.Identifier(table))).fetchall())


@dataclass(frozen=True, slots=True)
class Item:
    """One accepted listing, by `STORED_COLUMNS`; prices in dollars, as floats of whole cents."""

    price: float = 100.0
    quantity: int = 2
    splits: tuple[int, ...] | None = None
    zone: str | None = None
    section: str | None = "101"
    row: str | None = None
    listing_id: str = "1"
    ask_price: float | None = None
    all_in_price: float | None = None
    net_proceeds: float | None = None
    fee_basis: str = "all_in"
    currency: str = "USD"
    is_general_admission: bool = False
    is_speculative: bool = False
    admission: str = "seat"
    notes: str | None = None


def items(count_of_them: int, **changes: Any) -> list[Item]:  # noqa: ANN401 - the fields of an item
    """So many listings that differ in their id and price."""
    return [replace(Item(**changes), listing_id=str(n), price=100.0 + n) for n in range(count_of_them)]


def rejects(number: int) -> list[RejectedListing]:
    return [
        RejectedListing(position, {"listingId": position}, ("price is zero or less",)) for position in range(number)
    ]


def capture_of(
    event: Event,
    captured_at: datetime,
    listings: Sequence[Item] = (),
    rejected: Sequence[RejectedListing] = (),
    body: bytes = b"[]",
) -> Capture:
    """A validated capture of these listings."""
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(listing, name) for listing in listings] for name in STORED_COLUMNS if name != "price_class"
    }
    columns["price_class"] = price_classes(columns)
    currencies, bases = set(columns["currency"]), set(columns["fee_basis"])
    return Capture(
        event=event,
        captured_at=captured_at,
        received=len(listings) + len(rejected),
        columns=columns,
        rejected=rejected,
        tickets=sum(listing.quantity for listing in listings),
        currency=currencies.pop() if len(currencies) == 1 else None,
        fee_basis=bases.pop() if len(bases) == 1 else None,
        body=body,
    )


def store(
    database: Database,
    event: Event,
    captured_at: datetime,
    listings: Sequence[Item] = (),
    rejected: Sequence[RejectedListing] = (),
) -> StoredCapture:
    """Write one capture of an event, fetched without trouble."""
    return write(database, capture_of(event, captured_at, listings, rejected))


def write(database: Database, capture: Capture, *, keep_body: bool = True, jitter_factor: float = 1.0) -> StoredCapture:
    """Write a capture with the default rule."""
    (stored,) = write_all(database, [capture], keep_body=keep_body, jitter_factor=jitter_factor)
    return stored


def write_all(
    database: Database, captures: Sequence[Capture], *, keep_body: bool = True, jitter_factor: float = 1.0
) -> list[StoredCapture]:
    """Write captures together."""
    return write_captures(
        database,
        [(capture, _attempt_of(capture)) for capture in captures],
        back_off=BACK_OFF,
        draw_jitter=lambda: jitter_factor,
        keep_body=keep_body,
        change_rules=DEFAULT_CHANGE_RULES,
    )


def _attempt_of(capture: Capture) -> Attempt:
    return Attempt(
        capture.captured_at,
        capture.captured_at,
        Outcome.OK if capture.received else Outcome.EMPTY,
        status=200,
        bytes=len(capture.body),
        listings=capture.accepted,
        rejected=len(capture.rejected),
    )


def fail(
    database: Database,
    event: Event,
    finished_at: datetime,
    outcome: Outcome = Outcome.TIMEOUT,
    *,
    back_off: BackOff = BACK_OFF,
    not_before: datetime | None = None,
) -> None:
    """Book a failed attempt without jitter."""
    attempt = Attempt(finished_at - MINUTE, finished_at, outcome, error="it was too slow")
    record_failure(database, event, attempt, back_off=back_off, jitter_factor=1.0, not_before=not_before)


def stale_hours(database: Database) -> list[datetime]:
    return read_stale_windows(database, "hour")


def wait_for_locks(database: Database, number: int = 1) -> None:
    """Return as soon as so many sessions wait for others."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if len(query(database, "select 1 from pg_locks where not granted")) >= number:
            return
    pytest.fail("nobody waits for a lock")


def vivenu_event(external_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - columns
    """An event of an organiser, as `vivenu_events` has it."""
    row = {
        "external_id": external_id,
        "name": f"Race {external_id}",
        "starts_at": SHOW_AT,
        "timezone": "America/New_York",
        "event_on": SHOW_AT.date(),
        "capacity": 10,
        "gender_options": ["Femme", "Homme"],
        "problems": [],
    }
    return row | changes


def vivenu_ticket(ticket_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - columns
    """A ticket of event e1, as `vivenu_tickets` has it."""
    row = {
        "ticket_id": ticket_id,
        "external_id": "e1",
        "ticket_type_id": "y1",
        "status": "VALID",
        "created_at": NOON,
        "updated_at": NOON,
        "transaction_id": "x1",
        "currency": "EUR",
        "regular_price": "89.00",
        "real_price": "80.10",
        "channel": "yourticket",
        "age_years": 30,
        "gender_answer": "Femme",
    }
    return row | changes
