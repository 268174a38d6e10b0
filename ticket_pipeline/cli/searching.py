"""`search` and `match`: find Ticketmaster's ids, and propose those that the watchlist lacks. Nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.event_details import show_start
from ticket_pipeline.cli.formats import NOTHING, ago, count, money, plain, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import note, progress, show, table_of
from ticket_pipeline.errors import Blocked, MarketplaceError, RateLimited, RequestNotPermitted
from ticket_pipeline.ingest.marketplaces import find_source
from ticket_pipeline.ingest.poll import build_gate, set_up_requests
from ticket_pipeline.market.events import WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient, open_ticketmaster_client
from ticket_pipeline.marketplaces.ticketmaster.matching import Match, find_match
from ticket_pipeline.marketplaces.ticketmaster.search import MAX_PAGE_SIZE, Search
from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.storage.cache import PostgresCache
from ticket_pipeline.storage.watchlist import read_known_events

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails
    from ticket_pipeline.storage.database import Database

_LETTERS_OF_CODE = 2
_SMALL_PAGE = 50
_LONGEST_WAIT = timedelta(seconds=30)
"""For a place in the budget: a person at a terminal would rather know when to come again."""


@with_formats
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words of the event, the artist or the team.")],
    *,
    city: Annotated[str | None, typer.Option(help="In this city.")] = None,
    country: Annotated[str | None, typer.Option(help="In this country: two letters, such as CA.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most events shown.")] = 20,
    output: Output,
) -> None:
    """Search Ticketmaster for events; the keys are ready to paste into the sheet, column Ticketmaster ID.

    A search counts against the shared request budget, and may use what polling leaves of it. Responses are cached for
    `ticketmaster_cache_minutes`; while Ticketmaster is down older ones are shown, with a warning.

        ticket-pipeline search "taylor swift" --city Toronto
    """
    if country is not None and not (len(country) == _LETTERS_OF_CODE and country.isalpha()):
        raise typer.BadParameter(f"{country!r} is not a country code of two letters, such as CA")
    settings = load_settings()
    with open_migrated(settings) as database, progress("Searching Ticketmaster"):
        events, found = asyncio.run(_search(database, settings, query, city, country, limit))
    total = found.total or 0
    counts = {"total": total, "unreadable": found.unreadable, "is_cut": found.is_cut}
    nothing = f"Ticketmaster has no event that matches {query!r}{f' in {city}' if city else ''}."
    if output.write(counts | {"events": events}, ([event] for event in events), if_empty=nothing):
        return
    if not total:
        note(nothing)
    else:
        # The log names those that could not be read.
        show(_events_table(events), _caption(len(events), total - found.unreadable, is_cut=found.is_cut))
        _warn_of_age(events)


async def _search(
    database: Database, settings: Settings, query: str, city: str | None, country: str | None, limit: int
) -> tuple[list[EventDetails], Search[EventDetails]]:
    async with _open_client(database, settings) as client:
        # Few page sizes, and no capitals: the same search in other words is then found in the cache.
        words = " ".join(query.lower().split())
        size = _SMALL_PAGE if limit <= _SMALL_PAGE else MAX_PAGE_SIZE
        found = client.search_events(words, city, country_code=country and country.upper(), page_size=size)
        return await found.first(limit), found


@with_formats
def match(*, output: Output) -> None:
    """Propose the Ticketmaster ids that followed events of the watchlist lack. Nothing is written: paste what is right.

    Each event still to come is searched for around its date: by its name, else by the longest word of it, else by its
    city; one to three requests each. The score weighs name, venue and local time; below 60 nothing is proposed.

        ticket-pipeline match
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        wanted = _without_id(database)
        with progress("Searching Ticketmaster", len(wanted)) as advance:
            matches, failures = asyncio.run(_match_all(database, settings, wanted, advance))
    documents = [_as_document(found) for found in matches]
    every = "Every followed event still to come has a Ticketmaster id."
    document = {"matches": documents, "failures": failures}
    if output.write(document, ([one] for one in documents), if_empty=every if not wanted else "Nothing was found."):
        pass
    elif not wanted:
        show(every)
    elif matches:
        show(_matches_table(matches), "Nothing was written. Check each, then paste it into the column Ticketmaster ID.")
        _warn_of_age([found.best for found in matches if found.best is not None])
    for failure in failures:
        row = failure["sheet_row"] or "gone"
        note(f"Error: the search for {plain(failure['name'])} (row {row}) failed: {failure['error']}")
    if left := len(wanted) - len(matches) - len(failures):
        note(f"{left} more events were not searched for: the same error would hold for them.")
    if failures:
        raise typer.Exit(1)


