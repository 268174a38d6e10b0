"""What is wrong with the pipeline at a moment, as far as its database and disk show. Reads only.

What belongs here: one function per kind of incident, each a bounded statement at most. A new kind is a function in
`CONDITIONS`, a rule in `incidents.RULES` and a heading in the runbook. What does not: failed runs, which only Dagster
has.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.alerts.incidents import Kind, Problem
from ticket_pipeline.market.payload_shapes import ShapeChange
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.market.waits import show_wait
from ticket_pipeline.queries.payload_changes import read_payload_changes
from ticket_pipeline.storage.requests import read_request_state
from ticket_pipeline.storage.schedule import read_stale_events

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row

_HOUR = timedelta(hours=1)
_LONG_BUDGET = timedelta(days=1)
"""Shorter budgets are used up and free again all the time."""
_NEARLY_SPENT = 0.9
_LONG_WAIT = timedelta(minutes=30)
"""A marketplace that asks for a shorter wait is waited for without a word."""
OVERDUE = timedelta(minutes=30)
_UNTRIED = timedelta(minutes=15)
STALE_MULTIPLE, STALE_GRACE = 2.0, timedelta(minutes=5)
_MOST_REJECTED_ROWS = 10
_FEWEST_REJECTED_ROWS, _REJECTED_SHARE = 3, 0.1
_CHANGED_WITHIN = timedelta(days=1)
_DEAD_FOR = timedelta(days=2)
"""A message that died longer ago is history."""
_GB = 1_000_000_000


@dataclass(frozen=True)
class Look:
    """What a look at the pipeline is made of; each statement runs once.

    Attributes:
        polled: the marketplaces that are switched on.
        channels: labels of the channels of ALERT_URLS.
        this_moment: aware UTC.
        free_disk: a folder → total and free bytes of its disk.
    """

    database: Database
    settings: Settings
    polled: Collection[Marketplace]
    channels: Collection[str]
    this_moment: datetime
    free_disk: Callable[[Path], tuple[int, int]]

    @cached_property
    def request_state(self) -> list[Row]:
        """Breakers and budgets of the marketplaces that are polled."""
        return [row for row in read_request_state(self.database) if row["marketplace"] in self.polled]

    @cached_property
    def stopped(self) -> dict[str, Row]:
        """Marketplaces with overdue events at which nothing is tried, though nothing forbids it."""
        return {
            row["marketplace"]: row
            for row in read_overdue(self.database, self.this_moment)
            if row["marketplace"] in self.polled
            and not self.is_paused(row["marketplace"])
            and (row["last_attempt_at"] is None or row["last_attempt_at"] < self.this_moment - _UNTRIED)
        }

    def is_paused(self, marketplace: str) -> bool:
        """Whether its breaker or a wait that it asked for keeps requests back."""
        rows = [row for row in self.request_state if row["marketplace"] == marketplace]
        return bool(rows) and (rows[0]["state"] != "closed" or self.asked_wait(rows[0]) > timedelta())

    def asked_wait(self, row: Row) -> timedelta:
        """How much longer a marketplace asked to wait."""
        return max(timedelta(), (row["asked_until"] or self.this_moment) - self.this_moment)


def read_overdue(database: Database, this_moment: datetime) -> list[Row]:
    """Marketplaces at which events have waited to be polled for `OVERDUE`; see `incidents/select_overdue`."""
    return database.fetch_all("incidents/select_overdue", this_moment=this_moment, due_before=this_moment - OVERDUE)


def disk_of(folder: Path) -> tuple[int, int]:
    """Total and free bytes of the disk that a folder is on, or will be."""
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    usage = shutil.disk_usage(there)
    return usage.total, usage.free


def least_free(total: int) -> int:
    """Below how many free bytes a disk is low: a twentieth of it, at least 2 GB and at most 20 GB."""
    return min(max(total // 20, 2 * _GB), 20 * _GB)


def find_problems(look: Look) -> list[Problem]:
    """Everything that is wrong now."""
    return [problem for condition in CONDITIONS for problem in condition(look)]


def _errors_high(look: Look) -> Iterator[Problem]:
    rows = look.database.fetch_all("incidents/count_failed_attempts", since=look.this_moment - _HOUR)
    failed, most = sum(row["attempts"] for row in rows), look.settings.alert_errors_per_hour
    if failed > most:
        counts = ", ".join(f"{row['attempts']} {row['marketplace']} {row['outcome']}" for row in rows[:5])
        last = f" The newest of the first: {rows[0]['last_error']}" if rows[0]["last_error"] else ""
        yield Problem(
            Kind.ERRORS_HIGH,
            "all",
            f"{failed} errors within an hour",
            f"More than {most} attempts at events failed (ALERT_ERRORS_PER_HOUR): {counts}.{last}",
        )


def _marketplace_paused(look: Look) -> Iterator[Problem]:
    for name in dict.fromkeys(row["marketplace"] for row in look.request_state):
        row = next(row for row in look.request_state if row["marketplace"] == name)
        if row["state"] != "closed":
            cause = row["reason"] or "The breaker is open."
            if row["open_until"] is not None:
                cause += f" The next request is sent at {row['open_until'].astimezone(UTC):%Y-%m-%d %H:%M} UTC."
            yield Problem(Kind.MARKETPLACE_PAUSED, name, f"{_label(name)} is paused", cause)
        elif look.asked_wait(row) > _LONG_WAIT:
            until = f"{row['asked_until'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            words = f"{_label(name)} asked to wait until {until}"
            yield Problem(Kind.MARKETPLACE_PAUSED, name, words, "Nothing is sent before. Its events stay due.")


def _polling_stopped(look: Look) -> Iterator[Problem]:
    for name, row in look.stopped.items():
        waits = f"{row['overdue']} events have been due since {row['due_since'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        yield Problem(Kind.POLLING_STOPPED, name, f"{_label(name)} is not polled", f"{waits}. {_last_try(row, look)}")


def _last_try(row: Row, look: Look) -> str:
    if row["last_attempt_at"] is None:
        return "None was ever tried."
    return f"The last attempt at any was {show_wait(look.this_moment - row['last_attempt_at'])} ago."


def _event_stale(look: Look) -> Iterator[Problem]:
    rows = read_stale_events(look.database, look.this_moment, multiple=STALE_MULTIPLE, grace=STALE_GRACE)
    for row in rows:
        name = row["marketplace"]
        if name not in look.polled or look.is_paused(name) or name in look.stopped:
            continue
        captured = row["last_success_at"]
        since = f"Last captured {captured.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if captured else "Never captured"
        outcome = ": ".join(filter(None, (row["last_outcome"], row["last_error"]))) or "nothing was tried"
        yield Problem(
            Kind.EVENT_STALE,
            f"{name} {row['external_id']}",
            f"{row['name']} at {_label(name)} is stale",
            f"{since}; the last attempt: {outcome}",
        )


def _budget_nearly_spent(look: Look) -> Iterator[Problem]:
    for row in look.request_state:
        used, most = row["used"], row["max_requests"]
        if row["budget_window"] is None or row["budget_window"] < _LONG_BUDGET or used < _NEARLY_SPENT * most:
            continue
        whose = "for polling" if row["applies_to"] == "polling" else "for everybody"
        yield Problem(
            Kind.BUDGET_NEARLY_SPENT,
            row["marketplace"],
            f"The budget of {_label(row['marketplace'])} is nearly spent",
            f"{used:,} of {most:,} requests {whose} in {show_wait(row['budget_window'])} are used. "
            "Events that are due wait for room.",
        )


def _rows_rejected(look: Look) -> Iterator[Problem]:
    row = look.database.fetch_one("watchlist/select_last_sync")
    if row is None or row["rejected"] < _FEWEST_REJECTED_ROWS:
        return
    rejected, read = row["rejected"], row["rows_read"]
    if rejected >= _MOST_REJECTED_ROWS or rejected >= _REJECTED_SHARE * read:
        words = f"{rejected} of {read} rows of the watchlist were rejected"
        yield Problem(Kind.WATCHLIST_ROWS_REJECTED, "watchlist", words, f"They were read from {row['source']}.")


def _payload_changed(look: Look) -> Iterator[Problem]:
    """A new field breaks nothing, so it is named beside those that changed in the same response."""
    changes = read_payload_changes(look.database, look.this_moment - _CHANGED_WITHIN)
    for one in changes:
        if one.change is ShapeChange.ADDED:
            continue
        new = [
            each.field
            for each in changes
            if each.change is ShapeChange.ADDED
            and (each.marketplace, each.captured_at) == (one.marketplace, one.captured_at)
        ]
        words = f"The field {one.field} of {_label(one.marketplace)} has changed"
        also = f" New in the same response: {', '.join(new[:5])}." if new else ""
        seen = f"Seen with {one.event_name or 'an event'} at {one.captured_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        yield Problem(Kind.PAYLOAD_CHANGED, f"{one.marketplace} {one.path}", words, f"It is {one.what}. {seen}{also}")


def _disk_low(look: Look) -> Iterator[Problem]:
    total, free = look.free_disk(look.settings.state_dir)
    if free < least_free(total):
        yield Problem(
            Kind.DISK_LOW,
            "STATE_DIR",
            "The disk of STATE_DIR is nearly full",
            f"{free / _GB:,.1f} of {total / _GB:,.0f} GB are free.",
        )


def _channel_dead(look: Look) -> Iterator[Problem]:
    for row in look.database.fetch_all("incidents/select_dead_channels", since=look.this_moment - _DEAD_FOR):
        if row["channel"] in look.channels:
            words = f"A message to {row['channel']} was given up on"
            yield Problem(Kind.CHANNEL_DEAD, row["channel"], words, f"Its last error: {row['error'] or 'unknown'}")


def _label(marketplace: str) -> str:
    return Marketplace(marketplace).traits.label


CONDITIONS: Sequence[Callable[[Look], Iterator[Problem]]] = (
    _errors_high,
    _marketplace_paused,
    _polling_stopped,
    _event_stale,
    _budget_nearly_spent,
    _rows_rejected,
    _payload_changed,
    _disk_low,
    _channel_dead,
)
