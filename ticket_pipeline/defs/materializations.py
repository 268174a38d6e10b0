"""Log the materializations of many partitions together.

What belongs here: handing them to Dagster as one batch. What does not: what a partition tells (each asset's own).
"""

from collections.abc import Iterable
from uuid import uuid4

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata


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
