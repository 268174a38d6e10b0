"""Try rules on stored captures: what they would have fired. The same state machine; nothing is written or sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.alerts.evaluation import Standings, follow_captures
from ticket_pipeline.alerts.measuring import Capture
from ticket_pipeline.alerts.messages import Occurrence, summarise
from ticket_pipeline.alerts.scope import rules_by_source
from ticket_pipeline.market.alert_rules import Measure
from ticket_pipeline.queries.alerts import AlertEvent
from ticket_pipeline.queries.events import read_events

if TYPE_CHECKING:
    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.alerts import StoredRule
    from ticket_pipeline.storage.database import Database

_AT_ONCE = 200
"""Captures whose listings are measured by one statement."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would have happened, oldest first, and on how many captures of how many events.

    Attributes:
        limits: what of the past is not stored, so that it may have been otherwise; in sentences.
    """

    captures: int
    events: int
    occurrences: Sequence[AlertEvent]
    limits: Sequence[str] = ()


def replay_rules(
    database: Database, rules: Sequence[StoredRule], since: datetime, until: datetime, *, event_id: int | None = None
) -> Replayed:
    """Advance rules from their beginning over the trusted captures of a time, as if each had been tried at once.

    Each moment is judged by what is stored of it; `Replayed.limits` says what is known only as it is now. The rules
    that are switched off are left out.
    """
    events = [event for event in read_events(database, event_id=event_id) if event.marketplace.has_listings]
    sources = rules_by_source(rules, events)
    event_ids = sorted({each for each, _ in sources})
    rows = database.fetch_all("alerts/select_past_captures", since=since, until=until, event_ids=event_ids)
    captures = [Capture(**row) for row in rows if (row["event_id"], row["marketplace"]) in sources]
    standings: Standings = {}
    told: list[Occurrence] = []
    for some in _batches(captures):
        told += follow_captures(database, some, sources, standings, is_past=True)
    by_id = {event.event_id: event for event in events}
    return Replayed(
        len(captures),
        len({capture.event_id for capture in captures}),
        [_as_event(one, by_id[one.subject.event_id]) for one in told],
        list(_limits([one for one in rules if one.rule.is_active])),
    )


def _limits(rules: Sequence[StoredRule]) -> Iterator[str]:
    """What a replay of these rules cannot know."""
    measures = {one.rule.measure for one in rules}
    yield (
        "Each capture was tried at its own time: one that arrived late or waited for a market, which is told later, or "
        "never after a day, is not known. Muting is left out."
    )
    if any(not one.rule.condition.kind.is_level for one in rules):
        yield "What values are compared with is of hourly prices as they are built now."
    if Measure.SPREAD in measures:
        yield "For a spread, markets are judged by their attempts then: pauses and intervals are not stored."
    if Measure.SALES in measures:
        yield "Estimated sales are those of now, which rest on captures that came later, too."
    if Measure.PERCENTILE in measures:
        yield "Similar events are those of the watchlist as it is now."


def _batches(captures: Sequence[Capture]) -> Iterator[Sequence[Capture]]:
    for start in range(0, len(captures), _AT_ONCE):
        yield captures[start : start + _AT_ONCE]


def _as_event(one: Occurrence, event: WatchedEvent) -> AlertEvent:
    standing = one.standing
    captured_at = standing.captured_at or standing.since_at
    assert captured_at is not None  # noqa: S101 - it has just been advanced by a capture
    return AlertEvent(
        alert_event_id=0,
        alert=one.rule.name,
        name=event.name,
        timezone=event.timezone,
        **one.subject._asdict(),
        kind=one.transition,
        captured_at=captured_at,
        since_at=standing.since_at,
        captures=standing.streak or one.rule.captures,
        value=standing.value,
        reference=standing.reference,
        is_muted=False,
        summary=summarise(one),
        created_at=captured_at,
        deliveries="",
    )
