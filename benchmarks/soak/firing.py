"""What a rule fires on the true listings of one event: small and slow, and without a line of the pipeline's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from ticket_pipeline.market.alert_rules import Kind, Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.simulator.listing import SimulatedListing

_HOUR = timedelta(hours=1)
_USUAL = timedelta(days=14)
_FEWEST_HOURS = 24
_BREACH, _BETWEEN, _CLEAR = "breach", "between", "clear"
_MARGIN = Decimal("0.02")
_POINTS = Decimal(2)
_DEVIATIONS = Decimal("0.5")


@dataclass(frozen=True)
class Seen:
    """A trusted capture of a market; it is tried at `tried_at`, which is later where it had to be confirmed."""

    at: datetime
    tried_at: datetime
    seats: Sequence[SimulatedListing]

    @property
    def hour(self) -> datetime:
        """The hour that it belongs to."""
        return self.at.replace(minute=0)


def value_of(rule: AlertRule, seats: Sequence[SimulatedListing]) -> Decimal | None:
    """Tickets, listings, floor or get-in price; None where a price is thin or there is none."""
    if rule.measure is Measure.TICKETS:
        return Decimal(sum(seat.quantity for seat in seats))
    if rule.measure is Measure.LISTINGS:
        return Decimal(len(seats))
    if rule.measure is Measure.GET_IN:
        seats = [seat for seat in seats if seat.quantity >= rule.number]  # StubHub does not show how they are split
    prices = sorted(seat.all_in_price for seat in seats if seat.all_in_price is not None)
    near = [
        price
        for price in prices
        if sum(price <= other <= Decimal("1.15") * price for other in prices) >= 3  # noqa: PLR2004
    ]
    if rule.measure is Measure.GET_IN:
        return prices[0] if prices and near and near[0] == prices[0] else None
    return near[0] if near else None


def fire(rule: AlertRule, captures: Sequence[Seen]) -> Iterator[tuple[datetime, str]]:
    """When the rule fires and recovers on the captures of one event, given in the order in which they are tried."""
    is_open, streak, state, fired_at = False, 0, "", None
    began_with: Decimal | None = None
    history: list[tuple[Seen, Decimal | None]] = []
    for one in captures:
        value = value_of(rule, one.seats)
        reference = began_with if state == "pending" and began_with is not None else _reference(rule, one, history)
        verdict = _judge(rule, value, reference)
        history.append((one, value))
        if verdict is None:
            state, streak = "", 0
        elif is_open:
            streak = streak + 1 if verdict == _CLEAR and state == "recovering" else int(verdict == _CLEAR)
            state = "recovering" if streak else "firing"
            if streak == rule.captures:
                is_open, state, streak = False, "", 0
                yield one.at, "resolved"
        elif verdict != _BREACH:
            state, streak = "", 0
        else:
            streak = streak + 1 if state == "pending" else 1
            state, began_with = "pending", _kept(rule, reference)
            if streak >= rule.captures and (fired_at is None or one.at - fired_at >= rule.cooldown):
                is_open, state, streak, fired_at = True, "firing", 0, one.at
                yield one.at, "fired"


_Reference = Decimal | tuple[Decimal, Decimal]


def _kept(rule: AlertRule, reference: _Reference | None) -> Decimal | None:
    """An extreme stays what it was before a breach began."""
    is_extreme = rule.condition.kind in {Kind.NEW_LOW, Kind.NEW_HIGH}
    return reference if is_extreme and isinstance(reference, Decimal) else None


def _reference(rule: AlertRule, one: Seen, history: list[tuple[Seen, Decimal | None]]) -> _Reference | None:
    kind, span = rule.condition.kind, rule.condition.window
    known = [(seen, value) for seen, value in history if value is not None]
    if kind in {Kind.NEW_LOW, Kind.NEW_HIGH}:
        return (min if kind is Kind.NEW_LOW else max)((value for _, value in known), default=None)
    # By the hour, which shows its last capture; a capture is in its hour from the tick after it was tried.
    hours = {seen.hour: (seen, value) for seen, value in history if seen.tried_at < one.tried_at}
    valued = [(seen, value) for seen, value in hours.values() if value is not None]
    if kind in {Kind.FALLS, Kind.RISES}:
        old = [
            (seen, value)
            for seen, value in valued
            if one.at - 2 * span - _HOUR <= seen.hour and seen.at <= one.at - span
        ]
        return max(old, key=lambda item: item[0].at)[1] if old else None
    if kind is Kind.UNUSUAL:
        usual = [float(value) for seen, value in valued if one.at - _USUAL <= seen.hour < one.hour]
        return (Decimal(fmean(usual)), Decimal(stdev(usual))) if len(usual) >= _FEWEST_HOURS else None
    return None


def _judge(rule: AlertRule, value: Decimal | None, reference: _Reference | None) -> str | None:
    """Breach, clear, or between: back by less than the margin. None: there is nothing to judge."""
    kind, amount = rule.condition.kind, rule.condition.amount
    if value is None or (reference is None and kind not in {Kind.BELOW, Kind.ABOVE}):
        return None
    if reference is None:
        beyond = amount - value if kind is Kind.BELOW else value - amount
        return _BREACH if beyond > 0 else _BETWEEN if beyond > -_MARGIN * amount else _CLEAR
    if isinstance(reference, tuple):
        mean, deviation = reference[0], max(reference[1], reference[0] / 100)
        far = abs(value - mean) / deviation
        return _BREACH if far >= amount else _BETWEEN if far > amount - _DEVIATIONS else _CLEAR
    beyond = reference - value if kind in {Kind.NEW_LOW, Kind.FALLS} else value - reference
    if kind in {Kind.NEW_LOW, Kind.NEW_HIGH}:
        return _BREACH if beyond > 0 else _CLEAR
    if not reference:
        return None
    percent = 100 * beyond / reference
    return _BREACH if percent >= amount else _BETWEEN if percent > amount - _POINTS else _CLEAR
