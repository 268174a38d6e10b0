"""Materializations logged together reach Dagster's own storage in few statements, and none is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator  # noqa: TC003 - Dagster looks up what an asset returns
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy import event

from ticket_pipeline.defs.materializations import log_materializations
from ticket_pipeline_tests.defs.test_instance_storage import CONFIG

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEYS = [str(number) for number in range(250)]


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="a_set"), output_required=False)
def an_asset() -> Iterator[dg.AssetMaterialization]:
    """Mark every key with its number."""
    log_materializations(
        dg.AssetExecutionContext.get(),
        (dg.AssetMaterialization("an_asset", partition=key, metadata={"number": int(key)}) for key in KEYS),
    )
    yield from ()


def test_they_are_written_in_batches(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CONFIG, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    inserts: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO event_logs"):
            inserts.append(statement)

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("a_set", KEYS)
        event.listen(instance.event_log_storage._engine, "before_cursor_execute", watch)  # type: ignore[attr-defined]
        assert dg.materialize([an_asset], instance=instance, partition_key="0").success
        found = instance.fetch_materializations(dg.AssetKey("an_asset"), limit=len(KEYS) + 1).records
    told = [
        (each.partition_key, each.asset_materialization.metadata["number"].value)
        for each in reversed(found)
        if each.asset_materialization
    ]
    assert told == [(key, int(key)) for key in KEYS]
    # Three batches of at most 100, and the dozen events of the run itself.
    assert len(inserts) < 30
    assert "storing event batch" not in capfd.readouterr().err


def test_another_storage_stores_each() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("a_set", KEYS)
        assert dg.materialize([an_asset], instance=instance, partition_key="0").success
        assert instance.get_materialized_partitions(dg.AssetKey("an_asset")) == set(KEYS)


def test_nothing_to_log_is_no_error() -> None:
    @dg.asset(output_required=False)
    def idle() -> Iterator[dg.AssetMaterialization]:
        log_materializations(dg.AssetExecutionContext.get(), ())
        yield from ()

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([idle], instance=instance).success
        assert instance.get_latest_materialization_event(dg.AssetKey("idle")) is None
