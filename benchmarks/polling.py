"""(b) A thousand events in one run, against a marketplace in another process that takes 300 ms to answer.

Beside it: the listing work alone on one core (`listing_work`), and the same batch without Dagster, which is asked and
stored in the same way. What the run's process uses beyond the listing work is orchestration: asking, permits, Dagster.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.asking import AT_ONCE, unlimited
from benchmarks.bodies import STARTS_AT, add_events, event_body
from benchmarks.child import dagster_arguments, run_child
from benchmarks.ground import SCHEMA, one_core, spend
from benchmarks.listing_work import answer, build_ingest, store_all
from benchmarks.marketplace import open_marketplace
from benchmarks.report import Goal, Report
from ticket_pipeline.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.child import Usage
    from benchmarks.ground import Ground
    from ticket_pipeline.market.events import Event

_LISTINGS = 300
_MOST_MEMORY_MB = 400


def measure_polling(ground: Ground, *, quick: bool) -> Report:
    """Measure one batch in three ways: its listing work, the batch, the Dagster run."""
    count, latency = (4, 0.05) if quick else (1000, 0.3)
    bound = count * latency / AT_ONCE
    with ground.database() as url, open_marketplace(count, _LISTINGS, latency) as marketplace:
        with Database(url, SCHEMA) as database:
            events = add_events(database, count)
            with one_core(ground):
                listings, work = spend(ground, _listing_work(database, events))
        environment = unlimited(marketplace) | {"DATABASE_URL": url}
        keys = [event.external_id for event in events]
        batch = run_child(ground, ["poll", json.dumps(keys)], environment)
        config = {"ops": {"stubhub_listings": {"config": {"event_keys": keys}}}}
        run = run_child(
            ground, dagster_arguments("poll_stubhub", "stubhub_listings", config=config, tags={}), environment
        )
    report = Report(f"(b) One run of {count:,} events, {listings:,} listings, {AT_ONCE} at once; {ground.name}")
    report.add("latency bound", f"{bound:.1f} s", f"{latency * 1000:.0f} ms each")
    work_cpu = f"on one core (CPU: client {work.client:.1f} s, server {work.server:.1f} s)"
    report.add("listing work", f"{work.wall:.1f} s", work_cpu)
    _add(report, "batch without Dagster", batch)
    _add(report, "Dagster run", run)
    beyond = (run.process_cpu - work.client) / count * 1000
    asking = (batch.process_cpu - work.client) / count * 1000
    report.add("orchestration", f"{beyond:.1f} ms CPU", f"an event; of it asking, permits and imports {asking:.1f} ms")
    report.add("materializations", f"{run.partitions}", f"partitions, by {run.runs} run")
    report.goals += [
        Goal("wall / max(latency bound, listing work)", run.wall / max(bound, work.wall), 1.5),
        Goal("orchestration an event", beyond, 30, unit=" ms CPU"),
        Goal("memory of the run's process", run.memory_mb, _MOST_MEMORY_MB, unit=" MB"),
        Goal("runs", run.runs, 1),
        Goal("events with their own materialization", run.partitions, count, is_floor=True),
    ]
    return report


def _listing_work(database: Database, events: Sequence[Event]) -> Callable[[], int]:
    """The storing of what a marketplace would answer; gives the number of listings."""
    answers = [answer(event, STARTS_AT, event_body(number, _LISTINGS)) for number, event in enumerate(events)]
    ingest = build_ingest(database)
    return lambda: store_all(ingest, answers)


def _add(report: Report, name: str, usage: Usage) -> None:
    report.add(
        name,
        f"{usage.wall:.1f} s",
        f"CPU {usage.work_cpu:.1f} s (with imports {usage.process_cpu:.1f}), server {usage.server_cpu:.1f} s; "
        f"memory {usage.memory_mb:.0f} MB",
    )
