"""The grammar of price alerts: text to a rule. Pure; every mistake names its cell, and what to write instead.

What belongs here: one rule at a time. What does not: where rules are written (`sheet.alerts`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from ticket_pipeline.market.alert_rules import (
    ANY,
    EVERY_ZONE,
    HOUR,
    WHOLE_EVENT,
    AlertField,
    AlertRule,
    Condition,
    Kind,
    Measure,
)
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.market.quiet_hours import QuietHours
from ticket_pipeline.market.vocabulary import Marketplace

_T = TypeVar("_T")


class RuleProblemsError(ValueError):
    """Why a rule cannot be used: `reasons` are sentences that name the cells."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class _Unreadable(ValueError):
    """Completes the sentence that begins with the column and the value."""


def parse_rule(cells: Mapping[str, str]) -> AlertRule:
    """Read the cells of a rule, by `AlertField`; missing ones are blank. RuleProblemsError with all that is wrong."""
    text: dict[str, str] = {name: " ".join(cells.get(name, "").split()) for name in AlertField}
    reasons: list[str] = []

    def read(name: AlertField, parse: Callable[[str], _T], instead: _T) -> _T:
        try:
            return parse(text[name])
        except ValueError as problem:
            reasons.append(f"{name} '{text[name]}' {problem}.")
            return instead

    event = text[AlertField.EVENT]
    measure, number = read(AlertField.MEASURE, _parse_measure, (Measure.FLOOR, 0))
    rule = AlertRule(
        name=text[AlertField.ALERT] or _default_name(text),
        event="" if event.casefold() in ANY else event,
        marketplace=read(AlertField.MARKETPLACE, _parse_marketplace, None),
        zone=_parse_zone(text[AlertField.ZONE]),
        measure=measure,
        number=number,
        condition=read(AlertField.CONDITION, _parse_condition, Condition(Kind.BELOW)),
        captures=read(AlertField.CAPTURES, _parse_captures, 2),
        cooldown=read(AlertField.COOLDOWN, _parse_cooldown, timedelta()),
        quiet_hours=read(AlertField.QUIET_HOURS, _parse_quiet_hours, None),
        channels=read(AlertField.CHANNELS, _parse_channels, ()),
        is_active=read(AlertField.ACTIVE, _parse_active, True),  # noqa: FBT003 - where it cannot be read
    )
    if reasons := reasons or _contradictions(rule):
        raise RuleProblemsError(reasons)
    return rule


def parse_amount(text: str) -> Decimal:
    """A number that is not negative, with or without a currency sign and thousands separated by commas."""
    bare = re.sub(r"[$€£\s]|,(?=\d{3}\b)", "", text)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,4})?", bare):
        raise _Unreadable(f"has no number that can be read in '{text}': write one such as 150 or 99.50")
    return Decimal(bare)


def _default_name(text: Mapping[str, str]) -> str:
    parts = [text[AlertField.MEASURE], text[AlertField.CONDITION]]
    scope = [text[name] for name in (AlertField.EVENT, AlertField.MARKETPLACE, AlertField.ZONE) if text[name]]
    return " ".join(parts) + (f" ({', '.join(scope)})" if scope else "")


def _contradictions(rule: AlertRule) -> list[str]:
    reasons = []
    if not rule.condition.kind.is_level and not rule.measure.has_history:
        reasons.append(
            f"Condition '{rule.condition}' needs earlier values, and {rule.measure} has none: write below or above and "
            "a number."
        )
    if rule.measure is Measure.SPREAD and rule.marketplace is not None:
        reasons.append("A spread is across marketplaces: leave Marketplace blank.")
    if rule.measure in {Measure.SPREAD, Measure.PERCENTILE} and rule.zone != WHOLE_EVENT:
        reasons.append(f"A {rule.measure} is of the whole event: leave Zone blank.")
    if rule.measure is Measure.SALES and rule.zone == EVERY_ZONE:
        reasons.append("Sales are of one zone or the whole event: name a zone, or leave Zone blank.")
    return reasons


_MARKETPLACES = {
    key: marketplace
    for marketplace in Marketplace
    if marketplace.has_listings
    for key in (marketplace.value.replace("_", ""), marketplace.traits.label.casefold().replace(" ", ""))
}


def _parse_marketplace(text: str) -> Marketplace | None:
    key = re.sub(r"[^a-z0-9]", "", text.casefold())
    if text.casefold() in ANY:
        return None
    if key not in _MARKETPLACES:
        labels = ", ".join(one.traits.label for one in Marketplace if one.has_listings)
        raise _Unreadable(f"is not a marketplace with listings: write {labels}, or leave it blank for each")
    return _MARKETPLACES[key]


def _parse_zone(text: str) -> str:
    is_every = text.casefold() == EVERY_ZONE
    return EVERY_ZONE if is_every else text or WHOLE_EVENT


_MEASURE = re.compile(r"(floor|get-? ?in|median|tickets|listings|sales|spread|percentile)(?: (\d{1,3}) ?(h|d)?)?")


