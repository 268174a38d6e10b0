"""(h) Listings into files, by the command itself in a process of its own.

Baseline: `copy (select * …) to stdout`, the same rows and days, by psycopg, thrown away.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import psycopg
from psycopg import sql

from benchmarks.bodies import STARTS_AT, add_events
from benchmarks.child import run_child
from benchmarks.ground import SCHEMA, spend
from benchmarks.rebuild import fill_listings
from benchmarks.report import Goal, Report
from ticket_pipeline.storage.database import Database, set_search_path
from ticket_pipeline.storage.prices import Span

if TYPE_CHECKING:
    from benchmarks.ground import Ground

_LISTINGS = 300
_KINDS = ("parquet", "csv")
_MOST_MEMORY_MB = 400
_LEAST_SHARE = 0.25

_COPY = sql.SQL("copy (select * from listings where captured_at >= {} and captured_at < {}) to stdout (format csv)")


def measure_export(ground: Ground, *, quick: bool) -> Report:
    """Measure Parquet and CSV of every listing, and of one event's."""
    events, days = (2, 1) if quick else (100, 14)
    span = Span(STARTS_AT, STARTS_AT + timedelta(days=days))
    with ground.database() as url, tempfile.TemporaryDirectory(prefix="ticket-pipeline-bench-") as home:
        with Database(url, SCHEMA) as database:
            first = add_events(database, events)[0].external_id
        rows = fill_listings(url, span, _LISTINGS)
        report = Report(f"(h) {rows:,} listings of {events} events and {days} days into files; {ground.name}")
        copied, bare = spend(ground, lambda: _copy(url, span))
        report.add("copy to stdout", f"{copied / bare.wall:,.0f} rows/s", f"the baseline; CPU {bare.cpu:.1f} s")
        used = {kind: run_child(ground, ["export", f"{home}/{kind}", kind], {"DATABASE_URL": url}) for kind in _KINDS}
        for kind, one in used.items():
            size = sum(path.stat().st_size for path in Path(home, kind).rglob("*.*")) / 2**20
            detail = (
                f"CPU {one.work_cpu:.1f} s, server {one.server_cpu:.1f} s; {one.memory_mb:.0f} MB; files {size:,.0f} MB"
            )
            report.add(kind, f"{rows / one.wall:,.0f} rows/s", detail)
        alone = run_child(ground, ["export", f"{home}/one", "parquet", first], {"DATABASE_URL": url})
        report.add("parquet of one event", f"{rows / events / alone.wall:,.0f} rows/s", f"{alone.wall:.1f} s")
        with duckdb.connect() as connection:
            counted = connection.execute("select count(*) from read_parquet(?)", [f"{home}/parquet/*/*"]).fetchall()
    report.goals += [
        Goal("parquet / copy, rows/s", bare.wall / used["parquet"].wall, _LEAST_SHARE, is_floor=True),
        Goal("memory of the command", max(one.memory_mb for one in used.values()), _MOST_MEMORY_MB, unit=" MB"),
        Goal("rows in the Parquet files", counted[0][0], copied, is_floor=True),
    ]
    return report


def _copy(url: str, span: Span) -> int:
    """All listings, a day at a time; returns how many."""
    copied = 0
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        connection.execute(set_search_path(SCHEMA))
        for day in span.days():
            with cursor.copy(_COPY.format(sql.Literal(day.start), sql.Literal(day.end))) as copy:
                for _ in copy:
                    pass
            copied += cursor.rowcount
    return copied
