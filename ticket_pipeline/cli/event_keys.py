"""From the event keys that a user types to events: any id of any marketplace, in any case of doubt a question back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.tables import note
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.ingest.marketplaces import has_listings
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.event_keys import describe_unknown_keys
from ticket_pipeline.storage.watchlist import find_sources, read_keys, read_known_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_pipeline.storage.database import Database, Row

EventKey = Annotated[
    str, typer.Argument(metavar="EVENT_KEY", help="A marketplace's own id of the event, as in your watchlist.")
]
MarketplaceOption = Annotated[
    Marketplace | None, typer.Option(help="Whose id it is; needed only where two marketplaces use the same one.")
]

_REMEDY = (
    "See `ticket-pipeline show-events --all`, or add the event to the watchlist and run `ticket-pipeline sync-events`."
)


class UnclearEventKeyError(TicketPipelineError):
    """A key names no event, or more than one."""


def find_event(database: Database, key: str, marketplace: Marketplace | None) -> Event:
    """The event that a key names.

    Raises:
        UnclearEventKeyError: none, or several; the message says what to do.
    """
    return find_events(database, [key], marketplace)[0]


def find_listed_event(database: Database, key: str, marketplace: Marketplace | None) -> Event:
    """The event that a key names, at a marketplace that has listings.

    Raises:
        UnclearEventKeyError: as for `find_event`, or the marketplace describes events only.
    """
    event = find_event(database, key, marketplace)
    if has_listings(event.marketplace):
        return event
    others = [row for row in read_known_events(database) if row["event_id"] == event.event_id]
    listed = [
        f"{external_id} ({name})"
        for row in others
        for name, external_id in row["external_ids"].items()
        if has_listings(name)
    ]
    elsewhere = f"listings of it are under {', '.join(listed)}" if listed else "the watchlist has no other id of it"
    raise UnclearEventKeyError(
        f"Looked for listings of {key}; {event.marketplace} describes events and has none, and {elsewhere}. "
        f"For its status and price ranges: ticket-pipeline event-details {key}"
    )


def find_events(database: Database, keys: Sequence[str], marketplace: Marketplace | None) -> list[Event]:
    """The events that keys name, in their order, each once.

    Raises:
        UnclearEventKeyError: a key names none or several.
    """
    wanted = list(dict.fromkeys(key.strip() for key in keys))
    found: dict[str, list[Row]] = {key: [] for key in wanted}
    for row in find_sources(database, wanted, marketplace):
        found[row["external_id"]].append(row)
    unknown = [key for key, rows in found.items() if not rows]
    if unknown:
        marketplaces = [marketplace] if marketplace else list(Marketplace)
        known = [known for each in marketplaces for known in read_keys(database, each)]
        where = f"the event keys of {marketplace or 'all marketplaces'}"
        raise UnclearEventKeyError(describe_unknown_keys(unknown, known, where, _REMEDY))
    return [_only(key, rows) for key, rows in found.items()]


def _only(key: str, rows: Sequence[Row]) -> Event:
    if len(rows) > 1:
        named = ", ".join(sorted(f"{row['marketplace']} ({row['name']})" for row in rows))
        raise UnclearEventKeyError(
            f"Looked for {key!r}; it is an id at more than one marketplace: {named}. Say which with --marketplace."
        )
    if not rows[0]["is_current"]:
        note(f"The watchlist has replaced {key} by another id of {rows[0]['name']}; its history is kept under both.")
    return Event.from_row(rows[0])
