"""`fetch-listings`: poll events now, whatever the schedule says, and show what came of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from ticket_pipeline.cli.event_keys import MarketplaceOption, UnclearEventKeyError, find_events
from ticket_pipeline.cli.formats import NOTHING, count, largest_unit, money, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json
from ticket_pipeline.ingest.batch import BatchResult
from ticket_pipeline.ingest.marketplaces import SOURCES, find_source, has_listings, why_not_polled
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterResult
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.watchlist import read_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from rich.table import Table

    from ticket_pipeline.ingest.results import EventResult
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

_LEGEND = "Prices per ticket. Get-in: the cheapest that sells one; for 2: that sells two together."
_KEPT_LEGEND = "Kept: an earlier answer, used again; nothing was asked. `ticket-pipeline cache clear` forgets it."


def fetch_listings(
    event_keys: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT_KEY", help="Which events; none: all that are followed.")
    ] = None,
    *,
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the listings of events now and store them; without a key, of every followed event still to come.

    It keeps to the request budget that all processes share. Exit code 1 when an event could not be fetched; the others
    are stored all the same.

        ticket-pipeline fetch-listings 157284301
        ticket-pipeline fetch-listings
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        events = _choose(database, settings, event_keys or [], marketplace)
        batches = _poll(database, settings, events)
    if as_json:
        show_json(_document(batches))
    elif events:
        show(_results_table(batches), _LEGEND, *_remarks(batches))
    _conclude(batches)


def _choose(
    database: Database, settings: Settings, keys: Sequence[str], marketplace: Marketplace | None
) -> list[Event]:
    """The events to fetch.

    Raises:
        UnclearEventKeyError: a key names none, several, or an id that was replaced.
        ConfigurationError: one that was asked for, or all, cannot be polled under these settings; nothing was sent.
    """
    if keys:
        events = find_events(database, keys, marketplace)
        if retired := [event.external_id for event in events if not event.is_current]:
            # Whatever a replaced id stands for now, it is not this event's market.
            raise UnclearEventKeyError(
                f"Asked to fetch {', '.join(retired)}; the watchlist has replaced these ids, and their history stays "
                "as it is. Fetch the new ids: `ticket-pipeline show-events`."
            )
        for each in {event.marketplace for event in events}:
            find_source(each, settings)
        return events
    rows = read_events(database, tracked_only=True, marketplace=marketplace)
    this_moment = utc_now()
    upcoming = [Event.from_row(row) for row in rows if row["event_at"] > this_moment]
    listed = [event for event in upcoming if has_listings(event.marketplace)]
    with_listings = {event.event_id for event in listed}
    described = [event.external_id for event in upcoming if event.event_id not in with_listings]
    if not listed:
        note(_why_nothing(upcoming))
    elif described:
        note(f"Left out, since nobody lists them; fetch what Ticketmaster tells by key: {', '.join(described)}")
    return _leave_out_unpolled(listed, settings)


def _why_nothing(upcoming: Sequence[Event]) -> str:
    if not upcoming:
        return "No followed event is still to come. Add one to the watchlist, then run `ticket-pipeline sync-events`."
    where = ", ".join(sorted({event.marketplace for event in upcoming}))
    key = upcoming[0].external_id
    return (
        f"The {len(upcoming)} followed events still to come have ids of {where} only, which publishes no listings. "
        f"Fetch what it tells of one: ticket-pipeline fetch-listings {key}; then ticket-pipeline event-details {key}"
    )


def _leave_out_unpolled(events: Sequence[Event], settings: Settings) -> list[Event]:
    """Without the events of marketplaces that are off, which are told; where all of them are, the first says why."""
    counts = Counter(event.marketplace for event in events)
    obstacles = {marketplace: why_not_polled(SOURCES[marketplace], settings) for marketplace in counts}
    if counts and all(obstacles.values()):
        find_source(next(iter(counts)), settings)
    for marketplace, obstacle in obstacles.items():
        if obstacle is not None:
            note(f"{counts[marketplace]} events at {marketplace} were left out: {obstacle}")
    return [event for event in events if obstacles[event.marketplace] is None]


def _poll(database: Database, settings: Settings, events: Sequence[Event]) -> dict[Marketplace, BatchResult]:
    batches: dict[Marketplace, BatchResult] = {}
    with progress("Fetching listings", len(events)) as bar:

        def advance(results: Sequence[EventResult]) -> None:
            bar.advance(bar.task_ids[0], len(results))

        for marketplace in dict.fromkeys(event.marketplace for event in events):
            own = [event for event in events if event.marketplace is marketplace]
            batches[marketplace] = asyncio.run(
                poll_events(
                    database, settings, marketplace, own, now=utc_now, on_results=advance, run_id=f"cli-{uuid4()}"
                )
            )
    return batches


def _results_table(batches: Mapping[Marketplace, BatchResult]) -> Table:
    table = new_table(
        "Key",
        "Event",
        ">Listings",
        ">Tickets",
        ">Get-in",
        ">For 2",
        ">Median",
        "",
    )
    for marketplace, batch in batches.items():
        # One event may stand at several marketplaces, each with its own market.
        whose = f"\n{marketplace}" if len(batches) > 1 else ""
        for result in batch.results:
            table.add_row(f"{plain(result.event.external_id)}{whose}", plain(result.event.name), *_cells(result))
        for event in batch.skipped:
            table.add_row(f"{plain(event.external_id)}{whose}", plain(event.name), *[""] * 5, "not tried")
    return table


def _cells(result: EventResult) -> list[str]:
    if result.is_failure:
        return [*[""] * 5, str(result.outcome)]
    if isinstance(result, TicketmasterResult):
        status = (result.details and result.details.status) or "unknown"
        return [*[NOTHING] * 5, _with_age(status, result)]
    metrics = result.metrics
    prices = (metrics.get_in_price, metrics.get_in_2_price, metrics.median_price) if metrics else (None, None, None)
    remark = "suspect" if result.is_suspect else result.currency or "empty"
    return [count(result.listings), count(result.tickets), *map(money, prices), remark]


def _remarks(batches: Mapping[Marketplace, BatchResult]) -> list[str]:
    results = [result for batch in batches.values() for result in batch.results]
    return [_KEPT_LEGEND] if any(_kept_for(result) is not None for result in results) else []


def _with_age(status: str, result: EventResult) -> str:
    age = _kept_for(result)
    return plain(status) if age is None else f"{plain(status)}\nkept, {largest_unit(age)} old"


def _kept_for(result: EventResult) -> timedelta | None:
    """How old a kept answer was when it was used; None where the marketplace was asked."""
    return result.age if isinstance(result, TicketmasterResult) and result.is_cached else None


def _document(batches: Mapping[Marketplace, BatchResult]) -> list[dict[str, Any]]:
    return [
        {
            "marketplace": marketplace,
            "external_id": result.event.external_id,
            "name": result.event.name,
            "outcome": result.outcome,
            "error": result.error,
            "captured_at": result.captured_at,
            "tries": result.tries,
            "kept_for_seconds": _kept_for(result),
            "listings": result.listings,
            "tickets": result.tickets,
            "rejected": result.rejected,
            "rejected_reasons": result.rejected_reasons,
            "currency": result.currency,
            "get_in_price": result.metrics and result.metrics.get_in_price,
            "get_in_2_price": result.metrics and result.metrics.get_in_2_price,
            "get_in_4_price": result.metrics and result.metrics.get_in_4_price,
            "median_price": result.metrics and result.metrics.median_price,
            "is_suspect": result.is_suspect,
            "checksum_problems": result.checksum_problems,
        }
        for marketplace, batch in batches.items()
        for result in batch.results
    ] + [
        {"marketplace": marketplace, "external_id": event.external_id, "name": event.name, "outcome": "not_tried"}
        for marketplace, batch in batches.items()
        for event in batch.skipped
    ]


def _conclude(batches: Mapping[Marketplace, BatchResult]) -> None:
    """Name what failed, on stderr, and end with exit code 1 if anything did."""
    failures = [failure for batch in batches.values() for failure in batch.failures]
    for failure in failures:
        note(f"{failure.event.external_id} ({plain(failure.event.name)}), {failure.outcome}: {failure.error}")
    stopped = [batch for batch in batches.values() if batch.skipped]
    for batch in stopped:
        note(f"{len(batch.skipped)} events were not tried and stay due: {batch.stopped_by}")
    if failures or stopped:
        raise typer.Exit(1)
