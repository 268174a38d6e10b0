"""`fetch-listings`: poll events now, whatever the schedule, and show the result of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from ticket_pipeline.cli.formats import FLOOR, NOTHING, THIN, count, get_in, largest_unit, money, plain, utc_now
from ticket_pipeline.cli.options import MarketplaceOption
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import describe_problems, open_migrated
from ticket_pipeline.cli.tables import new_table, note, progress, show
from ticket_pipeline.ingest.marketplaces import SOURCES, find_source, why_not_polled
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterResult
from ticket_pipeline.market.metrics import SnapshotMetrics
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import UnclearEventKeyError, find_events, read_events
from ticket_pipeline.settings.model import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.ingest.batch import BatchResult
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database

_LEGEND = f"Prices per ticket. {FLOOR} For 2: together. {THIN}"
_CACHED_LEGEND = "Cached: a recent response was used, without a request. `ticket-pipeline cache clear` deletes it."


@with_formats
def fetch_listings(
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="EVENT", help="An id: that market alone; words of a name: all of it. None: everything."),
    ] = None,
    *,
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Fetch the listings of events now and store them; without EVENT, of every followed event still to come.

    The request budget is shared with everything else that polls. Exit code 1 when an event could not be fetched,
    or there is none; the others are stored all the same.

        ticket-pipeline fetch-listings 157284301 "glass orchard"
        ticket-pipeline fetch-listings
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        if events:
            chosen = _named_events(database, settings, events, marketplace)
        else:
            chosen = _upcoming_events(database, settings, marketplace)
        batches = _poll(database, settings, chosen)
    results = [result for batch in batches for result in batch.results]
    skipped = [event for batch in batches for event in batch.skipped]
    documents = [*map(_document, results), *(_identify(event) | {"outcome": "not_tried"} for event in skipped)]
    if output.is_for_people and chosen:
        show(_results_table(results, skipped), _LEGEND)
        if any(_cache_age(result) is not None for result in results):
            show(_CACHED_LEGEND)
    elif documents or output.as_json:
        output.write(documents, ([one] for one in documents))
    problems = [problem for batch in batches for problem in describe_problems(batch)]
    for problem in problems:
        note(problem)
    if problems or not results:
        raise typer.Exit(1)


def _named_events(
    database: Database, settings: Settings, keys: Sequence[str], marketplace: Marketplace | None
) -> Sequence[Event]:
    events = find_events(database, keys, marketplace)
    if replaced := [event.external_id for event in events if not event.is_current]:
        # Whatever a replaced id stands for now, it is not this event's market.
        raise UnclearEventKeyError(
            f"The watchlist has replaced the ids {', '.join(replaced)}, so they are not fetched; their history stays. "
            "Fetch the new ids: `ticket-pipeline show-events`."
        )
    for each in {event.marketplace for event in events}:
        find_source(each, settings)
    return events


def _upcoming_events(database: Database, settings: Settings, marketplace: Marketplace | None) -> Sequence[Event]:
    """Every followed event still to come, at marketplaces that have listings and can be polled; notes name the rest."""
    this_moment = utc_now()
    followed = read_events(database, tracked_only=True, marketplace=marketplace)
    upcoming = [event for event in followed if event.event_at > this_moment]
    listed = [event for event in upcoming if event.marketplace.has_listings]
    with_listings = {event.event_id for event in listed}
    if not upcoming:
        note("No followed event is still to come. Add one to the watchlist, then run `ticket-pipeline sync-events`.")
    elif described := [event.external_id for event in upcoming if event.event_id not in with_listings]:
        note(f"Left out, because they have no listings; fetch their details by key: {', '.join(described)}")
    counts = Counter(event.marketplace for event in listed)
    obstacles = {each: why_not_polled(SOURCES[each], settings) for each in counts}
    if counts and all(obstacles.values()):
        find_source(next(iter(counts)), settings)
    for each, obstacle in obstacles.items():
        if obstacle is not None:
            note(f"{counts[each]} events at {each} were left out: {obstacle}")
    return [event for event in listed if obstacles[event.marketplace] is None]


def _poll(database: Database, settings: Settings, events: Sequence[Event]) -> list[BatchResult]:
    batches = []
    with progress("Fetching listings", len(events)) as advance:
        for marketplace in dict.fromkeys(event.marketplace for event in events):
            polling = poll_events(
                database,
                settings,
                marketplace,
                [event for event in events if event.marketplace is marketplace],
                now=utc_now,
                on_results=lambda results: advance(len(results)),
                run_id=f"cli-{uuid4()}",
            )
            batches.append(asyncio.run(polling))
    return batches


def _results_table(results: Sequence[EventResult], skipped: Sequence[Event]) -> Table:
    table = new_table("Key", "Event", ">Listings", ">Tickets", ">Floor", ">Get-in", ">For 2", ">Median", "")
    rows = [(result.event, _cells(result)) for result in results]
    rows += [(event, [*[""] * 6, "not tried"]) for event in skipped]
    # One event may be at several marketplaces, each with its own market.
    is_mixed = len({event.marketplace for event, _ in rows}) > 1
    for event, cells in rows:
        key = plain(event.external_id)
        table.add_row(f"{key}\n{event.marketplace}" if is_mixed else key, plain(event.name), *cells)
    return table


def _cells(result: EventResult) -> list[str]:
    if result.is_failure:
        return [*[""] * 6, str(result.outcome)]
    if isinstance(result, TicketmasterResult):
        status = plain((result.details and result.details.status) or "unknown")
        age = _cache_age(result)
        return [*[NOTHING] * 6, status if age is None else f"{status}\ncached, {largest_unit(age)} old"]
    metrics = result.metrics or SnapshotMetrics()
    get_ins = [get_in(price, metrics.floor_price) for price in metrics.get_in_prices[:2]]
    prices = [money(metrics.floor_price), *get_ins, money(metrics.median_price)]
    return [count(result.listings), count(result.tickets), *prices, "suspect" if result.is_suspect else _unit(result)]


def _unit(result: EventResult) -> str:
    """The currency of an event's prices, or why it has none."""
    if result.listings:
        return "mixed" if result.metrics is None or result.currency is None else result.currency
    return "no seats" if result.rejected else "empty"


def _cache_age(result: EventResult) -> timedelta | None:
    """How old a cached response was when it was used; None where a request was sent."""
    return result.age if isinstance(result, TicketmasterResult) and result.is_cached else None


def _document(result: EventResult) -> dict[str, Any]:
    """All of a result on one level; without listings of one currency and fee basis its prices are null."""
    values = {field.name: getattr(result, field.name) for field in fields(EventResult)}
    del values["event"], values["metrics"]
    metrics = asdict(result.metrics) if result.metrics else dict.fromkeys(SnapshotMetrics.__slots__)
    age = {"cached_for_seconds": _cache_age(result)}
    return _identify(result.event) | metrics | values | age


def _identify(event: Event) -> dict[str, Any]:
    return {"marketplace": event.marketplace, "external_id": event.external_id, "name": event.name}
