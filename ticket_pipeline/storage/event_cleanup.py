"""Clean up events: mark those that nobody follows any more, and delete marked ones with all their data.

The sync, which marks what vanished from the watchlist, is in `watchlist`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

_CLOCK_SLACK = timedelta(hours=1)
"""A capture may be stored between counting and deleting, by a machine whose clock is ahead."""


def find_missing_events(database: Database, over_before: datetime) -> list[Row]:
    """Followed events whose row is gone (`sheet_row` is None), or that were over before that moment (aware UTC)."""
    return database.fetch_all("watchlist/select_missing_events", over_before=over_before)


def untrack_events(database: Database, event_ids: Sequence[int]) -> int:
    """Stop following events; their data stays. Idempotent. Returns how many."""
    with database.transaction("stop following events") as transaction:
        transaction.execute("watchlist/lock_watchlist")
        return transaction.execute("watchlist/untrack_events", event_ids=list(event_ids))


def count_untracked_data(database: Database) -> list[Row]:
    """The events that are not followed, each with what deleting it would take: snapshots, listings, their span."""
    return database.fetch_all("watchlist/count_untracked_data")


def delete_untracked_event(database: Database, counted: Row, this_moment: datetime) -> bool:
    """Delete one event (its row of `count_untracked_data`) with everything stored for it, in one transaction.

    Returns False if a sync has taken it up again meanwhile, or somebody else deleted it.
    """
    with database.transaction(f"delete the event {counted['name']}") as transaction:
        transaction.execute("watchlist/lock_watchlist")
        if not transaction.fetch_all("watchlist/delete_events", event_ids=[counted["event_id"]]):
            return False
        # Neither has a foreign key. The event is gone first: a capture under way can then not be stored any more.
        if counted["first_captured_at"] is not None:
            stored = {
                "event_ids": [counted["event_id"]],
                "captured_from": counted["first_captured_at"],
                "captured_until": max(counted["last_captured_at"], this_moment) + _CLOCK_SLACK,
            }
            transaction.execute("watchlist/delete_event_listings", **stored)
            transaction.execute("watchlist/delete_event_changes", **stored)
    return True
