"""(e) Telling Dagster of one partition: `context.log_event`, with its connections and with ours, and batches.

The asset does nothing but log; the storage is Dagster's for PostgreSQL, as it comes and as `dagster.yaml` sets it up.
"""

# No `from __future__ import annotations`: Dagster compares the annotations of an asset with its types.
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from benchmarks.ground import PROJECT, Ground, Spent, spend
from benchmarks.report import Goal, Report
from ticket_pipeline.defs.instance_storage import _as_sqlalchemy_url
from ticket_pipeline.defs.materializations import log_materializations

_GROUP = 32
"""As many as a run settles at once at most (`ingest.batch`)."""

_LEAST_GAIN = 2
_DAGSTERS_OWN = "storage:\n  postgres:\n    postgres_url: {url}\ntelemetry:\n  enabled: false\n"

_Log = Callable[[dg.AssetExecutionContext, Sequence[dg.AssetMaterialization]], None]


def measure_logged_events(ground: Ground, *, quick: bool) -> Report:
    """Measure each way on a database of its own."""
    count = 64 if quick else 1024
    ways: Mapping[str, tuple[bool, _Log]] = {
        "log_event, Dagster's connections": (False, _one_by_one),
        "log_event, kept connections": (True, _one_by_one),
        f"batches of {_GROUP}": (True, log_materializations),
    }
    spent = {name: _measure(ground, count, log, is_ours=is_ours) for name, (is_ours, log) in ways.items()}
    report = Report(f"(e) Telling Dagster of {count:,} partitions; {ground.name}")
    for name, each in spent.items():
        wall, client, server = (1000 * value / count for value in (each.wall, each.client, each.server))
        report.add(name, f"{wall:.2f} ms", f"each (CPU: client {client:.2f} ms, server {server:.2f} ms)")
    kept, batched = list(spent.values())[1:]
    report.goals.append(Goal("CPU, one by one / batches", kept.cpu / batched.cpu, _LEAST_GAIN, is_floor=True))
    return report


def _one_by_one(context: dg.AssetExecutionContext, materializations: Sequence[dg.AssetMaterialization]) -> None:
    for materialization in materializations:
        context.log_event(materialization)


def _measure(ground: Ground, count: int, log: _Log, *, is_ours: bool) -> Spent:
    """What logging took, without the start of the run.

    Raises:
        RuntimeError: not every partition was found in the storage afterwards.
    """
    keys = [str(number) for number in range(count)]
    found: list[Spent] = []

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(keys), output_required=False)
    def told(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
        made = [dg.AssetMaterialization("told", partition=key, metadata={"listings": 300}) for key in keys]
        groups = [made[start : start + _GROUP] for start in range(0, count, _GROUP)]
        _, spent = spend(ground, lambda: [log(context, group) for group in groups])
        found.append(spent)
        yield from ()

    with ground.database() as url, _open_instance(url, is_ours=is_ours) as instance:
        quietly = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
        dg.materialize([told], instance=instance, partition_key=keys[0], run_config=quietly)
        stored = instance.get_materialized_partitions(dg.AssetKey("told"))
    if stored != set(keys):
        raise RuntimeError(f"Logged {count} partitions; {len(stored)} are stored.")
    return found[0]


@contextmanager
def _open_instance(url: str, *, is_ours: bool) -> Iterator[dg.DagsterInstance]:
    """An instance on this database, by the project's `dagster.yaml` or with Dagster's own storage."""
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    try:
        with tempfile.TemporaryDirectory(prefix="ticket-pipeline-bench-") as home:
            if is_ours:
                shutil.copy(PROJECT / "dagster.yaml", home)
            else:
                own = _DAGSTERS_OWN.format(url=_as_sqlalchemy_url(url, "public"))
                (Path(home) / "dagster.yaml").write_text(own, encoding="utf-8")
            with dg.DagsterInstance.from_config(home) as instance:
                yield instance
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before
