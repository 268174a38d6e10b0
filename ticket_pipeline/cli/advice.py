"""What to do where nothing was captured of an event: only what can help in its situation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.queries.sources import read_pauses

if TYPE_CHECKING:
    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.database import Database


def advise(database: Database, event: WatchedEvent, this_moment: datetime, *, days: int | None = None) -> str:
    """Sentences that end a message about data that is missing.

    Args:
        database: where.
        event: of which nothing is there.
        this_moment: aware UTC.
        days: how far back was looked; None: all of it.
    """
    if event.event_at <= this_moment:
        return _of_the_past(event, this_moment, days)
    back = "Look further back with --days. " if days is not None and event.last_success_at is not None else ""
    if not event.is_current:
        return f"{back}The watchlist has replaced this id, so that it is not fetched: ticket-pipeline show-events"
    if event.marketplace in read_pauses(database, this_moment):
        return f"{back}Nothing is sent to {event.marketplace} while it is paused: ticket-pipeline sources"
    fetch = f"Fetch it now: ticket-pipeline fetch-listings {event.external_id}"
    if not event.is_tracked:
        return f"{back}It is not followed: set is_tracked in the watchlist, then `ticket-pipeline sync-events`. {fetch}"
    return f"{back}{fetch}"


def _of_the_past(event: WatchedEvent, this_moment: datetime, days: int | None) -> str:
    """Nothing can be fetched any more, so that there is only what was captured."""
    when = f"The event was on {event.event_date:%Y-%m-%d}"
    if event.last_success_at is None:
        return f"{when}, and nothing was captured before."
    passed = (this_moment - event.event_at).days
    if days is not None and days <= passed + 1:
        return f"{when}: look further back with --days {passed + 1 + days}."
    last = f"the last capture was on {event.last_success_at:%Y-%m-%d}"
    return f"{when}; {last}. Old listings are in the archive: ticket-pipeline archive list"
