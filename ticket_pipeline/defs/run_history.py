"""Delete what Dagster keeps of old runs, but not what tells the status of assets and checks.

Dagster's own retention deletes ticks only (1.13). `DagsterInstance.delete_run` deletes the materializations of a run
with it, and then the partitions that this run made last look missing. So events are deleted first, by SQL, all but the
newest of each partition, and then the runs by Dagster's own storage, which leaves the other events alone.

A Dagster that runs other code locations, too, is not ours to tidy: nothing of it is deleted.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from ticket_pipeline.storage.statements import statement

_EVENTS_AT_ONCE = 5_000
_BACKFILL = "dagster/backfill"
_REPOSITORY = ".dagster/repository"
"""The tag by which Dagster's own pages find the runs of a code location; it has no public name."""

_UNDER_WAY = {"REQUESTED", "CANCELING", "FAILING"}
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(slots=True)
class Pruned:
    """What was deleted, and whether time ran out before the rest."""

    events: int = 0
    checks: int = 0
    runs: int = 0
    is_all: bool = True


def prune_run_history(instance: dg.DagsterInstance, cut: datetime, *, limit: timedelta) -> Pruned | None:
    """Delete events, evaluations, runs and logs from before `cut`; None where Dagster's storage is not PostgreSQL.

    Runs of a backfill that is under way stay. What is left when `limit` is over is deleted the next time.
    """
    # It loads alembic, half a second of CPU, which every code server and run would pay.
    from dagster_postgres import PostgresEventLogStorage  # noqa: PLC0415

    storage = instance.event_log_storage
    if not isinstance(storage, PostgresEventLogStorage):
        return None
    pruned, ends = Pruned(), time.monotonic() + limit.total_seconds()
    bounds: dict[str, Any] = {"cut": cut.astimezone(UTC).replace(tzinfo=None), "most": _EVENTS_AT_ONCE, "after_id": 0}
    while bounds["after_id"] is not None and time.monotonic() < ends:
        with storage.index_connection() as connection:
            row = connection.exec_driver_sql(statement("dagster/delete_events"), bounds).one()
        bounds["after_id"], pruned.events = row.last_id, pruned.events + row.deleted
    with storage.index_connection() as connection:
        pruned.checks = connection.exec_driver_sql(statement("dagster/delete_check_executions"), bounds).rowcount
    # Its run is named by events that are not deleted yet.
    pruned.is_all = bounds["after_id"] is None
    for run_id in _old_runs(instance, cut) if pruned.is_all else ():
        if time.monotonic() > ends:
            pruned.is_all = False
            break
        instance.run_storage.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        pruned.runs += 1
    return pruned


def find_other_locations(instance: dg.DagsterInstance) -> list[str]:
    """The code locations with runs in this instance, where there are several; empty where it is ours alone."""
    values = {value for _, found in instance.get_run_tags(tag_keys=[_REPOSITORY]) for value in found}
    locations = sorted(value.partition("@")[2] for value in values)
    return locations if len(locations) > 1 else []


def _old_runs(instance: dg.DagsterInstance, cut: datetime) -> list[str]:
    """The finished runs from before, without those of backfills that are under way."""
    runs = instance.run_storage
    under_way = [each for each in instance.get_backfills() if each.status.value in _UNDER_WAY]
    needed = {
        run_id for each in under_way for run_id in runs.get_run_ids(dg.RunsFilter(tags={_BACKFILL: each.backfill_id}))
    }
    old = runs.get_run_ids(dg.RunsFilter(statuses=_FINISHED, created_before=cut.astimezone(UTC)))
    return [run_id for run_id in reversed(old) if run_id not in needed]
