"""Old runs of Dagster go, and the status of assets, partitions and checks stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg

from ticket_pipeline.defs.run_history import Pruned, find_other_locations, prune_run_history

DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-05")
PRICES = dg.AssetKey("prices")
CHECK = dg.AssetCheckKey(PRICES, "is_right")
LIMIT = timedelta(minutes=1)


@dg.asset(
    partitions_def=DAYS,
    check_specs=[dg.AssetCheckSpec("is_right", asset="prices")],
    metadata={"dagster/table_name": "prices"},
)
def prices() -> Iterator[dg.MaterializeResult]:
    """Daily prices."""
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="is_right")])


def _status(instance: dg.DagsterInstance) -> dict[str, object]:
    """What Dagster shows of the asset."""
    check = instance.get_latest_asset_check_evaluation_record(CHECK)
    latest = instance.get_latest_materialization_event(PRICES)
    statuses = instance.get_status_by_partition(PRICES, DAYS.get_partition_keys(), DAYS)
    return {
        "materialized": instance.get_materialized_partitions(PRICES),
        "statuses": {key: status and status.value for key, status in (statuses or {}).items()},
        "check": check and check.status.value,
        "latest": latest and latest.timestamp,
    }


def _rows(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"select count(*) from dagster.{table}").fetchone()  # noqa: S608 - ours
    assert row is not None
    return int(row[0])


def test_what_an_asset_shows_stays_when_its_runs_go(
    instance: dg.DagsterInstance, home: Path, database_url: str
) -> None:
    days = ("2026-01-01", "2026-01-02", "2026-01-02", "2026-01-03")
    runs = [dg.materialize([prices], instance=instance, partition_key=day).run_id for day in days]
    assert all((home / "storage" / run_id).is_dir() for run_id in runs)
    before = _status(instance)
    assert before["materialized"] == {"2026-01-01", "2026-01-02", "2026-01-03"}
    assert prune_run_history(instance, datetime.now(UTC) - LIMIT, limit=LIMIT) == Pruned(), "nothing is old"
    pruned = prune_run_history(instance, datetime.now(UTC) + LIMIT, limit=LIMIT)
    assert pruned is not None
    assert (pruned.runs, pruned.checks, pruned.is_all) == (4, 7, True)
    assert _status(instance) == before
    assert (_rows(database_url, "event_logs"), _rows(database_url, "runs")) == (3, 0)
    assert _rows(database_url, "asset_check_executions") == 1
    assert not any((home / "storage" / run_id).exists() for run_id in runs)
    dg.materialize([prices], instance=instance, partition_key="2026-01-04")
    assert instance.get_materialized_partitions(PRICES) == before["materialized"] | {"2026-01-04"}


def test_what_takes_too_long_goes_on_the_next_time(instance: dg.DagsterInstance) -> None:
    dg.materialize([prices], instance=instance, partition_key="2026-01-01")
    pruned = prune_run_history(instance, datetime.now(UTC) + LIMIT, limit=timedelta())
    assert pruned is not None
    assert not pruned.is_all
    assert len(instance.get_runs()) == 1


def test_a_dagster_that_others_use_too_is_recognized(instance: dg.DagsterInstance) -> None:
    for location in ("ticket_pipeline", "ticket_pipeline", "other"):
        assert find_other_locations(instance) == []
        tags = {".dagster/repository": f"__repository__@{location}"}
        dg.materialize([prices], instance=instance, partition_key="2026-01-01", tags=tags)
    assert find_other_locations(instance) == ["other", "ticket_pipeline"]


def test_a_storage_of_another_kind_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        assert prune_run_history(ephemeral, datetime.now(UTC), limit=LIMIT) is None
