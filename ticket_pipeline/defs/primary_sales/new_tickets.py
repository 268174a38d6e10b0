"""Whether tickets are new or changed since a table was last made, from what Dagster recorded of both.

All earlier runs count: what one run read and did not add up is added up by the next.
"""

import dagster as dg

_LATEST = 1000


def has_new_tickets(context: dg.AssetExecutionContext) -> bool:
    """Whether a read of tickets brought a change after the table of this asset was last begun, or it is the first."""
    instance, key = context.instance, context.asset_key
    made = instance.get_latest_materialization_event(key)
    if made is None:
        return True
    # From the start of its step, not its end: tickets stored in between may have come too late for it.
    starts = instance.get_records_for_run(made.run_id, of_type=dg.DagsterEventType.STEP_START, limit=None).records
    begun = [record.storage_id for record in starts if record.event_log_entry.step_key == made.step_key]
    tickets = dg.AssetKey([*key.path[:-1], "vivenu_tickets"])
    reads = dg.AssetRecordsFilter(tickets, after_storage_id=max(begun, default=0))
    return any(_changes(record) for record in instance.fetch_materializations(reads, limit=_LATEST).records)


def _changes(record: dg.EventLogRecord) -> int:
    """How many tickets of an event were added, changed or missing; 0 for a record of several events."""
    made = record.asset_materialization
    metadata = made.metadata if made is not None else {}
    return sum(int(str(metadata[name].value)) for name in ("added", "changed", "gone") if name in metadata)
