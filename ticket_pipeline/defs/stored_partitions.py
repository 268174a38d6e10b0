"""The job that shows in Dagster what the database holds already: in a new Dagster home, or after a restore.

What belongs here: partitions that are stored and that Dagster does not know. What does not: making them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

import dagster as dg

from ticket_pipeline.defs.analytics.following import summarise_sales
from ticket_pipeline.defs.checks import Check, Scope, evaluate_checks, report_result
from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.partitions import days_since, hours_since
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.windows import describe_windows
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.changes import summarise_changes
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import DAY, HOUR, Span, hour_start, summarise_daily, summarise_hourly

_BY_HOUR: Mapping[str, Callable[[Database, Span], list[Row]]] = {
    "hourly_prices": summarise_hourly,
    "listing_changes": summarise_changes,
    "estimated_sales": summarise_sales,
}


class Stored(NamedTuple):
    """An asset, its stored partitions with the metadata of each, and the assets it depends on."""

    name: str
    partitions: Mapping[str, Mapping[str, Any]]
    dependencies: Sequence[str]


def build_stored_partitions_job(
    checks: Mapping[dg.AssetKey, Sequence[Check]], settings: Settings, now: Clock
) -> dg.JobDefinition:
    """The job `show_stored_partitions`; `checks` are those of all assets, by their keys."""
    keys = {key.path[-1]: key for key in checks}

    @dg.op(
        name="log_stored_partitions", description="Log the partitions that are stored and that Dagster does not know."
    )
    def log_them(context: dg.OpExecutionContext, timescaledb: TimescaleDBResource) -> None:
        scope = Scope.full(now(), context.run_id)
        with timescaledb.database() as database:
            known_of = {name: context.instance.get_materialized_partitions(key) for name, key in keys.items()}
            for stored in _read_stored(database, settings, scope.now, known_of):
                key, known = keys[stored.name], known_of[stored.name]
                tags = in_sync_regardless_of(context, [keys[name] for name in stored.dependencies])
                new = [
                    dg.AssetMaterialization(key, partition=partition, metadata=metadata, tags=tags)
                    for partition, metadata in stored.partitions.items()
                    if partition not in known
                ]
                log_materializations(context, new)
                context.log.info("%s: %d stored partitions were new", stored.name, len(new))
                # Dagster hides the results of checks of before.
                for result in evaluate_checks(context.instance, key, database, checks[key], scope) if new else ():
                    report_result(context.instance, key, result)

    @dg.job(
        description="Show in Dagster the partitions that are stored and that it does not know: in a new Dagster home, "
        "or after the database was restored. It changes no data."
    )
    def show_stored_partitions() -> None:
        log_them()

    return show_stored_partitions


def _read_stored(
    database: Database, settings: Settings, now: datetime, known_of: Mapping[str, set[str]]
) -> Iterator[Stored]:
    """What is stored from PRICES_START_DATE on; the windows are those from the first capture to now, empty ones too.

    Hours are counted only on days with one that Dagster does not know: each start of `run` asks, after years, too.
    """
    sources = [source for source in SOURCES.values() if source.has_listings]
    names = [source.asset_name for source in sources]
    start = now
    for source in sources:
        rows = database.fetch_all("snapshots/select_first_and_last", marketplace=source.marketplace)
        start = min([start, *(row["first_at"] for row in rows)])
        found = {row["external_id"]: {"dagster/row_count": row["listings"]} for row in rows}
        yield Stored(source.asset_name, found, ["events"])
    hours, days = hours_since(settings.prices_start_date), days_since(settings.prices_start_date)
    span = Span(max(hour_start(start), datetime.combine(settings.prices_start_date, time(), UTC)), now)
    for name, summarise in _BY_HOUR.items():
        windows: dict[str, Mapping[str, Any]] = {}
        for part in span.days():
            keys = [hour.strftime(hours.fmt) for hour in part.steps(HOUR)]
            if not known_of[name].issuperset(keys):
                rows = summarise(database, part)
                found_hours = {row["hour_at"].astimezone(UTC).strftime(hours.fmt): row for row in rows}
                windows |= describe_windows(keys, found_hours)
        yield Stored(name, windows, names)
    by_day = {
        row["day_on"].strftime(days.fmt): row
        for row in summarise_daily(database, span.start.date(), now.astimezone(UTC).date() + DAY)
    }
    keys = [part.start.strftime(days.fmt) for part in span.days()]
    yield Stored("daily_prices", describe_windows(keys, by_day), ["hourly_prices"])
