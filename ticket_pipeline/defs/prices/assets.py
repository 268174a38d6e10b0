"""The hourly and daily prices, each window rebuilt whole: by the sensor, or by a backfill that is one run."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ticket_pipeline.defs.checks import evaluate_in_run, specs_of
from ticket_pipeline.defs.partitions import days_since, hours_since
from ticket_pipeline.defs.prices.checks import DAILY_CHECKS, HOURLY_CHECKS
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.snapshots.polling import freshness_of
from ticket_pipeline.defs.windows import log_hours, log_windows, scope_of_run, span_of_run
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.changes import build_change_rules
from ticket_pipeline.storage.prices import rebuild_daily, rebuild_hourly_by_day


def build_price_assets(settings: Settings, now: Clock, listings: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The hourly and daily prices, made from the listing assets of these names."""
    hours, days = hours_since(settings.prices_start_date), days_since(settings.prices_start_date)

    @dg.asset(
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        group_name="prices",
        kinds={"sql", "postgresql"},
        owners=["team:data"],
        check_specs=specs_of("hourly_prices", HOURLY_CHECKS),
        # The default mapping from event ids to hours cannot load; every event may have captures in every hour.
        deps=[dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in listings],
        metadata={"dagster/table_name": f"{settings.db_schema}.hourly_prices"},
        freshness_policy=freshness_of(settings),
        description=(
            "Prices and inventory by event, marketplace, zone and hour (UTC).\n\n"
            "Grain: event, marketplace, zone (and * for the whole event), currency, fee basis, hour. Source: the "
            "trusted captures of that hour; suspects and failed attempts are counted. Write: the hour is deleted and "
            "inserted in one transaction. Trigger: the sensor rebuild_stale_prices, or a backfill (one run)."
        ),
    )
    def hourly_prices(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetCheckResult]:
        span = span_of_run(context)
        with timescaledb.database() as database:
            log_hours(context, hours, rebuild_hourly_by_day(database, span, build_change_rules(settings)))
            yield from evaluate_in_run(context, database, HOURLY_CHECKS, scope_of_run(context, span, now()))

    @dg.asset(
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        group_name="prices",
        kinds={"sql", "postgresql"},
        owners=["team:data"],
        check_specs=specs_of("daily_prices", DAILY_CHECKS),
        # The day under way depends on hours that are still to come.
        deps=[
            dg.AssetDep(
                hourly_prices,
                partition_mapping=dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True),
            )
        ],
        metadata={"dagster/table_name": f"{settings.db_schema}.daily_prices"},
        freshness_policy=freshness_of(settings),
        description=(
            "Prices and inventory by event, marketplace, zone and UTC day.\n\n"
            "Grain: event, marketplace, zone (and *), currency, fee basis, day. Source: hourly_prices. Write: the day "
            "is deleted and inserted in one transaction. Trigger: the sensor rebuild_stale_prices, or a backfill (one "
            "run)."
        ),
    )
    def daily_prices(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetCheckResult]:
        span = span_of_run(context)
        with timescaledb.database() as database:
            rows = rebuild_daily(database, span.start.date(), span.end.date())
            found = {row["day_on"].strftime(days.fmt): row for row in rows}
            log_windows(context, context.partition_keys, found)
            yield from evaluate_in_run(context, database, DAILY_CHECKS, scope_of_run(context, span, now()))

    return [hourly_prices, daily_prices]
