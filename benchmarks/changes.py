"""(g) Comparing each capture with the one before it and estimating what was sold, beside the ingest's own CPU.

From capture to capture 2 % of the listings go, as many come, and 5 % change their price. Each event is captured every
hour by the pipeline's own ingest, which compares within its transaction; sales are estimated after each round, as a
poll does. Beside each round the same body is stored for as many new events, which have nothing to be compared with:
the difference is what comparing costs. Ranking prices serves estimating: it counts as that, though the ingest does it.
The ingest's own CPU is what a capture costs from asking to storing. Half a year lies before the captures: thirty chunks
of TimescaleDB's, and 60 days of hourly pairs of each event.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.asking import measure_asking
from benchmarks.bodies import STARTS_AT, add_events, large_body, simulated_body
from benchmarks.ground import SCHEMA, one_core, spend
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.report import Goal, Report
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.price_classes import price_classes
from ticket_pipeline.market.sale_rates import CLASS_EDGES, DEFAULT_SALE_RULES
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.database import Database, as_query
from ticket_pipeline.storage.sales import update_sales

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from benchmarks.ground import Ground
    from ticket_pipeline.ingest.captures import ListingsIngest
    from ticket_pipeline.market.events import Event

_GONE, _REPRICED = 0.02, 0.05
_LATENCY = 0.3
_FIRST_NEW_ID = 9_000_000_000
_HISTORY = """
    with weeks as (
      select %(starts_at)s::timestamptz - n * interval '7 days' as captured_at from generate_series(1, 30) as n
    ),
    listed as (
      insert into listings (
        event_id, marketplace, captured_at, listing_id, quantity, price, fee_basis, currency, is_general_admission,
        is_speculative
      )
      select 0, 'stubhub', w.captured_at, '1', 1, 1, 'all_in', 'USD', false, false from weeks as w
    )
    insert into listing_changes (
      event_id, marketplace, captured_at, previous_captured_at, change, listing_id, zone, currency, fee_basis
    )
    select 0, 'stubhub', w.captured_at, w.captured_at, 'listed', '1', '*', 'USD', 'all_in' from weeks as w
"""
_PAIRS = """
    insert into sale_departures (
      event_id, marketplace, captured_at, previous_captured_at, is_stale, at_risk, removed, new_at_risk, new_removed,
      lots, estimates
    )
    select
      e.event_id, 'stubhub', %(starts_at)s::timestamptz - n * interval '1 hour',
      %(starts_at)s::timestamptz - (n + 1) * interval '1 hour', false, array_fill(30, array[%(classes)s]),
      array_fill(1, array[%(classes)s]), array_fill(1, array[%(classes)s]), array_fill(0, array[%(classes)s]),
      '[]', '[]'
    from unnest(%(event_ids)s::bigint[]) as e (event_id)
    cross join generate_series(1, 24 * 60) as n
