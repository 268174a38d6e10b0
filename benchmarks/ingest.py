"""(a) From the bytes of an answer to committed rows, validation on, beside a raw COPY and `executemany`.

Ours is all that the pipeline does with answers it has received: parse, validate, measure, and one transaction per 32
captures with manifests, listings, rejects, compressed bodies, attempts, trust, marks, schedule and changes.

The baseline stores the same rows in one transaction per capture: manifest, a COPY of the listings as CSV, rejects,
compressed body, attempt. All of it was read, checked, rendered and compressed beforehand, and nothing is
judged, marked or scheduled. Beside it stands the barest COPY there can be, with the manifest alone, and how such rows
are often written, `executemany` in pages of 100. The four take turns, so that noise meets all of them.
"""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.bodies import STARTS_AT, add_events, large_body
from benchmarks.ground import SCHEMA, one_core, spend
from benchmarks.ingest_baselines import copying, copying_barely, inserting_pages
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.report import Goal, Report, spread
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.snapshots import Capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from benchmarks.ground import Ground, Spent
    from ticket_pipeline.market.events import Event

    Work = Callable[[], int]
    """Stores captures and returns the number of rows."""

    Timing = tuple[int, Spent]
    """Rows stored by one repetition, and what that took."""


def measure_ingest(ground: Ground, *, quick: bool) -> Report:
    """Measure the four ways on one server."""
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
    ours, same_rows, *others = timings.values()
    for name, other in zip(list(timings)[2:], others, strict=True):
        report.add(f"ours / {name}", f"{_ratio(ours, other, lambda spent: spent.wall):.2f}")
    by_cpu = _ratio(ours, same_rows, lambda spent: spent.cpu)
    report.add("ours / raw COPY by CPU", f"{by_cpu:.2f}", "same rows; client and server together")
    ratio = _ratio(ours, same_rows, lambda spent: spent.wall)
    report.goals.append(Goal("ours / raw COPY of the same rows", ratio, 0.5, is_floor=True))
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


def _ways(database: Database, url: str, events: Sequence[Event], body: bytes) -> dict[str, Callable[[datetime], Work]]:
    """Name → the work at a moment, all prepared that is not to be timed. Ours is first, then the baselines."""
    ingest = build_ingest(database)

    def ours(moment: datetime) -> Work:
        answers = [answer(event, moment, body) for event in events]
        return lambda: store_all(ingest, answers)

    def baseline(way: Callable[[str, list[Capture]], Work]) -> Callable[[datetime], Work]:
        return lambda moment: way(url, list(_captures(events, moment, body)))

    return {
        "ours": ours,
        "raw COPY, same rows": baseline(copying),
        "raw COPY, barest": baseline(copying_barely),
        "executemany by 100": baseline(inserting_pages),
    }


def _captures(events: Sequence[Event], moment: datetime, body: bytes) -> Iterator[Capture]:
    listings = validate_listings([parse_stubhub_listings(body)])[0]
    for event in events:
        yield Capture(
            event=event,
            captured_at=moment,
            received=listings.received,
            columns={name: listings.columns[name] for name in STORED_COLUMNS},
            rejected=listings.rejected,
            tickets=listings.tickets,
            currency=listings.currency,
            fee_basis=listings.fee_basis,
            body=body,
        )
