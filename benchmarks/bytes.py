"""(i) Bytes on disk: of a listing, of its raw body, of a capture beside them, and of a run in Dagster's tables.

Events are captured every hour by the pipeline's own ingest, with changes between captures as in (g); sales, hours and
days are built from them. Tables count with their indexes and with what they store aside. Runs are those of the real job
that polls, in Dagster's PostgreSQL storage.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.bodies import STARTS_AT, add_events, large_body, simulated_body
from benchmarks.changes import successive
from benchmarks.child import dagster_arguments, run_child
from benchmarks.ground import PLAIN, SCHEMA
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.marketplace import open_marketplace
from benchmarks.report import Goal, Report
from ticket_pipeline.market.sale_rates import DEFAULT_SALE_RULES
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import DAY, Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.sales import update_sales

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.ground import Ground

_HOUR = timedelta(hours=1)
_MOST_A_LISTING = 250
_MOST_A_RUN = 100_000


def measure_bytes(ground: Ground, *, quick: bool) -> Report:
    """Measure small and large events on one server; runs only on plain PostgreSQL, as their tables are Dagster's."""
    events, captures = (1, 2) if quick else (16, 48)
    report = Report(f"(i) Bytes on disk, {events} events captured {captures} times each; {ground.name}")
    for body in (simulated_body(300, seed=2), *([] if quick else [large_body()[0]])):
        with ground.database() as url, Database(url, SCHEMA) as database:
            _add_tables(report, database, successive(body, captures), events)
    if ground.kind == PLAIN:
        _add_runs(report, ground, quick=quick)
    return report


def _add_tables(report: Report, database: Database, bodies: Sequence[bytes], events: int) -> None:
    before = _sizes(database)
    followed, ingest, listings = add_events(database, events), build_ingest(database), 0
    for number, body in enumerate(bodies):
        moment = STARTS_AT + number * _HOUR
        listings += store_all(ingest, [answer(event, moment, body) for event in followed])
        update_sales(database, DEFAULT_SALE_RULES)
    end = STARTS_AT + len(bodies) * _HOUR
    rebuild_hourly(database, Span(STARTS_AT, end))
    rebuild_daily(database, STARTS_AT.date(), (end + DAY).date())
    sizes = {table: size - before.get(table, 0) for table, size in _sizes(database).items()}
    captures, each = events * len(bodies), f"{len(json.loads(bodies[0])):,} listings"
    a_listing = sizes.pop("listings") / listings
    report.add(f"{each}: a listing", f"{a_listing:.0f} bytes", "with indexes")
    report.add(
        f"{each}: its raw body", f"{sizes.pop('raw_payloads') / listings:.0f} bytes", "a listing, while it is kept"
    )
    beside = ", ".join(
        f"{table} {size / captures:,.0f}"
        for table, size in sorted(sizes.items(), key=lambda item: -item[1])[:6]
        if size > 0
    )
    report.add(f"{each}: all else", f"{sum(sizes.values()) / captures:,.0f} bytes", f"a capture: {beside}")
    report.goals.append(Goal(f"a listing of {each}", a_listing, _MOST_A_LISTING, unit=" bytes"))


def _sizes(database: Database) -> Mapping[str, int]:
    """Bytes by table, after a vacuum."""
    with database.connection("vacuum") as connection:
        connection.execute("vacuum (analyze)")
    rows = database.fetch_all("maintenance/measure_tables", dagster_schema="dagster")
    return {row["table"]: row["bytes"] for row in rows}


def _add_runs(report: Report, ground: Ground, *, quick: bool) -> None:
    """What a run of one event adds to Dagster's tables, and each further event of a run."""
    runs, many = (1, 1) if quick else (40, 41)
    a_run = _bytes_a_run(ground, 1, runs)
    report.add("a run that polls one event", f"{a_run:,.0f} bytes", f"in Dagster's tables, mean of {runs}")
    if many > 1:
        more = (_bytes_a_run(ground, many, runs) - a_run) / (many - 1)
        report.add("each further event of a run", f"{more:,.0f} bytes")
    report.goals.append(Goal("a run that polls one event", a_run, _MOST_A_RUN, unit=" bytes"))


def _bytes_a_run(ground: Ground, events: int, runs: int) -> float:
    with ground.database() as url, open_marketplace(events, 20, 0) as marketplace:
        with Database(url, SCHEMA) as database:
            keys = [event.external_id for event in add_events(database, events)]
        config = {"ops": {"stubhub_listings": {"config": {"event_keys": keys}}}}
        arguments = dagster_arguments("poll_stubhub", "stubhub_listings", config=config, tags={})
        settings = {"DATABASE_URL": url, "STUBHUB_API_BASE_URL": marketplace, "STUBHUB_REQUESTS_PER_MINUTE": "10000"}
        pace = {"MIN_REQUEST_DELAY": "0", "MAX_REQUEST_DELAY": "0", "HTTPX_VERIFY_SSL": "false"}
        usage = run_child(ground, [*arguments, str(runs)], settings | pace)
    return usage.bytes_a_run
