"""The assets that follow the captures. Polls write them; a run of their own rebuilds its window."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ticket_pipeline.defs.analytics.checks import SALES_CHECKS, changes_checks
from ticket_pipeline.defs.checks import evaluate_in_run, specs_of
from ticket_pipeline.defs.partitions import hours_since
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.snapshots.polling import freshness_of
from ticket_pipeline.defs.windows import log_hours, scope_of_run, span_of_run
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.changes import build_change_rules, rebuild_changes_by_day


def build_analytics_assets(settings: Settings, now: Clock, listings: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The changes of listings and the estimated sales, made from the listing assets of these names."""
    hours, rules = hours_since(settings.prices_start_date), build_change_rules(settings)
    checks = changes_checks(rules)
    polls = [f"poll_due_{name.removesuffix('_listings')}_events" for name in listings]

    @dg.asset(
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        group_name="analytics",
        kinds={"sql", "postgresql"},
        owners=["team:data"],
        check_specs=specs_of("listing_changes", checks),
        deps=[dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in listings],
        metadata={"dagster/table_name": f"{settings.db_schema}.listing_changes"},
        freshness_policy=freshness_of(settings),
        description=(
            "What changed between captures: listings that are new, gone, repriced, of another quantity, or back under "
            "another id.\n\n"
            "Grain: change, listing, capture. Source: each trusted capture and the trusted one before it. Write: with "
            "each capture, in its transaction, also for late and newly trusted ones; a run deletes and inserts its "
            f"hours. Trigger: the polls that {' and '.join(polls)} start, or a backfill (one run), such as for "
            "captures from before there were changes."
        ),
    )
    def listing_changes(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetCheckResult]:
        from ticket_pipeline.storage.sales import build_sale_rules, update_sales  # noqa: PLC0415 - see `following`

        span = span_of_run(context)
        with timescaledb.database() as database:
            log_hours(context, hours, rebuild_changes_by_day(database, span, rules))
            update_sales(database, build_sale_rules(settings))
            yield from evaluate_in_run(context, database, checks, scope_of_run(context, span, now()))

    @dg.asset(
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        group_name="analytics",
        kinds={"sql", "postgresql", "numpy"},
        owners=["team:data"],
        check_specs=specs_of("estimated_sales", SALES_CHECKS),
        deps=[listing_changes],
        metadata={"dagster/table_name": f"{settings.db_schema}.estimated_sales"},
        freshness_policy=freshness_of(settings),
        description=(
            "Tickets that were probably sold, with the range of an 80 % interval: an estimate, never a count.\n\n"
            "Grain: event, marketplace, zone (and *), hour. Source: removals and shrunken lots in listing_changes, "
            "and how the cheap and the dear listings of the last week left. Write: after each poll, for the hours that "
            "its captures overlap; a run estimates its hours anew. Trigger: the polls that "
            f"{' and '.join(polls)} start, or a backfill (one run)."
        ),
    )
    def estimated_sales(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetCheckResult]:
        from ticket_pipeline.storage.sales import build_sale_rules, rebuild_sales_by_day  # noqa: PLC0415 - see `following`

        span, sale_rules = span_of_run(context), build_sale_rules(settings)
        with timescaledb.database() as database:
            log_hours(context, hours, rebuild_sales_by_day(database, span, sale_rules))
            yield from evaluate_in_run(context, database, SALES_CHECKS, scope_of_run(context, span, now()))

    return [listing_changes, estimated_sales]
