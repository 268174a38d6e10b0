"""Measure a run: events, requests, listings, seconds by stage, CPU and memory, written when it ends."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ticket_pipeline.storage.database import Database

_COUNTS = ("events", "failed_events", "requests", "listings")
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(slots=True)
class _Work:
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: Counter[str] = field(default_factory=Counter)


_work: ContextVar[_Work | None] = ContextVar("work", default=None)
"""What the run of this context did so far; the tasks and threads that it starts share it."""


def begin_run() -> None:
    """Measure a run in this context from now on."""
    _work.set(_Work())


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the time of the block for a stage of the run, if one is measured."""
    started = time.monotonic()
    try:
        yield
    finally:
        if (work := _work.get()) is not None:
            work.seconds[name] += time.monotonic() - started


def count_work(**counts: int) -> None:
    """Add to what the run did, if one is measured: events, failed_events, requests, listings."""
    if (work := _work.get()) is not None:
        work.counts.update(counts)


def end_run(
    database: Database, run_id: str, job_name: str, *, started_at: datetime, finished_at: datetime
) -> dict[str, Any]:
    """Write what the run of this context did; returns the row. Idempotent by run."""
    work = _work.get() or _Work()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    row = {
        "run_id": run_id,
        "job_name": job_name,
        "started_at": started_at,
        "finished_at": finished_at,
        **{name: work.counts[name] for name in _COUNTS},
        "stage_seconds": {name: round(seconds, 3) for name, seconds in work.seconds.items()},
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_bytes": usage.ru_maxrss * _MAXRSS_BYTES,
    }
    database.execute("runs/insert_summary", **row | {"stage_seconds": Jsonb(row["stage_seconds"])})
    return row
