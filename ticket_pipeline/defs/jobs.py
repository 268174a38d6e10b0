"""The jobs that people start by hand and that sensors and schedules start for them."""

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def poll_job_name(marketplace: Marketplace) -> str:
    """The job that polls one marketplace."""
    return f"poll_{marketplace}"


def asset_key(name: str, prefix: str | None) -> dg.AssetKey:
    """The key of an asset under DAGSTER_KEY_PREFIX."""
    return dg.AssetKey([*(prefix.split("/") if prefix else ()), name])


def build_jobs(sources: list[Source], prefix: str | None) -> list["UnresolvedAssetJobDefinition"]:
    """The asset jobs: sync the watchlist, poll a marketplace, build prices, run the checks."""
    polls = [
        dg.define_asset_job(
            poll_job_name(source.marketplace),
            selection=dg.AssetSelection.assets(asset_key(source.asset_name, prefix)).without_checks(),
            description=(
                f"Poll {source.marketplace}: the event_keys of the run config, or every tracked event still to come."
            ),
        )
        for source in sources
    ]
    return [
        *polls,
        dg.define_asset_job(
            "sync_events",
            selection=dg.AssetSelection.assets(asset_key("events", prefix)),
            description="Read the watchlist and bring the events to it.",
        ),
        dg.define_asset_job(
            "aggregate_hourly",
            selection=dg.AssetSelection.assets(asset_key("hourly_prices", prefix)).without_checks(),
            description="Rebuild hourly prices. For many hours, launch a backfill on the asset's page: it is one run.",
        ),
        dg.define_asset_job(
            "aggregate_daily",
            selection=dg.AssetSelection.assets(asset_key("daily_prices", prefix)).without_checks(),
            description="Rebuild daily prices. For many days, launch a backfill on the asset's page: it is one run.",
        ),
        dg.define_asset_job(
            "vivenu",
            selection=dg.AssetSelection.groups("primary_sales"),
            description="Read what the organiser sold, and reckon every summary.",
        ),
        dg.define_asset_job(
            "check_data",
            selection=dg.AssetSelection.all_asset_checks(),
            description="Run every data check.",
        ),
    ]


def build_maintenance(settings: Settings, now: Clock) -> dg.JobDefinition:
    """The job of the daily housekeeping."""

    @dg.op(description="Drop raw response bodies older than RAW_PAYLOAD_DAYS; listings and prices stay.")
    def delete_old_payloads(context: dg.OpExecutionContext, timescaledb: TimescaleDBResource) -> None:
        cut = now() - timedelta(days=settings.raw_payload_days)
        with timescaledb.database() as database:
            deleted = database.execute("maintenance/delete_old_payloads", cut=cut)
        context.log.info("dropped %d raw bodies from before %s UTC", deleted, f"{cut:%Y-%m-%d %H:%M}")

    @dg.job(description="Daily housekeeping: drop raw bodies past their keeping time.")
    def maintain() -> None:
        delete_old_payloads()

    return maintain
