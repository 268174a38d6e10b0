"""The data checks find what is wrong, and nothing where all is well."""

from __future__ import annotations

from datetime import date
from typing import LiteralString

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.quality import (
    find_bad_days,
    find_bad_hours,
    find_in_captures,
    find_mixed_currencies,
)
from ticket_pipeline_tests.storage.stored import (
    DAY,
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    NOON,
    STUBHUB,
    Item,
    items,
    rejects,
    store,
    watch_one,
)

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
    with database.connection() as connection:
        connection.execute(statement)


def test_good_data_has_no_findings(built: Database) -> None:
    assert find_in_captures(built, "count_unbalanced", STUBHUB, NOON, END) == []
    assert find_in_captures(built, "select_orphans", STUBHUB, NOON, END) == []
    assert find_bad_hours(built, NOON, END) == []
    assert find_bad_days(built, *DAYS) == []
    assert find_mixed_currencies(built, NOON, END) == []


def test_a_lost_listing_and_a_lost_reject_are_found(built: Database) -> None:
    spoil(built, "delete from listings where listing_id = '3' and captured_at = '2026-03-02 13:00+00'")
    spoil(built, "delete from rejected_listings where position = 0 and captured_at = '2026-03-02 12:00+00'")
    first, second = sorted(
        find_in_captures(built, "count_unbalanced", STUBHUB, NOON, END), key=lambda row: row["captured_at"]
    )
    assert (first["captured_at"], first["rejected"], first["stored_rejected"]) == (NOON, 2, 1)
    assert (second["captured_at"], second["accepted"], second["stored_accepted"]) == (NOON + HOUR, 5, 4)


def test_listings_without_a_manifest_are_found_within_the_span(built: Database) -> None:
    spoil(built, "delete from snapshots where captured_at >= '2026-03-02 13:00+00'")
    last = NOON + 2 * HOUR
    found = [
        (row["captured_at"], row["listings"]) for row in find_in_captures(built, "select_orphans", STUBHUB, NOON, END)
    ]
    assert found == [(NOON + HOUR, 5), (last, 5)]
    assert [row["captured_at"] for row in find_in_captures(built, "select_orphans", STUBHUB, last, END)] == [last]
    assert find_in_captures(built, "select_orphans", "vivid_seats", NOON, END) == []


def set_price(database: Database, table: str, column: str, value: str) -> None:
    """Write one price of the whole event into all rows of an aggregate."""
    with database.connection() as connection:
        connection.execute(f"update {table} set {column} = {value} where zone = '*'".encode())  # noqa: S608 - ours


def test_bad_prices_are_found_newest_first_and_within_the_span_and_their_bounds_named(built: Database) -> None:
    set_price(built, "hourly_prices", "median_price", "9999")
    found = find_bad_hours(built, NOON, END)[0]
    assert (found["name"], found["largest"] < found["found"]) == ("median_price", True)
    set_price(built, "hourly_prices", "median_price", "null")
    for table in ("hourly_prices", "daily_prices"):
        set_price(built, table, "mean_price", "0")
    found = find_bad_hours(built, NOON, END)
    assert [row["hour_at"] for row in found] == [NOON + 2 * HOUR, NOON + HOUR, NOON]
    assert {(row["zone"], row["name"], int(row["found"])) for row in found} == {("*", "mean_price", 0)}
    assert [row["day_on"] for row in find_bad_days(built, *DAYS)] == [DAYS[0]]
    assert find_bad_days(built, DAYS[1], DAYS[1] + DAY) == []


BOUNDS: dict[str, tuple[str | None, str | None]] = {
    "open_price": ("low_price", "high_price"),
    "high_price": ("low_price", "max_price"),
    "low_price": ("min_price", "high_price"),
    "close_price": ("low_price", "high_price"),
    "min_price": (None, "max_price"),
    "mean_price": ("min_price", "max_price"),
    "p25_price": ("min_price", "median_price"),
    "median_price": ("p25_price", "p75_price"),
    "p75_price": ("median_price", "max_price"),
    "floor_price": ("low_floor_price", "high_floor_price"),
    "low_floor_price": ("min_price", "high_floor_price"),
    "high_floor_price": ("low_floor_price", "max_price"),
    "max_price": ("min_price", None),
} | {f"get_in_{together}_price": ("min_price", "max_price") for together in range(1, 9)}


def out_of_bounds(prices: dict[str, int | None]) -> set[str]:
    """The prices of a row that cannot be, one by one; a price that is not known bounds nothing."""
    found = set()
    for name, price in prices.items():
        least, largest = (prices.get(bound or "") for bound in BOUNDS[name])
        if price is not None and (
            price <= 0 or (least is not None and price < least) or (largest is not None and price > largest)
        ):
            found.add(name)
    return found


@pytest.fixture
def one_row(database: Database) -> Database:
    """An hour and a day of one event, of the whole event alone."""
    store(database, watch_one(database), NOON)
    rebuild_hourly(database, Span(NOON, END))
    rebuild_daily(database, *DAYS)
    return database


@EXAMPLES_SHARE_A_DATABASE
@given(prices=st.fixed_dictionaries(dict.fromkeys(BOUNDS, st.sampled_from([3, 3, 3, 3, 2, 4, 0, None]))))
def test_what_is_found_is_each_price_out_of_its_bounds(one_row: Database, prices: dict[str, int | None]) -> None:
    change = ", ".join(f"{name} = %({name})s" for name in prices)
    for table in ("hourly_prices", "daily_prices"):
        with one_row.connection() as connection:
            assert connection.execute(f"update {table} set {change}".encode(), prices).rowcount == 1  # noqa: S608 - ours
    assert {row["name"] for row in find_bad_hours(one_row, NOON, END)} == out_of_bounds(prices)
    assert {row["name"] for row in find_bad_days(one_row, *DAYS)} == out_of_bounds(prices)


def test_two_currencies_in_one_hour_are_found(database: Database) -> None:
    event = watch_one(database)
    store(database, event, NOON, [Item(), Item(listing_id="2", currency="EUR")])
    rebuild_hourly(database, Span(NOON, END))
    (row,) = find_mixed_currencies(database, NOON, END)
    assert row["currencies"] == ["EUR", "USD"]
