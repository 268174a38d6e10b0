"""What rules see of captures: each value with what it is compared with, read for all of them at once.

What belongs here: which subjects a rule has in a capture, and the questions to the database. What does not: what
follows from a value (`market.alert_states`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from ticket_pipeline.market.alert_rules import EVERY_ZONE, WHOLE_EVENT, AlertRule, Kind, Measure
from ticket_pipeline.market.alert_states import Observation, Reference, Standing
from ticket_pipeline.market.hours import FLOOR_LISTINGS
from ticket_pipeline.market.levels import Level, Measured
from ticket_pipeline.market.vocabulary import FeeBasis
from ticket_pipeline.storage.prices import hour_start

if TYPE_CHECKING:
    from ticket_pipeline.storage.alerts import StoredRule
    from ticket_pipeline.storage.database import Database, Row, Transaction

ACROSS = "*"
"""Stands for the marketplace of a spread."""
_NONE = ""
"""Currency and fee basis of what has none: estimated sales."""

_USUAL = timedelta(days=14)
_KINDS = {
    Kind.FALLS: "ago",
    Kind.RISES: "ago",
    Kind.NEW_LOW: "low",
    Kind.NEW_HIGH: "high",
    Kind.UNUSUAL: "usual",
}


class Capture(NamedTuple):
    """A trusted capture."""

    event_id: int
    marketplace: str
    captured_at: datetime


class Subject(NamedTuple):
    """What a rule watches: one level of prices."""

    event_id: int
    marketplace: str
    zone: str
    currency: str
    fee_basis: str


class Seen(NamedTuple):
    """What a rule sees of a subject in one capture."""

    stored: StoredRule
    subject: Subject
    observation: Observation
    is_held: bool
    """False where the capture does not hold the subject: it counts only for subjects that were seen before."""


_Facts = dict[Capture, dict[str, dict[Subject, Level]]]
"""Capture → zone → what it holds."""

_Known = dict[tuple[int, int, str], set[Subject]]
"""Rule id, event and marketplace → subjects that were seen before."""


_PLACES = {Measure.FLOOR: 1, Measure.MEDIAN: 10, Measure.TICKETS: 11}


class _Asked(NamedTuple):
    stored: StoredRule
    capture: Capture


def place_of(rule: AlertRule) -> int:
    """The place of a measure among the columns of hours that `select_references` reads, from 1."""
    return 1 + rule.number if rule.measure is Measure.GET_IN else _PLACES.get(rule.measure, 12)


def observe(
    source: Database | Transaction,
    captures: Sequence[Capture],
    rules_of: Mapping[tuple[int, str], Sequence[StoredRule]],
    standings: Mapping[tuple[int, Subject], Standing],
    *,
    is_past: bool = False,
) -> list[Seen]:
    """What the rules see of captures, in the order of the captures.

    Args:
        source: where.
        captures: the oldest first.
        rules_of: event and marketplace → rules.
        standings: rule id and subject → where it stands: a capture without a known subject is news about it, and what
            it is compared with need not be read again.
        is_past: markets are judged by what is stored of the time of the captures, not by how they are now.
    """
    known: _Known = defaultdict(set)
    for rule_id, subject in standings:
        known[rule_id, subject.event_id, subject.marketplace].add(subject)
    asked = [
        _Asked(stored, capture)
        for capture in captures
        for stored in rules_of.get((capture.event_id, capture.marketplace), ())
    ]
    seen = [
        *_listed(source, [one for one in asked if one.stored.rule.measure.has_history], known, standings),
        *_sales(source, [one for one in asked if one.stored.rule.measure is Measure.SALES]),
        *_spreads(source, [one for one in asked if one.stored.rule.measure is Measure.SPREAD], known, is_past=is_past),
        *_percentiles(source, [one for one in asked if one.stored.rule.measure is Measure.PERCENTILE], known),
    ]
    return sorted(seen, key=lambda one: one.observation.captured_at)


def _listed(
    source: Database | Transaction,
    asked: Sequence[_Asked],
    known: _Known,
    standings: Mapping[tuple[int, Subject], Standing],
) -> Iterator[Seen]:
    """Prices and counts of listings."""
    if not asked:
        return
    facts = _facts_of(source, asked)
    subjects: dict[tuple[int, int, str], set[Subject]] = defaultdict(set)
    for stored, capture in asked:
        source_of_capture = (stored.rule_id, capture.event_id, capture.marketplace)
        zones = facts.get(capture, {})
        subjects[source_of_capture] |= {
            subject for zone in zones.values() for subject in zone if _is_of(stored.rule, subject)
        }
        subjects[source_of_capture] |= known.get(source_of_capture, set())
    found = []
    for stored, capture in asked:
        for subject in subjects[stored.rule_id, capture.event_id, capture.marketplace]:
            zone = facts.get(capture, {}).get(subject.zone, {})
            rule = stored.rule
            value, is_thin = zone[subject].measure(rule.measure, rule.number) if subject in zone else Measured()
            if not zone and rule.measure.is_count:
                value = Decimal()  # nothing is for sale; of another currency it would be unknown
            why = _obstacle(rule, is_thin=is_thin) if subject in zone else None
            found.append((stored, capture, subject, value, why))
    kept = [_kept_reference(one[0].rule, one[1], standings.get((one[0].rule_id, one[2]))) for one in found]
    questions = [
        (number, one[0].rule, one[1], one[2])
        for number, one in enumerate(found)
        if kept[number] is None and one[0].rule.condition.kind in _KINDS
    ]
    read = _references(source, questions) if questions else {}
    for number, (stored, capture, subject, value, obstacle) in enumerate(found):
        observation = Observation(capture.captured_at, value, kept[number] or read.get(number), obstacle)
        yield Seen(stored, subject, observation, is_held=obstacle is not None)


def _obstacle(rule: AlertRule, *, is_thin: bool) -> str:
    """Why a capture that holds the subject has no value, if it has none."""
    if rule.measure is Measure.GET_IN and not is_thin:
        return f"no listing sells {rule.number} together"
    together = f" for {rule.number} together" if rule.number else ""
    return f"thin: fewer than {FLOOR_LISTINGS} listings{together} are within 15 % of the cheapest"


def _kept_reference(rule: AlertRule, capture: Capture, standing: Standing | None) -> Reference | None:
    """What a value is compared with, where the standing has it: an extreme always, a usual value for its hour."""
    kind = rule.condition.kind
    if standing is None:
        return None
    if kind.is_extreme and standing.extreme is not None:
        return Reference(standing.extreme)
    is_usual = kind is Kind.UNUSUAL and standing.reference is not None
    if is_usual and standing.reference is not None and standing.reference_at == hour_start(capture.captured_at):
        return Reference(standing.reference, standing.reference_at, standing.deviation or Decimal())
    return None


def _facts_of(source: Database | Transaction, asked: Sequence[_Asked]) -> _Facts:
    has_zones: dict[Capture, bool] = {}
    for stored, capture in asked:
        has_zones[capture] = has_zones.get(capture, False) or stored.rule.zone != WHOLE_EVENT
    captures = list(has_zones)
    rows = source.fetch_all(
        "alerts/select_levels",
        **_columns(captures),
        has_zones=list(has_zones.values()),
        together=sorted({one.stored.rule.number for one in asked if one.stored.rule.measure is Measure.GET_IN}),
    )
    parts: dict[tuple[Capture, Subject], list[Level]] = defaultdict(list)
    for row in rows:
        capture = captures[row["number"] - 1]
        level = Level(row["codes"], row["tickets"])
        for zone in {row["zone"], WHOLE_EVENT} if row["is_seat"] else {row["zone"]}:
            subject = Subject(capture.event_id, capture.marketplace, zone, row["currency"], row["fee_basis"])
            parts[capture, subject].append(level)
    facts: _Facts = {}
    for (capture, subject), levels in parts.items():
        facts.setdefault(capture, {}).setdefault(subject.zone, {})[subject] = Level.together(levels)
    return facts


def _is_of(rule: AlertRule, subject: Subject) -> bool:
    if rule.zone == EVERY_ZONE:
        return subject.zone != WHOLE_EVENT
    return subject.zone.casefold() == rule.zone.casefold()


def _references(
    source: Database | Transaction, questions: Sequence[tuple[int, AlertRule, Capture, Subject]]
) -> dict[int, Reference]:
    """What the values are compared with, by the number of the question."""
    asked = [
        {
            "number": number,
            **subject._asdict(),
            "captured_at": capture.captured_at.isoformat(),
            "place": place_of(rule),
            "kind": _KINDS[rule.condition.kind],
            "span": f"{(rule.condition.window or _USUAL).total_seconds()} seconds",
        }
        for number, rule, capture, subject in questions
    ]
    rows = source.fetch_all("alerts/select_references", questions=Jsonb(asked))
    return {row["number"]: Reference(row["value"], row["at"], row["deviation"] or Decimal()) for row in rows}


def _sales(source: Database | Transaction, asked: Sequence[_Asked]) -> Iterator[Seen]:
    if not asked:
        return
    subjects = [
        Subject(capture.event_id, capture.marketplace, stored.rule.zone, _NONE, _NONE) for stored, capture in asked
    ]
    rows = source.fetch_all(
        "alerts/sum_sales",
        **_columns([one.capture for one in asked]),
        zones=[subject.zone for subject in subjects],
        hours=[one.stored.rule.number for one in asked],
    )
    values = {row["number"]: row["value"] for row in rows}
    for number, ((stored, capture), subject) in enumerate(zip(asked, subjects, strict=True), start=1):
        yield Seen(stored, subject, Observation(capture.captured_at, values.get(number)), is_held=number in values)


def _spreads(
    source: Database | Transaction, asked: Sequence[_Asked], known: _Known, *, is_past: bool
) -> Iterator[Seen]:
    if not asked:
        return
    columns = _columns([one.capture for one in asked])
    del columns["marketplaces"]
    together = [one.stored.rule.number for one in asked]
    statement = "alerts/measure_past_spreads" if is_past else "alerts/measure_spreads"
    rows = source.fetch_all(statement, **columns, together=together)
    yield from _by_currency(
        asked,
        known,
        [
            (row["number"], ACROSS, row["currency"], FeeBasis.ALL_IN.value, row["value"])
            for row in rows
            if row["value"] is not None or row.get("obstacle")
        ],
        "fewer than two marketplaces in order have a price that is not thin",
        {(row["number"], row["currency"]): why for row in rows if (why := row.get("obstacle"))},
    )


def _percentiles(source: Database | Transaction, asked: Sequence[_Asked], known: _Known) -> Iterator[Seen]:
    if not asked:
        return
    rows = source.fetch_all("alerts/measure_percentiles", **_columns([one.capture for one in asked]))
    yield from _by_currency(
        asked,
        known,
        [
            (
                row["number"],
                asked[row["number"] - 1].capture.marketplace,
                row["currency"],
                row["fee_basis"],
                row["value"],
            )
            for row in rows
        ],
        "no floor, or fewer than five similar events",
    )


def _by_currency(
    asked: Sequence[_Asked],
    known: _Known,
    rows: Sequence[tuple[int, str, str, str, Decimal | None]],
    obstacle: str,
    causes: Mapping[tuple[int, str], str] = MappingProxyType({}),
) -> Iterator[Seen]:
    """Values of whole events by question, and the known subjects that have none this time because of `obstacle`.

    `causes` says more of it, by question and currency. A row without a value begins a subject, too.
    """
    values: dict[int, dict[Subject, Decimal | None]] = defaultdict(dict)
    for number, marketplace, currency, fee_basis, value in rows:
        event_id = asked[number - 1].capture.event_id
        values[number][Subject(event_id, marketplace, WHOLE_EVENT, currency, fee_basis)] = value
    for number, (stored, capture) in enumerate(asked, start=1):
        markets = (ACROSS, capture.marketplace)
        before = {one for market in markets for one in known.get((stored.rule_id, capture.event_id, market), ())}
        for subject in before | set(values[number]):
            found = values[number].get(subject)
            cause = causes.get((number, subject.currency))
            observation = Observation(
                capture.captured_at, found, obstacle=f"{obstacle}: {cause}" if cause else obstacle
            )
            yield Seen(stored, subject, observation, is_held=subject in values[number])


def read_values(
    source: Database | Transaction, asked: Sequence[tuple[AlertRule, Subject, datetime]]
) -> list[list[Any]]:
    """The values of subjects by the hour over the seven days before a moment, the oldest first."""
    rows: list[Row] = source.fetch_all(
        "alerts/select_history",
        **subject_columns([subject for _, subject, _ in asked]),
        places=[place_of(rule) for rule, _, _ in asked],
        captured=[moment for _, _, moment in asked],
    )
    values = {row["number"]: row["values"] for row in rows}
    return [values.get(number, []) for number in range(1, len(asked) + 1)]


def subject_columns(subjects: Sequence[Subject]) -> dict[str, Any]:
    """The columns of subjects as arrays."""
    names = ("event_ids", "marketplaces", "zones", "currencies", "fee_bases")
    return {name: [subject[at] for subject in subjects] for at, name in enumerate(names)}


def _columns(captures: Sequence[Capture]) -> dict[str, Any]:
    names = ("event_ids", "marketplaces", "captured")
    return {name: [capture[at] for capture in captures] for at, name in enumerate(names)}
