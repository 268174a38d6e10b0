"""The poll schedule in the database: which events are due, and which run holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ticket_pipeline.market.events import Event

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.attempts import BackOff
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events are under way (`leased`), wait (`due`) and are followed (`scheduled`)."""

    leased: int
    due: int
    scheduled: int
    next_due_at: datetime | None


def reschedule_changed(
    database: Database,
    marketplace: Marketplace,
    *,
    base_interval: timedelta,
    bands: Sequence[tuple[timedelta, float]],
    back_off: BackOff,
    this_moment: datetime,
) -> int:
    """Give every event the interval that holds now; returns how many changed.

    A changed interval moves the due time. That of a failing event moves forward only: to one interval after its last
    attempt, at least `back_off.base`, and not into a pause that the marketplace asked for or that its breaker makes.

    `bands` are (time to event, share of the base interval from there on).
    """
    return database.execute(
        "polling/reschedule_changed",
        marketplace=marketplace,
        base_interval=base_interval,
        band_floors=[floor for floor, _ in bands],
        band_shares=[share for _, share in bands],
        retry_base=back_off.base,
        this_moment=this_moment,
    )


def correct_clock(
    database: Database,
    marketplace: Marketplace,
    *,
    this_moment: datetime,
    lease: timedelta,
    hold: timedelta,
    longest_spacing: timedelta,
) -> None:
    """Let nothing wait for a time that the clock showed before it was set back; see `polling/correct_clock`."""
    database.execute(
        "polling/correct_clock",
        marketplace=marketplace,
        this_moment=this_moment,
        lease=lease,
        hold=hold,
        longest_spacing=longest_spacing,
    )


def read_backlog(database: Database, marketplace: Marketplace, this_moment: datetime) -> Backlog:
    """What is under way and what waits at a marketplace."""
    row = database.fetch_one("polling/select_backlog", marketplace=marketplace, this_moment=this_moment)
    return Backlog(**row) if row else Backlog(0, 0, 0, None)


def lease_due_events(
    database: Database,
    marketplace: Marketplace,
    *,
    lease_id: UUID,
    this_moment: datetime,
    leased_until: datetime,
    batch_size: int,
    back_off: BackOff,
) -> list[Event]:
    """Take what is due for one run; two callers never get the same event.

    An event whose run died is due again at once; where that is not its first failure in a row, it waits by `back_off`.
    """
    rows = database.fetch_all(
        "polling/lease_due_events",
        marketplace=marketplace,
        lease_id=lease_id,
        this_moment=this_moment,
        leased_until=leased_until,
        batch_size=batch_size,
        retry_base=back_off.base,
        retry_max=back_off.most,
    )
    return [Event.from_row(row) for row in rows]


def claim_lease(database: Database, lease_id: UUID, leased_until: datetime) -> set[int]:
    """Renew a lease at the start of its run; returns the ids of the events still held and still on the watchlist."""
    rows = database.fetch_all("polling/claim_lease", lease_id=lease_id, leased_until=leased_until)
    return {row["event_id"] for row in rows}


def renew_lease(database: Database, lease_id: UUID, leased_until: datetime) -> set[int]:
    """Keep a lease alive; returns the event ids still held."""
    rows = database.fetch_all("polling/renew_lease", lease_id=lease_id, leased_until=leased_until)
    return {row["event_id"] for row in rows}


def release_lease(database: Database, lease_id: UUID) -> int:
    """Give back what was not fetched, due again at once; returns how many."""
    return database.execute("polling/release_lease", lease_id=lease_id)


def read_stale_events(
    database: Database, this_moment: datetime, *, multiple: float, grace: timedelta, marketplace: str | None = None
) -> list[Row]:
    """Tracked events whose last success is older than `multiple` intervals plus `grace`, with why."""
    return database.fetch_all(
        "polling/select_stale_events", marketplace=marketplace, this_moment=this_moment, multiple=multiple, grace=grace
    )
