"""Recomputing what is stored finds every wrong column, missing and surplus row, and nothing where all is well."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.recomputation import DaySample, recompute_sampled_days, recompute_sampled_hours
from ticket_pipeline_tests.storage.stored import HOUR, NOON, Item, fail, items, query, rejects, store, watch_one

END = NOON + 3 * HOUR
STALE = """
insert into stale_prices (grain, starts_at, event_id, marketplace) select {}, event_id, 'stubhub' from events
"""
ONE_ZONE_OF_NOON = "update hourly_prices set {} where zone = '101' and hour_at = '2026-03-02 12:00+00'"
THE_DAY, THE_NEXT = date(2026, 3, 2), date(2026, 3, 3)
ONE_DAY = DaySample(THE_DAY, THE_DAY, THE_NEXT, new_size=100, old_size=0)


@pytest.fixture
def built(database: Database) -> Database:
    """Three hours of an event, with prices built; an odd zone name, known splits, rejects and a failure among them."""
    event = watch_one(database)
    for hour in range(3):
        store(database, event, NOON + hour * HOUR, [*items(4), Item(zone="*", listing_id="x", splits=(2,))], rejects(2))
    fail(database, event, NOON + HOUR / 2)
    rebuild_hourly(database, Span(NOON, END))
    rebuild_daily(database, THE_DAY, THE_NEXT)
    forget_marks(database)
    return database


def forget_marks(database: Database) -> None:
    """As if everything that waits for a rebuild had been rebuilt."""
    query(database, "delete from stale_prices returning 1")


def spoil(database: Database, statement: str) -> None:
    """Change stored data behind the pipeline's back."""
    with database.connection() as connection:
        assert connection.execute(statement.encode()).rowcount > 0


def wrong_days(database: Database) -> list[Row]:
    """What recomputing the day finds."""
    compared, found = recompute_sampled_days(database, ONE_DAY, salt="x")
    assert compared == 1
    return found


def wrong_hours(database: Database, *, hours: int = 3) -> list[Row]:
    """What recomputing all hours finds."""
    compared, found = recompute_sampled_hours(database, NOON, END, salt="x", sample_size=100)
    assert compared == hours
    return found


def value_columns(database: Database, table: str) -> set[str]:
    """The columns of an aggregate that say something about its key."""
    rows = query(
        database,
        "select column_name from information_schema.columns where table_schema = 'tickets' and table_name = %(table)s",
        table=table,
    )
    keys = {"event_id", "marketplace", "zone", "currency", "fee_basis", "hour_at", "day_on", "built_at"}
    return {row["column_name"] for row in rows} - keys


def test_good_prices_equal_their_recomputation(built: Database) -> None:
    assert wrong_days(built) == wrong_hours(built) == []


def test_every_column_of_every_zone_of_a_day_is_compared(built: Database) -> None:
    for column in sorted(value_columns(built, "daily_prices")):
        spoil(built, f"update daily_prices set {column} = coalesce({column}, 0) + 1 where zone = '101'")  # noqa: S608 - ours
        assert [(row["zone"], row["name"]) for row in wrong_days(built)] == [("101", column)]
        rebuild_daily(built, THE_DAY, THE_NEXT)


def test_a_difference_shows_where_it_is_and_what_is_expected(built: Database) -> None:
    spoil(built, "update daily_prices set mean_price = 1 where zone = '*'")
    (row,) = wrong_days(built)
    assert (row["day_on"], row["marketplace"], row["zone"], row["currency"]) == (THE_DAY, "stubhub", "*", "USD")
    assert (row["name"], row["expected"], row["found"]) == ("mean_price", "101.20", "1.00")


def test_missing_and_surplus_rows_are_found(built: Database) -> None:
    for change, look in (
        ("update daily_prices set zone = 'Nowhere' where zone = '101'", wrong_days),
        (ONE_ZONE_OF_NOON.format("zone = 'Nowhere'"), wrong_hours),
    ):
        spoil(built, change)
        found = [row for row in look(built) if row["name"] == "row"]
        assert [(row["zone"], row["expected"], row["found"]) for row in found] == [
            ("101", "a row", "none"),
            ("Nowhere", "none", "a row"),
        ]


def test_a_day_without_any_row_and_a_day_without_hours_are_found_before_all_others(built: Database) -> None:
    spoil(built, "delete from daily_prices")
    spoil(
        built,
        "insert into daily_prices select event_id, marketplace, '*', 'USD', 'all_in', '2026-02-20',"
        " 1, 1, 0, 0, 1, 1, 1, 1 from events, (values ('stubhub')) as m (marketplace)",
    )
    thirty_days = DaySample(THE_DAY - timedelta(days=30), THE_DAY, THE_NEXT, new_size=1, old_size=1)
    compared, found = recompute_sampled_days(built, thirty_days, salt="x")
    assert compared == 2
    assert {(row["day_on"], row["name"], row["found"]) for row in found} == {
        (THE_DAY, "row", "none"),
        (date(2026, 2, 20), "row", "a row"),
    }


@pytest.mark.parametrize("window", ["'day', timestamptz '2026-03-02 00:00+00'", "'hour', '2026-03-02 23:00+00'"])
def test_a_day_that_waits_for_a_rebuild_is_not_compared(built: Database, window: str) -> None:
    spoil(built, "update daily_prices set tickets = 1")
    assert wrong_days(built)
    spoil(built, STALE.format(window))
    assert recompute_sampled_days(built, ONE_DAY, salt="x") == (0, [])


