"""What every polled asset does in a run: find its events, poll them, log each as it is settled, and say what failed.

What belongs here: the run of a polled asset. What does not: what each asset is and what it shows of an event
(`listings`, `ticketmaster`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, describe_unknown_keys, partitions_of_run
from ticket_pipeline.defs.resources import Clock, MarketplaceResource, TimescaleDBResource
from ticket_pipeline.ingest.batch import BatchResult, Lease
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.schedule import claim_lease
from ticket_pipeline.storage.watchlist import read_keys

_MOST_NAMED = 20
_WATCHLIST = "events"

Metadata = Mapping[str, dg.MetadataValue | float | int | str]


class PollConfig(dg.Config):
    """What one run polls."""

    event_keys: list[str] = Field(default_factory=list)
    """Event ids; empty: the run's partitions, and without partitions every tracked event that is still to come."""

    lease_id: str | None = None
    """Set by the sensor: the lease under which these events are held. Leave it empty by hand."""


def build_polled_asset(
    marketplace: Marketplace,
    name: str,
    *,
    kinds: set[str],
    description: str,
    describe: Callable[[EventResult], Metadata],
    now: Clock,
) -> dg.AssetsDefinition:
    """An asset whose partitions are the events of one marketplace.

    A run takes many events: it fetches them concurrently and logs one materialization per event as each is stored, so
    that partitions turn green one by one. It yields no output of its own; one would mark the whole asset at once.

    Args:
        marketplace: who is polled.
        name: of the asset and its table.
        kinds: shown as its badges.
        description: the catalog sentence, then grain, source, write rule and trigger.
        describe: the metadata of one stored event.
        now: the clock, aware UTC.
    """

    @dg.asset(
        name=name,
        partitions_def=EVENT_PARTITIONS[marketplace],
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=[_WATCHLIST],
        required_resource_keys={"timescaledb", str(marketplace)},
        group_name="snapshots",
        kinds=kinds,
        owners=["team:data"],
        description=description,
    )
    async def polled(context: dg.AssetExecutionContext, config: PollConfig) -> Any:  # noqa: ANN401 - an async generator, a type that Dagster does not know
        timescaledb: TimescaleDBResource = context.resources.timescaledb
        resource: MarketplaceResource = getattr(context.resources, marketplace)
        settings = resource.settings_in_use()
        with timescaledb.database() as database:
            lease = _claim(config, settings)
            events = _find_events(database, marketplace, _chosen_keys(context, config), now())
            if lease is not None:
                held = claim_lease(database, lease.lease_id, now() + lease.duration)
                context.log.info("%d of %d leased events are still held by this run", len(held), len(events))
                events = [event for event in events if event.event_id in held]
            batch = await poll_events(
                database,
                settings,
                marketplace,
                events,
                now=now,
                open_client=resource.client,
                on_results=_teller(context, len(events), describe),
                lease=lease,
                run_id=context.run.run_id,
            )
        _conclude(context, marketplace, batch)
        # No output: one would mark the asset as a whole. The events marked their own partitions above.
        no_output: tuple[dg.Output[None], ...] = ()
        for output in no_output:
            yield output

    return polled


def _claim(config: PollConfig, settings: Settings) -> Lease | None:
    if config.lease_id is None:
        return None
    return Lease(UUID(config.lease_id), timedelta(seconds=settings.tuning.lease_seconds))


def _chosen_keys(context: dg.AssetExecutionContext, config: PollConfig) -> list[str] | None:
    return config.event_keys or partitions_of_run(context)


def _find_events(
    database: Database, marketplace: Marketplace, keys: list[str] | None, now: datetime
) -> Sequence[Event]:
    """The events of these keys; None: every tracked event still to come. A key nobody knows fails the run early."""
    if keys is None:
        tracked = read_events(database, tracked_only=True, marketplace=marketplace)
        return [event for event in tracked if event.event_at > now]
    events = read_events(database, external_ids=keys, marketplace=marketplace)
    unknown = sorted(set(keys) - {event.external_id for event in events})
    if unknown:
        raise dg.Failure(
            describe_unknown_keys(unknown, read_keys(database, marketplace), f"{marketplace}_events"),
            allow_retries=False,
        )
    current = [event for event in events if event.is_current]
    if events and not current:
        # Whatever a replaced id stands for now, it is not this event's market.
        raise dg.Failure(
            f"The watchlist has replaced the ids {', '.join(sorted(keys))}, so they are not polled; their history "
            "stays. Poll the new ids.",
            allow_retries=False,
        )
    return current


def _teller(
    context: dg.AssetExecutionContext, total: int, describe: Callable[[EventResult], Metadata]
) -> Callable[[Sequence[EventResult]], None]:
    """Logs each settled event: a materialization of its partition, or why there is none."""
    done = 0

    def tell(results: Sequence[EventResult]) -> None:
        nonlocal done
        tags = in_sync_regardless_of(context, [_WATCHLIST])
        stored = [result for result in results if not result.is_failure]
        log_materializations(
            context,
            (
                dg.AssetMaterialization(
                    context.asset_key, partition=result.event.external_id, metadata=describe(result), tags=tags
                )
                for result in stored
            ),
        )
        for number, result in enumerate(results, start=done + 1):
            if result.is_failure:
                context.log.warning("[%d/%d] %s: %s", number, total, result.event.external_id, result.error)
        done += len(results)
        context.log.info("%d of %d events settled", done, total)

    return tell


def _conclude(context: dg.AssetExecutionContext, marketplace: Marketplace, batch: BatchResult) -> None:
    """End the run: failed only when an event failed, after all were tried, naming them."""
    stored = len(batch.results) - len(batch.failures)
    context.log.info("%d events stored, %d failed, %d not tried", stored, len(batch.failures), len(batch.skipped))
    if batch.stopped_by is not None:
        context.log.warning("%d events were not tried and stay due: %s", len(batch.skipped), batch.stopped_by)
    if batch.failures:
        named = [f"{failure.event.external_id} ({failure.outcome}): {failure.error}" for failure in batch.failures]
        more = f"\n… and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        raise dg.Failure(
            f"{len(named)} of {len(batch.results)} events could not be fetched from {marketplace}; the others are "
            "stored. Each comes back by itself after its back-off.\n" + "\n".join(named[:_MOST_NAMED]) + more,
            allow_retries=False,
        )
    if batch.stopped_by is not None and not batch.results:
        raise dg.Failure(f"No event could be tried: {batch.stopped_by}", allow_retries=False)
