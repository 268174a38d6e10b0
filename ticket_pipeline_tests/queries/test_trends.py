"""Series over time equal a twin that buckets captures one by one; gaps, breaks and coverage are as a reader expects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.events import Event
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.market.trends import measure_trend
from ticket_pipeline.queries import (
    DAY,
    HOUR,
    LevelBreak,
    Span,
    TicketPoint,
    TrendPoint,
    TrendSeries,
    group_price_trend,
    price_history,
    price_trend,
    section_prices,
    ticket_count_trend,
)
from ticket_pipeline.queries.trends import Measure
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import rebuild_hourly
from ticket_pipeline_tests.queries.buckets import Buckets, expected_series, expected_value, in_zone, on_the_clock
from ticket_pipeline_tests.queries.histories import Captured, History, histories, live_through, read_stored
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    NOON,
    Item,
    fail,
    items,
    query,
    store,
    watch_one,
)

NEW_YORK = "America/New_York"


def buckets_of(database: Database, event_id: int, history: History, by: timedelta) -> dict[str, Buckets]:
    """By marketplace."""
    until = min(history.span.end, history.event_at)
    number = on_the_clock(history.timezone, by)
    return {name: Buckets(stored, number, until) for name, stored in read_stored(database, event_id).items()}


@EXAMPLES_SHARE_A_DATABASE
@given(
    history=histories(),
    by=st.sampled_from([HOUR, 6 * HOUR, DAY]),
    zone=st.sampled_from(["*", "Lower"]),
    measure=st.sampled_from(["floor", "get_in", "median"]),
    together=st.integers(1, 8),
)
def test_every_series_is_what_brute_force_over_captures_says(
    database: Database, history: History, by: timedelta, zone: str, measure: Measure, together: int
) -> None:
    event_id = live_through(database, history)
    asked: dict[str, Any] = {"zone": zone, "by": by, "measure": measure, "together": together}
    found = price_trend(database, event_id, span=history.span, timezone=history.timezone, **asked)
    expected = {}
    for marketplace, buckets in buckets_of(database, event_id, history, by).items():
        starts = buckets.starts(history.span)
        for key, numbers in expected_series(buckets, zone).items():
            points = [
                TrendPoint(
                    starts[number],
                    price := expected_value(buckets.captures(number), zone, key, measure, together),
                    measure == "get_in"
                    and is_thin(price, expected_value(buckets.captures(number), zone, key, "floor", 1)),
                    *buckets.coverage(number),
                )
                for number in numbers
            ]
            hours = (buckets.hours_covered(numbers), buckets.hours(numbers, history.span))
            expected[marketplace, *key] = (points, hours)
    # A market that never had a price has one series of its coverage alone.
    with_prices = [one for one in found if (one.marketplace, one.currency, one.fee_basis) in expected]
    without = [one for one in found if one not in with_prices]
    assert {
        (one.marketplace, str(one.currency), str(one.fee_basis)): (one.points, (one.hours_covered, one.hours))
        for one in with_prices
    } == expected
    assert all(one.trend is None and zone == "*" for one in without)
    assert {one.marketplace for one in without}.isdisjoint(name for name, *_ in expected)
    for one in found:
        assert one.trend == measure_trend([(p.at, p.value) for p in one.points if p.value is not None])


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories(), by=st.sampled_from([HOUR, DAY]), zone=st.sampled_from(["*", "Lower"]))
def test_every_count_is_what_brute_force_over_captures_says(
    database: Database, history: History, by: timedelta, zone: str
) -> None:
    event_id = live_through(database, history)
    found = ticket_count_trend(database, event_id, span=history.span, timezone=history.timezone, zone=zone, by=by)
    twins = buckets_of(database, event_id, history, by)
    if zone == "*":
        assert [one.marketplace for one in found] == sorted(twins)
    for one in found:
        buckets = twins[one.marketplace]
        starts = buckets.starts(history.span)
        assert one.points == [
            expected_counts(buckets.captures(number), zone, history.capacity, starts[number], buckets.coverage(number))
            for number in buckets.numbers
        ]
        counts = [(point.at, Decimal(point.tickets)) for point in one.points if point.tickets is not None]
        assert one.trend == measure_trend(counts)
        assert (one.capacity, one.hours_covered) == (history.capacity, buckets.hours_covered(buckets.numbers))


def expected_counts(
    captures: list[Captured], zone: str, capacity: int | None, at: datetime, coverage: tuple[int, int, int]
) -> TicketPoint:
    """What the last capture holds."""
    if not captures:
        return TicketPoint(at, None, None, None, *coverage)
    last = in_zone(captures[-1].listings, zone)
    tickets = sum(one.quantity for one in last)
    rate = round(Decimal(tickets) / capacity, 4) if capacity and zone == "*" else None
    return TicketPoint(at, tickets, len(last), rate, *coverage)


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories())
def test_zones_now_are_what_the_last_capture_of_each_marketplace_says(database: Database, history: History) -> None:
    event_id = live_through(database, history)
    found = section_prices(database, event_id, span=history.span)
    expected = {}
    for marketplace, stored in read_stored(database, event_id).items():
        seen = [listing for capture in stored.captures for listing in capture.listings]
        zones = {(zone, one.currency, one.fee_basis) for one in seen for zone in ("*", one.zone)}
        for zone, *key in zones:
            last = [one for one in in_zone(stored.captures[-1].listings, zone) if [one.currency, one.fee_basis] == key]
            prices = [expected_value(stored.captures[-1:], zone, (key[0], key[1]), "get_in", n) for n in range(1, 9)]
            counts = (len(last), sum(one.quantity for one in last))
            floor = expected_value(stored.captures[-1:], zone, (key[0], key[1]), "floor", 1)
            expected[marketplace, zone, *key] = (*counts, floor, prices)
    assert {
        (one.marketplace, one.zone, one.currency, one.fee_basis): (
            one.listings,
            one.tickets,
            one.floor_price,
            one.get_in_prices,
        )
        for one in found
    } == expected


def trend_of(
    database: Database,
    event: Event,
    span: Span,
    **asked: Any,  # noqa: ANN401 - as price_trend has them
) -> list[TrendSeries]:
    """The floor in New York, by the hour unless asked otherwise."""
    rebuild_hourly(database, span)
    return price_trend(database, event.event_id, span=span, timezone=NEW_YORK, **asked)


def test_a_sell_out_a_failure_and_a_gap_are_told_apart_in_a_zone(database: Database) -> None:
    event = watch_one(database)
    lower = [Item(listing_id=str(n), price=50.0 + n, zone="Lower") for n in range(3)]
    upper = [Item(listing_id=f"u{n}", price=20.0 + n, zone="Upper") for n in range(6)]
    store(database, event, NOON, [*lower, *upper])
    store(database, event, NOON + HOUR, upper)
    fail(database, event, NOON + 2 * HOUR)
    store(database, event, NOON + 4 * HOUR, [*lower, *upper])
    span = Span(NOON, NOON + 5 * HOUR)
    (series,) = trend_of(database, event, span, zone="Lower")
    assert [(p.value, p.snapshots, p.failed_attempts) for p in series.points] == [
        (50, 1, 0),
        (None, 1, 0),
        (None, 0, 1),
        (None, 0, 0),
        (50, 1, 0),
    ]
    (counts,) = ticket_count_trend(database, event.event_id, span=span, timezone=NEW_YORK, zone="Lower")
    assert [point.tickets for point in counts.points] == [6, 0, None, None, 6]
    assert (series.hours_covered, series.hours) == (3, 5)


def test_a_level_break_parts_a_trend_and_is_named(database: Database) -> None:
    """Fees become part of prices on the third day: a rise that is none."""
    event = watch_one(database)
    for day, (basis, price) in enumerate([("ask", 100.0)] * 2 + [("all_in", 125.0)] * 2):
        stock = [Item(listing_id=str(n), price=price + n, fee_basis=basis) for n in range(3)]
        store(database, event, NOON + day * DAY, stock)
    fail(database, event, NOON + 36 * HOUR)
    asked, all_in = sorted(
        trend_of(database, event, Span(NOON, NOON + 3 * DAY + HOUR), by=DAY), key=lambda one: one.points[0].at
    )
    assert asked.level_breaks == all_in.level_breaks
    assert asked.level_breaks == [LevelBreak(datetime(2026, 3, 4, 5, tzinfo=UTC), "USD", "ask", "USD", "all_in")]
    assert [point.value for point in asked.points] == [100, 100]
    assert [point.value for point in all_in.points] == [125, 125]
    assert [one.trend.direction for one in (asked, all_in) if one.trend] == ["flat", "flat"]


def test_a_few_listings_in_another_currency_are_no_level_break(database: Database) -> None:
    event = watch_one(database)
    stray = Item(listing_id="x", currency="CAD")
    for hour in range(4):
        store(database, event, NOON + hour * HOUR, [*items(3), *([stray] if hour == 1 else [])])
    found = trend_of(database, event, Span(NOON, NOON + 4 * HOUR))
    assert [(one.currency, len(one.points), one.level_breaks) for one in found] == [("CAD", 1, []), ("USD", 4, [])]


def test_one_point_has_no_trend_and_no_data_has_no_series(database: Database) -> None:
    event = watch_one(database)
    span = Span(NOON, NOON + DAY)
    assert trend_of(database, event, span) == []
    assert ticket_count_trend(database, event.event_id, span=span, timezone=NEW_YORK) == []
    store(database, event, NOON, items(3))
    (series,) = trend_of(database, event, span)
    assert (series.trend, [p.value for p in series.points][:2]) == (None, [100, None])


def test_a_midnight_within_an_hour_parts_a_failure_from_the_capture_after_it(database: Database) -> None:
    """The hour counts as covered once: on the day of its capture."""
    event = watch_one(database)
    fail(database, event, datetime(2026, 1, 20, 18, 10, tzinfo=UTC))  # 23:40 in Mumbai
    store(database, event, datetime(2026, 1, 20, 18, 40, tzinfo=UTC), items(3))
    span = Span(datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))
    rebuild_hourly(database, span)
    (series,) = price_history(database, event.event_id, span=span, bucket=DAY, timezone="Asia/Kolkata")
    assert [(one.failed_attempts, one.snapshots, one.hours_covered) for one in series.buckets] == [(1, 0, 0), (0, 1, 1)]


def test_group_prices_are_those_of_so_many_together(database: Database) -> None:
    event = watch_one(database)
    stock = [Item(listing_id=str(n), price=10.0 * n, quantity=n, splits=(n,)) for n in range(1, 9)]
    store(database, event, NOON, stock)
    rebuild_hourly(database, span := Span(NOON, NOON + HOUR))
    asked = {"span": span, "timezone": NEW_YORK}
    for together in range(1, 9):
        (series,) = group_price_trend(database, event.event_id, together=together, **asked)
        assert (series.measure, series.points[0].value) == (f"get_in {together}", 10 * together)
    with pytest.raises(ValueError, match="together is 9: get-in prices are known for 1 to 8"):
        group_price_trend(database, event.event_id, together=9, **asked)


def test_the_function_of_the_schema_gives_the_same_points(database: Database) -> None:
    event = watch_one(database)
    for hour in (0, 1, 3):
        store(database, event, NOON + hour * HOUR, [*items(3), Item(price=40.0 + hour, listing_id="x")])
    span = Span(NOON, NOON + 5 * HOUR)
    for measure, together in (("floor", 1), ("get_in", 2), ("median", 1)):
        (series,) = trend_of(database, event, span, measure=measure, together=together)
        rows = query(
            database,
            "select * from price_trend(%(id)s, %(start)s, %(end)s, p_measure => %(measure)s, p_together => %(n)s)",
            id=event.event_id,
            start=span.start,
            end=span.end,
            measure=measure,
            n=together,
        )
        assert [(row["at"], row["value"], row["snapshots"]) for row in rows] == [
            (point.at, point.value, point.snapshots) for point in series.points
        ]


def test_a_day_of_the_schemas_function_is_the_venues_own(database: Database) -> None:
    event = watch_one(database)  # in New York
    store(database, event, datetime(2026, 3, 2, 4, 30, tzinfo=UTC), items(3))
    store(database, event, datetime(2026, 3, 2, 5, 30, tzinfo=UTC), items(3))
    span = Span(NOON - DAY, NOON)
    rebuild_hourly(database, span)
    rows = query(
        database,
        "select at from ticket_count_trend(%(id)s, %(start)s, %(end)s, '1 day')",
        id=event.event_id,
        start=span.start,
        end=span.end,
    )
    assert [row["at"] for row in rows] == [datetime(2026, 3, day, 5, tzinfo=UTC) for day in (1, 2)]


def test_questions_need_no_search_path(database: Database) -> None:
    """Grafana and Metabase name the schema, and set nothing."""
    event = watch_one(database)
    with database.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute("set local search_path to pg_catalog")
        for question in (
            "price_history(%s, now() - interval '1 day', now())",
            "price_trend(%s, now() - interval '1 day', now())",
            "ticket_count_trend(%s, now() - interval '1 day', now(), '1 day')",
            "get_in_curve(%s)",
            "percentile_of_now(%s)",
            "floor_band(%s)",
        ):
            connection.execute(f"select * from tickets.{question}".encode(), [event.event_id])  # noqa: S608 - our own text