"""


@dataclass(slots=True)
class Work:
    """Milliseconds of CPU a capture, client and server, and changes a capture.

    Attributes:
        asked: of fetching.
        alone: of validating and storing, with nothing to compare with.
        stored: of the same with comparing.
        ranked: of ranking prices, which is part of both.
        estimated: of estimating sales.
    """

    asked: float = 0.0
    alone: float = 0.0
    stored: float = 0.0
    ranked: float = 0.0
    estimated: float = 0.0
    changes: float = 0.0


def measure_changes(ground: Ground, *, quick: bool) -> Report:
    """Measure captures of 1,301 and of 300 listings on one server."""
    count, warm, measured = (4, 1, 1) if quick else (32, 6, 12)  # sales are learned anew every six hours
    report = Report(f"(g) Changes and sales per capture; {ground.name}")
    for body in (large_body()[0], *([] if quick else [simulated_body(300, seed=2)])):
        bodies = successive(body, warm + measured)
        size = len(json.loads(bodies[0]))
        with ground.database() as url, Database(url, SCHEMA) as database, one_core(ground):
            work = _measure(ground, database, bodies, count, warm)
        _report(report, work, f"{size:,} listings", count)
    return report


def _report(report: Report, work: Work, listings: str, count: int) -> None:
    own, compared, sales = work.alone - work.ranked, work.stored - work.alone, work.estimated + work.ranked
    report.add(f"{listings}: asking", f"{work.asked:.2f} ms CPU", "a capture, permits and all")
    report.add(f"{listings}: storing", f"{own:.2f} ms CPU", "a capture, with validating, without comparing")
    report.add(f"{listings}: changes", f"{compared:.2f} ms CPU", f"a capture of {work.changes:.0f} changes")
    report.add(f"{listings}: sales", f"{sales:.2f} ms CPU", f"a capture, {count} at a time; ranking {work.ranked:.2f}")
    both = compared + sales
    report.add(f"{listings}: (changes + sales) / storing", f"{both / own:.2f}", "no goal: asking is part of the ingest")
    report.goals.append(Goal(f"(changes + sales) / (asking + storing) at {listings}", both / (work.asked + own), 0.25))


def _measure(ground: Ground, database: Database, bodies: Sequence[bytes], count: int, warm: int) -> Work:
    """What the captures after the first `warm` cost: until then statements are prepared and statistics gathered."""
    every, ingest = add_events(database, count * (1 + len(bodies))), build_ingest(database)
    events = every[:count]
    ids = [event.event_id for event in events]
    history = {"starts_at": STARTS_AT, "event_ids": ids, "classes": len(CLASS_EDGES) + 1}
    with database.connection() as connection:
        connection.execute(as_query(_HISTORY), history)
        connection.execute(as_query(_PAIRS), history)
        connection.execute("analyze")
    work, share = Work(), 1000 / count / (len(bodies) - warm)
    for number, body in enumerate(bodies):
        moment = STARTS_AT + timedelta(hours=number)
        new = every[count * (1 + number) : count * (2 + number)]
        alone, stored = (_store(ground, ingest, some, moment, body) for some in (new, events))
        _, estimating = spend(ground, lambda: update_sales(database, DEFAULT_SALE_RULES))
        if number >= warm:
            work.alone += alone * share
            work.stored += stored * share
            work.ranked += _rank(ground, body, count) * share
            work.estimated += estimating.cpu * share
    with database.connection() as connection:
        (row,) = connection.execute("select count(*) as rows from listing_changes where event_id > 0").fetchall()
    work.changes = row["rows"] / count / (len(bodies) - 1)
    work.asked = 1000 * measure_asking(ground, database, every[: 8 * count], len(json.loads(bodies[0])), _LATENCY)
    return work


def _rank(ground: Ground, body: bytes, count: int) -> float:
    """Seconds of CPU of ranking the prices of so many captures."""
    (validated,) = validate_listings([parse_stubhub_listings(body)])
    return spend(ground, lambda: [price_classes(validated.columns) for _ in range(count)])[1].client


def _store(ground: Ground, ingest: ListingsIngest, events: Sequence[Event], moment: datetime, body: bytes) -> float:
    """Seconds of CPU of storing a capture of each event."""
    answers = [answer(event, moment, body) for event in events]
    return spend(ground, lambda: store_all(ingest, answers))[1].cpu


def successive(body: bytes, captures: int) -> list[bytes]:
    """The body and what becomes of it."""
    draw = random.Random(7)  # noqa: S311 - made-up data, not cryptography
    items: list[dict[str, Any]] = json.loads(body)
    bodies = [body]
    for _ in range(captures - 1):
        items = [_successor(item, draw.choice(items), draw) for item in items]
        bodies.append(json.dumps(items).encode())
    return bodies


def _successor(item: dict[str, Any], other: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """What becomes of a listing: mostly itself; one that is gone makes room for a new one of other seats."""
    fate, price = draw.random(), item["sellerAllInPrice"]
    if fate < _GONE:
        return other | {"listingId": draw.randrange(_FIRST_NEW_ID, 2 * _FIRST_NEW_ID)}
    if fate < _GONE + _REPRICED and price is not None:
        return item | {"sellerAllInPrice": price | {"amt": round(price["amt"] * draw.uniform(0.9, 1.1), 2), "disp": ""}}
    return item
