"""(a) From the bytes of an answer to committed rows, validation on, beside a raw COPY and `executemany`.

Ours is all that the pipeline does with an answer it has received: parse, validate, measure, and one transaction per
capture with manifest, listings, rejects, compressed body, attempt, judgement of trust, marks and schedule.

Baseline 1 does the least that would store the same rows as safely: one transaction per capture on the same tables, with
the manifest row and a COPY of CSV that was rendered beforehand. Baseline 2 is how such rows are often written:
psycopg's `executemany` in pages of 100, in the same transactions. The three take turns, so that noise meets all.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from benchmarks.bodies import STARTS_AT, add_events, large_body
from benchmarks.ground import SCHEMA, one_core, spend
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.report import Goal, Report, spread
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.stubhub_listings import parse_stubhub_listings
from ticket_pipeline.storage.database import Database, as_query, set_search_path
from ticket_pipeline.storage.snapshots import STORED_COLUMNS, Capture, render_csv
from ticket_pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from benchmarks.ground import Ground, Spent
    from ticket_pipeline.storage.schedule import ScheduledEvent

    Work = Callable[[], int]
    """Stores captures and returns the number of rows."""

    Timing = tuple[int, Spent]
    """Rows stored by one repetition, and what that took."""

_PAGE = 100
_KEY = ("event_id", "marketplace", "captured_at")


def measure_ingest(ground: Ground, *, quick: bool) -> Report:
    """Measure the three ways on one server."""
    count, repetitions = (8, 1) if quick else (128, 5)
    body, origin = large_body()
    with ground.database() as url, Database(url, SCHEMA) as database, one_core(ground) as binding:
        ways = _ways(database, url, add_events(database, count), body)
        timings = _take_turns(ground, ways, repetitions)
    report = Report(f"(a) Wire bytes to committed rows; {ground.name}")
    report.add("work", f"{count} captures", f"{len(body):,} bytes each, {origin}; {binding}")
    for name, found in timings.items():
        rates = [rows / spent.wall for rows, spent in found]
        wall, client, server = (
            median(getattr(spent, part) for _, spent in found) / count * 1000 for part in ("wall", "client", "server")
        )
        costs = f"{wall:.1f} ms a capture (CPU: client {client:.1f}, server {server:.1f})"
        report.add(name, f"{median(rates):,.0f} rows/s", f"{costs}; {spread(rates)}")
    ours, raw, pages = timings.values()
    report.add("ours / executemany", f"{_ratio(ours, pages, lambda spent: spent.wall):.2f}")
    report.add(
        "ours / raw COPY by CPU", f"{_ratio(ours, raw, lambda spent: spent.cpu):.2f}", "client and server together"
    )
    report.goals.append(Goal("ours / raw COPY", _ratio(ours, raw, lambda spent: spent.wall), 0.5, is_floor=True))
    return report


def _take_turns(
    ground: Ground, ways: dict[str, Callable[[datetime], Work]], repetitions: int
) -> dict[str, list[Timing]]:
    timings: dict[str, list[Timing]] = {name: [] for name in ways}
    moment = STARTS_AT
    for repetition in range(-1, repetitions):  # the first is not counted: it fills caches and prepares statements
        for name, prepare in ways.items():
            moment += timedelta(hours=1)
            timing = spend(ground, prepare(moment))
            if repetition >= 0:
                timings[name].append(timing)
    return timings


def _ratio(ours: Sequence[Timing], baseline: Sequence[Timing], cost: Callable[[Spent], float]) -> float:
    """Rows per cost over those of the baseline, by pairs: the two ran one after the other, in the same weather."""
    return median(a / cost(spent) / (b / cost(other)) for (a, spent), (b, other) in zip(ours, baseline, strict=True))


def _ways(
    database: Database, url: str, events: Sequence[ScheduledEvent], body: bytes
) -> dict[str, Callable[[datetime], Work]]:
    """Name → the work at a moment, all prepared that is not to be timed. Ours is first, then the baselines."""
    ingest = build_ingest(database)

    def ours(moment: datetime) -> Work:
        answers = [answer(event, moment, body) for event in events]
        return lambda: store_all(ingest, answers)

    def raw_copy(moment: datetime) -> Work:
        captures = list(_captures(events, moment, body))
        rendered = [render_csv(capture).encode() for capture in captures]
        return lambda: _copy(url, captures, rendered)

    def executemany(moment: datetime) -> Work:
        captures = list(_captures(events, moment, body))
        rows = [list(_rows(capture)) for capture in captures]
        return lambda: _insert(url, captures, rows)

    return {"ours": ours, "raw COPY": raw_copy, "executemany by 100": executemany}


def _captures(events: Sequence[ScheduledEvent], moment: datetime, body: bytes) -> Iterator[Capture]:
    listings = validate_listings([parse_stubhub_listings(body)])[0]
    for event in events:
        yield Capture(
            event_id=event.event_id,
            marketplace=Marketplace.STUBHUB,
            external_id=event.external_id,
            captured_at=moment,
            received=listings.received,
            columns={name: listings.columns[name] for name in STORED_COLUMNS},
            rejected=listings.rejected,
            tickets=listings.tickets,
            currency=listings.currency,
            fee_basis=listings.fee_basis,
            body=body,
        )


def _copy(url: str, captures: Sequence[Capture], rendered: Sequence[bytes]) -> int:
    command = as_query(statement("snapshots/copy_listings"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        for capture, text in zip(captures, rendered, strict=True):
            with connection.transaction(), connection.cursor() as cursor:
                _insert_manifest(cursor, capture)
                with cursor.copy(command) as copy:
                    copy.write(text)
    return sum(capture.accepted for capture in captures)


def _insert(url: str, captures: Sequence[Capture], rows: Sequence[Sequence[tuple[Any, ...]]]) -> int:
    columns = (*_KEY, *STORED_COLUMNS)
    command = sql.SQL("insert into listings ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(sql.Placeholder() * len(columns))
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        for capture, values in zip(captures, rows, strict=True):
            with connection.transaction(), connection.cursor() as cursor:
                _insert_manifest(cursor, capture)
                pages = iter(values)
                while page := list(islice(pages, _PAGE)):
                    cursor.executemany(command, page)
    return sum(capture.accepted for capture in captures)


def _insert_manifest(cursor: psycopg.Cursor[Any], capture: Capture) -> None:
    cursor.execute(
        as_query(statement("snapshots/insert_snapshot")),
        {
            "event_id": capture.event_id,
            "marketplace": capture.marketplace,
            "captured_at": capture.captured_at,
            "external_id": capture.external_id,
            "received": capture.received,
            "accepted": capture.accepted,
            "rejected": len(capture.rejected),
            "tickets": capture.tickets,
            "currency": capture.currency,
            "fee_basis": capture.fee_basis,
            "payload_hash": hashlib.sha256(capture.body).digest(),
        },
    )


def _rows(capture: Capture) -> Iterator[tuple[Any, ...]]:
    key = (capture.event_id, capture.marketplace, capture.captured_at)
    for values in zip(*(capture.columns[name] for name in STORED_COLUMNS), strict=True):
        yield (*key, *values)
