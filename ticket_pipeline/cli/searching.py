"""`search` and `match`: find Ticketmaster's ids, and propose those that the watchlist lacks. Nothing is written.

What belongs here: asking and showing. What does not: how a candidate is judged (`marketplaces.ticketmaster.matching`).
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.formats import NOTHING, ago, count, money, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json
from ticket_pipeline.errors import Blocked, MarketplaceError, RateLimited, RequestNotPermitted
from ticket_pipeline.ingest.marketplaces import find_source
from ticket_pipeline.ingest.poll import build_gate, set_up_requests
from ticket_pipeline.market.events import WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.ticketmaster.client import open_ticketmaster_client
from ticket_pipeline.marketplaces.ticketmaster.matching import Match, find_match
from ticket_pipeline.marketplaces.ticketmaster.search import MAX_PAGE_SIZE
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.cache import PostgresCache
from ticket_pipeline.storage.watchlist import read_known_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from rich.table import Table

    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient
    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails
    from ticket_pipeline.marketplaces.ticketmaster.search import Search
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_SMALL_PAGE = 50
_LONGEST_WAIT = timedelta(seconds=30)
"""A person at a terminal would rather know when to come again."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """An event that could not be asked for, and why."""

    name: str
    sheet_row: int | None
    error: str


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words of the event, the artist or the team.")],
    *,
    city: Annotated[str | None, typer.Option(help="In this city.")] = None,
    country: Annotated[str | None, typer.Option(help="In this country: two letters, such as CA.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Search Ticketmaster for events; the keys are ready to paste into the sheet, column Ticketmaster ID.

    It keeps to the shared request budget, and may use what polling leaves of it. Answers are used again for
    TICKETMASTER_CACHE_MINUTES; where Ticketmaster is down, older ones are, and that is said.

        ticket-pipeline search "taylor swift" --city Toronto
    """
    if not query.strip():
        raise typer.BadParameter("it is empty; give a word of the event, the artist or the team", param_hint="QUERY")
    if country is not None and not _COUNTRY.fullmatch(country):
        raise typer.BadParameter(f"{country!r} is no code of two letters, such as CA", param_hint="--country")
    settings = load_settings()
    with open_migrated(settings) as database, progress("Asking Ticketmaster"):
        events, found = asyncio.run(_search(database, settings, query, city, country, limit))
    total = found.total or 0
    if as_json:
        counts = {"total": total, "unreadable": found.unreadable, "is_cut": found.is_cut}
        show_json(counts | {"events": [asdict(event) for event in events]})
        return
    if not total:
        note(f"Ticketmaster knows no event that matches {query!r}{f' in {city}' if city else ''}.")
        return
    # The log has told of those that could not be read.
    show(_events_table(events), _caption(len(events), total - found.unreadable, is_cut=found.is_cut))
    _warn_of_age(events)


async def _search(
    database: Database, settings: Settings, query: str, city: str | None, country: str | None, limit: int
) -> tuple[list[EventDetails], Search[EventDetails]]:
    """The results to show, and the search that tells how many there are."""
    async with _open_client(database, settings) as client:
        # Few page sizes, and no capitals: what was asked a moment ago in other words is found among the kept answers.
        words = " ".join(query.lower().split())
        size = _SMALL_PAGE if limit <= _SMALL_PAGE else MAX_PAGE_SIZE
        found = client.search_events(words, city, country_code=country and country.upper(), page_size=size)
        return await found.first(limit), found


