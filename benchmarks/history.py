"""(d) The price history of one event, read from hourly prices as the command line and the dashboard read it."""

from __future__ import annotations

import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import psycopg

from benchmarks.bodies import STARTS_AT, add_events
from benchmarks.ground import SCHEMA
from benchmarks.report import Goal, Report, percentile
from ticket_pipeline.queries.prices import price_history
from ticket_pipeline.storage.database import Database, set_search_path
from ticket_pipeline.storage.prices import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.ground import Ground
    from ticket_pipeline.market.events import Event

_ZONES = 7
_MOST_MILLISECONDS = 10
_USUAL = (30, timedelta(days=1))
"""What `price-history` shows unless it is asked for more: days, and the length of a bucket."""

# Hour by hour, as rebuilds write them: the rows of one event are spread over the whole table.
_FILL = """
    insert into hourly_prices (
      event_id, marketplace, zone, currency, fee_basis, hour_at, snapshots, suspect_snapshots, failed_attempts,
      listings, min_listings, mean_listings, max_listings, tickets, min_tickets, mean_tickets, max_tickets,
      sum_tickets, observations, sum_price, floor_price, low_floor_price, high_floor_price, p25_price, p75_price,
      open_price, high_price, low_price, close_price, min_price, mean_price, median_price, max_price,
      get_in_1_price, get_in_2_price, get_in_4_price
    )
    select
      e.event_id, 'stubhub', case z when 0 then '*' else 'Zone ' || z end, 'USD', 'all_in', h, 1, 0, 0,
      300, 300, 300, 300, 900, 900, 900, 900,
      900, 300, 300 * (p + 80), p, p, p, p + 30, p + 90, p, p, p, p, p, p + 80, p + 60, p + 900,
      p, p + 1, p + 5
    from generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', interval '1 hour') as h
    cross join events as e
    cross join generate_series(0, %(zones)s) as z
    cross join lateral (select 90 + 10 * z + extract(hour from h) as p) as price
    order by h, e.event_id, z
"""


def measure_history(ground: Ground, *, quick: bool) -> Report:
    """Measure reading 30 days and 400 days."""
    count, days, reads = (2, 40, 5) if quick else (20, 400, 200)
    end = STARTS_AT + timedelta(days=days)
    with ground.database() as url, Database(url, SCHEMA) as database:
        events = add_events(database, count)
        rows = _fill(url, Span(STARTS_AT, end))
        report = Report(f"(d) Price history of one event out of {rows:,} hourly prices; {ground.name}")
        for length in (30, days):
            for bucket, name in ((timedelta(hours=1), "hours"), (timedelta(days=1), "days")):
                span = Span(end - timedelta(days=length), end)
                took = _read(database, events, span, bucket, reads)
                middle, late = percentile(took, 0.5), percentile(took, 0.95)
                what = f"{length} days by {name}"
                report.add(what, f"{middle:.1f} ms", f"median of {reads}; 95 % within {late:.1f} ms")
                if (length, bucket) == _USUAL:
                    report.goals.append(Goal(what, middle, _MOST_MILLISECONDS, unit=" ms"))
    return report


def _fill(url: str, span: Span) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        rows = connection.execute(_FILL, {"start": span.start, "end": span.end, "zones": _ZONES}).rowcount
        connection.execute("vacuum analyze hourly_prices")
    return rows


def _read(database: Database, events: Sequence[Event], span: Span, bucket: timedelta, reads: int) -> list[float]:
    """Milliseconds of each read, of events in random order; the first of each event is not counted."""
    random = Random(0)  # noqa: S311 - the same order each time
    order = [*events, *(random.choice(events) for _ in range(reads))]
    took = []
    for event in order:
        started = time.perf_counter()
        price_history(
            database, event.event_id, span=span, bucket=bucket, timezone="America/New_York", marketplace="stubhub"
        )
        took.append((time.perf_counter() - started) * 1000)
    return took[len(events) :]
