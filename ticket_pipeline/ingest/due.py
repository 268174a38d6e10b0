"""Choose what to poll now: the decision of a sensor's tick, without a request and within a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.ingest.poll import BACK_OFF, build_cadence
from ticket_pipeline.market.waits import show_asked_wait, show_wait
from ticket_pipeline.storage.requests import read_request_state
from ticket_pipeline.storage.schedule import Backlog, correct_clock, lease_due_events, read_backlog, reschedule_changed

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row

_BUSY_SHARE = 0.2
"""While more than this share of a full batch is under way, no further run is started: a run costs about 2 CPU-s."""

_BUDGET_HORIZON = timedelta(minutes=5)
"""A batch is no larger than what the budget lets through in this time: a run should not sit and wait."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is to be done now; `reason` is for people. `due` events wait for a pause or a spent budget."""

    reason: str
    due: int = 0


@dataclass(frozen=True, slots=True)
class LeasedBatch:
    """Events handed to one run."""

    marketplace: Marketplace
    lease_id: UUID
    events: Sequence[Event]


def choose_batch(
    database: Database, settings: Settings, marketplace: Marketplace, *, this_moment: datetime, lease_id: UUID
) -> LeasedBatch | Skip:
    """Lease what is due at a marketplace, or return why nothing is. A changed interval takes effect here.

    Args:
        database: migrated.
        settings: cadence, batch size, lease.
        marketplace: whose events.
        this_moment: aware UTC.
        lease_id: a fresh one; the run's key.
    """
    source = SOURCES[marketplace]
    if (reason := why_not_polled(source, settings)) is not None:
        return Skip(f"{marketplace} is not polled: {reason}")
    cadence = build_cadence(settings)
    reschedule_changed(
        database,
        marketplace,
        base_interval=cadence.base_interval,
        bands=cadence.bands,
        back_off=BACK_OFF,
        this_moment=this_moment,
    )
    correct_clock(
        database,
        marketplace,
        this_moment=this_moment,
        lease=timedelta(seconds=settings.tuning.lease_seconds),
        hold=timedelta(seconds=settings.tuning.request_timeout_seconds),
        longest_spacing=timedelta(seconds=settings.max_request_delay),
    )
    state = read_request_state(database, marketplace)
    backlog = read_backlog(database, marketplace, this_moment)
    batch_size = settings.tuning.poll_batch_size
    if (pause := _find_pause(marketplace, state, this_moment)) is not None:
        return Skip(pause, backlog.due)
    if (reason := _find_wait(marketplace, backlog, batch_size, this_moment)) is not None:
        return Skip(reason)
    if (spent := _find_spent_budget(marketplace, state, batch_size, this_moment)) is not None:
        return Skip(spent, backlog.due)
    events = lease_due_events(
        database,
        marketplace,
        lease_id=lease_id,
        this_moment=this_moment,
        leased_until=this_moment + timedelta(seconds=settings.tuning.lease_seconds),
        batch_size=_fitting_budget(state, batch_size),
        back_off=BACK_OFF,
    )
    if not events:
        return Skip("The due events were taken by another tick just now, or wait, because their runs died repeatedly.")
    return LeasedBatch(marketplace, lease_id, events)


def _find_pause(marketplace: Marketplace, state: Sequence[Row], this_moment: datetime) -> str | None:
    if not state:
        return None
    breaker, asked_until = state[0], state[0]["asked_until"]
    if breaker["state"] != "closed" and breaker["open_until"] > this_moment:
        return (
            f"{marketplace} is paused for another {show_wait(breaker['open_until'] - this_moment)}: "
            f"{breaker['reason']} When the cause is fixed: ticket-pipeline resume {marketplace}"
        )
    if asked_until is not None and asked_until > this_moment:
        return f"{show_asked_wait(marketplace, asked_until, this_moment)}. Its events stay due."
    return None


def _find_wait(marketplace: Marketplace, backlog: Backlog, batch_size: int, this_moment: datetime) -> str | None:
    if backlog.scheduled == 0:
        return f"No tracked, upcoming event has a {marketplace} id. Add one to the watchlist and sync it."
    if backlog.leased > _BUSY_SHARE * batch_size:
        return f"A batch is still under way ({backlog.leased} events to go); {backlog.due} more are due."
    if backlog.due == 0:
        if backlog.next_due_at is None:
            return f"All {backlog.leased} due events are under way."
        return (
            f"Nothing is due; the next of {backlog.scheduled} events in {show_wait(backlog.next_due_at - this_moment)}."
        )
    return None


def _find_spent_budget(
    marketplace: Marketplace, state: Sequence[Row], batch_size: int, this_moment: datetime
) -> str | None:
    if not state or _fitting_budget(state, batch_size) > 0:
        return None
    free_at = max(row["next_free_at"] for row in state if row["budget_window"])
    return f"The request budget of {marketplace} is spent; room again in {show_wait(free_at - this_moment)}."


def _fitting_budget(state: Sequence[Row], batch_size: int) -> int:
    """How many requests the budgets let through within the horizon, at most a whole batch."""
    room = batch_size
    for row in state:
        window: timedelta | None = row["budget_window"]
        if not window:  # none set up yet, or the limit of requests under way
            continue
        free = row["max_requests"] - row["used"]
        if window < _BUDGET_HORIZON:
            free += row["max_requests"] * (_BUDGET_HORIZON // window - 1)
        room = min(room, free)
    return max(room, 0)
