"""Hourly prices are what the stored captures say, by brute force over random histories, in every column."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given

from ticket_pipeline.market.hours import PricedListing, hourly_prices
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.quality import find_bad_hours
from ticket_pipeline.storage.recomputation import recompute_sampled_hours
from ticket_pipeline_tests.storage.histories import HISTORY, Happening, histories, live_through
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    NOON,
    STUBHUB,
    Item,
    empty,
    fail,
    items,
    query,
    rejects,
    store,
    watch_one,
)

Key = tuple[int, datetime, str, str, str]
Captures = dict[tuple[int, datetime], tuple[Item, ...]]
COUNTS = ("listings", "tickets")
NOTHING: dict[str, Any] = (
    dict.fromkeys((f"{which}{name}" for name in COUNTS for which in ("", "min_", "mean_", "max_")), 0)
    | dict.fromkeys(("sum_tickets", "observations", "sum_price"), 0)
    | dict.fromkeys(f"{name}_price" for name in ("floor", "low_floor", "high_floor", "open", "high", "low", "close"))
    | dict.fromkeys(f"{name}_price" for name in ("min", "p25", "median", "p75", "mean", "max"))
    | dict.fromkeys(f"get_in_{together}_price" for together in range(1, 9))
)


def stored_hours(database: Database) -> dict[Key, Row]:
    """All hourly rows, by key, without their key and without the moment they were built."""
    rows = {}
    for row in query(database, "select * from hourly_prices"):
        assert row.pop("marketplace") == STUBHUB
        assert row.pop("built_at")
        key = tuple(row.pop(name) for name in ("event_id", "hour_at", "zone", "currency", "fee_basis"))
        rows[key] = row
    return rows


def expected_hours(manifests: list[Row], captures: Captures, failures: Counter[tuple[int, datetime]]) -> dict[Key, Row]:
    """The hourly rows by definition.

    Args:
        manifests: event_id, captured_at, is_suspect of each capture.
        captures: (event id, captured_at) → its listings.
        failures: failed attempts per event id and hour.
    """
    hours = {(row["event_id"], floor(row["captured_at"])) for row in manifests} | set(failures)
    expected: dict[Key, Row] = {}
    for event_id, hour_at in hours:
        own = [row for row in manifests if (row["event_id"], floor(row["captured_at"])) == (event_id, hour_at)]
        trusted = sorted(row["captured_at"] for row in own if not row["is_suspect"])
        shared = {
            "snapshots": len(trusted),
            "suspect_snapshots": len(own) - len(trusted),
            "failed_attempts": failures[event_id, hour_at],
            "first_captured_at": min(trusted, default=None),
            "last_captured_at": max(trusted, default=None),
        }
        rows = hourly_prices([(at, [priced(item) for item in captures[event_id, at]]) for at in trusted])
        for (zone, currency, basis), row in rows.items():
            means = {name: to_4(getattr(row, name)) for name in ("mean_listings", "mean_tickets")}
            expected[event_id, hour_at, zone, currency, basis] = row.columns() | means | shared
        if not rows:
            currency, basis = last_known(event_id, hour_at + HOUR, captures)
            expected[event_id, hour_at, "*", currency, basis] = NOTHING | shared
    return expected


def last_known(event_id: int, before: datetime, captures: Captures) -> tuple[str, str]:
    """Currency and fee basis of the newest capture that had one of each, if only one of the currency."""
    earlier = [moment for owner, moment in captures if owner == event_id and moment < before]
    for moment in sorted(earlier, reverse=True):
        listings = captures[event_id, moment]
        currencies, bases = {item.currency for item in listings}, {item.fee_basis for item in listings}
        if len(currencies) == 1:
            return currencies.pop(), bases.pop() if len(bases) == 1 else "all_in"
    return "XXX", "all_in"


def floor(moment: datetime) -> datetime:
    """The start of the moment's hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def to_4(amount: Decimal) -> Decimal:
    """As numeric(14, 4) rounds."""
    return amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def counted_in(item: Item) -> str:
    """The zone that a listing counts in: its own, else its section; none of that name `*`."""
    names = [name for name in (item.zone, item.section) if name and name != "*"]
    return names[0] if names else "unknown"


