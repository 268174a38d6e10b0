"""The past with which the demo begins, as `run` plays it: once per state folder, before anything polls."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console

from ticket_pipeline.cli.process_group import ProcessGroup
from ticket_pipeline.cli.run_status import uses_sample
from ticket_pipeline.cli.simulator_process import await_simulator
from ticket_pipeline.cli.tables import progress
from ticket_pipeline.demo.play import plan_past
from ticket_pipeline.demo.rebuild import count_played, rebuild_past
from ticket_pipeline.demo.world import open_demo_world
from ticket_pipeline.ingest.origin import claim_origin
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.world import SimulatedWorld

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

_PLAYER = (sys.executable, "-m", "ticket_pipeline.demo")
_MOST_PARTS = 4


def begin_past(database: Database, settings: Settings, *, fresh: bool) -> Row:
    """Note whose data the database holds and, where it is new and not to be `fresh`, that it gets a past."""
    claim_origin(database, settings)
    if settings.is_simulated and uses_sample(settings) and not fresh:
        started_at = open_demo_world(settings, datetime.now(UTC), with_past=False).started_at
        database.execute(
            "origin/begin_past", past_from=started_at - timedelta(days=settings.tuning.past_days), past_until=started_at
        )
    return claim_origin(database, settings)


def first_day(settings: Settings, origin: Row) -> dict[str, str]:
    """The first day of the demo's price partitions, so that none of them is from before its past; as environment."""
    if not (settings.is_simulated and uses_sample(settings)) or "prices_start_date" in settings.model_fields_set:
        return {}
    return {"PRICES_START_DATE": str((origin["past_from"] or origin["noted_at"]).date())}


def play_past(
    group: ProcessGroup, database: Database, settings: Settings, env: Mapping[str, str], console: Console
) -> None:
    """Play what is left of the past, in as many processes as there are cores, and rebuild its prices.

    One more process estimates sales from the first stored poll on; it has about as much left to do when all are stored
    as the rebuild of the prices. Another reads primary sales then, so that no page waits for Dagster's first runs.
    """
    began = time.monotonic()
    world = open_demo_world(settings, datetime.now(UTC), with_past=True)
    past = timedelta(days=settings.tuning.past_days)
    planned = sum(len(source.polls) for sources in plan_past(database, world, past=past) for source in sources)
    console.print(f"Playing the {past.days} days before, and two past seasons: {planned:,} polls …")
    group.start("past-sales", [*_PLAYER, "sales", str(planned)], env)
    _store_polls(group, database, world, env, planned)
    stored = time.monotonic()
    if has_primary_sales := not settings.is_disabled(Marketplace.VIVENU):
        await_simulator(group, settings)
        group.start("past-primary-sales", [*_PLAYER, "primary-sales"], env)
    with progress("Rebuilding prices"):
        rebuild_past(database)
    with progress("Estimating sales"):
        group.finish("past-sales")
    if has_primary_sales:
        group.finish("past-primary-sales")
    database.execute("origin/make_due")
    database.execute("origin/end_past")
    console.print(f"  stored after {stored - began:.0f} s, prices rebuilt after {time.monotonic() - began:.0f} s")


def _store_polls(
    group: ProcessGroup, database: Database, world: SimulatedWorld, env: Mapping[str, str], planned: int
) -> None:
    parts = min(os.cpu_count() or 1, _MOST_PARTS)
    names = [f"past-{part}" for part in range(parts)]
    for part, name in enumerate(names):
        group.start(name, [*_PLAYER, "polls", str(part), str(parts)], env)
    with progress("Polls", planned) as advance:
        played = 0
        while names:
            time.sleep(0.2)
            for name in [name for name in names if group.children[name].poll() is not None]:
                group.finish(name)
                names.remove(name)
            stored = count_played(database, world.started_at)
            advance(stored - played)
            played = stored
