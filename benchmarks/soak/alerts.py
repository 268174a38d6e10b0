"""Judge alerts and incidents: what was fired and sent, against the true markets and the marketplaces' log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from benchmarks.report import Goal, Report
from benchmarks.soak.captures import read, true_listings
from benchmarks.soak.firing import Seen, fire
from benchmarks.soak.plan import BLOCKS, parsed_rules
from ticket_pipeline.alerts.channels import Channel
from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from datetime import datetime

    from benchmarks.soak.outside import Outside
    from benchmarks.soak.plan import Plan
    from ticket_pipeline.storage.database import Database, Row

_TRUSTED = """
    select event_id, external_id, captured_at, accepted, is_suspect from snapshots
    where marketplace = 'stubhub' order by event_id, captured_at
"""
_FIRED = """
    select e.alert_event_id, r.name, e.event_id, e.captured_at, e.kind
    from alert_events as e inner join alert_rules as r on r.rule_id = e.rule_id
"""
_DELIVERIES = """
    select delivery_id, alert_event_ids, incident_ids, channel, title, body, quiet_hours, timezone, state, attempts
    from alert_deliveries
"""
_INCIDENTS = "select incident_id, kind, subject, opened_at, closed_at from incidents where opened_at is not null"
_DROP = 0.5


def judge_alerts(
    report: Report, database: Database, plan: Plan, outside: Outside, killed_at: Collection[datetime]
) -> None:
    """Firings, messages and incidents."""
    fired = read(database, _FIRED)
    _judge_firings(report, plan, fired, read(database, _TRUSTED))
    deliveries = read(database, _DELIVERIES)
    incidents = read(database, _INCIDENTS)
    _judge_queue(report, fired, deliveries, incidents, outside)
    _judge_messages(report, deliveries, outside, killed_at)
    _judge_pauses(report, plan, incidents, outside, killed_at)


def _judge_firings(report: Report, plan: Plan, fired: list[Row], snapshots: list[Row]) -> None:
    """The rules fire and recover exactly where they do on the true listings."""
    markets = _captures_of(plan, snapshots)
    stored = Counter((row["name"], row["event_id"], row["captured_at"], row["kind"]) for row in fired)
    expected: set[tuple[str, int, datetime, str]] = set()
    for rule in parsed_rules():
        for event_id, captures in markets.items():
            expected |= {(rule.name, event_id, at, kind) for at, kind in fire(rule, captures)}
    for rule in parsed_rules():
        counts = Counter(kind for name, _, _, kind in expected if name == rule.name)
        report.add(
            f"alert “{rule.what} {rule.condition}”", f"{counts['fired']}", f"fired, {counts['resolved']} recovered"
        )
    missed, extra = expected - set(stored), set(stored) - expected
    for what, some in (("missed", missed), ("without cause", extra)):
        for name, event_id, at, kind in sorted(some)[:5]:
            report.add(f"{what}: {name}", kind, f"event {event_id} at {at:%m-%d %H:%M}")
    report.goals.append(Goal("firings and recoveries missed", len(missed), 0))
    report.goals.append(Goal("firings and recoveries without cause", len(extra), 0))
    report.goals.append(Goal("firings doubled", stored.total() - len(stored), 0))


def _captures_of(plan: Plan, snapshots: list[Row]) -> dict[int, list[Seen]]:
    """The trusted captures of each event in the order in which they are tried; a confirmed one is with the next."""
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in snapshots:
        rows[row["event_id"]].append(row)
    found: dict[int, list[Seen]] = {}
    for event_id, some in rows.items():
        level = 0
        found[event_id] = []
        for number, row in enumerate(some):
            if row["is_suspect"]:
                continue
            is_late = row["accepted"] < _DROP * level and number + 1 < len(some)
            level = row["accepted"]
            tried_at = some[number + 1]["captured_at"] if is_late else row["captured_at"]
            standing = true_listings(plan, Marketplace.STUBHUB, row["external_id"], row["captured_at"])
            seats = [each for each in standing if each.all_in_price is not None and not each.is_parking]
            found[event_id].append(Seen(row["captured_at"], tried_at, seats))
    return found


def _judge_queue(
    report: Report, fired: list[Row], deliveries: list[Row], incidents: list[Row], outside: Outside
) -> None:
    """Each firing, end of a level, and begin and end of an incident is one message for each of its channels."""
    labels = {name: Channel(url).label for name, url in outside.channels.items()}
    rules = {rule.name: rule for rule in parsed_rules()}
    wanted: Counter[tuple[str, int, str]] = Counter()
    for row in fired:
        rule = rules[row["name"]]
        if row["kind"] == "fired" or rule.condition.kind.is_level:
            wanted.update(("alert", row["alert_event_id"], labels[name]) for name in rule.channels)
    for row in incidents:
        wanted[("incident", row["incident_id"], labels["desk"])] += 1 + (row["closed_at"] is not None)
    queued: Counter[tuple[str, int, str]] = Counter()
    for row in deliveries:
        queued.update(("alert", each, row["channel"]) for each in row["alert_event_ids"] or ())
        queued.update(("incident", each, row["channel"]) for each in row["incident_ids"] or ())
    report.goals.append(Goal("messages not queued", (wanted - queued).total(), 0))
    report.goals.append(Goal("messages queued twice", (queued - wanted).total(), 0))


def _judge_messages(report: Report, deliveries: list[Row], outside: Outside, killed_at: Collection[datetime]) -> None:
    """What is noted as sent arrived, once unless a kill came between; what is dead was for the dead channel only."""
    names = {Channel(url).label: name for name, url in outside.channels.items()}
    arrived = Counter((one.channel, one.title, one.body) for one in outside.messages)
    sent = Counter((names[row["channel"]], row["title"], row["body"]) for row in deliveries if row["state"] == "sent")
    gone = [row for row in deliveries if names[row["channel"]] == "gone"]
    dead = [row for row in deliveries if row["state"] == "dead"]
    doubled = (arrived - sent).total()
    report.add(
        "messages", f"{arrived.total()}", f"arrived; the phone was off for 2 h and refused {outside.refused} tries"
    )
    report.add("messages for the dead channel", f"{len(gone)}", "each tried ten times, then shown as dead")
    report.goals += [
        Goal("messages lost", (sent - arrived).total(), 0),
        Goal("messages sent twice around a kill", doubled, len(killed_at)),
        Goal("messages still waiting", sum(row["state"] == "queued" for row in deliveries), 0),
        Goal("messages of a working channel given up", len(dead) - len([row for row in dead if row in gone]), 0),
        Goal("messages of the dead channel not shown as dead", sum(row["state"] != "dead" for row in gone), 0),
    ]
    quiet = {(row["title"], row["body"]): row for row in deliveries if row["quiet_hours"]}
    broken = 0
    for one in outside.messages:
        row = quiet.get((one.title, one.body))
        broken += row is not None and _is_night(one.at, row)
    report.add("messages with quiet hours", f"{len(quiet)}")
    report.goals.append(Goal("messages in quiet hours", broken, 0))


def _is_night(moment: datetime, row: Row) -> bool:
    start, end = (text.strip()[:5] for text in row["quiet_hours"].split("-"))
    now = f"{moment.astimezone(ZoneInfo(row['timezone'])):%H:%M}"
    is_night: bool = now >= start or now < end
    return is_night


def _judge_pauses(
    report: Report, plan: Plan, incidents: list[Row], outside: Outside, killed_at: Collection[datetime]
) -> None:
    """A block is one incident, from its tick to the first one without; no other pause is one.

    Of a block in the tick of a kill nobody can say whether its answer was cut off.
    """
    kinds = {str(kind) for kind in BLOCKS}
    records = outside.logs[Marketplace.VIVID_SEATS].records()
    blocked = {record.received_at for record in records if record.fault in kinds}
    paused = [row for row in incidents if row["kind"] == "marketplace_paused"]
    found: set[datetime] = set()
    for row in paused:
        moment = row["opened_at"]
        while moment < (row["closed_at"] or plan.ends_at):
            found.add(moment)
            moment += plan.tick
    begun = sum(moment - plan.tick not in found for moment in found)
    named = Counter(row["kind"] for row in incidents)
    report.add("incidents", f"{len(incidents)}", ", ".join(f"{number} {kind}" for kind, number in named.items()))
    report.goals.append(Goal("blocks without their incident", len(blocked - set(killed_at) - found), 0))
    report.goals.append(Goal("incidents without a block, or that outlast it", len(found - blocked), 0))
    report.goals.append(Goal("incidents of one pause beyond the first", len(paused) - begun, 0))
