"""Log the materializations of many partitions together, and say what does not put a partition out of sync.

What belongs here: handing them to Dagster as one batch, with what they were made from. What does not: what a partition
tells (each asset's own).
"""

from collections.abc import Iterable, Mapping
from uuid import uuid4

import dagster as dg
from dagster._core.definitions import data_version as versions
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata

SAME_VERSION = versions.DEFAULT_DATA_VERSION
"""The data version of what its dependents need not follow; also what Dagster takes for the version of what has none."""


def in_sync_regardless_of(context: dg.AssetExecutionContext, dependencies: Iterable[str]) -> Mapping[str, str]:
    """Tags of a materialization that stays in sync, in Dagster's eyes, whatever becomes of these dependencies.

    Without a note of what it was made from, Dagster calls a partition unsynced as soon as anything it depends on is
    materialized again: every partition of the listings after every sync of the watchlist, and every hour after every
    poll. A capture does not change with the watchlist, nor an hour with the captures of another; what is to be made
    again is known to the poll schedule and to `stale_prices`.

    Args:
        context: of the run.
        dependencies: names of assets; an unpartitioned one must be of `SAME_VERSION`.
    """
    tags = {versions.CODE_VERSION_TAG: context.run.run_id}  # as Dagster has it for an asset without a code version
    for name in dependencies:
        key = dg.AssetKey([*context.asset_key.path[:-1], name])
        tags[versions.get_input_data_version_tag(key)] = SAME_VERSION.value
        tags[versions.get_input_event_pointer_tag(key)] = versions.NULL_EVENT_POINTER
    return tags


def log_materializations(
    context: dg.AssetExecutionContext, materializations: Iterable[dg.AssetMaterialization]
) -> None:
    """Log materializations from the body of an asset, as `context.log_event` does one by one.

    Each of those would be two transactions of Dagster's storage: a fifth of the processor time of a run of 1,000 events
    (docs/benchmarks.md). Dagster batches the partitions of an output by itself; for events that are logged from a body
    it has no public way to, so they are marked as one batch here. The storage of `instance_storage` writes batches; any
    other ignores the mark and stores one by one.

    They do not appear among the events of an `ExecuteInProcessResult`, but in the instance's log, where everybody else
    looks.
    """
    waiting = list(materializations)
    batch_id = str(uuid4())
    step = context.get_step_execution_context()
    for number, materialization in enumerate(waiting, start=1):
        mark = DagsterEventBatchMetadata(batch_id, is_end=number == len(waiting))
        DagsterEvent.asset_materialization(step, materialization, batch_metadata=mark)
