"""How one run marks many partitions: built, failed, and in sync.

What belongs here: the few things that Dagster has no public name for, each with the reason beside it. What does not:
the metadata of a partition (each asset's own).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from uuid import uuid4

import dagster as dg

# Private: a batch mark for events that are logged from the body of an asset, and the plan to materialize a partition.
# Dagster itself makes both only for the partitions in a run's tags, which are one contiguous range; a batch of due
# events is not. In a Dagster without these names events are logged one by one, and a failed event only fails its run.
try:
    from dagster._core.events import AssetMaterializationPlannedData, DagsterEventBatchMetadata
except ImportError:
    HAS_PRIVATE_NAMES = False
else:
    HAS_PRIVATE_NAMES = True

SAME_VERSION = dg.DataVersion("INITIAL")
"""The data version of an asset that its dependents need not follow. Dagster assumes this one where there is none."""

_NO_EVENT = "NULL"

AnyContext: TypeAlias = dg.AssetExecutionContext | dg.OpExecutionContext


def in_sync_regardless_of(context: AnyContext, dependencies: Iterable[dg.AssetKey]) -> Mapping[str, str]:
    """Tags of a materialization that stays in sync, in Dagster's view, whatever happens to these dependencies.

    Without them Dagster shows a partition as unsynced as soon as anything it depends on is materialized again: every
    partition of the listings after every sync of the watchlist, and every hour after every poll. A capture does not
    change with the watchlist, nor an hour with the captures of another one; the poll schedule and `stale_prices` hold
    what has to be made again.

    An unpartitioned dependency must be of `SAME_VERSION`.
    """
    tags = {"dagster/code_version": context.run.run_id}  # what Dagster sets for an asset without a code version
    for key in dependencies:
        tags[f"dagster/input_data_version/{key.to_user_string()}"] = SAME_VERSION.value
        tags[f"dagster/input_event_pointer/{key.to_user_string()}"] = _NO_EVENT
    return tags


def log_materializations(context: AnyContext, materializations: Sequence[dg.AssetMaterialization]) -> None:
    """Log materializations from the body of an asset or an op, as `context.log_event` does one by one.

    One by one they are two transactions each: a fifth of the processor time of a run of 1,000 events
    (docs/benchmarks.md). The storage of `instance_storage` writes them in batches; any other stores one by one.

    They appear in the instance's log, not among the events of an `ExecuteInProcessResult`.
    """
    if not HAS_PRIVATE_NAMES:
        for materialization in materializations:
            context.log_event(materialization)
        return
    batch_id = str(uuid4())
    step = context.get_step_execution_context()
    for number, materialization in enumerate(materializations, start=1):
        mark = DagsterEventBatchMetadata(batch_id, is_end=number == len(materializations))
        dg.DagsterEvent.asset_materialization(step, materialization, batch_metadata=mark)


def log_failures(context: dg.AssetExecutionContext, partition_keys: Iterable[str]) -> None:
    """Show partitions as failed, once this run has failed; they are green again when they are materialized.

    Dagster calls a partition failed where a run planned to materialize it, did not, and failed.
    """
    step_key = context.get_step_execution_context().step.key
    for key in partition_keys if HAS_PRIVATE_NAMES else ():
        planned = AssetMaterializationPlannedData(context.asset_key, partition=key)
        event = dg.DagsterEvent.build_asset_materialization_planned_event(context.run.job_name, step_key, planned)
        context.instance.report_dagster_event(event, context.run.run_id, logging.DEBUG)
