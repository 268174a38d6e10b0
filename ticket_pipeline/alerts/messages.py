"""What is told of alerts, as text: what, how much, since when, on how many captures, and where to look.

What belongs here: words. What does not: who is told, and when (`evaluation`, `delivery`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ticket_pipeline.alerts.measuring import ACROSS, Subject
from ticket_pipeline.charts.sparkline import text_sparkline
from ticket_pipeline.market.alert_rules import WHOLE_EVENT, AlertRule, Kind, Measure, show_duration
from ticket_pipeline.market.alert_states import Standing, Transition
from ticket_pipeline.market.vocabulary import FeeBasis, Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.queries.events import WatchedEvent

_FEES = {FeeBasis.ALL_IN: "all fees in", FeeBasis.ASK: "before fees"}


class Occurrence(NamedTuple):
    """One firing, or the end of one."""

    rule_id: int
    rule: AlertRule
    subject: Subject
    standing: Standing
    transition: Transition


def summarise(one: Occurrence) -> str:
    """One line: the measure, where, its value, and what is the matter with it."""
    rule, standing = one.rule, one.standing
    value = show_value(rule, standing.value, one.subject.currency)
    where = _where(one.subject)
    if one.transition is Transition.RESOLVED:
        return f"{_title(rule)}{where} is {value}: no longer {rule.condition}"
    return f"{_title(rule)}{where} is {value}: {_matter(rule, standing)}"


def show_value(rule: AlertRule, value: Decimal | None, currency: str) -> str:
    """A value in its unit."""
    if value is None:
        return "unknown"
    if rule.measure.is_money:
        return f"{value:,.2f} {currency}"
    if rule.measure is Measure.SALES:
        return f"{value:,.1f} (estimated)"
    return f"{value:,.0f}" + (" of 100" if rule.measure is Measure.PERCENTILE else "")


def write_title(event: WatchedEvent, told: Sequence[Occurrence]) -> str:
    """The subject of a message about one event."""
    fired = [one for one in told if one.transition is Transition.FIRED]
    if len(told) == 1:
        return f"{event.name}: {told[0].rule.what} {'is no longer ' * (not fired)}{told[0].rule.condition}"
    return f"{event.name}: {len(fired)} alerts" if fired else f"{event.name}: {len(told)} alerts are over"


def write_body(event: WatchedEvent, told: Sequence[tuple[Occurrence, Sequence[Decimal]]], address: str) -> str:
    """The text of a message about one event.

    Args:
        event: whose.
        told: what fired or ended, each with its hourly values of the last days, the oldest first.
        address: of the dashboard, without a slash at the end.
    """
    place = ", ".join(part for part in (event.name, event.venue, event.city) if part)
    parts = [f"{place}, {_clock(event.event_at, event)}"]
    parts += ["\n".join(_lines(one, values, event)) for one, values in told]
    return "\n\n".join([*parts, f"{address}/events/{event.event_id}"])


def _lines(one: Occurrence, values: Sequence[Decimal], event: WatchedEvent) -> list[str]:
    standing = one.standing
    lines = [f"{summarise(one)}."]
    if one.transition is Transition.FIRED and standing.since_at is not None and standing.captured_at is not None:
        since = f"since {_clock(standing.since_at, event)}" if standing.streak > 1 else "as of the last capture"
        captures = f"{standing.streak} capture{'s' * (standing.streak > 1)}"
        lines.append(f"On {captures}, {since}; seen {_clock(standing.captured_at, event)}.")
    if one.rule.measure.is_money:
        lines.append(f"Per ticket, {_FEES.get(FeeBasis(one.subject.fee_basis), one.subject.fee_basis)}.")
    if drawn := text_sparkline([*values, standing.value]):
        lines.append(f"{drawn}  7 days")
    return [*lines, f"Alert: {one.rule.name}"]


def _title(rule: AlertRule) -> str:
    if rule.measure is Measure.GET_IN:
        return f"Get-in for {rule.number}"
    if rule.measure is Measure.SPREAD:
        return f"Spread for {rule.number}"
    return "Sales" if rule.measure is Measure.SALES else rule.measure.capitalize()


def _where(subject: Subject) -> str:
    zone = "" if subject.zone == WHOLE_EVENT else f" of {subject.zone}"
    return (
        f"{zone} across marketplaces" if subject.marketplace == ACROSS else f"{zone} at {_label(subject.marketplace)}"
    )


def _label(marketplace: str) -> str:
    return Marketplace(marketplace).traits.label


def _matter(rule: AlertRule, standing: Standing) -> str:
    """What is the matter with a value that breaches."""
    condition, value, reference = rule.condition, standing.value or Decimal(), standing.reference
    if reference is None or condition.kind.is_level:
        hours = f" in {rule.number}h" if rule.measure is Measure.SALES else ""
        return f"{condition}{hours}"
    before = show_value(rule, reference, "").strip()
    if condition.kind.is_extreme:
        return f"a {condition} ({'lowest' if condition.kind is Kind.NEW_LOW else 'highest'} before: {before})"
    if condition.kind is Kind.UNUSUAL:
        return f"unusual (14-day mean: {before})"
    change = 100 * (value - reference) / reference
    return f"{'down' if change < 0 else 'up'} {abs(change):.0f}% in {show_duration(condition.window)}, from {before}"


def _clock(moment: datetime, event: WatchedEvent) -> str:
    return f"{moment.astimezone(ZoneInfo(event.timezone)):%a %d %b %H:%M %Z}"