def _parse_measure(text: str) -> tuple[Measure, int]:
    match = _MEASURE.fullmatch(text.casefold())
    if match is None:
        raise _Unreadable(
            "is not a measure: write floor, get-in 1 to get-in 8, median, tickets, listings, sales 24h, spread 2 or "
            "percentile"
        )
    word, number, unit = match.groups()
    measure = Measure.GET_IN if word.startswith("get") else Measure(word)
    if measure is Measure.SALES:
        hours = int(number or 24) * (24 if unit == "d" else 1)
        if not 1 <= hours <= 24 * 14:
            raise _Unreadable("is out of bounds: sales are summed over 1 hour to 14 days")
        return measure, hours
    if measure in {Measure.GET_IN, Measure.SPREAD}:
        together = int(number or 1)
        if unit or not 1 <= together <= MOST_TOGETHER:
            raise _Unreadable(f"is out of bounds: prices are known for 1 to {MOST_TOGETHER} tickets together")
        return measure, together
    if number:
        raise _Unreadable(f"has a number too many: write {measure}")
    return measure, 0


_DURATION = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) ?(m|min|minutes?|h|hours?|d|days?|w|weeks?)")
_UNITS = {"m": timedelta(minutes=1), "h": HOUR, "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LEVEL = re.compile(r"(below|under|<|above|over|>) ?(.+)")
_CHANGE = re.compile(r"(falls?|drops?|rises?)(?: by)? (.+?) ?(?:%|percent) (?:in|within) (.+)")
_NEW = re.compile(r"new (low|high)(?:est)?")
_UNUSUAL = re.compile(r"unusual(?: (.+))?")
_LONGEST_WINDOW = timedelta(days=30)
_LARGEST_Z = 10
_CONDITIONS = "below 150, above 400, falls 15% in 24h, rises 20% in 6h, new low, new high or unusual 3"


def _parse_condition(text: str) -> Condition:
    words = text.casefold()
    if level := _LEVEL.fullmatch(words):
        kind = Kind.BELOW if level[1] in {"below", "under", "<"} else Kind.ABOVE
        return Condition(kind, parse_amount(level[2]))
    if change := _CHANGE.fullmatch(words):
        return _parse_change(Kind.RISES if change[1].startswith("rise") else Kind.FALLS, change[2], change[3])
    if new := _NEW.fullmatch(words):
        return Condition(Kind(f"new {new[1]}"))
    if unusual := _UNUSUAL.fullmatch(words):
        amount = parse_amount(unusual[1] or "3")
        if not 1 <= amount <= _LARGEST_Z:
            raise _Unreadable("is out of bounds: write how many standard deviations, 1 to 10")
        return Condition(Kind.UNUSUAL, amount)
    raise _Unreadable(f"is not a condition: write {_CONDITIONS}")


def _parse_change(kind: Kind, percent: str, window: str) -> Condition:
    amount, duration = parse_amount(percent), parse_span(window)
    if not amount or (kind is Kind.FALLS and amount > 100):  # noqa: PLR2004 - all of it
        raise _Unreadable("is out of bounds: a fall is more than 0 % and at most 100 %, a rise more than 0 %")
    if not HOUR <= duration <= _LONGEST_WINDOW:
        raise _Unreadable("is out of bounds: a change is over 1 hour to 30 days")
    return Condition(kind, amount, duration)


def parse_span(text: str) -> timedelta:
    """A duration such as `90m`, `6h`, `1d` or `2 weeks`."""
    match = _DURATION.fullmatch(text.casefold())
    if match is None:
        raise _Unreadable(f"has no duration that can be read in '{text}': write one such as 90m, 6h or 1d")
    return float(match[1]) * _UNITS[match[2][0]]


_MOST_CAPTURES = 20


def _parse_captures(text: str) -> int:
    if not text:
        return 2
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_CAPTURES:
        raise _Unreadable(f"is not a number of captures: write 1 to {_MOST_CAPTURES}, or leave it blank for 2")
    return int(text)


def _parse_cooldown(text: str) -> timedelta:
    if not text:
        return 6 * HOUR
    cooldown = timedelta() if text == "0" else parse_span(text)
    if cooldown > _LONGEST_WINDOW:
        raise _Unreadable("is too long: at most 30d")
    return cooldown


def _parse_quiet_hours(text: str) -> QuietHours | None:
    return QuietHours.read(text) if text else None


def _parse_channels(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip().casefold())))
    if set(tags) <= ANY:
        return ()
    if any("://" in tag for tag in tags):
        raise _Unreadable("holds an address: addresses are secrets and stand in ALERT_URLS; write their tags here")
    return tags


def _parse_active(text: str) -> bool:
    word = text.casefold()
    if word in {"", "true", "yes", "y", "1", "on", "x"}:
        return True
    if word in {"false", "no", "n", "0", "off"}:
        return False
    raise _Unreadable("is neither yes nor no: write TRUE or FALSE, or leave it blank for TRUE")