def match(*, as_json: JsonOption = False) -> None:
    """Propose the Ticketmaster ids that followed events of the watchlist lack. Nothing is written: paste what is right.

    Each event still to come is searched for around its date: by its name, else by the longest word of it, else by its
    city; one to three requests each. The score weighs name, venue and local time; below 60 nothing is proposed.

        ticket-pipeline match
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        wanted = _without_id(database)
        with progress("Asking Ticketmaster", len(wanted)) as bar:
            matches, failures = asyncio.run(
                _match_all(database, settings, wanted, lambda: bar.advance(bar.task_ids[0]))
            )
    if as_json:
        show_json({"matches": [_as_document(found) for found in matches], "failures": list(map(asdict, failures))})
    elif not wanted:
        show("Every followed event still to come has a Ticketmaster id.")
    elif matches:
        show(_matches_table(matches), "Nothing was written. Check each, then paste it into the column Ticketmaster ID.")
        _warn_of_age([found.best for found in matches if found.best is not None])
    for failure in failures:
        row = "" if failure.sheet_row is None else f" (row {failure.sheet_row})"
        note(f"Error: {plain(failure.name)}{row} could not be looked for: {failure.error}")
    if left := len(wanted) - len(matches) - len(failures):
        note(f"{left} more events were not looked for: the same would hold for them.")
    if failures:
        raise typer.Exit(1)


def _without_id(database: Database) -> list[WatchlistEvent]:
    """The followed events still to come that have no Ticketmaster id."""
    this_moment = utc_now()
    return [
        WatchlistEvent.from_row(row)
        for row in read_known_events(database)
        if row["is_tracked"] and row["event_at"] > this_moment and Marketplace.TICKETMASTER not in row["external_ids"]
    ]


async def _match_all(
    database: Database,
    settings: Settings,
    wanted: Sequence[WatchlistEvent],
    advance: Callable[[], None],
) -> tuple[list[Match], list[_Failure]]:
    """The best candidate of each, and those that could not be asked for; what holds for all ends the asking."""
    matches: list[Match] = []
    failures: list[_Failure] = []
    async with _open_client(database, settings) as client:
        for event in wanted:
            try:
                matches.append(await find_match(client, event))
            except MarketplaceError as error:
                failures.append(_Failure(event.name, event.sheet_row, str(error)))
                if isinstance(error, Blocked | RateLimited | RequestNotPermitted):
                    break
            advance()
    return matches, failures


@asynccontextmanager
async def _open_client(database: Database, settings: Settings) -> AsyncIterator[TicketmasterClient]:
    """A client of a person: within the shared budget, reserve included, and with the shared answers.

    Raises:
        ConfigurationError: Ticketmaster is switched off or not configured.
    """
    source = find_source(Marketplace.TICKETMASTER, settings)
    set_up_requests(database, settings, source)
    spacing = Random(settings.random_seed)  # noqa: S311 - spacing, not cryptography
    gate = build_gate(
        database,
        settings,
        source.marketplace,
        spacing,
        is_polling=False,
        is_for_events=False,
        max_wait=_LONGEST_WAIT,
    )
    cache = PostgresCache(database, source.marketplace)
    async with open_ticketmaster_client(settings, gate=gate, cache=cache) as client:
        yield client


def _events_table(events: Sequence[EventDetails]) -> Table:
    table = new_table("Ticketmaster ID", "Event", "Starts (local)", "Status", ">From")
    for event in events:
        place = ", ".join(
            plain(part) for part in (event.venue and event.venue.name, event.venue and event.venue.city) if part
        )
        table.add_row(
            plain(event.external_id),
            f"{plain(event.name)}\n{place}",
            _start(event),
            plain(event.status),
            _from_price(event),
        )
    return table


def _start(event: EventDetails) -> str:
    day = f"{event.local_date}" if event.local_date else "date open"
    return f"{day}\n{event.local_time:%H:%M}" if event.local_time else f"{day}\ntime open"


def _from_price(event: EventDetails) -> str:
    if not event.price_ranges:
        return NOTHING
    cheapest = min(event.price_ranges, key=lambda found: found.min_price)
    return f"{money(cheapest.min_price)}\n{plain(cheapest.currency)}"


def _caption(shown: int, total: int, *, is_cut: bool) -> str:
    if shown >= total:
        return "1 event." if total == 1 else f"{count(total)} events."
    more = (
        "Ticketmaster shows no more than its first 1,000: narrow it by --city or --country."
        if is_cut
        else "--limit shows more."
    )
    return f"{count(shown)} of {count(total)} events. {more}"


def _warn_of_age(events: Sequence[EventDetails]) -> None:
    moments = [event.captured_at for event in events if event.is_stale and event.captured_at]
    if moments:
        note(f"Warning: Ticketmaster gave no answer; the oldest used instead is of {ago(min(moments), utc_now())}.")


def _matches_table(matches: Sequence[Match]) -> Table:
    table = new_table(">Row", "Watchlist", "Ticketmaster ID", "Ticketmaster", ">Score")
    for found in matches:
        wanted, best = found.wanted, found.best
        row = NOTHING if wanted.sheet_row is None else str(wanted.sheet_row)
        asked = f"{plain(wanted.name)}\n{wanted.event_date:%Y-%m-%d %H:%M}"
        if best is None:
            table.add_row(row, asked, NOTHING, "nothing near enough", NOTHING)
            continue
        venue = best.venue.name if best.venue else None
        start = _start(best).replace("\n", " ")
        remark = f"\n{found.rivals} more score nearly as well" if found.rivals else ""
        if best.is_stale:
            remark += f"\nby an answer of {ago(best.captured_at, utc_now())}"
        table.add_row(
            row,
            asked,
            plain(best.external_id),
            f"{plain(best.name)}\n{plain(venue)}\n{start}{remark}",
            str(found.score),
        )
    return table


def _as_document(found: Match) -> dict[str, Any]:
    return {
        "sheet_row": found.wanted.sheet_row,
        "name": found.wanted.name,
        "event_date": found.wanted.event_date,
        "proposal": found.best and found.best.external_id,
        "score": found.score,
        "rivals": found.rivals,
        "candidate": asdict(found.best) if found.best else None,
    }
