"""Arguments that mean nothing are errors: in SQL with their code, in Python as ValueError; never a plausible answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import InvalidParameterValue

from ticket_pipeline import queries
from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.stored import HOUR, NOON, items, store, watch_one

SPAN = Span(NOON - HOUR, NOON + HOUR)
HALF_AN_HOUR = timedelta(minutes=30)
_SPAN_SQL = "'2026-03-01', '2026-03-03'"


@pytest.fixture(scope="module")
def event(database_of_the_module: Database) -> Event:
    """An event with a capture: each question about it has an answer, and none of these changes anything."""
    event = watch_one(database_of_the_module)
    store(database_of_the_module, event, NOON, items(3))
    rebuild_hourly(database_of_the_module, Span(NOON, NOON + HOUR))
    return event


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (f"price_trend(%(id)s, {_SPAN_SQL}, '1 hour', 'foo')", "p_measure is foo"),
        (f"price_trend(%(id)s, {_SPAN_SQL}, '1 hour', null)", "p_measure is null"),
        (f"price_trend(%(id)s, {_SPAN_SQL}, '1 hour', 'get_in', 9)", "p_together is 9"),
        (f"price_trend(%(id)s, {_SPAN_SQL}, '1 hour', 'get_in', 0)", "p_together is 0"),
        (f"price_trend(%(id)s, {_SPAN_SQL}, '30 minutes')", "p_bucket is 00:30:00"),
        (f"closing_prices(%(id)s, {_SPAN_SQL}, '90 minutes')", "p_bucket is 01:30:00"),
        (f"price_history(%(id)s, {_SPAN_SQL}, '1 month')", "p_bucket is 1 mon"),
        (f"price_history(%(id)s, {_SPAN_SQL}, '0 hours')", "p_bucket is 00:00:00"),
        (f"ticket_count_trend(%(id)s, {_SPAN_SQL}, '-1 hour')", "p_bucket is -01:00:00"),
        (f"estimated_sales(%(id)s, {_SPAN_SQL}, '10 minutes')", "p_bucket is 00:10:00"),
        ("get_in_curve(%(id)s, 0)", "p_days is 0"),
        ("spread(%(id)s, 9)", "p_together is 9"),
        ("market_depth(%(id)s, 0)", "p_together is 0"),
        ("comparables(%(id)s, '101', null, null, null, 0)", "p_together is 0"),
        ("comparables(%(id)s, '101', null, '1', '1', 1, -1)", "p_neighbour_rows is -1"),
        ("comparables(%(id)s, '101', null, null, null, 1, 3, -5)", "p_ask is -5"),
        ("percentile_of_now(%(id)s, %(now)s, 0)", "p_reference_days is 0"),
        ("floor_band(%(id)s, %(now)s, -1)", "p_reference_days is -1"),
        ("sales_bound(1, 1, 0, 0)", "p_side is 0"),
    ],
)
def test_the_schema_refuses(database_of_the_module: Database, event: Event, call: str, named: str) -> None:
    asked = {"id": event.event_id, "now": NOON}
    with database_of_the_module.connection() as connection, pytest.raises(InvalidParameterValue, match=named) as raised:
        connection.execute(f"select * from {call}".encode(), asked)  # noqa: S608 - calls of this module
    assert raised.value.sqlstate == "22023"


TREND: dict[str, Any] = {"span": SPAN, "timezone": "UTC"}


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda *of: queries.price_trend(*of, **TREND, measure="foo"), "'foo' is no measure"),
        (lambda *of: queries.price_trend(*of, **TREND, measure="get_in", together=9), "together is 9"),
        (lambda *of: queries.group_price_trend(*of, **TREND, together=0), "together is 0"),
        (lambda *of: queries.price_trend(*of, **TREND, by=HALF_AN_HOUR), "no whole hours"),
        (lambda *of: queries.ticket_count_trend(*of, **TREND, by=HALF_AN_HOUR), "no whole hours"),
        (lambda *of: queries.price_history(*of, **TREND, bucket=timedelta()), "no whole hours"),
        (lambda *of: queries.estimated_sales(*of, **TREND, by=HALF_AN_HOUR), "no whole hours"),
        (lambda *of: queries.get_in_curve(*of, this_moment=NOON, days=0), "days is 0"),
        (lambda *of: queries.percentile_of_now(*of, this_moment=NOON, reference_days=0), "reference_days is 0"),
        (lambda *of: queries.spread(*of, this_moment=NOON, together=9), "together is 9"),
        (lambda *of: queries.market_depth(*of, this_moment=NOON, together=0), "together is 0"),
        (lambda *of: queries.comparables(*of, this_moment=NOON, quantity=0, section="1"), "quantity is 0"),
        (
            lambda *of: queries.comparables(*of, this_moment=NOON, quantity=1, section="1", ask=Decimal()),
            "ask is 0",
        ),
    ],
)
def test_python_refuses(database_of_the_module: Database, event: Event, ask: Callable[..., object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ask(database_of_the_module, event.event_id)
