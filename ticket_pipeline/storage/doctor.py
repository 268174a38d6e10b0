"""What could be wrong with a database server: one look, and for each finding what to do.

What belongs here: judging what the server reports of itself. What does not: whether the pipeline works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.market.findings import Finding, State

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

SAFE_TIMESCALEDB = (2, 29, 2)
"""2.29.2 fixes queries that lose rows (SkipScan), 2.29.1 missing permission checks, 2.28.3 a delete of too much."""

_TAKE_UP = "Run ticket-pipeline db use-timescaledb."
_YES_NO = {True: "yes", False: "no"}
_LARGEST_SKEW = timedelta(seconds=2)
_LONGEST_IDLE = timedelta(minutes=5)
_BUSY_SHARE = 0.8
_OLD_TRANSACTIONS = 1_000_000_000
"""Half of what PostgreSQL can number before it stops accepting writes."""


def examine(database: Database, missing_migrations: Sequence[str], this_moment: datetime) -> list[Finding]:
    """Look at the server and judge it; `this_moment` is this machine's clock, aware UTC."""
    server = database.fetch_one("maintenance/examine_server") or {}
    is_hypertable = server["edition"] != "none" and not server["has_plain_listings"]
    chunks = database.fetch_one("maintenance/examine_chunks") if is_hypertable else None
    return [
        *_judge_schema(missing_migrations),
        *_judge_timescaledb(server),
        *(_judge_chunks(chunks, server) if chunks else ()),
        *_judge_tables(database.fetch_all("maintenance/examine_tables")),
        *_judge_server(server, this_moment),
    ]


def _finding(check: str, found: str, trouble: str | None, *, is_failing: bool = False) -> Finding:
    """A finding that is good where `trouble`, the advice, is None."""
    state = State.OK if trouble is None else State.FAILING if is_failing else State.WARNING
    return Finding(check, state, found, trouble or "")


def _judge_schema(missing: Sequence[str]) -> Iterator[Finding]:
    found = f"lacks {len(missing)} migrations" if missing else "up to date"
    yield _finding("Schema", found, "Run ticket-pipeline init-db." if missing else None, is_failing=True)


def _judge_timescaledb(server: Row) -> Iterator[Finding]:
    version, available = server["timescaledb"], server["timescaledb_available"]
    if version is None and available is None:
        yield _finding("TimescaleDB", "not installed: plain tables", None)
    elif version is None:
        preload = "" if server["is_preloaded"] else "Add it to shared_preload_libraries and restart the server. "
        yield _finding("TimescaleDB", f"{available} is installed and not in use", preload + _TAKE_UP)
    else:
        is_safe = tuple(int(part) for part in version.split("-")[0].split(".")) >= SAFE_TIMESCALEDB
        newer = f"Upgrade to {'.'.join(map(str, SAFE_TIMESCALEDB))} or newer: older ones can lose rows of a query."
        yield _finding("TimescaleDB", f"{version}, {server['edition']} edition", None if is_safe else newer)
        if server["has_plain_listings"]:
            yield _finding("Hypertable", "listings is a plain table", _TAKE_UP)


def _judge_chunks(chunks: Row, server: Row) -> Iterator[Finding]:
    index, buffers = chunks["largest_index_bytes"] or 0, server["shared_buffers"]
    found = f"{chunks['chunks']}; largest index {_megabytes(index)}, shared_buffers {_megabytes(buffers)}"
    smaller = "Raise shared_buffers, or make chunks shorter with set_chunk_time_interval."
    yield _finding("Chunks", found, smaller if index > buffers else None)
    if server["edition"] == "timescale":
        found = f"{chunks['compressed_chunks']} of {chunks['chunks']} chunks"
        yield _finding("Compression", found, None if chunks["has_compression_policy"] else f"No policy. {_TAKE_UP}")
        failed = chunks["failed_jobs"]
        see = "See timescaledb_information.job_errors."
        yield _finding("Policies", f"{failed} failed in their last run", see if failed else None)


def _judge_tables(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        name = row["name"]
        if row["kind"] == "invalid index":
            yield _finding("Index", f"{name} is not valid", f"Run reindex index {name}.")
        else:
            found = f"{name}: {row['dead']:,} beside {row['live']:,} live ones, {_megabytes(row['size_bytes'])}"
            yield _finding("Dead rows", found, f"Run vacuum analyze {name}, and see whether autovacuum keeps up.")
    if not rows:
        yield _finding("Tables", "few dead rows, every index valid", None)


def _judge_server(server: Row, this_moment: datetime) -> Iterator[Finding]:
    yield _finding("PostgreSQL", server["version"], None)
    for check, is_on, advice in (
        ("Writable", not server["is_standby"], "It is a standby. Connect to the primary, which can be written."),
        ("fsync", server["is_durable"], "Set fsync = on: without it a crash of the machine can destroy the data."),
    ):
        yield _finding(check, _YES_NO[is_on], None if is_on else advice, is_failing=True)
    for check, is_on, advice in (
        ("Autovacuum", server["has_autovacuum"], "Set autovacuum = on, or tables grow without end."),
        ("Checksums", server["has_checksums"], "Stop the server and run pg_checksums --enable to notice disk errors."),
    ):
        yield _finding(check, _YES_NO[is_on], None if is_on else advice)
    used, most = server["connections"], server["max_connections"]
    more = "Raise max_connections, or close connections of other programs."
    yield _finding("Connections", f"{used} of {most}", more if used > _BUSY_SHARE * most else None)
    idle = server["longest_idle_transaction"] or timedelta()
    end = "End that session: dead rows stay while it is open. See pg_stat_activity."
    found = f"longest idle {idle.total_seconds():.0f} s"
    yield _finding("Transactions", found, end if idle > _LONGEST_IDLE else None)
    age = server["oldest_transactions"]
    freeze = "Run vacuum freeze: PostgreSQL accepts no write beyond 2,100 million."
    found = f"oldest {age / 1e6:,.0f} million back"
    yield _finding("Transaction ids", found, freeze if age > _OLD_TRANSACTIONS else None)
    skew = abs(server["clock"] - this_moment)
    differs = "Synchronize both clocks: budgets follow the server's, captures this machine's."
    found = f"{skew.total_seconds():.1f} s from this machine's"
    yield _finding("Clock", found, differs if skew > _LARGEST_SKEW else None)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
