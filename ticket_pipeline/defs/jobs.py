"""The jobs that people start by hand and that sensors and schedules start for them."""

from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

import dagster as dg

from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.run_history import find_other_locations, prune_run_history
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.retention import RUN_HISTORY_DAYS, delete_old_rows

AssetJob: TypeAlias = Any
"""What `dg.define_asset_job` returns; Dagster has no public name for it."""

_LONGEST_PRUNING = timedelta(minutes=10)

OURS_FIRST = MappingProxyType({"dagster/priority": "1"})
"""Tags of the runs of sensors and schedules: they start before the runs of a user's backfill, however many wait."""


def poll_job_name(marketplace: Marketplace) -> str:
    """The job that polls one marketplace."""
    return f"poll_{marketplace}"


def asset_key(name: str, prefix: str | None) -> dg.AssetKey:
    """The key of an asset under DAGSTER_KEY_PREFIX."""
    return dg.AssetKey([*(prefix.split("/") if prefix else ()), name])


def build_price_jobs(prefix: str | None) -> list[AssetJob]:
    """The jobs that build prices."""
    rebuilt = "prices. For a range, launch a backfill on the asset's page: it is one run."
    return [
        _job(f"aggregate_{grain}", f"{grain}_prices", prefix, f"Rebuild {grain} {rebuilt}")
        for grain in ("hourly", "daily")
    ]


def build_jobs(sources: Sequence[Source], prefix: str | None, settings: Settings) -> list[AssetJob]:
    """The other asset jobs: sync the watchlist, poll a marketplace, write results where SHEET_RESULTS is on."""
    polled = "the event_keys of the run config, or every tracked event still to come."
    polls = [
        _job(poll_job_name(source.marketplace), source.asset_name, prefix, f"Poll {source.marketplace}: {polled}")
        for source in sources
    ]
    told = "Try the rules of alerts on captures that wait, and deliver messages that are due."
    alerts = [_job("deliver_alerts", "alert_events", prefix, told)] if settings.has_alerts else []
    written = "Write prices and status beside the rows of the watchlist."
    writes = [_job("write_results", "sheet_results", prefix, written)] if settings.sheet_results else []
    reports = _job("report_markets", "market_report", prefix, "Report the events whose turn it is, as pictures.")
    return [
        *polls,
        *writes,
        *alerts,
        reports,
        _job("archive_listings", "listing_archive", prefix, "Move months of listings to Parquet files."),
        _job("report_sources", "source_health", prefix, "Show how each marketplace is doing."),
        _job("sync_events", "events", prefix, "Read the watchlist and bring the events to it."),
    ]


def _job(name: str, asset: str, prefix: str | None, description: str) -> AssetJob:
    return dg.define_asset_job(
        name, selection=dg.AssetSelection.assets(asset_key(asset, prefix)), description=description
    )


def build_maintenance(settings: Settings, now: Clock) -> dg.JobDefinition:
    """The job of the daily housekeeping."""

    @dg.op(description="Drop raw response bodies older than RAW_PAYLOAD_DAYS; listings and prices stay.")
    def delete_old_payloads(context: dg.OpExecutionContext, timescaledb: TimescaleDBResource) -> None:
        cut = now() - timedelta(days=settings.raw_payload_days)
        with timescaledb.database() as database:
            deleted = database.execute("maintenance/delete_old_payloads", cut=cut)
        context.log.info("dropped %d raw bodies from before %s UTC", deleted, f"{cut:%Y-%m-%d %H:%M}")

    @dg.op(description="Delete rows of our own tables that are past their keeping time (docs/operations.md).")
    def delete_old_records(context: dg.OpExecutionContext, timescaledb: TimescaleDBResource) -> None:
        with timescaledb.database() as database:
            deleted = delete_old_rows(database, now())
        context.log.info("deleted %s", ", ".join(f"{rows} rows of {table}" for table, rows in deleted.items()))

    @dg.op(
        description=f"Delete Dagster's runs, events and logs after {RUN_HISTORY_DAYS} days; the status of assets stays."
    )
    def prune_runs(context: dg.OpExecutionContext) -> None:
        if others := find_other_locations(context.instance):
            context.log.info("This Dagster runs several code locations (%s): its history is kept", ", ".join(others))
            return
        cut = now() - timedelta(days=RUN_HISTORY_DAYS)
        pruned = prune_run_history(context.instance, cut, limit=_LONGEST_PRUNING)
        if pruned is None:
            context.log.info("Dagster's storage is not PostgreSQL: its history is kept")
            return
        rest = "" if pruned.is_all else "; the rest the next time"
        context.log.info(
            "deleted %d runs, %d events and %d evaluations%s", pruned.runs, pruned.events, pruned.checks, rest
        )

    @dg.job(description="Daily housekeeping: delete what is past its keeping time, of ours and of Dagster's.")
    def maintain() -> None:
        delete_old_payloads()
        delete_old_records()
        prune_runs()

    return maintain
