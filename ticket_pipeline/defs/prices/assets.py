"""The aggregates: hourly prices from the stored captures, daily prices from the hours."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

import dagster as dg

from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.partitions import days_since, hours_since, partitions_of_run
from ticket_pipeline.defs.resources import TimescaleDBResource
from ticket_pipeline.storage.prices import HOUR, Span, rebuild_daily, rebuild_hourly_by_day

_T = TypeVar("_T")


def build_price_assets(start: date, listings: list[str]) -> list[dg.AssetsDefinition]:
    """The hourly and daily prices.

    Args:
        start: first day of their partitions, UTC.
        listings: names of the listing assets they are made from.
    """
    hours, days = hours_since(start), days_since(start)

    @dg.asset(
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        # The default mapping from event ids to hours cannot load; every event may have captures in every hour.
        deps=[dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in listings],
        group_name="prices",
        kinds={"sql", "timescaledb"},
        owners=["team:data"],
        description=(
            "Prices and inventory by event, marketplace, zone and hour (UTC).\n\n"
            "Grain: event, marketplace, zone (and * for the whole event), currency, fee basis, hour. Source: the "
            "trusted captures of that hour; suspects and failed attempts are counted beside. Write: the hour is "
            "deleted and inserted in one transaction. Trigger: the sensor rebuild_stale_prices, or a backfill (one "
            "run)."
        ),
    )
    def hourly_prices(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetMaterialization]:
        span = _span_of_run(context)
        tags = in_sync_regardless_of(context, listings)
        with timescaledb.database() as database:
            for part, rows in _one_ahead(rebuild_hourly_by_day(database, span)):
                found = {row["hour_at"].astimezone(UTC).strftime(hours.fmt): row for row in rows}
                _log_partitions(context, [hour.strftime(hours.fmt) for hour in part.steps(HOUR)], found, tags)
        yield from ()

    @dg.asset(
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=[hourly_prices],
        group_name="prices",
        kinds={"sql", "timescaledb"},
        owners=["team:data"],
        description=(
            "Prices and inventory by event, marketplace, zone and UTC day.\n\n"
            "Grain: event, marketplace, zone (and *), currency, fee basis, day. Source: hourly_prices. Write: the day "
            "is deleted and inserted in one transaction. Trigger: the sensor rebuild_stale_prices, or a backfill (one "
            "run)."
        ),
    )
    def daily_prices(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetMaterialization]:
        span = _span_of_run(context)
        with timescaledb.database() as database:
            rows = rebuild_daily(database, span.start.date(), span.end.date())
        found = {row["day_on"].strftime(days.fmt): row for row in rows}
        _log_partitions(context, context.partition_keys, found)
        yield from ()

    return [hourly_prices, daily_prices]


def _span_of_run(context: dg.AssetExecutionContext) -> Span:
    """The windows that a run is for, UTC.

    Raises:
        Failure: the run is for no window.
    """
    if partitions_of_run(context) is None:
        raise dg.Failure(
            f"Asked for {context.asset_key.to_user_string()} without a partition; which windows to rebuild is not "
            "known. Launch it with a partition, or a range of them.",
            allow_retries=False,
        )
    window = context.partition_time_window
    return Span(window.start.astimezone(UTC), window.end.astimezone(UTC))


def _one_ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The items, each while a thread makes the next: the server rebuilds a day while the last one is logged."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield cast("_T", item)


def _log_partitions(
    context: dg.AssetExecutionContext,
    keys: Sequence[str],
    found: Mapping[str, Mapping[str, Any]],
    tags: Mapping[str, str] | None = None,
) -> None:
    """One materialization per window with its own numbers; a window without any capture is built too: it is empty."""
    empty = {"rows": 0, "events": 0, "snapshots": 0}
    told = {
        key: {name: _plottable(value) for name, value in found.get(key, empty).items() if value is not None}
        for key in keys
    }
    log_materializations(
        context,
        (
            dg.AssetMaterialization(context.asset_key, partition=key, metadata=metadata, tags=tags)
            for key, metadata in told.items()
        ),
    )
    context.log.info("rebuilt %s … %s: %d windows, %d of them with prices", keys[0], keys[-1], len(keys), len(found))


def _plottable(value: int | Decimal | date | datetime | timedelta) -> dg.MetadataValue | str:
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    if isinstance(value, Decimal):
        return dg.MetadataValue.float(float(value))
    return str(value)
