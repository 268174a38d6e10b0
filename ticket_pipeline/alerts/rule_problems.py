"""What to check of the rules of alerts: rows that are no rule; rules that are off or lack events, zones or channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ticket_pipeline.alerts.channels import find_channels
from ticket_pipeline.alerts.scope import rules_by_source
from ticket_pipeline.market.alert_rules import EVERY_ZONE, WHOLE_EVENT
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.alerts import read_alert_rules, read_rejected_alert_rules

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.settings.alerts import AlertSettings
    from ticket_pipeline.storage.database import Database


def find_rule_problems(database: Database, settings: AlertSettings, this_moment: datetime) -> Iterator[tuple[str, str]]:
    """What each is called (its row or its name), and what is wrong with it, in sentences."""
    for row in read_rejected_alert_rules(database):
        yield f"Row {row['row_number']}", " ".join(row["reasons"])
    rules = read_alert_rules(database)
    events = [event for event in read_events(database, tracked_only=True) if event.event_at > this_moment]
    named: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for source, some in rules_by_source(rules, events).items():
        for stored in some:
            named[stored.rule_id].append(source)
    zoned = [
        (stored.rule_id, *source)
        for stored in rules
        if stored.rule.zone not in {WHOLE_EVENT, EVERY_ZONE}
        for source in named[stored.rule_id]
    ]
    names = ("rule_ids", "event_ids", "marketplaces")
    columns = {name: [row[at] for row in zoned] for at, name in enumerate(names)}
    lacking = database.fetch_all("alerts/select_without_zone", **columns)
    lacks_zone = {row["rule_id"] for row in lacking}
    tags = {tag for channel in find_channels(settings)[0] for tag in channel.tags}
    for stored in rules:
        for problem in _problems(stored.rule, named[stored.rule_id], tags, lacks_zone=stored.rule_id in lacks_zone):
            yield stored.rule.name, problem


def _problems(
    rule: AlertRule, sources: Collection[object], tags: Collection[str], *, lacks_zone: bool
) -> Iterator[str]:
    if not rule.is_active:
        yield "It is switched off."
        return
    if not sources:
        where = f" at {rule.marketplace.traits.label}" if rule.marketplace else ""
        yield f"No followed event{where} is still to come" + (
            f" and named by Event '{rule.event}'." if rule.event else "."
        )
    elif lacks_zone:
        yield f"No capture since has listings in Zone '{rule.zone}'; ticket-pipeline section-prices shows the zones."
    if missing := [tag for tag in rule.channels if tag not in tags]:
        yield f"No channel of ALERT_URLS has the tag {' or '.join(missing)}."
