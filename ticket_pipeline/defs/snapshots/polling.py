"""The run of a polled asset: find its events, poll them, log each as it is stored or failed, evaluate the checks.

What belongs here: what all polled assets do. What does not: what each asset is, and the metadata of an event
(`listings`, `ticketmaster_events`).
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg
from pydantic import Field

from ticket_pipeline.alerts.follow import AlertsReport
from ticket_pipeline.defs.alerts.assets import log_alerts
from ticket_pipeline.defs.alerts.operations import FAILED_EVENTS
from ticket_pipeline.defs.analytics.following import log_followers
from ticket_pipeline.defs.checks import Scope, evaluate_in_run, specs_of
from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_failures, log_materializations
from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, describe_unknown_keys, partitions_of_run
from ticket_pipeline.defs.resources import Clock, MarketplaceResource, TimescaleDBResource
from ticket_pipeline.defs.snapshots.checks import checks_of
from ticket_pipeline.ingest.batch import BatchResult, Lease
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.sources import Pause, read_pauses
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.schedule import claim_lease
from ticket_pipeline.storage.watchlist import read_keys

_MOST_NAMED = 20
_WATCHLIST = "events"
_REEXECUTED = "dagster/parent_run_id"
"""The tag of a run that repeats another one; Dagster documents it, but exports no name for it."""

Metadata = Mapping[str, dg.MetadataValue | int | str]


class PollConfig(dg.Config):
    """What one run polls."""

    event_keys: list[str] = Field(default_factory=list)
    """Event ids; empty: the run's partitions, and without partitions every tracked event that is still to come."""

    lease_id: str | None = None
    """Set by the sensor: the lease under which these events are held. Leave it empty by hand."""


_SHORTEST_WINDOW = timedelta(minutes=1)
"""Dagster refuses a freshness policy of less."""


def freshness_of(settings: Settings) -> dg.FreshnessPolicy:
    """What is polled, and the prices made of it, are overdue after two of the longest intervals without any capture."""
    interval = max(timedelta(hours=settings.base_scrape_interval_hours), _SHORTEST_WINDOW)
    return dg.FreshnessPolicy.time_window(fail_window=2 * interval, warn_window=1.5 * interval)


def build_polled_asset(
    source: Source,
    settings: Settings,
    now: Clock,
    *,
    kinds: set[str],
    description: str,
    describe: Callable[[EventResult], Metadata],
) -> dg.AssetsDefinition:
    """An asset whose partitions are the events of one marketplace.

    A run takes many events: it fetches them concurrently and logs one materialization per event as each is stored, so
    that partitions turn green one by one. It yields no output of its own; one would mark the whole asset at once.

    Args:
        source: the marketplace.
        settings: the schema of the table, and the longest poll interval.
        now: the clock, aware UTC.
        kinds: shown as badges.
        description: the catalog sentence, then grain, source, write rule and trigger.
        describe: the metadata of one stored event.
    """
    checks = checks_of(source)
    table = "listings" if source.has_listings else source.asset_name

    @dg.asset(
        name=source.asset_name,
        partitions_def=EVENT_PARTITIONS[source.marketplace],
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        check_specs=specs_of(source.asset_name, checks),
        deps=[_WATCHLIST],
        required_resource_keys={"timescaledb", str(source.marketplace)},
        group_name="snapshots",
        kinds=kinds,
        owners=["team:data"],
        metadata={"dagster/table_name": f"{settings.db_schema}.{table}"},
        freshness_policy=freshness_of(settings),
        description=description,
    )
    def polled(context: dg.AssetExecutionContext, config: PollConfig) -> Iterator[dg.AssetCheckResult]:
        timescaledb: TimescaleDBResource = context.resources.timescaledb
        resource: MarketplaceResource = getattr(context.resources, source.marketplace)
        in_use = resource.settings_in_use()
        with timescaledb.database() as database:
            lease = _lease_of(config, in_use)
            events = _find_events(context, database, source.marketplace, config, now())
            if lease is not None:
                lease, events = _keep_held(context, database, lease, events, now())
            alerts: list[AlertsReport] = []
            polling = poll_events(
                database,
                in_use,
                source.marketplace,
                events,
                now=now,
                open_client=resource.client,
                on_results=_log_results(context, len(events), describe),
                lease=lease,
                run_id=context.run.run_id,
                on_alerts=alerts.append,
            )
            batch = asyncio.run(polling)
            yield from evaluate_in_run(context, database, checks, _scope_of(context, batch, now()))
            compared = [moment for result in batch.results for moment in result.compared_at]
            log_followers(context, database, in_use, compared, now())
            for report in alerts:
                log_alerts(context, database, in_use, report, now)
            pause = read_pauses(database, now()).get(source.marketplace)
        _end_run(context, source.marketplace, batch, pause)

    return polled


def _lease_of(config: PollConfig, settings: Settings) -> Lease | None:
    if config.lease_id is None:
        return None
    return Lease(UUID(config.lease_id), timedelta(seconds=settings.tuning.lease_seconds))


