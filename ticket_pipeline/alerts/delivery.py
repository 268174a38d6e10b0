"""Deliver queued messages: at least once each, retried with back-off, dead after the last attempt.

A message is taken under a lease before it is sent, so that two processes do not both send it. One that ends between
sending and noting leaves a lease behind that runs out, and that message may be sent once more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from ticket_pipeline.alerts.channels import Channel, send
from ticket_pipeline.market.quiet_hours import QuietHours

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

_log = logging.getLogger(__name__)

MOST_ATTEMPTS = 10
"""About four hours; then somebody has to look."""
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LEASE = timedelta(minutes=5)
"""Longer than sending a batch may take."""
_BATCH = 5
_NO_CHANNEL = "ALERT_URLS has no such channel any more"
_LONGEST_CALL = timedelta(minutes=1)
"""A poll does not wait longer for slow channels; the rest is sent by the next one."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Counts of attempts by how they ended."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


def wait_after(attempts: int) -> timedelta:
    """The wait after so many failed attempts: 1 min, 2, 4 … at most an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempts - 1, 10)))


def deliver_due(
    database: Database,
    channels: Sequence[Channel],
    now: Callable[[], datetime],
    *,
    send_one: Callable[[Channel, str, str], str | None] = send,
) -> Delivered:
    """Send the messages that are due, the oldest first, for about a minute at most.

    Args:
        database: where they are queued.
        channels: as configured now; a message for another one waits for it until its last attempt.
        now: the clock, aware UTC.
        send_one: sends title and body to a channel; returns why that failed, or None.
    """
    by_label = {channel.label: channel for channel in channels}
    counts = {"sent": 0, "queued": 0, "dead": 0}
    started, lease_id = now(), uuid4()
    while now() - started < _LONGEST_CALL:
        this_moment = now()
        taken = database.fetch_all(
            "alerts/claim_deliveries",
            lease_id=lease_id,
            leased_until=this_moment + LEASE,
            this_moment=this_moment,
            most=_BATCH,
        )
        if not taken:
            break
        for row in sorted(taken, key=lambda one: one["delivery_id"]):
            channel = by_label.get(row["channel"])
            error = send_one(channel, row["title"], row["body"]) if channel else _NO_CHANNEL
            counts[_end(database, row, error, lease_id, now())] += 1
    return Delivered(counts["sent"], counts["queued"], counts["dead"])


def _end(database: Database, row: Row, error: str | None, lease_id: object, this_moment: datetime) -> str:
    state, next_attempt_at = "sent", None
    if error is not None and row["attempts"] >= MOST_ATTEMPTS:
        state = "dead"
    elif error is not None:
        state, next_attempt_at = "queued", this_moment + wait_after(row["attempts"])
        if row["quiet_hours"]:
            next_attempt_at = QuietHours.read(row["quiet_hours"]).after(next_attempt_at, row["timezone"])
    if error is not None:
        _log.warning("Alert %d to %s, attempt %d: %s", row["delivery_id"], row["channel"], row["attempts"], error)
    database.execute(
        "alerts/end_attempt",
        delivery_id=row["delivery_id"],
        lease_id=lease_id,
        state=state,
        next_attempt_at=next_attempt_at,
        error=error,
        this_moment=this_moment,
    )
    return state
