"""What can be wrong with the pipeline, and which incidents begin and end when it is looked at again. Pure.

What belongs here: the kinds, their patience, and comparing what holds now with what is stored. What does not: finding
what holds (`conditions`), storing and telling it (`operations`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

RUNBOOK = "docs/runbook.md"

_NOW = timedelta()


class Kind(StrEnum):
    """The kinds of incidents; each is a heading of the runbook."""

    RUNS_FAILED = "runs_failed"
    ERRORS_HIGH = "errors_high"
    MARKETPLACE_PAUSED = "marketplace_paused"
    POLLING_STOPPED = "polling_stopped"
    EVENT_STALE = "event_stale"
    BUDGET_NEARLY_SPENT = "budget_nearly_spent"
    WATCHLIST_UNREADABLE = "watchlist_unreadable"
    WATCHLIST_ROWS_REJECTED = "watchlist_rows_rejected"
    PAYLOAD_CHANGED = "payload_changed"
    DISK_LOW = "disk_low"
    CHANNEL_DEAD = "channel_dead"
    CHANNELS_UNREADABLE = "channels_unreadable"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind is told.

    Attributes:
        title: of a message about several.
        advice: what to do, in sentences.
        after: how long it must hold before it is told.
        calm: how long it must be gone before it is over.
    """

    title: str
    advice: str
    after: timedelta = _NOW
    calm: timedelta = _NOW


RULES: Mapping[Kind, Rule] = MappingProxyType(
    {
        Kind.RUNS_FAILED: Rule(
            "jobs failed", "Read the failed run in Dagster's UI under Runs. It is over when the job succeeds again."
        ),
        Kind.ERRORS_HIGH: Rule(
            "error limits are passed",
            "See ticket-pipeline sources, and the most frequent outcome in the runbook.",
            calm=timedelta(minutes=30),
        ),
        Kind.MARKETPLACE_PAUSED: Rule(
            "marketplaces are paused",
            "See the reason. Renew the credentials where it blocks, then run ticket-pipeline resume with its name.",
        ),
        Kind.POLLING_STOPPED: Rule(
            "marketplaces are not polled",
            "See in Dagster's UI under Automation whether the poll sensor is on, and why its last ticks skipped.",
            after=timedelta(minutes=10),  # what was overdue when the pipeline was started is polled by then
            calm=timedelta(minutes=10),
        ),
        Kind.EVENT_STALE: Rule(
            "events are stale",
            "Try one with ticket-pipeline fetch-listings and its id. Correct the id in the watchlist, or untrack it.",
            after=timedelta(minutes=15),
        ),
        Kind.BUDGET_NEARLY_SPENT: Rule(
            "budgets are nearly spent",
            "See ticket-pipeline plan: follow fewer events, poll less often, or raise the budget if you may.",
            calm=timedelta(hours=1),
        ),
        Kind.WATCHLIST_UNREADABLE: Rule(
            "watchlists cannot be read", "Correct what the cause names, then run ticket-pipeline sync-events."
        ),
        Kind.WATCHLIST_ROWS_REJECTED: Rule(
            "watchlists have rejected rows", "See ticket-pipeline show-events --rejected, and correct the rows."
        ),
        Kind.PAYLOAD_CHANGED: Rule(
            "fields of payloads have changed",
            "See whether listings are rejected: ticket-pipeline sources. Then the parser must follow.",
        ),
        Kind.DISK_LOW: Rule(
            "disks are nearly full",
            "Free space, or move STATE_DIR: a full disk stops the database and every run.",
            calm=timedelta(minutes=30),
        ),
        Kind.CHANNEL_DEAD: Rule(
            "channels take no messages",
            "Correct its address in ALERT_URLS, then run ticket-pipeline alerts test.",
        ),
        Kind.CHANNELS_UNREADABLE: Rule(
            "settings of channels cannot be read",
            "Correct what the cause names, restart the code server, then run ticket-pipeline alerts test.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong now.

    Attributes:
        subject: what it is about; with the kind it identifies the incident.
        summary: one line, without a full stop.
        cause: what was seen, in sentences.
    """

    kind: Kind
    subject: str
    summary: str
    cause: str

    @property
    def key(self) -> tuple[str, str]:
        """Which incident it is."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Incident:
    """A problem as it is stored. Moments are aware UTC.

    Attributes:
        opened_at: when it was told; None: not yet, for as long as its kind waits.
        closed_at: when it was over; None: it is not.
    """

    incident_id: int
    kind: str
    subject: str
    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    summary: str
    cause: str

    @property
    def key(self) -> tuple[str, str]:
        """Which incident it is."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Changes:
    """What looking again brings.

    Attributes:
        held: the problems that hold, and whether each is told by now.
        opened: keys of those that are told for the first time.
        closed: told incidents that are over.
        forgotten: incidents that were over before they were told.
    """

    held: Sequence[tuple[Problem, bool]]
    opened: Collection[tuple[str, str]]
    closed: Sequence[Incident]
    forgotten: Sequence[Incident]


def compare(current: Iterable[Incident], problems: Iterable[Problem], this_moment: datetime) -> Changes:
    """What begins and what ends: each incident is opened once and closed once.

    Args:
        current: the incidents that are not over, of everything that was looked at.
        problems: what was found; of several with one key the first counts.
        this_moment: aware UTC.
    """
    known = {incident.key: incident for incident in current}
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        found.setdefault(problem.key, problem)
    held, opened = [], []
    for key, problem in found.items():
        incident = known.get(key)
        first_seen_at = incident.first_seen_at if incident else this_moment
        is_told = this_moment - first_seen_at >= RULES[problem.kind].after
        held.append((problem, is_told))
        if is_told and (incident is None or incident.opened_at is None):
            opened.append(key)
    gone = [incident for key, incident in known.items() if key not in found]
    over = [one for one in gone if one.opened_at and this_moment - one.last_seen_at >= _calm(one)]
    return Changes(held, opened, over, [one for one in gone if one.opened_at is None])


def _calm(incident: Incident) -> timedelta:
    """A kind of a later version, after a step back, is over at once."""
    return RULES[Kind(incident.kind)].calm if incident.kind in RULES else _NOW
