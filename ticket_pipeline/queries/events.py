"""Which events are watched: all of them, or those that a user names by a marketplace's own id."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.storage.watchlist import read_keys

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_NEAR_KEYS = 3
_REMEDY = (
    "See `ticket-pipeline show-events --all`, or add the event to the watchlist and run `ticket-pipeline sync-events`."
)


class UnclearEventKeyError(TicketPipelineError):
    """A key names no event, more than one, or one that has nothing to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedEvent(Event):
    """One event at one marketplace, with its row of the watchlist and its poll schedule. Moments are aware UTC.

    Attributes:
        event_date: local time of the venue, naive.
        sheet_interval: the interval of the watchlist's row; None: by the cadence.
        consecutive_failures: failed attempts since the last capture.
        event_group: of the watchlist's row; None: events of its venue are of its kind.
    """

    country: str | None
    event_date: datetime
    timezone_source: str
    is_tracked: bool
    capacity: int | None
    sheet_interval: timedelta | None
    sheet_row: int | None
    poll_interval: timedelta | None
    next_due_at: datetime | None
    leased_until: datetime | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_outcome: str | None
    last_error: str | None
    consecutive_failures: int
    event_group: str | None = None


def read_events(
    database: Database,
    *,
    tracked_only: bool = False,
    marketplace: str | None = None,
    event_id: int | None = None,
    external_ids: Sequence[str] | None = None,
) -> list[WatchedEvent]:
    """Events, one per event and current marketplace id, soonest first; replaced ids only if `external_ids` has them."""
    rows = database.fetch_all(
        "queries/select_events",
        tracked_only=tracked_only,
        marketplace=marketplace,
        event_id=event_id,
        external_ids=None if external_ids is None else list(external_ids),
    )
    return [WatchedEvent(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]


def find_events(database: Database, keys: Sequence[str], marketplace: Marketplace | None = None) -> list[WatchedEvent]:
    """The events that keys name, in their order, each once; an UnclearEventKeyError where one names none or several."""
    wanted = list(dict.fromkeys(key.strip() for key in keys))
    found: dict[str, list[WatchedEvent]] = {key: [] for key in wanted}
    for event in read_events(database, external_ids=wanted, marketplace=marketplace):
        found[event.external_id].append(event)
    if unknown := [key for key, events in found.items() if not events]:
        marketplaces = [marketplace] if marketplace else list(Marketplace)
        known = [known for each in marketplaces for known in read_keys(database, each)]
        raise UnclearEventKeyError(describe_unknown_keys(unknown, known, marketplace, _REMEDY))
    for key, events in found.items():
        if len(events) > 1:
            named = ", ".join(sorted(f"{event.marketplace} ({event.name})" for event in events))
            raise UnclearEventKeyError(
                f"{key!r} is an id at more than one marketplace: {named}. Choose one with --marketplace."
            )
    return [events[0] for events in found.values()]


def find_listed_event(database: Database, key: str, marketplace: Marketplace | None = None) -> WatchedEvent:
    """The event that a key names, as `find_events`; its marketplace must have listings."""
    (event,) = find_events(database, [key], marketplace)
    if event.marketplace.has_listings:
        return event
    listed = [
        f"{other.external_id} ({other.marketplace})"
        for other in read_events(database, event_id=event.event_id)
        if other.marketplace.has_listings
    ]
    elsewhere = f"Its listings are under {', '.join(listed)}" if listed else "The watchlist has no other id of it"
    raise UnclearEventKeyError(
        f"{event.marketplace} describes events and has no listings. {elsewhere}; for its status and price ranges: "
        f"ticket-pipeline event-details {key}"
    )


def describe_unknown_keys(unknown: Sequence[str], known: Sequence[str], where: str | None, remedy: str) -> str:
    """The message about keys that do not exist `where` (None: at any marketplace): which are near, and what to do."""
    near = sorted({near for key in unknown for near in difflib.get_close_matches(key, known, _NEAR_KEYS, 0.5)})
    named = f" ({'nearest' if near else 'such as'} {', '.join(near or known[:_NEAR_KEYS])})" if known else ""
    whose = f" of {where}" if where else ""
    return (
        f"No event{whose} has the key {', '.join(map(repr, unknown))}. A key is the marketplace's own id of an "
        f"event; {len(known)} are known{named}. {remedy}"
    )
