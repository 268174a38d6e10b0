"""`event-details`: an event as Ticketmaster describes it, and what changed about it.

What belongs here: showing it. What does not: fetching it, which polling and `fetch-listings KEY` do.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ticket_pipeline.cli.event_keys import EventKey, MarketplaceOption, find_event
from ticket_pipeline.cli.formats import NOTHING, ago, count, local_time, plain, utc_now
from ticket_pipeline.cli.prices import Days
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.ticketmaster import read_event_history
from ticket_pipeline.storage.watchlist import read_known_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database, Row

_COMPARED = {
    "status": "status",
    "local_date": "date",
    "local_time": "time",
    "venue": "venue",
    "price_ranges": "prices",
}


def event_details(
    event_key: EventKey,
    *,
    days: Days = 30,
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event as Ticketmaster describes it: status, start, published price ranges, and each change of them.

    Any id of the event will do. Most events have no published price; that is no failure.

        ticket-pipeline event-details G5diZfkn0B-bh
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        event = find_event(database, event_key, marketplace)
        history = read_event_history(database, event.event_id, this_moment - timedelta(days=days))
        own_id = None if history else _ticketmaster_id(database, event)
    if as_json:
        show_json({"event": {"name": event.name, "event_at": event.event_at}, "captures": history})
    elif not history:
        note(_why_nothing(event, own_id, days))
    else:
        latest, changes = history[-1], list(_changes(history))
        show(f"{plain(latest['name'])} ({plain(latest['external_id'])}) at Ticketmaster", *_facts(event, latest))
        show(_prices_table(latest["price_ranges"]) if latest["price_ranges"] else "No price is published.")
        show(_changes_table(event, changes) if changes else "Nothing changed.")
        captures = "1 capture" if len(history) == 1 else f"{count(len(history))} captures"
        show(f"{captures} in {days} days, the newest {ago(latest['captured_at'], this_moment)}.")


def _ticketmaster_id(database: Database, event: Event) -> str | None:
    """The event's id at Ticketmaster, if the watchlist has one."""
    own = [row for row in read_known_events(database) if row["event_id"] == event.event_id]
    return own[0]["external_ids"].get(Marketplace.TICKETMASTER) if own else None


def _why_nothing(event: Event, own_id: str | None, days: int) -> str:
    if own_id is None:
        return f"{event.name} has no Ticketmaster id in the watchlist. Find it: ticket-pipeline match"
    return (
        f"Nothing was captured of {event.name} at Ticketmaster in {days} days. "
        f"Fetch it: ticket-pipeline fetch-listings {own_id}"
    )


def _facts(event: Event, latest: Row) -> Iterator[str]:
    place = ", ".join(plain(latest[part]) for part in ("venue", "city", "country") if latest[part])
    status = plain(latest["status"]) if latest["status"] else "unknown"
    yield f"Status {status}; {_start(latest)}; {place or 'no venue'}."
    if latest["on_sale_at"] is not None:
        yield f"On sale from {local_time(latest['on_sale_at'], latest['timezone'] or event.timezone)}."
    if latest["url"]:
        yield plain(latest["url"])
    if latest["problems"]:
        yield f"Problems of the answer: {plain('; '.join(latest['problems']))}."


def _start(capture: Row) -> str:
    day = str(capture["local_date"]) if capture["local_date"] else "date open"
    return f"{day} {capture['local_time']:%H:%M}" if capture["local_time"] else f"{day}, time open"


def _prices_table(ranges: Sequence[dict[str, Any]]) -> Table:
    table = new_table("Price type", ">From", ">To", "")
    for each in ranges:
        table.add_row(plain(each["price_type"]), each["min_price"], each["max_price"], plain(each["currency"]))
    return table


def _changes(history: Sequence[Row]) -> Iterator[tuple[Row, str, str, str]]:
    """Capture, what of it changed, what it was before and what it is since."""
    for before, after in pairwise(history):
        for column, name in _COMPARED.items():
            if before[column] != after[column]:
                yield after, name, _shown(before[column]), _shown(after[column])


def _shown(value: Any) -> str:  # noqa: ANN401 - a value of any of the compared columns
    if isinstance(value, list):
        return "; ".join(f"{each['min_price']} to {each['max_price']} {each['currency']}" for each in value) or NOTHING
    return NOTHING if value is None else str(value)


def _changes_table(event: Event, changes: Sequence[tuple[Row, str, str, str]]) -> Table:
    table = new_table("Seen", "What", "Before", "Since then")
    for capture, name, before, after in changes:
        table.add_row(local_time(capture["captured_at"], event.timezone), name, plain(before), plain(after))
    return table
