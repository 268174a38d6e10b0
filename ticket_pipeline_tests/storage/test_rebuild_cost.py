"""A rebuild takes time in proportion to its listings: left alone, the planner makes it go with their square."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.stored import event_record, query, watch

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
THE_DAY = Span(MIDNIGHT, MIDNIGHT + timedelta(days=1))
EVENTS, SECTIONS = 20, 40
LIMIT = "statement_timeout%3D20s"  # the rebuild takes half a second, and minutes with the plans it forbids

FILL_SNAPSHOTS = """
    insert into snapshots (
      event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis,
      payload_hash
    )
    select e.event_id, 'stubhub', h, e.event_id::text, %(sections)s, %(sections)s, 0, 40, 'USD', 'all_in', ''
    from events as e, generate_series(%(start)s::timestamptz, %(start)s + interval '23 hours', interval '1 hour') as h
"""
FILL_LISTINGS = """
    insert into listings (
      event_id, marketplace, captured_at, listing_id, section, quantity, price, fee_basis, currency,
      is_general_admission, is_speculative
    )
    select s.event_id, s.marketplace, s.captured_at, n::text, 'Section ' || n, 1, n, 'all_in', 'USD', false, false
    from snapshots as s, generate_series(1, %(sections)s) as n
"""


def test_a_day_of_many_sections_is_rebuilt_before_a_short_time_limit(migrated_url: str) -> None:
    with Database(f"{migrated_url}&options=-c%20{LIMIT}", "tickets") as database:
        watch(database, *(event_record(number) for number in range(EVENTS)))
        with database.connection() as connection:
            connection.execute(FILL_SNAPSHOTS, {"start": MIDNIGHT, "sections": SECTIONS})
            connection.execute(FILL_LISTINGS, {"sections": SECTIONS})
            connection.execute("analyze snapshots, listings")
        summary = rebuild_hourly(database, THE_DAY)
        assert [row["rows"] for row in summary] == [EVENTS * (SECTIONS + 1)] * 24
        assert query(database, "select count(*) as rows from hourly_prices") == [{"rows": EVENTS * (SECTIONS + 1) * 24}]
