"""(g) Comparing each capture with the one before it, beside the ingest's own CPU.

From capture to capture 2 % of the listings go, as many come, and 5 % change their price. Each event is captured often
by the pipeline's own ingest, which compares within its transaction; then the last capture of each is compared once
again, alone: that is what comparing costs. It deletes what it wrote before, so it costs a little more.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.bodies import STARTS_AT, add_events, large_body, simulated_body
from benchmarks.ground import SCHEMA, one_core, spend
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.report import Goal, Report
from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES
from ticket_pipeline.storage.changes import rebuild_changes
from ticket_pipeline.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from benchmarks.ground import Ground
    from ticket_pipeline.market.events import Event

_GONE, _REPRICED = 0.02, 0.05
_FIRST_NEW_ID = 9_000_000_000


def measure_changes(ground: Ground, *, quick: bool) -> Report:
    """Measure captures of 1,301 and of 300 listings on one server."""
    count, captures = (4, 3) if quick else (32, 12)
    report = Report(f"(g) Changes per capture; {ground.name}")
    for body in (large_body()[0], simulated_body(300, seed=2)):
        bodies = _successive(body, captures)
        listings = len(json.loads(bodies[0]))
        with ground.database() as url, Database(url, SCHEMA) as database, one_core(ground):
            stored, compared, rows = _measure(ground, database, bodies, count)
        own = stored - compared
        report.add(f"{listings:,} listings: ingest", f"{own:.2f} ms CPU", "a capture, without comparing")
        report.add(f"{listings:,} listings: changes", f"{compared:.2f} ms CPU", f"a capture of {rows:.0f} changes")
        report.goals.append(Goal(f"changes / ingest at {listings:,} listings", compared / own, 0.25))
    return report


def _measure(ground: Ground, database: Database, bodies: Sequence[bytes], count: int) -> tuple[float, float, float]:
    """Milliseconds of CPU a capture of storing with comparing, and of comparing alone; changes a capture."""
    events, ingest = add_events(database, count), build_ingest(database)
    moments = [STARTS_AT + timedelta(hours=hours) for hours in range(len(bodies))]
    stored = compared = 0.0
    for number, (moment, body) in enumerate(zip(moments, bodies, strict=True)):
        answers = [answer(event, moment, body) for event in events]
        _, storing = spend(ground, lambda answers=answers: store_all(ingest, answers))
        _, comparing = spend(ground, lambda moment=moment: _compare_all(database, events, moment))
        if number > len(bodies) // 2:  # statements are prepared, statistics are gathered
            stored, compared = stored + storing.cpu, compared + comparing.cpu
    measured = (len(bodies) - 1 - len(bodies) // 2) * count
    with database.connection() as connection:
        (row,) = connection.execute("select count(*) as rows from listing_changes").fetchall()
    return 1000 * stored / measured, 1000 * compared / measured, row["rows"] / count / (len(bodies) - 1)


def _compare_all(database: Database, events: Sequence[Event], moment: datetime) -> None:
    for event in events:
        with database.transaction() as transaction:
            sources = [(event.event_id, str(event.marketplace))]
            rebuild_changes(transaction, sources, moment, moment, DEFAULT_CHANGE_RULES)


def _successive(body: bytes, captures: int) -> list[bytes]:
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
