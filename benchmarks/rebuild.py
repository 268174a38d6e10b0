"""(c) Thirty days of hourly prices of a hundred events, rebuilt by the asset as one run of 720 partitions.

Baseline: the same delete and insert statements by psycopg, a day per transaction with the asset's settings, and nothing
else: no marks answered or made, no summary, no Dagster. Every repetition rebuilds what stands there already. Beside it
the first build, by the same statements over all thirty days at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

import psycopg

from benchmarks.bodies import add_events
from benchmarks.child import dagster_arguments, run_child
from benchmarks.ground import SCHEMA, spend
from benchmarks.report import Goal, Report, spread
from ticket_pipeline.market.admission import AdmissionRules
from ticket_pipeline.storage.database import REBUILD_SETTINGS, Database, as_query, set_search_path
from ticket_pipeline.storage.prices import Span
from ticket_pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.child import Usage
    from benchmarks.ground import Ground, Spent

_ZONES = 7
_LISTINGS = 21
_MOST_MEMORY_MB = 400

# A capture an hour, at a minute that differs by event, judged by the rules of now as every stored capture is. Prices
# vary by listing and drift with time; nothing is random.
_FILL_SNAPSHOTS = """
    insert into snapshots (
      event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis,
      payload_hash, admission_rules
    )
    select
      e.event_id, 'stubhub', h + e.event_id %% 60 * interval '1 minute', e.event_id::text, %(listings)s, %(listings)s,
      0, 2 * %(listings)s, 'USD', 'all_in', '\\x00', %(admission_rules)s
    from generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', interval '1 hour') as h
    cross join events as e
    order by h, e.event_id
"""
_FILL_LISTINGS = """
    insert into listings (
      event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, all_in_price, net_proceeds, price,
      fee_basis, currency, is_general_admission, is_speculative
    )
    select
      s.event_id, s.marketplace, s.captured_at, (12345000000 + s.event_id * 1000 + n)::text,
      'Section ' || 100 + n %% 20, (n %% 30)::text, 'Zone ' || n %% %(zones)s, 1 + n %% 6, p.price,
      round(p.price * 0.74, 2), p.price, 'all_in', 'USD', false, false
    from snapshots as s
    cross join generate_series(1, %(listings)s) as n
    cross join lateral (
      select (60 + hashint4(n * 7919 + s.event_id::integer) %% 20000 / 200.0
        + extract(epoch from s.captured_at)::bigint / 3600 %% 97)::numeric(12, 2) + 120 as price
    ) as p
    order by s.captured_at, s.event_id
"""


def measure_rebuild(ground: Ground, *, quick: bool) -> Report:
    """Measure the asset and the bare statements, taking turns."""
    events, days, repetitions = (2, 1, 1) if quick else (100, 30, 3)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = Span(midnight - timedelta(days=days + 1), midnight - timedelta(days=1))
    runs: list[Usage] = []
    bare: list[Spent] = []
    with ground.database() as url:
        with Database(url, SCHEMA) as database:
            add_events(database, events)
        listings = fill_listings(url, span, _LISTINGS)
        at_once = spend(ground, lambda: _rebuild(url, [span]))[1]
        for _ in range(repetitions):
            _tidy(url)
            bare.append(spend(ground, lambda: _rebuild(url, span.days()))[1])
            _tidy(url)
            runs.append(run_child(ground, _arguments(span), _environment(url, span)))
        rows = _count(url)
    hours = days * 24
    report = Report(f"(c) {days} days of hourly prices of {events} events from {listings:,} listings; {ground.name}")
    report.add("result", f"{rows:,} rows", f"{hours} hours, {_ZONES} zones and the whole event")
    walls, cpu = [spent.wall for spent in bare], median(spent.cpu for spent in bare)
    report.add("bare SQL, day by day", f"{median(walls):.1f} s", f"the baseline; CPU {cpu:.1f} s; {spread(walls)}")
    report.add("bare SQL, all at once", f"{at_once.wall:.1f} s", f"CPU {at_once.cpu:.1f} s; into the empty table")
    run_walls, run_cpu = [run.wall for run in runs], median(run.work_cpu + run.server_cpu for run in runs)
    own = median(run.work_cpu for run in runs)
    report.add(
        "Dagster run", f"{median(run_walls):.1f} s", f"CPU {run_cpu:.1f} s, its own {own:.1f}; {spread(run_walls)}"
    )
    report.add("run / bare SQL by CPU", f"{run_cpu / cpu:.2f}", "of the run and of the server together")
    report.goals += [
        Goal("run / bare SQL, day by day", median(a / b for a, b in zip(run_walls, walls, strict=True)), 1.3),
        Goal("memory of the run's process", max(run.memory_mb for run in runs), _MOST_MEMORY_MB, unit=" MB"),
        Goal("partitions materialized", min(run.partitions for run in runs), hours, is_floor=True),
    ]
    return report


def fill_listings(url: str, span: Span, listings: int) -> int:
    """Fill in a capture of every event in every hour, with so many listings each; returns how many in all."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        values = {
            "start": span.start,
            "end": span.end,
            "listings": listings,
            "zones": _ZONES,
            "admission_rules": AdmissionRules().for_event("stubhub", None).fingerprint,
        }
        connection.execute(_FILL_SNAPSHOTS, values)
        filled = connection.execute(_FILL_LISTINGS, values).rowcount
        connection.execute("vacuum analyze")
    return filled


def _rebuild(url: str, parts: Iterable[Span]) -> None:
    """Delete and insert, a transaction per part."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        for part in parts:
            bounds = {"starts_from": part.start, "starts_until": part.end}
            with connection.transaction():
                for name, value in REBUILD_SETTINGS.items():
                    connection.execute("select set_config(%s, %s, true)", [name, value])
                connection.execute(as_query(statement("prices/delete_hourly")), bounds)
                connection.execute(as_query(statement("prices/insert_hourly")), bounds)


def _tidy(url: str) -> None:
    """Make room of what a rebuild deleted, so that each finds the table in the same state."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        connection.execute("vacuum analyze hourly_prices")


def _count(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        row = connection.execute("select count(*) from hourly_prices").fetchone()
    return 0 if row is None else int(row[0])


def _arguments(span: Span) -> list[str]:
    first, last = (moment.strftime("%Y-%m-%d-%H:%M") for moment in (span.start, span.end - timedelta(hours=1)))
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return dagster_arguments("aggregate_hourly", "hourly_prices", config={}, tags=tags)


def _environment(url: str, span: Span) -> dict[str, str]:
    return {"DATABASE_URL": url, "PRICES_START_DATE": span.start.date().isoformat()}
