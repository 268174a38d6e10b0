"""Writing captures: what is stored is what was accepted, whole or not at all, once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import RejectedListing
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.quality import find_in_captures
from ticket_pipeline.storage.snapshots import Capture
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    NOON,
    STUBHUB,
    Item,
    capture_of,
    count,
    empty,
    items,
    query,
    rejects,
    store,
    watch_one,
    write,
)

TABLES_OF_A_CAPTURE = ("snapshots", "listings", "rejected_listings", "raw_payloads", "fetch_attempts", "stale_prices")

# Everything PostgreSQL text can hold; the parsers take out the rest and never give an empty text.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)
nasty = st.sampled_from(
    ['"', "''", ",", "\n", "\r\n", "\\N", "\\.", "NULL", "{1,2}", "%", "%s", "%%(x)s", " ", "\t", "名前", "𝄞", ";--"]
)
texts = st.none() | nasty | text
cents = st.decimals(min_value="0.01", max_value="9999999999.99", places=2).map(float)
splits = st.none() | st.lists(st.integers(1, 1000), max_size=5).map(tuple)
item = st.builds(
    Item,
    price=cents,
    quantity=st.integers(1, 1000),
    splits=splits,
    zone=texts,
    section=texts,
    row=texts,
    ask_price=st.none() | cents,
    all_in_price=st.none() | cents,
    net_proceeds=st.none() | cents,
    fee_basis=st.sampled_from(["all_in", "ask"]),
    currency=st.sampled_from(["USD", "EUR"]),
    is_general_admission=st.booleans(),
    is_speculative=st.booleans(),
    admission=st.sampled_from(["seat", "grounds"]),
    notes=st.sampled_from([None, "Grounds pass, only"]),
)


def stored_items(database: Database, event: Event) -> dict[str, dict[str, object]]:
    """The stored listings of the capture at noon, by their id."""
    source = {"event_id": event.event_id, "marketplace": STUBHUB}
    rows = database.fetch_all("snapshots/select_listings", **source, captured_from=NOON, captured_until=NOON)
    return {row["listing_id"]: {name: row[name] for name in STORED_COLUMNS} for row in rows}


def as_stored(capture: Capture) -> dict[str, dict[str, object]]:
    """The accepted listings of a capture as the database should hold them, by their id."""
    rows = [dict(zip(STORED_COLUMNS, values, strict=True)) for values in _rows(capture)]
    return {str(row["listing_id"]): {name: _stored_value(value) for name, value in row.items()} for row in rows}


def _rows(capture: Capture) -> Sequence[tuple[Any, ...]]:
    return list(zip(*(capture.columns[name] for name in STORED_COLUMNS), strict=True))


def _stored_value(value: object) -> object:
    if isinstance(value, float):
        return Decimal(repr(value))
    return list(value) if isinstance(value, tuple) else value


def manifest(database: Database, event: Event) -> Row:
    (row, *_) = query(
        database, "select * from snapshots where event_id = %(id)s order by captured_at desc", id=event.event_id
    )
    return row


@EXAMPLES_SHARE_A_DATABASE
@example(listings=[Item(section='the same 100 % of "%s"'), Item(section='the same 100 % of "%s"')])
@example(listings=[Item(row='a "b", c\n'), Item(row=None), Item(row="\r")])
@example(listings=[Item(splits=()), Item(splits=(1, 3)), Item(splits=None)])
@given(listings=st.lists(item, max_size=15))
def test_the_stored_listings_are_the_accepted_ones_to_the_last_character_and_cent(
    database: Database, listings: list[Item]
) -> None:
    empty(database)
    event = watch_one(database)
    capture = capture_of(event, NOON, [replace(one, listing_id=f"id-{n}") for n, one in enumerate(listings)])
    write(database, capture)
    assert stored_items(database, event) == as_stored(capture)


json_text = st.text(max_size=8) | nasty
money = st.none() | st.fixed_dictionaries(
    {"amt": st.none() | st.integers(-5, 500) | st.floats(0, 1e12, allow_nan=False), "currency": st.just("USD")}
)
received_listing = st.fixed_dictionaries(
    {"listingId": st.none() | st.integers(0, 40) | json_text},
    optional={
        "section": json_text | st.none() | st.just("Parking Lot 4"),
        "row": json_text | st.none() | st.integers(0, 30),
        "availableTickets": st.integers(-1, 1002) | json_text,
        "sellerAllInPrice": money,
        "sellerNetProceeds": money,
        "currencyCode": st.sampled_from(["USD", "usd", "EUR", "", "dollars", None]),
    },
)
good_listing = st.fixed_dictionaries(
    {
        "listingId": st.integers(10**9, 10**12),
        "section": json_text,
        "availableTickets": st.integers(1, 8),
        "sellerAllInPrice": st.fixed_dictionaries({"amt": cents, "currency": st.just("USD")}),
        "currencyCode": st.just("USD"),
    }
)


@EXAMPLES_SHARE_A_DATABASE
@given(payload=st.lists(received_listing | good_listing | json_text | st.none(), max_size=15))
def test_every_listing_received_is_stored_or_rejected(database: Database, payload: list[object]) -> None:
    empty(database)
    event = watch_one(database)
    body = orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS)
    (listings,) = validate_listings([parse_stubhub_listings(body)])
    capture = replace(
        capture_of(event, NOON, body=body),
        received=listings.received,
        columns={name: listings.columns[name] for name in STORED_COLUMNS},
        rejected=listings.rejected,
        tickets=listings.tickets,
        currency=listings.currency,
        fee_basis=listings.fee_basis,
    )
    write(database, capture)
    assert stored_items(database, event) == as_stored(capture)
    rejected = query(database, "select position, reasons from rejected_listings order by position")
    assert [(row["position"], tuple(row["reasons"])) for row in rejected] == [
        (one.position, one.reasons) for one in listings.rejected
    ]
    row = manifest(database, event)
    assert len(payload) == row["received"] == row["accepted"] + row["rejected"]
    assert (row["accepted"], row["rejected"]) == (len(stored_items(database, event)), len(rejected))
    assert row["tickets"] == sum(int(str(one["quantity"])) for one in stored_items(database, event).values())
    assert find_in_captures(database, "count_unbalanced", STUBHUB, NOON, NOON + HOUR) == []


def test_the_body_is_kept_compressed_or_not_at_all(database: Database) -> None:
    event = watch_one(database)
    write(database, capture_of(event, NOON, items(2), body=b"[1, 2]"))
    write(database, capture_of(event, NOON + MINUTE, items(2), body=b"[1, 2]"), keep_body=False)
    rows = query(database, "select body, encoding, original_bytes from raw_payloads")
    assert [(row["encoding"], row["original_bytes"]) for row in rows] == [("zstd", 6)]
    assert zstandard.ZstdDecompressor().decompress(rows[0]["body"]) == b"[1, 2]"


def test_a_rejected_item_is_kept_as_text_that_the_database_can_hold(database: Database) -> None:
    event = watch_one(database)
    deep: list[object] = []
    for _ in range(1_000):  # the quick reader of JSON takes them; Python's own writer does not
        deep = [deep]
    raws: list[object] = ["nul\x00 and lone \ud800", {"price": float("nan")}, "x" * 20_000, deep]
    rejected = [RejectedListing(n, raw, ("odd\x00",)) for n, raw in enumerate(raws)]
    store(database, event, NOON, rejected=rejected)
    rows = query(database, "select raw, reasons from rejected_listings order by position")
    assert [row["raw"] for row in rows[:2]] == ["nul\ufffd and lone ?", '{"price": NaN}']
    assert [row["raw"] for row in rows[2:]] == ["x" * 10_000 + " … (cut)", "(nested too deeply to be shown)"]
    assert rows[0]["reasons"] == ["odd\ufffd"]


def test_a_repeated_capture_changes_nothing(database: Database) -> None:
    event = watch_one(database)
    assert store(database, event, NOON, items(3), rejects(1)).is_new
    before = {table: count(database, table) for table in TABLES_OF_A_CAPTURE}
    schedule = query(database, "select * from poll_schedule")
    again = write(database, capture_of(event, NOON, items(3), rejects(1)), jitter_factor=1.3)
    assert not again.is_new
    assert {table: count(database, table) for table in TABLES_OF_A_CAPTURE} == before
    assert query(database, "select * from poll_schedule") == schedule


def test_a_failing_capture_leaves_nothing_wherever_it_fails(database: Database) -> None:
    event = watch_one(database)
    schedule = query(database, "select * from poll_schedule")
    good = capture_of(event, NOON, items(3), rejects(1))
    unbalanced = replace(good, received=99)
    rejected_by_copy = capture_of(event, NOON, [*items(3), Item(listing_id="4", section="nul \x00 in the last row")])
    too_dear = capture_of(event, NOON, [*items(3), Item(listing_id="4", price=1e10)])
    rejected_reject = replace(good, rejected=[RejectedListing(None, {}, ("x",))])  # type: ignore[arg-type]  # on purpose
    for capture in (unbalanced, rejected_by_copy, too_dear, rejected_reject):
        with pytest.raises(StorageError, match="store the capture of stubhub event 1001"):
            write(database, capture)
    with pytest.raises(StorageError, match="store the capture"):
        write(database, good, jitter_factor=float("nan"))  # rejected by the last statement of all
    assert {table: count(database, table) for table in TABLES_OF_A_CAPTURE} == dict.fromkeys(TABLES_OF_A_CAPTURE, 0)
    assert query(database, "select * from poll_schedule") == schedule
    assert write(database, good).is_new


def test_two_writers_of_one_capture_store_it_once(database: Database) -> None:
    event = watch_one(database)
    barrier = threading.Barrier(4)

    def write_at_once(_: int) -> bool:
        barrier.wait(60)
        return store(database, event, NOON, items(200)).is_new

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(write_at_once, range(4))) == [False, False, False, True]
    assert count(database, "listings") == 200
    assert count(database, "fetch_attempts") == 1


def test_an_attempt_is_recorded_and_the_event_rescheduled_with_its_capture(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, items(3), rejects(2))
    (attempt,) = query(database, "select outcome, listings, rejected, bytes, status, finished_at from fetch_attempts")
    assert tuple(attempt.values()) == ("ok", 3, 2, 2, 200, NOON)
    (row,) = query(database, "select last_success_at, last_outcome, consecutive_failures, lease_id from poll_schedule")
    assert row == {"last_success_at": NOON, "last_outcome": "ok", "consecutive_failures": 0, "lease_id": None}


def test_an_empty_market_is_a_capture_of_nothing(database: Database) -> None:
    event = watch_one(database)
    assert store(database, event, NOON).is_new
    row = manifest(database, event)
    assert (row["received"], row["accepted"], row["tickets"], row["currency"]) == (0, 0, 0, None)
    assert query(database, "select outcome from fetch_attempts") == [{"outcome": "empty"}]