@pytest.fixture
def wrong_for_six_days(database: Database) -> Database:
    """Six days of an event of which each is wrong, so that the differences show which were compared."""
    event = watch_one(database)
    for day in range(6):
        store(database, event, NOON - timedelta(days=day), items(1))
    first = THE_DAY - timedelta(days=5)
    rebuild_hourly(database, Span(NOON - timedelta(days=5), END))
    rebuild_daily(database, first, THE_NEXT)
    forget_marks(database)
    spoil(database, "update daily_prices set tickets = 7 where zone = '*'")
    return database


def test_the_newest_days_and_the_others_are_drawn_from_apart_and_differently_each_time(
    wrong_for_six_days: Database,
) -> None:
    new_from = THE_DAY - timedelta(days=2)
    sample = DaySample(THE_DAY - timedelta(days=5), new_from, THE_NEXT, new_size=2, old_size=1)
    drawn = set()
    for salt in "abcdefgh":
        compared, found = recompute_sampled_days(wrong_for_six_days, sample, salt=salt)
        days = tuple(row["day_on"] for row in found)
        assert (compared, len(days), sum(day >= new_from for day in days)) == (3, 3, 2)
        drawn.add(days)
    assert len({days[:2] for days in drawn}) > 1
    assert len({days[2] for days in drawn}) > 1


def test_of_few_days_each_is_compared_except_those_that_wait(wrong_for_six_days: Database) -> None:
    sample = DaySample(THE_DAY - timedelta(days=5), THE_DAY, THE_NEXT, new_size=9, old_size=9)
    compared, found = recompute_sampled_days(wrong_for_six_days, sample, salt="x")
    assert (compared, len(found)) == (6, 6)
    spoil(wrong_for_six_days, STALE.format("'hour', timestamptz '2026-03-01 23:00+00'"))
    compared, found = recompute_sampled_days(wrong_for_six_days, sample, salt="x")
    assert compared == 5
    assert date(2026, 3, 1) not in {row["day_on"] for row in found}


def test_every_column_of_every_zone_of_an_hour_is_compared(built: Database) -> None:
    for column in sorted(value_columns(built, "hourly_prices")):
        other = f"{column} + interval '1 minute'" if column.endswith("_at") else f"coalesce({column}, 0) + 1"
        spoil(built, ONE_ZONE_OF_NOON.format(f"{column} = {other}"))
        assert [(row["zone"], row["hour_at"], row["name"]) for row in wrong_hours(built)] == [("101", NOON, column)]
        rebuild_hourly(built, Span(NOON, END))


def test_a_lost_listing_shows_in_what_its_hour_should_be(built: Database) -> None:
    spoil(built, "delete from listings where listing_id = '3' and captured_at = '2026-03-02 13:00+00'")
    found = {(row["zone"], row["name"]): (row["expected"], row["found"]) for row in wrong_hours(built)}
    assert found["*", "observations"] == ("4", "5")
    assert found["101", "max_price"] == ("102.00", "103.00")


def test_an_hour_of_failures_alone_has_one_row_in_the_last_known_currency(built: Database) -> None:
    fail(built, read_events(built, external_ids=["1001"])[0], END + HOUR / 2)
    rebuild_hourly(built, Span(NOON, END + HOUR))
    forget_marks(built)
    assert recompute_sampled_hours(built, NOON, END + HOUR, salt="x", sample_size=100) == (4, [])
    spoil(built, "update hourly_prices set currency = 'EUR' where snapshots = 0")
    _, found = recompute_sampled_hours(built, NOON, END + HOUR, salt="x", sample_size=100)
    assert {(row["currency"], row["expected"]) for row in found} == {("EUR", "none"), ("USD", "a row")}


@pytest.mark.parametrize(
    "damage",
    [
        "delete from hourly_prices where hour_at = '2026-03-02 12:00+00'",
        "delete from snapshots where captured_at = '2026-03-02 13:00+00'",
        "delete from fetch_attempts where outcome = 'timeout'",
    ],
)
def test_hours_without_prices_and_prices_without_a_capture_are_found(built: Database, damage: str) -> None:
    spoil(built, damage)
    assert wrong_hours(built)


def test_hours_that_one_side_lacks_are_compared_before_all_others(built: Database) -> None:
    spoil(built, "delete from hourly_prices where hour_at = '2026-03-02 13:00+00'")
    spoil(built, "update hourly_prices set hour_at = '2026-03-02 10:00+00' where hour_at = '2026-03-02 14:00+00'")
    for salt in ("a", "b", "c"):
        compared, found = recompute_sampled_hours(built, NOON - 2 * HOUR, END, salt=salt, sample_size=3)
        assert compared == 3
        assert {row["hour_at"] - NOON for row in found} == {-2 * HOUR, HOUR, 2 * HOUR}


def test_hours_that_wait_for_a_rebuild_are_not_compared(built: Database) -> None:
    spoil(built, "update hourly_prices set tickets = 1")
    spoil(built, STALE.format("'hour', timestamptz '2026-03-02 12:00+00'"))
    assert {row["hour_at"] for row in wrong_hours(built, hours=2)} == {NOON + HOUR, NOON + 2 * HOUR}