def priced(item: Item) -> PricedListing:
    """A listing as the definition takes it."""
    return PricedListing(
        counted_in(item), item.currency, item.fee_basis, item.quantity, Decimal(str(item.price)), item.splits
    )


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories)
def test_every_column_is_what_brute_force_says(database: Database, history: list[Happening]) -> None:
    empty(database)
    ids = live_through(database, history)
    rebuild_hourly(database, HISTORY)
    captures = {(ids[one.event_number - 1], one.at): one.listings for one in history if one.failure is None}
    failures = Counter((ids[one.event_number - 1], floor(one.at)) for one in history if one.failure is not None)
    manifests = query(database, "select event_id, captured_at, is_suspect from snapshots")
    assert {(row["event_id"], row["captured_at"]) for row in manifests} == captures.keys()
    assert stored_hours(database) == expected_hours(manifests, captures, failures)
    assert find_bad_hours(database, HISTORY.start, HISTORY.end) == []
    query(database, "with answered as (delete from stale_prices returning 1) select count(*) from answered")
    compared, differences = recompute_sampled_hours(database, HISTORY.start, HISTORY.end, salt="x", sample_size=100)
    assert (compared, differences) == (len({key[:2] for key in stored_hours(database)}), [])


def only_row(database: Database) -> tuple[Key, Row]:
    """The one hourly row of NOON."""
    rebuild_hourly(database, Span(NOON, NOON + HOUR))
    rows = {key: row for key, row in stored_hours(database).items() if key[1] == NOON}
    assert len(rows) == 1
    return next(iter(rows.items()))


def test_an_hour_of_failures_alone_is_counted_and_shows_no_price(database: Database) -> None:
    event = watch_one(database)
    for minute, outcome in enumerate((Outcome.TIMEOUT, Outcome.BLOCKED, Outcome.NOT_PERMITTED)):
        fail(database, event, NOON + minute * MINUTE, outcome)
    key, row = only_row(database)
    assert key == (event.event_id, NOON, "*", "XXX", "all_in")
    assert (row["failed_attempts"], row["snapshots"], row["tickets"], row["min_price"]) == (3, 0, 0, None)


def test_a_suspect_capture_is_counted_and_makes_no_sell_out(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(10))
    store(database, event, NOON + MINUTE, items(1))
    rebuild_hourly(database, Span(NOON, NOON + HOUR))
    (row,) = [row for key, row in stored_hours(database).items() if key[2] == "*"]
    assert (row["snapshots"], row["suspect_snapshots"], row["tickets"], row["min_tickets"]) == (1, 1, 20, 20)


def test_an_hour_of_suspects_alone_keeps_the_currency_and_counts_them(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON - HOUR, items(10, currency="EUR", fee_basis="ask"))
    store(database, event, NOON, rejected=rejects(5))
    key, row = only_row(database)
    assert key[2:] == ("*", "EUR", "ask")
    assert (row["snapshots"], row["suspect_snapshots"], row["first_captured_at"]) == (0, 1, None)


def test_an_empty_market_is_an_answer_of_no_tickets(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON)
    key, row = only_row(database)
    assert key[2:] == ("*", "XXX", "all_in")
    assert (row["snapshots"], row["failed_attempts"], row["tickets"]) == (1, 0, 0)
    assert row["last_captured_at"] == NOON


def test_a_currency_seen_more_than_ninety_days_ago_is_forgotten(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON - timedelta(days=91), items(1))
    fail(database, event, NOON)
    key, _ = only_row(database)
    assert key[3] == "XXX"


def test_a_moment_on_the_hour_belongs_to_the_hour_it_begins(database: Database) -> None:
    event = watch_one(database)
    for moment in (NOON - timedelta(microseconds=1), NOON, NOON + HOUR - timedelta(microseconds=1), NOON + HOUR):
        store(database, event, moment, items(1))
    rebuild_hourly(database, Span(NOON - HOUR, NOON + 2 * HOUR))
    hours = {key[1]: row["snapshots"] for key, row in stored_hours(database).items() if key[2] == "*"}
    assert hours == {NOON - HOUR: 1, NOON: 2, NOON + HOUR: 1}


def test_an_aggregate_is_of_one_hour_in_utc_whatever_the_session_says(database: Database) -> None:
    event = watch_one(database)
    store(database, event, datetime(2026, 3, 2, 12, 45, tzinfo=UTC), items(1))
    with database.transaction() as transaction:
        transaction.connection.execute("set local time zone 'Asia/Kolkata'")  # half an hour beside the hour
        transaction.execute("prices/insert_hourly", starts_from=NOON, starts_until=NOON + HOUR)
    assert {key[1] for key in stored_hours(database)} == {NOON}
