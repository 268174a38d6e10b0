"""Runs over windows of time: hours or days of a partitioned asset, each logged with its own counts.

What belongs here: what every asset of windows does. What does not: building the windows (`prices`, `analytics`).
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar, cast

import dagster as dg

from ticket_pipeline.defs.checks import Scope
from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.partitions import partitions_of_run
from ticket_pipeline.storage.database import Row
from ticket_pipeline.storage.prices import HOUR, Span

_T = TypeVar("_T")

NO_ROWS: Row = {"rows": 0, "events": 0, "snapshots": 0}


def span_of_run(context: dg.AssetExecutionContext) -> Span:
    """The span of a run's partitions; a Failure where it was started without any."""
    if partitions_of_run(context) is None:
        raise dg.Failure(
            f"{context.asset_key.to_user_string()} is partitioned, and this run has no partition. Launch it with one, "
            "or with a range of them.",
            allow_retries=False,
        )
    window = context.partition_time_window
    return Span(window.start.astimezone(UTC), window.end.astimezone(UTC))


def scope_of_run(context: dg.AssetExecutionContext, span: Span, now: datetime) -> Scope:
    """What the run wrote, for its checks."""
    return Scope(span.start, span.end, now, context.run.run_id)


def one_ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The items, each while a thread makes the next: the server rebuilds a day while the last one is logged."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield cast("_T", item)


def log_hours(
    context: dg.AssetExecutionContext, hours: dg.TimeWindowPartitionsDefinition, parts: Iterator[tuple[Span, list[Row]]]
) -> None:
    """Log the hours of a rebuild part by part, each while the next part is rebuilt; what they are made of may lag."""
    tags = in_sync_regardless_of(context, context.assets_def.dependency_keys)
    for part, rows in one_ahead(parts):
        found = {row["hour_at"].astimezone(UTC).strftime(hours.fmt): row for row in rows}
        log_windows(context, [hour.strftime(hours.fmt) for hour in part.steps(HOUR)], found, tags)


def log_windows(
    context: dg.AssetExecutionContext,
    keys: Sequence[str],
    found: Mapping[str, Row],
    tags: Mapping[str, str] | None = None,
    *,
    asset: dg.AssetKey | None = None,
) -> None:
    """One materialization per window with its own counts; a window without any capture is built too: it is empty.

    Of `asset`, where that is not the one of this step.
    """
    asset = asset or context.asset_key
    log_materializations(
        context,
        [
            dg.AssetMaterialization(asset, partition=key, metadata=metadata, tags=tags)
            for key, metadata in describe_windows(keys, found).items()
        ],
    )
    name = asset.to_user_string()
    context.log.info(
        "%s: built %s … %s: %d windows, %d of them with data", name, keys[0], keys[-1], len(keys), len(found)
    )


def describe_windows(keys: Sequence[str], found: Mapping[str, Row]) -> dict[str, dict[str, int]]:
    """The metadata of each window: its own counts."""
    described = {}
    for key in keys:
        counts = dict(found.get(key, NO_ROWS))
        described[key] = {"dagster/row_count": counts.pop("rows")} | {
            name: value for name, value in counts.items() if isinstance(value, int)
        }
    return described
