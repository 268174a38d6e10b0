"""The data checks find what is wrong, and nothing where all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.quality import (
    find_bad_prices,
    find_mixed_currencies,
    find_orphans,
    find_unbalanced_captures,
)
from ticket_pipeline_tests.storage.stored import HOUR, NOON, STUBHUB, Item, items, rejects, store, watch_one

if TYPE_CHECKING:
    from typing import LiteralString

    from ticket_pipeline.storage.database import Database

END = NOON + 3 * HOUR


@pytest.fixture
def built(database: Database) -> Database:
    """Three hours of an event, with prices built; an odd zone name, known splits and rejects among them."""
    event = watch_one(database)
    for hour in range(3):
        store(database, event, NOON + hour * HOUR, [*items(4), Item(zone="*", listing_id="x", splits=(2,))], rejects(2))
    rebuild_hourly(database, Span(NOON, END))
    return database


def spoil(database: Database, statement: LiteralString) -> None:
    """Change stored data behind the pipeline's back."""
    with database.connection() as connection:
        connection.execute(statement)


def test_all_is_well_where_all_is_well(built: Database) -> None:
    assert find_unbalanced_captures(built, STUBHUB, NOON, END) == []
    assert find_orphans(built, STUBHUB, NOON, END) == []
    assert find_bad_prices(built, NOON, END) == []
    assert find_mixed_currencies(built, NOON, END) == []


def test_a_lost_listing_is_found(built: Database) -> None:
    spoil(built, "delete from listings where listing_id = '3' and captured_at = '2026-03-02 13:00+00'")
    (row,) = find_unbalanced_captures(built, STUBHUB, NOON, END)
    assert (row["captured_at"], row["accepted"], row["stored"]) == (NOON + HOUR, 5, 4)


def test_listings_without_a_manifest_are_found_within_the_span(built: Database) -> None:
    spoil(built, "delete from snapshots where captured_at >= '2026-03-02 13:00+00'")
    last = NOON + 2 * HOUR
    found = [(row["captured_at"], row["listings"]) for row in find_orphans(built, STUBHUB, NOON, END)]
    assert found == [(NOON + HOUR, 5), (last, 5)]
    assert [row["captured_at"] for row in find_orphans(built, STUBHUB, last, END)] == [last]
    assert find_orphans(built, "vivid_seats", NOON, END) == []


def test_a_lost_reject_is_found(built: Database) -> None:
    spoil(built, "delete from rejected_listings where position = 0 and captured_at = '2026-03-02 12:00+00'")
    (row,) = find_unbalanced_captures(built, STUBHUB, NOON, END)
    assert (row["rejected"], row["quarantined"]) == (2, 1)


@pytest.mark.parametrize("column", ["min_price", "mean_price", "median_price", "max_price"])
def test_a_price_that_cannot_be_is_found(built: Database, column: str) -> None:
    value = {"max_price": "0.01"}.get(column, "0")
    with built.connection() as connection:
        connection.execute(f"update hourly_prices set {column} = {value} where zone = '*'".encode())  # noqa: S608 - ours
    assert len(find_bad_prices(built, NOON, END)) == 3


def test_two_currencies_in_one_hour_are_found(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(), Item(listing_id="2", currency="EUR")])
    rebuild_hourly(database, Span(NOON, END))
    (row,) = find_mixed_currencies(database, NOON, END)
    assert row["currencies"] == ["EUR", "USD"]
