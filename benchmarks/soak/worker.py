"""The process that a soak kills: what the sensors and their runs do, tick by tick, by the pipeline's own functions."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import apprise  # noqa: F401 - loaded once, before the forks
import psutil

from benchmarks.soak.plan import KEPT_DAYS, MARKETPLACES, FileClock
from ticket_pipeline.alerts.follow import follow_alerts
from ticket_pipeline.alerts.operations import watch_operations
from ticket_pipeline.ingest import captures  # noqa: F401 - likewise
from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.ingest.due import Skip, choose_batch
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.marketplaces.stubhub import client as _stubhub  # noqa: F401 - likewise
from ticket_pipeline.marketplaces.vivid_seats import client as _vivid_seats  # noqa: F401 - likewise
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import (
    DAY,
    HOUR,
    contiguous_spans,
    read_stale_windows,
    rebuild_daily,
    rebuild_hourly,
)
from ticket_pipeline.storage.requests import reset_breaker
from ticket_pipeline.storage.retention import KEPT, delete_old_rows

if TYPE_CHECKING:
    from datetime import datetime

    from benchmarks.soak.plan import Plan
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings

_MOST_HOURS = 31 * 24
_SHORT = tuple(replace(each, days=KEPT_DAYS) for each in KEPT if each.table == "fetch_attempts")
_DRAIN = timedelta(hours=36)
"""After the end messages that wait are sent."""
_RESUMED = "resumed"
MEMORY = "memory"
LOG = "worker.log"
_ROOMY_DISK = (10**12, 10**12)


def work(plan: Plan, folder: Path, database_url: str, simulator: str, alert_urls: str) -> None:
    """Go on where the clock stands, to the end of the soak."""
    with (folder / LOG).open("ab", buffering=0) as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.ERROR)
    os.environ["SSL_CERT_FILE"] = os.devnull  # nothing is encrypted, and every client reads this machine's certificates
    clock = FileClock(folder / "clock")
    settings = plan.settings(database_url, simulator, alert_urls)
    with Database(database_url, "tickets", max_connections=12) as database:
        while clock() < plan.ends_at:
            _tick(database, settings, clock, folder)
            moment = clock()
            _note_memory(folder, moment)
            clock.set(moment + plan.tick)
        while clock() < plan.ends_at + _DRAIN:
            follow_alerts(database, settings, clock)
            clock.set(clock() + 2 * HOUR)


def _tick(database: Database, settings: Settings, clock: FileClock, folder: Path) -> None:
    """All that happens at one moment; after a kill it is done again."""
    moment = clock()
    _resume_paused(database, folder, moment)
    asyncio.run(_poll_all(database, settings, clock))
    follow_alerts(database, settings, clock)
    watch_operations(database, settings, polled=MARKETPLACES, this_moment=moment, free_disk=lambda _: _ROOMY_DISK)
    for span in contiguous_spans(read_stale_windows(database, "hour"), HOUR, most=_MOST_HOURS):
        rebuild_hourly(database, span)
    if moment.hour == moment.minute == 0:
        for span in contiguous_spans(read_stale_windows(database, "day"), DAY, most=_MOST_HOURS):
            rebuild_daily(database, span.start.date(), span.end.date())
        database.execute("maintenance/delete_old_payloads", cut=moment - timedelta(days=settings.raw_payload_days))
        delete_old_rows(database, moment, _SHORT)


def _resume_paused(database: Database, folder: Path, moment: datetime) -> None:
    """A person resumes what an incident of an earlier tick names, once a tick."""
    marker = folder / _RESUMED
    if marker.exists() and marker.read_text(encoding="utf-8") == moment.isoformat():
        return
    rows = database.fetch_all("incidents/select_current")
    for row in rows:
        if row["kind"] == "marketplace_paused":
            reset_breaker(database, row["subject"], force=True)
    marker.write_text(moment.isoformat(), encoding="utf-8")


async def _poll_all(database: Database, settings: Settings, clock: FileClock) -> None:
    await asyncio.gather(*(_poll_what_is_due(database, settings, each, clock) for each in MARKETPLACES))


async def _poll_what_is_due(database: Database, settings: Settings, marketplace: Marketplace, clock: FileClock) -> None:
    """Poll until nothing is due, or the marketplace is paused."""
    while True:
        lease_id = uuid4()
        chosen = await asyncio.to_thread(
            choose_batch, database, settings, marketplace, this_moment=clock(), lease_id=lease_id
        )
        if isinstance(chosen, Skip):
            return
        lease = Lease(lease_id, timedelta(seconds=settings.tuning.lease_seconds))
        result = await poll_events(database, settings, marketplace, chosen.events, now=clock, lease=lease)
        if result.skipped:
            return


def _note_memory(folder: Path, moment: datetime) -> None:
    used = f"{psutil.Process().memory_info().rss} {time.process_time()}"
    with (folder / MEMORY).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {moment.isoformat()} {used}\n")
