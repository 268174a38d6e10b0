"""Try the rules on captures: each trusted one once, in order; what fires is stored with its messages in one go.

What belongs here: from captures to what is stored. What does not: the state machine (`market.alert_states`), and
sending (`delivery`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from ticket_pipeline.alerts.measuring import ACROSS, Capture, Seen, Subject, observe, read_values
from ticket_pipeline.alerts.messages import Occurrence, summarise, write_body, write_title
from ticket_pipeline.alerts.scope import Sources, rules_by_source
from ticket_pipeline.market.alert_states import NEW, AlertState, Standing, Transition, advance
from ticket_pipeline.market.collector import paused_collector
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.alerts import read_alert_rules

if TYPE_CHECKING:
    from ticket_pipeline.alerts.channels import Channel
    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.database import Database, Row, Transaction

_MOST_CAPTURES = 1000
"""Captures in one transaction."""

_CAPTURED_AT = Standing._fields.index("captured_at")
_subject_of, _standing_of = itemgetter(*Subject._fields), itemgetter(*Standing._fields)

Standings = dict[tuple[int, Subject], Standing]
"""Rule id and subject → where it stands."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was done: counts."""

    captures: int = 0
    fired: int = 0
    resolved: int = 0
    queued: int = 0

    def __add__(self, other: Evaluation) -> Evaluation:
        """Both together."""
        return Evaluation(**{name: getattr(self, name) + getattr(other, name) for name in asdict(self)})


def evaluate(database: Database, channels: Sequence[Channel], this_moment: datetime, *, dashboard: str) -> Evaluation:
    """Try the rules on all captures that wait for it.

    Args:
        database: estimated sales must be up to date.
        channels: who is told.
        this_moment: aware UTC.
        dashboard: its address, without a slash at the end.
    """
    done = Evaluation()
    while True:
        with paused_collector(), database.transaction("evaluate alerts") as transaction:
            transaction.execute("alerts/lock_alerts")
            step = _evaluate_some(transaction, database, channels, this_moment, dashboard)
        done += step
        if step.captures < _MOST_CAPTURES:
            return done


def follow_captures(
    source: Database | Transaction,
    captures: Sequence[Capture],
    rules: Sources,
    standings: Standings,
    *,
    is_past: bool = False,
) -> list[Occurrence]:
    """Advance the standings, in place, by captures of which the oldest comes first; returns what is to be told.

    `is_past`: markets are judged by what is stored of the time of the captures, not by how they are now.
    """
    told = []
    for one in observe(source, captures, rules, standings, is_past=is_past):
        if transition := _follow(one, standings):
            standing = standings[one.stored.rule_id, one.subject]
            told.append(Occurrence(one.stored.rule_id, one.stored.rule, one.subject, standing, transition))
    return told


def _follow(one: Seen, standings: Standings) -> Transition | None:
    key = (one.stored.rule_id, one.subject)
    if key not in standings and not one.is_held:
        return None
    standings[key], transition = advance(standings.get(key, NEW), one.observation, one.stored.rule)
    return transition


def _evaluate_some(
    transaction: Transaction,
    database: Database,
    channels: Sequence[Channel],
    this_moment: datetime,
    dashboard: str,
) -> Evaluation:
    rules = read_alert_rules(transaction)
    if not rules:
        return Evaluation()
    rows = transaction.fetch_all("alerts/select_due_captures", this_moment=this_moment, most=_MOST_CAPTURES)
    if not rows:
        return Evaluation()
    captures = [Capture(**row) for row in rows]
    event_ids = {capture.event_id for capture in captures}
    watched = [event for event in read_events(database) if event.event_id in event_ids]
    events = {event.event_id: event for event in watched}
    sources = rules_by_source(rules, watched)
    stored = transaction.fetch_all("alerts/select_states", event_ids=list(event_ids))
    standings, muted = _read_standings(stored, this_moment)
    before = dict(standings)
    told = follow_captures(transaction, captures, sources, standings)
    changed = {key: standing for key, standing in standings.items() if _is_news(before.get(key), standing, key[1])}
    ids = _store(transaction, told, muted, this_moment) if told else {}
    if changed:
        transaction.execute("alerts/upsert_states", states=Jsonb([_as_row(*item) for item in changed.items()]))
    queued = _queue(transaction, ids, events, channels, this_moment, dashboard)
    transaction.execute(
        "alerts/upsert_progress",
        event_ids=[capture.event_id for capture in captures],
        marketplaces=[capture.marketplace for capture in captures],
        captured=[capture.captured_at for capture in captures],
    )
    fired = sum(one.transition is Transition.FIRED for one in told)
    return Evaluation(len(captures), fired, len(told) - fired, queued)


