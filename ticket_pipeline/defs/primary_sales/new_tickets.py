"""Whether tickets came or changed since tables were last made of them, by what Dagster recorded of both.

What belongs here: the condition `new_tickets` of a pipeline's step. What does not: what is done about it
(`pipeline_steps`).

Asked of all runs, not of this one: where one read tickets and failed before it reckoned, the next makes it up.
"""

from collections.abc import Sequence

import dagster as dg

_TICKETS = dg.AssetKey("vivenu_tickets")
_PAGE = 1000


def has_new_tickets(instance: dg.DagsterInstance, tables: Sequence[str]) -> bool:
    """Whether a read of tickets brought something after any of the tables was begun last, or one never was made."""
    begun = [_last_begun(instance, table) for table in tables]
    return any(one is None or _has_changes_after(instance, one) for one in begun)


def _last_begun(instance: dg.DagsterInstance, table: str) -> int | None:
    """The record at which the step began that made the table last: it may have seen nothing that was recorded later."""
    made = instance.get_latest_materialization_event(dg.AssetKey(table))
    if made is None:
        return None
    starts = instance.get_records_for_run(made.run_id, of_type=dg.DagsterEventType.STEP_START, limit=None).records
    found = [record.storage_id for record in starts if record.event_log_entry.step_key == made.step_key]
    return max(found, default=None)


def _has_changes_after(instance: dg.DagsterInstance, storage_id: int) -> bool:
    cursor: str | None = None
    records = dg.AssetRecordsFilter(asset_key=_TICKETS, after_storage_id=storage_id)
    while True:
        page = instance.fetch_materializations(records, limit=_PAGE, cursor=cursor)
        if any(_changes(record) for record in page.records):
            return True
        if not page.has_more:
            return False
        cursor = page.cursor


def _changes(record: dg.EventLogRecord) -> int:
    """How many tickets a read added, changed or missed; 0 for the record of a whole step, which counts them again."""
    made = record.asset_materialization
    metadata = made.metadata if made is not None else {}
    return sum(int(str(metadata[name].value)) for name in ("added", "changed", "gone") if name in metadata)
