"""Materializations logged together reach Dagster in few statements; a failed event is a failed partition."""

from collections.abc import Iterator

import dagster as dg
import pytest
from pydantic import Field
from sqlalchemy import event

from ticket_pipeline.defs import materializations as module
from ticket_pipeline.defs.materializations import log_failures, log_materializations
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START

KEYS = [str(number) for number in range(250)]
KEY = dg.AssetKey("an_asset")
A_SET = dg.DynamicPartitionsDefinition(name="a_set")


class Plan(dg.Config):
    """What one run marks."""

    built: list[str] = KEYS
    failed: list[str] = Field(default_factory=list)


@dg.asset(partitions_def=A_SET, output_required=False)
def an_asset(config: Plan) -> Iterator[dg.AssetMaterialization]:
    """Mark keys as built or failed."""
    context = dg.AssetExecutionContext.get()
    built = [dg.AssetMaterialization(KEY, partition=key, metadata={"number": int(key)}) for key in config.built]
    log_materializations(context, built)
    log_failures(context, config.failed)
    if config.failed:
        raise dg.Failure
    yield from ()


def run(instance: dg.DagsterInstance, *, built: list[str], failed: list[str]) -> None:
    config = {"ops": {"an_asset": {"config": {"built": built, "failed": failed}}}}
    result = dg.materialize([an_asset], instance=instance, run_config=config, raise_on_error=False)
    assert result.success is not bool(failed)


def statuses(instance: dg.DagsterInstance) -> dict[str, str]:
    """Partition → its status, as the asset's page shows it; those without one are left out."""
    found = instance.get_status_by_partition(KEY, KEYS[:3], A_SET) or {}
    return {key: status.value for key, status in found.items() if status is not None}


@pytest.fixture
def inserts(instance: dg.DagsterInstance) -> list[str]:
    """The inserts into its event log, as they are executed."""
    statements: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT"):
            statements.append(statement)

    event.listen(instance.event_log_storage._engine, "before_cursor_execute", watch)  # type: ignore[attr-defined]
    return statements


def test_they_are_written_in_batches(
    instance: dg.DagsterInstance, inserts: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    instance.add_dynamic_partitions("a_set", KEYS)
    inserts.clear()
    run(instance, built=KEYS, failed=[])
    found = instance.fetch_materializations(KEY, limit=len(KEYS) + 1).records
    logged = [
        (each.partition_key, each.asset_materialization.metadata["number"].value)
        for each in reversed(found)
        if each.asset_materialization
    ]
    assert logged == [(key, int(key)) for key in KEYS]
    # Three batches of at most 100, and the dozen events of the run itself.
    assert len([each for each in inserts if each.startswith("INSERT INTO event_logs")]) < 30
    assert "storing event batch" not in capfd.readouterr().err


def test_a_wide_range_is_planned_in_batches(
    instance: dg.DagsterInstance, inserts: list[str], defs: dg.Definitions
) -> None:
    job = defs.resolve_job_def("aggregate_hourly")
    keys = ("2026-02-01-00:00", "2026-02-28-23:00")
    instance.create_run_for_job(job, tags=dict(zip((RANGE_START, RANGE_END), keys, strict=True)))
    statuses = instance.get_status_by_partition(dg.AssetKey("hourly_prices"), keys, job.partitions_def)
    assert {status.value for status in (statuses or {}).values() if status} == {"IN_PROGRESS"}
    # 672 hours and three checks: seven batches, and for each of them the asset.
    assert len(inserts) < 30


@pytest.mark.parametrize("has_private_names", [True, False])
def test_another_storage_or_another_dagster_stores_each(
    monkeypatch: pytest.MonkeyPatch,
    has_private_names: bool,
) -> None:
    monkeypatch.setattr(module, "HAS_PRIVATE_NAMES", has_private_names)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("a_set", KEYS)
        run(instance, built=KEYS, failed=[])
        assert instance.get_materialized_partitions(KEY) == set(KEYS)


def test_the_private_names_are_where_they_were() -> None:
    assert module.HAS_PRIVATE_NAMES


def test_a_failed_key_is_a_failed_partition_until_it_is_built_again() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("a_set", KEYS)
        run(instance, built=["0", "1"], failed=["2"])
        assert statuses(instance) == {"0": "MATERIALIZED", "1": "MATERIALIZED", "2": "FAILED"}
        run(instance, built=["0"], failed=["1"])
        assert statuses(instance) == {"0": "MATERIALIZED", "1": "FAILED", "2": "FAILED"}
        run(instance, built=["1"], failed=[])
        assert statuses(instance) == {"0": "MATERIALIZED", "1": "MATERIALIZED", "2": "FAILED"}
        run(instance, built=["2"], failed=[])
        assert statuses(instance) == dict.fromkeys(KEYS[:3], "MATERIALIZED")


def test_without_the_private_names_a_failed_key_only_fails_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAS_PRIVATE_NAMES", False)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("a_set", KEYS)
        run(instance, built=["0"], failed=["1"])
        assert statuses(instance) == {"0": "MATERIALIZED"}