def _is_news(before: Standing | None, after: Standing, subject: Subject) -> bool:
    """Whether a standing must be stored: most captures only move its time, which `alert_progress` has, too."""
    if before is None or subject.marketplace == ACROSS:
        return before != after
    return (before[:_CAPTURED_AT], before[_CAPTURED_AT + 1 :]) != (after[:_CAPTURED_AT], after[_CAPTURED_AT + 1 :])


def _read_standings(rows: Sequence[Row], this_moment: datetime) -> tuple[Standings, set[tuple[int, Subject]]]:
    """Where the rules stand, and which are muted."""
    standings: Standings = {}
    muted = set()
    for row in rows:
        key = (row["rule_id"], Subject(*_subject_of(row)))
        standings[key] = Standing(AlertState(row["state"]), *_standing_of(row)[1:])
        if row["is_muted_until_resolved"] or (row["muted_until"] and row["muted_until"] > this_moment):
            muted.add(key)
    return standings, muted


def _store(
    transaction: Transaction, told: Sequence[Occurrence], muted: set[tuple[int, Subject]], this_moment: datetime
) -> dict[int, Occurrence]:
    """Store what fired or ended; returns those that somebody is to be told of, by id."""
    rows = [
        {
            "rule_id": one.rule_id,
            **one.subject._asdict(),
            "kind": one.transition,
            "captures": one.standing.streak or one.rule.captures,
            "is_muted": (one.rule_id, one.subject) in muted,
            "summary": summarise(one),
            "created_at": this_moment.isoformat(),
            **_as_json({name: getattr(one.standing, name) for name in _STORED}),
        }
        for one in told
    ]
    new = transaction.fetch_all("alerts/insert_events", events=Jsonb(rows))
    by_key = {(one.rule_id, one.subject, one.standing.captured_at, str(one.transition)): one for one in told}
    found = {}
    for row in new:
        subject = Subject(*_subject_of(row))
        one = by_key[row["rule_id"], subject, row["captured_at"], row["kind"]]
        is_news = one.transition is Transition.FIRED or one.rule.condition.kind.is_level
        if is_news and (one.rule_id, subject) not in muted:
            found[row["alert_event_id"]] = one
    return found


_STORED = ("captured_at", "since_at", "value", "reference", "reference_at")


def _queue(
    transaction: Transaction,
    told: Mapping[int, Occurrence],
    events: Mapping[int, WatchedEvent],
    channels: Sequence[Channel],
    this_moment: datetime,
    dashboard: str,
) -> int:
    """Queue one message per event and channel for all that is told of it with the same quiet hours."""
    if not told:
        return 0
    asked = [(one.rule, one.subject, one.standing.captured_at or this_moment) for one in told.values()]
    values = dict(zip(told, read_values(transaction, asked), strict=True))
    groups: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for alert_event_id, one in told.items():
        for channel in channels:
            if channel.is_meant_by(one.rule):
                quiet = str(one.rule.quiet_hours or "")
                groups[one.subject.event_id, channel.label, quiet].append(alert_event_id)
    rows = []
    for (event_id, label, quiet), ids in groups.items():
        event, hours = events[event_id], told[ids[0]].rule.quiet_hours
        rows.append(
            {
                "event_id": event_id,
                "alert_event_ids": ids,
                "channel": label,
                "title": write_title(event, [told[each] for each in ids]),
                "body": write_body(event, [(told[each], values[each]) for each in ids], dashboard),
                "quiet_hours": quiet or None,
                "timezone": event.timezone,
                "next_attempt_at": (hours.after(this_moment, event.timezone) if hours else this_moment).isoformat(),
                "created_at": this_moment.isoformat(),
            }
        )
    if rows:
        transaction.execute("alerts/insert_deliveries", deliveries=Jsonb(rows))
    return len(rows)


def _as_row(key: tuple[int, Subject], standing: Standing) -> dict[str, Any]:
    rule_id, subject = key
    return {
        "rule_id": rule_id,
        **subject._asdict(),
        **_as_json({name: getattr(standing, name) for name in Standing._fields}),
    }


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