def _keep_held(
    context: dg.AssetExecutionContext, database: Database, lease: Lease, events: Sequence[Event], now: datetime
) -> tuple[Lease | None, Sequence[Event]]:
    """The events that a run still holds. One that repeats another run after its lease was over polls all of them.

    Raises:
        Failure: other runs took all of them over.
    """
    held = claim_lease(database, lease.lease_id, now + lease.duration)
    context.log.info("%d of %d leased events are still held by this run", len(held), len(events))
    if held:
        return lease, [event for event in events if event.event_id in held]
    if _REEXECUTED in context.run.tags:
        return None, events
    raise dg.Failure(
        f"None of the {len(events)} events is held by this run any more: its lease ran out, and other runs poll them. "
        "To poll them all the same, re-execute this run.",
        allow_retries=False,
    )


def _find_events(
    context: dg.AssetExecutionContext,
    database: Database,
    marketplace: Marketplace,
    config: PollConfig,
    now: datetime,
) -> Sequence[Event]:
    """The events of the run's keys; without keys every tracked event still to come.

    Keys that are unknown or were replaced are logged and left out.

    Raises:
        Failure: there is none, or none of the keys can be polled.
    """
    keys = config.event_keys or partitions_of_run(context)
    if keys is None:
        tracked = read_events(database, tracked_only=True, marketplace=marketplace)
        if upcoming := [event for event in tracked if event.event_at > now]:
            return upcoming
        raise dg.Failure(
            f"No tracked, upcoming event has a {marketplace} id. Add one to the watchlist and sync it.",
            allow_retries=False,
        )
    found = read_events(database, external_ids=keys, marketplace=marketplace)
    current = [event for event in found if event.is_current]
    problems = []
    if unknown := sorted(set(keys) - {event.external_id for event in found}):
        known = read_keys(database, marketplace)
        problems.append(describe_unknown_keys(unknown, known, f"{marketplace}_events"))
    if replaced := sorted(event.external_id for event in found if not event.is_current):
        # What a replaced id stands for now is not this event's market.
        problems.append(
            f"The watchlist has replaced these ids: {', '.join(replaced)}. Their history stays; poll the new ids."
        )
    if problems and not current:
        raise dg.Failure("\n".join(problems), allow_retries=False)
    for problem in problems:
        context.log.warning(problem)
    return current


def _log_results(
    context: dg.AssetExecutionContext, total: int, describe: Callable[[EventResult], Metadata]
) -> Callable[[Sequence[EventResult]], None]:
    done = 0
    tags = in_sync_regardless_of(context, context.assets_def.dependency_keys)

    def log(results: Sequence[EventResult]) -> None:
        nonlocal done
        materializations = [
            dg.AssetMaterialization(
                context.asset_key, partition=result.event.external_id, metadata=describe(result), tags=tags
            )
            for result in results
            if not result.is_failure
        ]
        log_materializations(context, materializations)
        for number, result in enumerate(results, start=done + 1):
            if result.is_failure:
                context.log.warning("[%d/%d] %s: %s", number, total, result.event.external_id, result.error)
        log_failures(context, [result.event.external_id for result in results if result.is_failure])
        done += len(results)
        context.log.info("%d of %d events done", done, total)

    return log


def _scope_of(context: dg.AssetExecutionContext, batch: BatchResult, now: datetime) -> Scope:
    captured = [result.captured_at for result in batch.results if result.captured_at is not None]
    since, until = min(captured, default=now), max(captured, default=now)
    return Scope(since, until + timedelta.resolution, now, context.run.run_id)


def _end_run(
    context: dg.AssetExecutionContext, marketplace: Marketplace, batch: BatchResult, pause: Pause | None
) -> None:
    """Log how many events were stored, and raise Failure where one failed or none could be tried."""
    stored = len(batch.results) - len(batch.failures)
    context.log.info("%d events stored, %d failed, %d not tried", stored, len(batch.failures), len(batch.skipped))
    if batch.stopped_by is not None:
        context.log.warning("%d events were not tried and stay due: %s", len(batch.skipped), batch.stopped_by)
    if batch.failures or (batch.skipped and not batch.results):
        # The run did its work; incidents tell of its events.
        context.instance.add_run_tags(context.run.run_id, {FAILED_EVENTS: str(len(batch.failures))})
    if batch.failures:
        named = [f"{failure.event.external_id} ({failure.outcome}): {failure.error}" for failure in batch.failures]
        more = f"\n… and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        again = (
            "Each is retried after its back-off."
            if pause is None
            else f"Nothing is sent to {marketplace} until {pause.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, or until "
            f"`ticket-pipeline resume {marketplace}{' --force' if pause.asked_until else ''}`; then each is retried."
        )
        raise dg.Failure(
            f"{len(named)} of {len(batch.results)} events could not be fetched from {marketplace}; the others are "
            f"stored. {again}\n" + "\n".join(named[:_MOST_NAMED]) + more,
            allow_retries=False,
        )
    if batch.skipped and not batch.results:
        reason = batch.stopped_by or "other runs took them over meanwhile."
        raise dg.Failure(f"No event could be tried: {reason}", allow_retries=False)
