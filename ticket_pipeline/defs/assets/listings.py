"""The listing snapshots: one partitioned asset per marketplace, all from one factory."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, describe_unknown_keys
from ticket_pipeline.defs.pipeline import Pipeline
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.polling.batch import BatchResult, Lease
from ticket_pipeline.polling.ingest import EventResult
from ticket_pipeline.polling.poll import poll_events
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.schedule import ScheduledEvent, claim_lease
from ticket_pipeline.storage.watchlist import find_sources, read_events, read_keys

_MOST_NAMED = 20


class PollConfig(dg.Config):
    """What one run polls."""

    event_keys: list[str] = Field(default_factory=list)
    """Event ids; empty: the run's partitions, and without partitions every tracked event that is still to come."""

    lease_id: str | None = None
    """Set by the sensor: the lease under which these events are held. Leave it empty by hand."""


def build_listings_asset(marketplace: Marketplace) -> dg.AssetsDefinition:
    """The listings asset of one marketplace.

    A run takes many events: it fetches them concurrently and logs one materialization per event as each is stored, so
    that partitions turn green one by one. It yields no output of its own; one would mark the whole asset at once.
    """

    @dg.asset(
        name=f"{marketplace}_listings",
        partitions_def=EVENT_PARTITIONS[marketplace],
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=["events"],
        group_name="snapshots",
        kinds={"httpx", "pandera", "timescaledb"},
        owners=["team:data"],
        description=(
            f"Every listing of the watched events on {marketplace}, as captured.\n\n"
            f"Grain: listing and capture. Source: {marketplace}, with your own credentials and within its budget. "
            "Write: append only, one transaction per capture; repeating a capture writes nothing; what is no market "
            f"price is quarantined with its reasons. Trigger: the sensor poll_due_{marketplace}_events."
        ),
    )
    async def listings(
        context: dg.AssetExecutionContext, config: PollConfig, pipeline: dg.ResourceParam[Pipeline]
    ) -> Any:  # noqa: ANN401 - an async generator, a type that Dagster does not know
        with pipeline.database() as database:
            lease = _claim(config, pipeline)
            events = _find_events(database, marketplace, _chosen_keys(context, config), pipeline)
            if lease is not None:
                held = claim_lease(database, lease.lease_id, pipeline.now() + lease.duration)
                context.log.info("%d of %d leased events are still held by this run", len(held), len(events))
                events = [event for event in events if event.event_id in held]
            batch = await poll_events(
                database,
                pipeline.settings,
                marketplace,
                events,
                now=pipeline.now,
                on_results=_teller(context, len(events)),
                lease=lease,
                run_id=context.run.run_id,
            )
        _conclude(context, marketplace, batch)
        # No output: one would mark the asset as a whole. The events marked their own partitions above.
        no_output: tuple[dg.Output[None], ...] = ()
        for output in no_output:
            yield output

    return listings


def _claim(config: PollConfig, pipeline: Pipeline) -> Lease | None:
    if config.lease_id is None:
        return None
    return Lease(UUID(config.lease_id), timedelta(seconds=pipeline.settings.lease_seconds))


def _chosen_keys(context: dg.AssetExecutionContext, config: PollConfig) -> list[str] | None:
    if config.event_keys:
        return config.event_keys
    return list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else None


def _find_events(
    database: Database, marketplace: Marketplace, keys: list[str] | None, pipeline: Pipeline
) -> list[ScheduledEvent]:
    """The events of these keys; None: every tracked event still to come. A key nobody knows fails the run early."""
    if keys is None:
        rows = [
            row
            for row in read_events(database, tracked_only=True, marketplace=marketplace)
            if row["event_at"] > pipeline.now()
        ]
    else:
        rows = find_sources(database, keys, marketplace)
        unknown = sorted(set(keys) - {row["external_id"] for row in rows})
        if unknown:
            raise dg.Failure(
                describe_unknown_keys(unknown, read_keys(database, marketplace), f"{marketplace}_events"),
                allow_retries=False,
            )
        retired = sorted(row["external_id"] for row in rows if not row["is_current"])
        rows = [row for row in rows if row["is_current"]]
        if retired and not rows:
            # Whatever a replaced id stands for now, it is not this event's market.
            raise dg.Failure(
                f"Asked to poll {', '.join(retired)}; the watchlist has replaced these ids, and their history stays as "
                "it is. Poll the new ids.",
                allow_retries=False,
            )
    return [ScheduledEvent(row["event_id"], row["external_id"], row["name"], row["venue"]) for row in rows]


def _teller(context: dg.AssetExecutionContext, total: int) -> Callable[[Sequence[EventResult]], None]:
    """Logs each settled event: a materialization of its partition, or why there is none."""
    done = 0

    def tell(results: Sequence[EventResult]) -> None:
        nonlocal done
        for result in results:
            done += 1
            if result.is_failure:
                context.log.warning("[%d/%d] %s: %s", done, total, result.event.external_id, result.error)
            else:
                context.log_event(_materialization(context.asset_key, result))
        context.log.info("%d of %d events settled", done, total)

    return tell


def _materialization(asset_key: dg.AssetKey, result: EventResult) -> dg.AssetMaterialization:
    metadata: dict[str, dg.MetadataValue | float | int | str] = {
        "event": result.event.name,
        "captured_at": dg.MetadataValue.timestamp(result.captured_at) if result.captured_at else "",
        "listings": result.listings,
        "tickets": result.tickets,
        "rejected": result.rejected,
        "tries": result.tries,
        "suspect": int(result.is_suspect),
        "currency": result.currency or "",
    }
    if result.metrics is not None:
        prices = {
            "get_in": result.metrics.get_in_price,
            "get_in_2": result.metrics.get_in_2_price,
            "get_in_4": result.metrics.get_in_4_price,
            "median": result.metrics.median_price,
        }
        metadata |= {name: dg.MetadataValue.float(float(price)) for name, price in prices.items() if price is not None}
    if result.latency_seconds is not None:
        metadata["latency_seconds"] = dg.MetadataValue.float(round(result.latency_seconds, 3))
    if result.rejected_reasons:
        metadata["rejected_reasons"] = dg.MetadataValue.json(result.rejected_reasons)
    if result.unmapped_sections:
        metadata["unmapped_sections"] = dg.MetadataValue.json(list(result.unmapped_sections))
    if result.checksum_problems:
        metadata["checksum_problems"] = dg.MetadataValue.json(list(result.checksum_problems))
    return dg.AssetMaterialization(asset_key, partition=result.event.external_id, metadata=metadata)


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
