"""The report of each event in Dagster's pages: a picture of its market, found by the event's name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby

import dagster as dg

from ticket_pipeline.dashboard.pages import Board
from ticket_pipeline.dashboard.report import write_report
from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.partitions import partitions_of_run
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.queries.events import WatchedEvent, read_events
from ticket_pipeline.settings.model import Settings

REPORTED_EVENTS = dg.DynamicPartitionsDefinition(name="reported_events")
"""Keys are names with the day at the venue and our own id: what a person searches for, and each is one event."""

_UNFIT = re.compile(r"[^\w '&()+:-]+")
_CADENCE = ((timedelta(days=7), 24), (timedelta(days=1), 6), (timedelta(), 1))
"""Time to the event, and hours between its reports above it: Dagster keeps each forever."""


def build_market_report(settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The asset of the reports."""

    @dg.asset(
        partitions_def=REPORTED_EVENTS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        # Not the prices: a run without partitions, for all events whose turn it is, may not depend on partitions.
        deps=["events"],
        group_name="outputs",
        kinds={"svg", "markdown"},
        owners=["team:data"],
        description=(
            "Charts of an event's floor, get-in price, median and tickets, its zones, and what changed; search "
            "partitions by the event's name.\n\n"
            "Grain: event. Source: the queries of the dashboard. Write: metadata of the partition, tables stay as they "
            "are. Trigger: the schedule report_markets_regularly, hourly on the last day, every 6 hours in the last "
            "week, daily before."
        ),
    )
    def market_report(context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource) -> Iterator[None]:
        """Report the events of the run's partitions; without partitions those whose turn it is."""
        chosen = partitions_of_run(context)
        with timescaledb.database() as database:
            board = Board(database, settings, now)
            events = _events_by_key(read_events(database, tracked_only=True))
            new = _sync_keys(context.instance, events)
            due = [key for key, (event, *_) in events.items() if key in new or is_due(event, now)]
            keys = due if chosen is None else [key for key in chosen if key in events]
            materializations = [
                dg.AssetMaterialization(
                    context.asset_key,
                    partition=key,
                    metadata=_describe(board, events[key]),
                    tags=in_sync_regardless_of(context, context.assets_def.dependency_keys),
                )
                for key in keys
            ]
        log_materializations(context, materializations)
        if chosen is not None and (gone := set(chosen) - set(keys)):
            raise dg.Failure(f"Not on the watchlist any more: {', '.join(sorted(gone))}.", allow_retries=False)
        context.log.info("%d of %d events reported", len(keys), len(events))
        yield from ()  # an output would mark the whole asset

    return market_report


def key_of(event: WatchedEvent) -> str:
    """The partition of an event. Dagster takes some characters of a key for the ends of ranges and lists."""
    name = " ".join(_UNFIT.sub(" ", event.name).split())
    return f"{name} {event.event_date:%Y-%m-%d} #{event.event_id}"


def is_due(event: WatchedEvent, now: Clock) -> bool:
    """Whether an event is to be reported in this hour; the hours of distant events are spread by their ids."""
    left = event.event_at - now()
    hours = next((hours for least, hours in _CADENCE if left >= least), None)
    return hours is not None and (now().hour + event.event_id) % hours == 0


def _events_by_key(events: Sequence[WatchedEvent]) -> dict[str, list[WatchedEvent]]:
    """Each event at its marketplaces with listings."""
    listed = [event for event in events if event.marketplace.has_listings]
    return {
        key_of(group[0]): group for _, same in groupby(listed, lambda event: event.event_id) if (group := list(same))
    }


def _sync_keys(instance: dg.DagsterInstance, events: Mapping[str, Sequence[WatchedEvent]]) -> set[str]:
    """Bring the set to the tracked events; returns the new keys."""
    name = str(REPORTED_EVENTS.name)
    known = set(instance.get_dynamic_partitions(name))
    if new := [key for key in events if key not in known]:
        instance.add_dynamic_partitions(name, new)
    for key in known - events.keys():
        instance.delete_dynamic_partition(name, key)
    return set(new)


def _describe(board: Board, events: Sequence[WatchedEvent]) -> Mapping[str, dg.MetadataValue]:
    event = events[0]
    return {
        "report": dg.MetadataValue.md(write_report(board, events)),
        "dashboard": dg.MetadataValue.url(f"{board.settings.dashboard_address}/events/{event.event_id}"),
    }
