"""Follow incidents: what begins and ends is stored together with its messages, so that each is told once a channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from ticket_pipeline.alerts.channels import Channel, find_channels
from ticket_pipeline.alerts.conditions import Look, disk_of, find_problems
from ticket_pipeline.alerts.incidents import RULES, RUNBOOK, Incident, Kind, Problem, compare
from ticket_pipeline.market.waits import show_wait

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Transaction

OPERATIONS_TAG = "operations"
"""Where a channel of ALERT_URLS has it, only such channels get messages about incidents."""
SYNC_JOB = "sync_events"
"""The job that reads the watchlist: a run of it that fails is an incident of its own kind."""
_MOST_NAMED = 20
"""In one message; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a look changed: counts, and how many incidents are open after it."""

    opened: int
    closed: int
    open: int


def watch_operations(
    database: Database,
    settings: Settings,
    *,
    polled: Collection[Marketplace],
    this_moment: datetime,
    failing_jobs: Callable[[Sequence[Incident]], Collection[str]] = lambda _: (),
    free_disk: Callable[[Path], tuple[int, int]] = disk_of,
) -> Followed:
    """Look at the whole pipeline once, store what begins and what ends, and note that the daemon looked.

    Args:
        database: migrated.
        settings: limits, channels, and the address of the dashboard.
        polled: the marketplaces that are switched on.
        this_moment: aware UTC.
        failing_jobs: of open incidents about jobs, the subjects of those whose job still fails.
        free_disk: a folder → total and free bytes of its disk.
    """
    channels, unreadable = find_channels(settings)
    labels = [channel.label for channel in channels]
    look = Look(database, settings, polled, labels, this_moment, free_disk)
    problems = find_problems(look)
    if unreadable:
        words = "ALERT_URLS cannot be read" if not channels else "Part of ALERT_URLS cannot be read"
        problems.append(Problem(Kind.CHANNELS_UNREADABLE, "ALERT_URLS", words, " ".join(unreadable)))
    with database.transaction("follow incidents") as transaction:
        current = _lock_and_read(transaction)
        runs = [incident for incident in current if incident.kind in _ABOUT_RUNS]
        failing = failing_jobs(runs)
        problems += [
            Problem(Kind(one.kind), one.subject, one.summary, one.cause) for one in runs if one.subject in failing
        ]
        followed = _store(transaction, current, problems, channels, settings, this_moment)
        transaction.execute("incidents/note_watch", this_moment=this_moment)
    return followed


def note_failed_run(database: Database, settings: Settings, job: str, cause: str, this_moment: datetime) -> Followed:
    """Open the incident of a job one of whose runs failed, unless it is open. `watch_operations` closes it."""
    channels, _ = find_channels(settings)
    if job == SYNC_JOB:
        problem = Problem(Kind.WATCHLIST_UNREADABLE, job, "The watchlist could not be read", cause)
    else:
        problem = Problem(Kind.RUNS_FAILED, job, f"The job {job} failed", cause)
    with database.transaction("note a failed run") as transaction:
        current = [incident for incident in _lock_and_read(transaction) if incident.key == problem.key]
        return _store(transaction, current, [problem], channels, settings, this_moment)


_ABOUT_RUNS = frozenset({Kind.RUNS_FAILED, Kind.WATCHLIST_UNREADABLE})


def choose_channels(channels: Sequence[Channel]) -> Sequence[Channel]:
    """The channels that get messages about incidents: those with the tag, or all where none has it."""
    return [channel for channel in channels if OPERATIONS_TAG in channel.tags] or channels


def _lock_and_read(transaction: Transaction) -> list[Incident]:
    transaction.fetch_one("incidents/lock")
    return [Incident(**row) for row in transaction.fetch_all("incidents/select_current")]


def _store(
    transaction: Transaction,
    current: Sequence[Incident],
    problems: Iterable[Problem],
    channels: Sequence[Channel],
    settings: Settings,
    this_moment: datetime,
) -> Followed:
    changes = compare(current, problems, this_moment)
    held = [asdict(problem) | {"is_told": is_told} for problem, is_told in changes.held]
    rows = transaction.fetch_all("incidents/upsert", problems=Jsonb(held), this_moment=this_moment) if held else []
    stored = [Incident(**row) for row in rows]
    opened = [incident for incident in stored if incident.key in changes.opened]
    if changes.closed:
        ids = [incident.incident_id for incident in changes.closed]
        transaction.execute("incidents/close", incident_ids=ids, this_moment=this_moment)
    if changes.forgotten:
        ids = [incident.incident_id for incident in changes.forgotten]
        transaction.execute("incidents/forget", incident_ids=ids)
    labels = [channel.label for channel in choose_channels(channels)]
    known = {incident.incident_id: incident.opened_at for incident in current if incident.opened_at is not None}
    sent = _read_sent(transaction, labels, known.values())
    begun = [one for one in stored if one.opened_at is not None and one.incident_id not in sent]
    over = [one for one in changes.closed if one.incident_id in sent]
    messages = [
        *(_write(group, this_moment, settings, is_over=False) for group in _by_kind(begun)),
        *(_write(group, this_moment, settings, is_over=True) for group in _by_kind(over)),
    ]
    deliveries = [message | {"channel": label} for label in labels for message in messages]
    if deliveries:
        transaction.execute("alerts/insert_deliveries", deliveries=Jsonb(deliveries))
    still_open = (known.keys() | {incident.incident_id for incident in opened}) - {
        one.incident_id for one in changes.closed
    }
    return Followed(len(opened), len(changes.closed), len(still_open))


def _read_sent(transaction: Transaction, labels: Sequence[str], opened_at: Collection[datetime]) -> set[int]:
    """Incidents of which one of the channels has a message; none of those that began while no channel could be read."""
    if not labels or not opened_at:
        return set()
    rows = transaction.fetch_all("incidents/select_sent", channels=list(labels), since=min(opened_at))
    return {row["incident_id"] for row in rows}


def _by_kind(incidents: Iterable[Incident]) -> list[list[Incident]]:
    groups: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        groups[incident.kind].append(incident)
    return list(groups.values())


def _write(group: Sequence[Incident], this_moment: datetime, settings: Settings, *, is_over: bool) -> dict[str, object]:
    """One message about incidents of one kind that began, or that ended, at the same look."""
    first, rule = group[0], RULES.get(Kind(group[0].kind))
    title = first.summary if len(group) == 1 else f"{len(group)} {rule.title if rule else first.kind}"
    describe = _describe_end if is_over else _describe
    parts = [describe(incident, this_moment) for incident in group[:_MOST_NAMED]]
    if len(group) > _MOST_NAMED:
        parts.append(f"And {len(group) - _MOST_NAMED} more.")
    if rule is not None and not is_over:
        parts.append(f"What to do: {rule.advice}\nRunbook: {RUNBOOK}#{first.kind}")
    return {
        "event_id": None,
        "alert_event_ids": [],
        "incident_ids": [incident.incident_id for incident in group],
        "title": f"Over: {title}" if is_over else title,
        "body": "\n\n".join([*parts, f"{settings.dashboard_address}/alerts"]),
        "quiet_hours": None,
        "timezone": "UTC",
        "next_attempt_at": this_moment.isoformat(),
        "created_at": this_moment.isoformat(),
    }


def _describe(incident: Incident, _this_moment: datetime) -> str:
    return f"{incident.summary}, since {_clock(incident.first_seen_at)}.\n{incident.cause}"


def _describe_end(incident: Incident, this_moment: datetime) -> str:
    lasted = show_wait(this_moment - incident.first_seen_at)
    return f"{incident.summary}: over after {lasted}, since {_clock(incident.first_seen_at)}."


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
