"""Which rules are about which events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ticket_pipeline.queries.events import match_events

if TYPE_CHECKING:
    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.alerts import StoredRule

_GROUP = "group:"

Sources = dict[tuple[int, str], list["StoredRule"]]
"""Event and marketplace → rules."""


def events_of(rule: AlertRule, events: Sequence[WatchedEvent]) -> list[WatchedEvent]:
    """The events that a rule names: all, those of a group, the one with this id, or all with these words."""
    key = rule.event
    if not key:
        return list(events)
    if key.casefold().startswith(_GROUP):
        group = key[len(_GROUP) :].strip().casefold()
        return [event for event in events if (event.event_group or "").casefold() == group]
    named = {event.event_id for event in events if event.external_id == key}
    return [event for event in events if event.event_id in named] if named else match_events(key, events)


def rules_by_source(rules: Iterable[StoredRule], events: Sequence[WatchedEvent]) -> Sources:
    """The rules in use for each event and marketplace; a spread is looked at with each marketplace of its event."""
    found: Sources = {}
    for stored in rules:
        rule = stored.rule
        if not rule.is_active:
            continue
        for event in events_of(rule, events):
            if event.marketplace.has_listings and rule.marketplace in (None, event.marketplace):
                found.setdefault((event.event_id, event.marketplace), []).append(stored)
    return found
