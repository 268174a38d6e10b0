"""What becomes of an alert from capture to capture, as a state machine without a clock.

    normal ──breach──> pending ──k captures──> firing ──clear──> recovering ──k captures──> normal
    any ──no value──> no data ──value──> as before: what has fired stays open until it recovers

A rule fires once, and again only after it has recovered and its cooldown is over. `advance` takes captures in their
order; one that is not newer than the last changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum, auto
from typing import NamedTuple

from ticket_pipeline.market.alert_rules import AlertRule, Condition, Kind

LEVEL_MARGIN = Decimal("0.02")
"""Share of a level by which a value must be back before the alert recovers: a price that rests on it does not flap."""
CHANGE_MARGIN = Decimal(2)
"""Percentage points of a change."""
UNUSUAL_MARGIN = Decimal("0.5")
"""Standard deviations."""

_LEAST_DEVIATION = Decimal("0.01")
"""Share of the mean that a standard deviation counts as at least: after two flat weeks a cent is no sensation."""


class AlertState(StrEnum):
    """What is stored, and shown."""

    NORMAL = "normal"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no data"


class Verdict(StrEnum):
    """One value against a condition; between: neither holds nor is far enough back."""

    BREACH = auto()
    BETWEEN = auto()
    CLEAR = auto()
    NO_DATA = auto()


class Transition(StrEnum):
    """What is told."""

    FIRED = "fired"
    RESOLVED = "resolved"


class Reference(NamedTuple):
    """What a value is compared with: an earlier value, as of `at`; or mean and deviation of what was before `at`."""

    value: Decimal
    at: datetime | None = None
    deviation: Decimal = Decimal()


class Observation(NamedTuple):
    """One capture; no value: nothing is for sale, or it stands alone, as `obstacle` says."""

    captured_at: datetime
    value: Decimal | None
    reference: Reference | None = None
    obstacle: str | None = None


class Standing(NamedTuple):
    """Where one rule stands with one subject.

    Attributes:
        streak: captures in a row that breach while pending, or are clear while recovering.
        is_open: fired, and not recovered.
        since_at: the first capture of the breach under way, or of the last one.
        fired_at: the capture that fired last.
        captured_at: the last capture; None: there was none.
        reference: what `value` was compared with.
        deviation: beside a reference that is a mean.
        extreme: for `new low` the lowest value before and of all captures, for `new high` the highest.
        obstacle: why there is no data; None in any other state.
    """

    state: AlertState = AlertState.NORMAL
    streak: int = 0
    is_open: bool = False
    since_at: datetime | None = None
    fired_at: datetime | None = None
    captured_at: datetime | None = None
    value: Decimal | None = None
    reference: Decimal | None = None
    reference_at: datetime | None = None
    deviation: Decimal | None = None
    extreme: Decimal | None = None
    obstacle: str | None = None


NEW = Standing()


def judge(condition: Condition, value: Decimal | None, reference: Reference | None) -> Verdict:
    """Compare a value as the condition says; no value, or no reference where one is needed, is no data."""
    if value is None or (reference is None and not condition.kind.is_level):
        return Verdict.NO_DATA
    if reference is None:
        return _judge_level(condition, value)
    if condition.kind.is_extreme:
        sign = 1 if condition.kind is Kind.NEW_LOW else -1
        return Verdict.BREACH if sign * value < sign * reference.value else Verdict.CLEAR
    if condition.kind is Kind.UNUSUAL:
        deviation = max(reference.deviation, _LEAST_DEVIATION * abs(reference.value))
        distance = abs(value - reference.value)
        return _ranked(distance, condition.amount * deviation, (condition.amount - UNUSUAL_MARGIN) * deviation)
    if not reference.value:
        return Verdict.NO_DATA  # a share of nothing
    sign = -1 if condition.kind is Kind.FALLS else 1
    change = sign * 100 * (value - reference.value) / reference.value
    return _ranked(change, condition.amount, condition.amount - CHANGE_MARGIN)


def _judge_level(condition: Condition, value: Decimal) -> Verdict:
    margin = LEVEL_MARGIN * condition.amount
    sign = -1 if condition.kind is Kind.BELOW else 1
    distance = sign * (value - condition.amount)
    if distance > 0:
        return Verdict.BREACH
    return Verdict.BETWEEN if distance > -margin else Verdict.CLEAR


def _ranked(number: Decimal, breach: Decimal, clear: Decimal) -> Verdict:
    if number >= breach > 0:
        return Verdict.BREACH
    return Verdict.BETWEEN if number > clear else Verdict.CLEAR


def advance(before: Standing, seen: Observation, rule: AlertRule) -> tuple[Standing, Transition | None]:
    """Where a rule stands after one more capture, and what is to be told of it."""
    if before.captured_at is not None and seen.captured_at <= before.captured_at:
        return before, None
    reference = _reference(before, seen, rule.condition.kind)
    after, transition = _move(before, judge(rule.condition, seen.value, reference), seen.captured_at, rule)
    known = after._replace(
        captured_at=seen.captured_at,
        value=seen.value,
        reference=reference.value if reference else None,
        reference_at=reference.at if reference else None,
        deviation=reference.deviation or None if reference else None,
        extreme=_extreme(_before(before, seen, rule.condition.kind), seen.value, rule.condition.kind),
        obstacle=_obstacle(seen, reference) if after.state is AlertState.NO_DATA else None,
    )
    return known, transition


def _obstacle(seen: Observation, reference: Reference | None) -> str:
    """Why a capture is no data for a rule."""
    if seen.value is None:
        return seen.obstacle or "nothing is for sale"
    return "nothing to compare with yet" if reference is None else "it was 0 before"


def _reference(before: Standing, seen: Observation, kind: Kind) -> Reference | None:
    """A new low is compared with all that was before it; while it is pending, with what was before it began."""
    if not kind.is_extreme:
        return seen.reference
    if before.state is AlertState.PENDING and before.reference is not None:
        return Reference(before.reference, before.reference_at)
    value = _before(before, seen, kind)
    return None if value is None else Reference(value)


def _before(before: Standing, seen: Observation, kind: Kind) -> Decimal | None:
    """The extreme of all that was before a capture."""
    return _extreme(seen.reference.value if seen.reference else None, before.extreme, kind)


def _extreme(one: Decimal | None, other: Decimal | None, kind: Kind) -> Decimal | None:
    if not kind.is_extreme:
        return None
    known = [value for value in (one, other) if value is not None]
    return (min if kind is Kind.NEW_LOW else max)(known, default=None)


def _move(before: Standing, verdict: Verdict, at: datetime, rule: AlertRule) -> tuple[Standing, Transition | None]:
    if verdict is Verdict.NO_DATA:
        return before._replace(state=AlertState.NO_DATA, streak=0), None
    if before.is_open:
        return _recover(before, verdict, rule)
    if verdict is not Verdict.BREACH:
        return before._replace(state=AlertState.NORMAL, streak=0), None
    is_pending = before.state is AlertState.PENDING
    streak, since = (before.streak + 1, before.since_at) if is_pending else (1, at)
    is_rested = before.fired_at is None or at - before.fired_at >= rule.cooldown
    if streak >= rule.captures and is_rested:
        fired = before._replace(state=AlertState.FIRING, streak=streak, is_open=True, since_at=since, fired_at=at)
        return fired, Transition.FIRED
    return before._replace(state=AlertState.PENDING, streak=streak, since_at=since), None


def _recover(before: Standing, verdict: Verdict, rule: AlertRule) -> tuple[Standing, Transition | None]:
    if verdict is not Verdict.CLEAR:
        return before._replace(state=AlertState.FIRING, streak=0), None
    streak = before.streak + 1 if before.state is AlertState.RECOVERING else 1
    if streak < rule.captures:
        return before._replace(state=AlertState.RECOVERING, streak=streak), None
    return before._replace(state=AlertState.NORMAL, streak=0, is_open=False), Transition.RESOLVED
