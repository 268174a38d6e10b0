"""The data checks find what is wrong, and nothing where all is well."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.prices import Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.quality import (
    find_bad_days,
    find_bad_hours,
    find_mixed_currencies,
    find_orphans,
    find_unbalanced_captures,
)
from ticket_pipeline_tests.storage.stored import DAY, HOUR, NOON, STUBHUB, Item, items, rejects, store, watch_one

if TYPE_CHECKING:
    from typing import LiteralString

    from ticket_pipeline.storage.database import Database

END = NOON + 3 * HOUR
DAYS = (date(2026, 3, 2), date(2026, 3, 3))


@pytest.fixture
def built(database: Database) -> Database:
    """Three hours of an event, with prices built; an odd zone name, known splits and rejects among them."""
    event = watch_one(database)
    for hour in range(3):
        store(database, event, NOON + hour * HOUR, [*items(4), Item(zone="*", listing_id="x", splits=(2,))], rejects(2))
    rebuild_hourly(database, Span(NOON, END))
    rebuild_daily(database, *DAYS)
    return database


def spoil(database: Database, statement: LiteralString) -> None:
    """Change stored data behind the pipeline's back."""
    with database.connection() as connection:
        connection.execute(statement)


def test_all_is_well_where_all_is_well(built: Database) -> None:
    assert find_unbalanced_captures(built, STUBHUB, NOON, END) == []
    assert find_orphans(built, STUBHUB, NOON, END) == []
    assert find_bad_hours(built, NOON, END) == []
    assert find_bad_days(built, *DAYS) == []
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


PRICES = (
    *("open_price", "high_price", "low_price", "close_price", "min_price", "mean_price", "max_price"),
    *("get_in_2_price", "get_in_4_price"),
)


def set_price(database: Database, table: str, column: str, value: str) -> None:
    """Write one price of the whole event into all rows of an aggregate."""
    with database.connection() as connection:
        connection.execute(f"update {table} set {column} = {value} where zone = '*'".encode())  # noqa: S608 - ours


@pytest.mark.parametrize("value", ["0", "-1"])
@pytest.mark.parametrize("column", [*PRICES, "median_price"])
def test_every_hourly_price_of_zero_or_less_is_found(built: Database, column: str, value: str) -> None:
    set_price(built, "hourly_prices", column, value)
    found = [row for row in find_bad_hours(built, NOON, END) if row["name"] == column]
    assert [row["hour_at"] for row in found] == [NOON + 2 * HOUR, NOON + HOUR, NOON]
    assert {(row["zone"], int(row["found"])) for row in found} == {("*", int(value))}


@pytest.mark.parametrize("column", PRICES)
def test_every_daily_price_of_zero_or_less_is_found(built: Database, column: str) -> None:
    set_price(built, "daily_prices", column, "-1")
    assert [row["day_on"] for row in find_bad_days(built, *DAYS) if row["name"] == column] == [DAYS[0]]
    assert find_bad_days(built, DAYS[1], DAYS[1] + DAY) == []


@pytest.mark.parametrize("column", [*PRICES, "median_price"])
def test_a_price_out_of_order_is_found_with_the_bounds_it_should_lie_within(built: Database, column: str) -> None:
    set_price(built, "hourly_prices", column, "0.01" if column == "max_price" else "9999")
    found = next(row for row in find_bad_hours(built, NOON, END) if row["name"] == column)
    assert found["found"] < found["least"] if column == "max_price" else found["found"] > found["largest"]


def test_two_currencies_in_one_hour_are_found(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(), Item(listing_id="2", currency="EUR")])
    rebuild_hourly(database, Span(NOON, END))
    (row,) = find_mixed_currencies(database, NOON, END)
    assert row["currencies"] == ["EUR", "USD"]
