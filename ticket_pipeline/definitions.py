"""The code location: `build_defs` makes it from settings, `defs` is what Dagster loads.

Importing this module does nothing: `defs` is a function that Dagster calls when it loads the location.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import dagster as dg
import stamina.instrumentation

from ticket_pipeline.defs.alerts.assets import ALERT_EVENTS, build_alert_assets
from ticket_pipeline.defs.alerts.checks import alert_checks
from ticket_pipeline.defs.alerts.operations import build_operations_sensors
from ticket_pipeline.defs.alerts.sensors import build_alert_sensors
from ticket_pipeline.defs.analytics.assets import build_analytics_assets
from ticket_pipeline.defs.analytics.following import build_followers
from ticket_pipeline.defs.archive.assets import build_archive_asset, build_archive_schedule
from ticket_pipeline.defs.checks import Check, build_check_job
from ticket_pipeline.defs.command_line import check_arguments
from ticket_pipeline.defs.jobs import asset_key, build_jobs, build_maintenance, build_price_jobs
from ticket_pipeline.defs.outputs.market_report import build_market_report
from ticket_pipeline.defs.outputs.sheet_results import build_sheet_results
from ticket_pipeline.defs.prices.assets import build_price_assets
from ticket_pipeline.defs.prices.checks import DAILY_CHECKS, HOURLY_CHECKS
from ticket_pipeline.defs.prices.sensors import build_rebuild_sensor
from ticket_pipeline.defs.primary_sales.assets import build_primary_sales_assets
from ticket_pipeline.defs.primary_sales.checks import build_primary_sales_checks
from ticket_pipeline.defs.primary_sales.pipelines import build_pipelines, log_rejected_files
from ticket_pipeline.defs.resources import Clock, build_resources, utc_now
from ticket_pipeline.defs.schedules import build_schedules
from ticket_pipeline.defs.snapshots.checks import checks_of
from ticket_pipeline.defs.snapshots.listings import build_listings_asset
from ticket_pipeline.defs.snapshots.replay import build_replay_job
from ticket_pipeline.defs.snapshots.sensors import build_poll_sensor
from ticket_pipeline.defs.snapshots.ticketmaster_events import build_ticketmaster_asset
from ticket_pipeline.defs.source_health import build_source_health
from ticket_pipeline.defs.stored_partitions import build_stored_partitions_job
from ticket_pipeline.defs.watchlist.assets import build_events_asset
from ticket_pipeline.defs.watchlist.checks import WATCHLIST_CHECKS
from ticket_pipeline.ingest.marketplaces import SOURCES, Source
from ticket_pipeline.logs import set_up_logs
from ticket_pipeline.settings.model import Settings, load_settings

_Asset = TypeVar("_Asset", bound=dg.AssetsDefinition)


def build_defs(
    settings: Settings | None = None, *, now: Clock = utc_now, resources: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """A fresh set of definitions. It needs no secret, opens no connection and changes nothing in this process.

    Args:
        settings: None reads them from the environment and `.env`.
        now: the clock, aware UTC.
        resources: key → resource, in place of the one that is made from the settings.

    Raises:
        ConfigurationError: a setting is malformed; the message names each.
    """
    settings = settings or load_settings()
    sources = list(SOURCES.values())
    with warnings.catch_warnings():
        # Beta in Dagster, and needed for a range as one run, and for a day whose last hours are still to come.
        warnings.filterwarnings(
            "ignore", "Parameter `(backfill_policy|allow_nonexistent_upstream_partitions)`", dg.BetaWarning
        )
        polled = [
            (build_listings_asset if source.has_listings else build_ticketmaster_asset)(source, settings, now)
            for source in sources
        ]
        listings = [source.asset_name for source in sources if source.has_listings]
        prices = build_price_assets(settings, now, listings)
        analytics = build_analytics_assets(settings, now, listings)
        primary_sales = build_primary_sales_assets(now)
        archive = build_archive_asset(settings, now, listings)
        outputs = [build_market_report(settings, now), *build_sheet_results(settings, now)]
    prefix = settings.dagster_key_prefix
    assets = [build_events_asset(settings, now), *polled, *prices, *analytics, *primary_sales, *outputs, archive]
    assets += [build_source_health(settings, now), *build_alert_assets(settings, now)]
    keys = {key: asset_key(key.path[0], prefix) for each in assets for key in each.keys} if prefix else {}
    jobs, price_jobs = build_jobs(sources, prefix, settings), build_price_jobs(prefix)
    checks = {asset_key(name, prefix): found for name, found in checks_by_asset(sources, settings).items()}
    op_jobs = [
        build_check_job(checks, now),
        build_maintenance(settings, now),
        build_stored_partitions_job(checks, settings, now),
        build_replay_job(checks, settings, now),
    ]
    sensors = [
        *(build_poll_sensor(source, settings, now) for source in sources),
        build_rebuild_sensor(price_jobs, settings, now),
        *build_alert_sensors([job for job in jobs if job.name == "deliver_alerts"], settings, now),
        *build_operations_sensors(settings, now),
    ]
    (archive_job,) = [job for job in jobs if job.name == "archive_listings"]
    archive_schedule = build_archive_schedule(archive_job, settings, now)
    all_resources = {**build_resources(settings), **(resources or {})}
    pipeline_jobs, pipeline_schedules, _ = build_pipelines(settings)
    return dg.Definitions(
        assets=_prefixed(assets, keys),
        asset_checks=_prefixed(build_primary_sales_checks(now), keys),
        jobs=[*jobs, *price_jobs, *op_jobs, *pipeline_jobs],
        sensors=sensors,
        schedules=[*build_schedules(settings), archive_schedule, *pipeline_schedules],
        resources=all_resources,
        # One process per run: the work waits for the network and for SQL; a process per step costs 2 CPU-s more.
        executor=dg.in_process_executor,
    )


def resolve_job(name: str) -> dg.JobDefinition:
    """A job of the location, to run it in this process."""
    settings = load_settings()
    _set_up_process(settings)
    return build_defs(settings).resolve_job_def(name)


def _prefixed(assets: Sequence[_Asset], keys: Mapping[dg.AssetKey, dg.AssetKey]) -> list[_Asset]:
    """The assets or checks with other keys, also those they depend on; the names of their ops stay."""
    return [cast("_Asset", each.with_attributes(asset_key_replacements=keys)) if keys else each for each in assets]


def checks_by_asset(sources: Sequence[Source], settings: Settings) -> dict[str, Sequence[Check]]:
    """The checks of the watchlist, snapshots, prices and analytics, which each run that writes them evaluates."""
    return {
        "events": WATCHLIST_CHECKS,
        **{source.asset_name: checks_of(source) for source in sources},
        "hourly_prices": HOURLY_CHECKS,
        "daily_prices": DAILY_CHECKS,
        **{follower.name: follower.checks for follower in build_followers(settings)},
        **({ALERT_EVENTS: alert_checks(settings)} if settings.has_alerts else {}),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """The location that Dagster loads."""
    settings = load_settings()
    _set_up_process(settings)
    definitions = build_defs(settings)
    log_rejected_files(settings)
    check_arguments(definitions)
    return definitions


def _set_up_process(settings: Settings) -> None:
    """Set up logs, retries and warnings of a code server, a run or a `dagster` command."""
    set_up_logs(settings)
    # Our own log reports each failed try.
    stamina.instrumentation.set_on_retry_hooks([])
    # The first is needed for a range as one run; Dagster itself passes the second where keys have a prefix.
    warnings.filterwarnings("ignore", "Parameter `(backfill_policy|execution_type)`", dg.BetaWarning)