def _without_id(database: Database) -> list[WatchlistEvent]:
    this_moment = utc_now()
    return [
        WatchlistEvent.from_row(row)
        for row in read_known_events(database)
        if row["is_tracked"] and row["event_at"] > this_moment and Marketplace.TICKETMASTER not in row["external_ids"]
    ]


async def _match_all(
    database: Database, settings: Settings, wanted: Sequence[WatchlistEvent], advance: Callable[[int], None]
) -> tuple[list[Match], list[dict[str, Any]]]:
    """The best candidate of each, and the searches that failed; an error that holds for all ends the search."""
    matches: list[Match] = []
    failures: list[dict[str, Any]] = []
    async with _open_client(database, settings) as client:
        for event in wanted:
            try:
                matches.append(await find_match(client, event))
            except MarketplaceError as error:
                failures.append({"name": event.name, "sheet_row": event.sheet_row, "error": str(error)})
                if isinstance(error, Blocked | RateLimited | RequestNotPermitted):
                    break
            advance(1)
    return matches, failures


@asynccontextmanager
async def _open_client(database: Database, settings: Settings) -> AsyncIterator[TicketmasterClient]:
    """A client for a person: within the shared budget, reserve included, and with the shared cache."""
    source = find_source(Marketplace.TICKETMASTER, settings)
    set_up_requests(database, settings, source)
    gate = build_gate(
        database,
        settings,
        source.marketplace,
        Random(settings.tuning.random_seed),  # noqa: S311 - spacing, not cryptography
        is_polling=False,
        is_for_events=False,
        max_wait=_LONGEST_WAIT,
    )
    cache = PostgresCache(database, source.marketplace)
    async with open_ticketmaster_client(settings, gate=gate, cache=cache) as client:
        yield client


def _events_table(events: Sequence[EventDetails]) -> Table:
    return table_of(
        events,
        {
            "Ticketmaster ID": lambda event: plain(event.external_id),
            "Event": _name_and_place,
            "Starts (local)": lambda event: show_start(event.local_date, event.local_time, "\n"),
            "Status": lambda event: plain(event.status),
            ">From": from_price,
        },
    )


def _name_and_place(event: EventDetails) -> str:
    place = (event.venue.name, event.venue.city) if event.venue else ()
    mark = " (a test event)" if event.is_test else ""
    return f"{plain(event.name)}{mark}\n{', '.join(plain(part) for part in place if part)}"


def from_price(event: EventDetails) -> str:
    """The lowest price in each currency: amounts of two cannot be compared."""
    lowest: dict[str, Decimal] = {}
    for found in event.price_ranges:
        lowest[found.currency] = min(found.min_price, lowest.get(found.currency, found.min_price))
    return "\n".join(f"{money(lowest[currency])} {plain(currency)}" for currency in sorted(lowest)) or NOTHING


def _caption(shown: int, total: int, *, is_cut: bool) -> str:
    if shown >= total:
        return "1 event." if total == 1 else f"{count(total)} events."
    cut = "Ticketmaster shows only its first 1,000: narrow it by --city or --country."
    return f"{count(shown)} of {count(total)} events. {cut if is_cut else '--limit shows more.'}"


def _warn_of_age(events: Sequence[EventDetails]) -> None:
    moments = [event.captured_at for event in events if event.is_stale and event.captured_at]
    if moments:
        age = ago(min(moments), utc_now())
        note(f"Warning: Ticketmaster did not respond; the oldest cached response shown instead is from {age}.")


def _matches_table(matches: Sequence[Match]) -> Table:
    columns: dict[str, Callable[[Match], str]] = {
        ">Row": lambda found: str(found.wanted.sheet_row or NOTHING),
        "Watchlist": lambda found: f"{plain(found.wanted.name)}\n{found.wanted.event_date:%Y-%m-%d %H:%M}",
        "Ticketmaster ID": lambda found: plain(found.best.external_id) if found.best else NOTHING,
        "Ticketmaster": _candidate,
        ">Score": lambda found: str(found.score) if found.best else NOTHING,
    }
    return table_of(matches, columns)


def _candidate(found: Match) -> str:
    best = found.best
    if best is None:
        return "nothing near enough"
    venue = plain(best.venue.name if best.venue else None)
    lines = [plain(best.name), venue, show_start(best.local_date, best.local_time, " ")]
    if found.rivals:
        lines.append(f"{found.rivals} more score nearly as well")
    if best.is_stale:
        lines.append(f"cached response from {ago(best.captured_at, utc_now())}")
    return "\n".join(lines)


def _as_document(found: Match) -> dict[str, Any]:
    return {
        "sheet_row": found.wanted.sheet_row,
        "name": found.wanted.name,
        "event_date": found.wanted.event_date,
        "proposal": found.best and found.best.external_id,
        "score": found.score,
        "rivals": found.rivals,
        "candidate": found.best,
    }
