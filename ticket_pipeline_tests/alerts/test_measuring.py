"""What rules see of captures equals what their listings and hours say, by brute force."""

from __future__ import annotations

import statistics
from datetime import timedelta
from decimal import Decimal

from hypothesis import given

from ticket_pipeline.alerts.measuring import Capture, Seen, Subject, observe
from ticket_pipeline.market.alert_grammar import parse_rule
from ticket_pipeline.market.alert_rules import Kind, Measure
from ticket_pipeline.market.hours import GROUNDS, PricedListing, floor_price, get_in_prices, is_thin, quantile
from ticket_pipeline.storage.alerts import StoredRule
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.queries.histories import (
    Captured,
    History,
    Stored,
    histories,
    hours_of,
    live_through,
    read_stored,
)
from ticket_pipeline_tests.storage.stored import EXAMPLES_SHARE_A_DATABASE

HOUR = timedelta(hours=1)
RULES = [
    StoredRule(number, parse_rule({"Measure": measure, "Condition": condition, "Zone": zone}))
    for number, (measure, condition, zone) in enumerate(
        [
            ("floor", "below 20", ""),
            ("floor", "falls 10% in 6h", "each"),
            ("get-in 1", "new low", ""),
            ("get-in 2", "rises 10% in 24h", "lower"),
            ("get-in 4", "new high", "each"),
            ("median", "unusual 2", ""),
            ("median", "above 5", "Upper"),
            ("tickets", "falls 30% in 6h", "each"),
            ("listings", "unusual 3", ""),
        ]
    )
]


def value_of(rule: StoredRule, listings: list[PricedListing]) -> Decimal | None:
    """A measure of the listings of one subject."""
    prices = sorted(listing.price for listing in listings)
    measure = rule.rule.measure
    if measure is Measure.FLOOR:
        return floor_price(prices)
    if measure is Measure.GET_IN:
        together = [listing.price for listing in listings if listing.can_sell(rule.rule.number)]
        return None if floor_price(together) != min(together, default=None) else floor_price(together)
    if measure is Measure.TICKETS:
        return Decimal(sum(listing.quantity for listing in listings))
    if measure is Measure.LISTINGS:
        return Decimal(len(listings))
    return median(listings)


def median(listings: list[PricedListing]) -> Decimal | None:
    return statistics.median(listing.price for listing in listings) if listings else None


def of_subject(listings: list[PricedListing], subject: Subject) -> list[PricedListing]:
    return [
        listing
        for listing in listings
        if (listing.currency, listing.fee_basis) == (subject.currency, subject.fee_basis)
        and (listing.zone == subject.zone or (subject.zone == "*" and listing.zone != GROUNDS))
    ]


def expected_subjects(rule: StoredRule, capture: Captured, key: tuple[int, str]) -> set[Subject]:
    zone = rule.rule.zone
    found = set()
    for listing in capture.listings:
        zones = {"*", listing.zone}
        wanted = {each for each in zones if (zone == "each" and each != "*") or each.casefold() == zone.casefold()}
        found |= {Subject(*key, each, listing.currency, listing.fee_basis) for each in wanted}
    return found


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories())
def test_values_and_references_are_those_of_the_listings(database: Database, history: History) -> None:
    event_id = live_through(database, history)
    stored = read_stored(database, event_id)
    captures = sorted(
        (Capture(event_id, marketplace, one.at) for marketplace, own in stored.items() for one in own.captures),
        key=lambda one: one.captured_at,
    )
    sources = {(event_id, marketplace): RULES for marketplace in stored}
    seen = observe(database, captures, sources, {})
    found = {(one.stored.rule_id, one.observation.captured_at, one.subject): one for one in seen if one.is_held}
    for marketplace, own in stored.items():
        for capture in own.captures:
            for rule in RULES:
                subjects = expected_subjects(rule, capture, (event_id, marketplace))
                held = {subject for number, at, subject in found if (number, at) == (rule.rule_id, capture.at)}
                assert {one for one in held if one.marketplace == marketplace} == subjects
                for subject in subjects:
                    _check(rule, found[rule.rule_id, capture.at, subject], own, capture)


def _check(rule: StoredRule, seen: Seen, own: Stored, capture: Captured) -> None:
    listings = of_subject(capture.listings, seen.subject)
    value = value_of(rule, listings)
    assert seen.observation.value == (None if value is None else value.quantize(Decimal("0.01"))) or (
        abs((seen.observation.value or 0) - (value or 0)) <= Decimal("0.01")
    )
    reference = seen.observation.reference
    kind, window = rule.rule.condition.kind, rule.rule.condition.window
    hours = {
        hour: (moments[-1].at, _hour_value(rule, moments, seen.subject)) for hour, moments in hours_of(own).items()
    }
    known = {hour: (at, value) for hour, (at, value) in hours.items() if value is not None}
    if kind.is_level:
        assert reference is None
    elif kind in {Kind.FALLS, Kind.RISES}:
        ago = [
            (hour, at, value)
            for hour, (at, value) in known.items()
            if capture.at - 2 * window - HOUR <= hour and at <= capture.at - window
        ]
        expected = max(ago, default=None)
        assert (None if reference is None else (reference.value, reference.at)) == (
            None if expected is None else (expected[2], expected[1])
        )
    elif kind in {Kind.NEW_LOW, Kind.NEW_HIGH}:
        before = [value for hour, (_, value) in known.items() if hour + HOUR <= capture.at]
        expected_value = (min if kind is Kind.NEW_LOW else max)(before, default=None)
        assert (reference.value if reference else None) == expected_value
    else:
        assert reference is None, "fewer than 24 hours"


def _hour_value(rule: StoredRule, moments: list[Captured], subject: Subject) -> Decimal | None:
    """As hourly_prices has it: of the last capture, the median of all; no row where the hour never had the subject."""
    all_of_it = [listing for moment in moments for listing in of_subject(moment.listings, subject)]
    if not all_of_it:
        return None
    if rule.rule.measure is Measure.MEDIAN:
        middle = median(all_of_it)
        return None if middle is None else quantile([middle, middle], 0).quantize(Decimal("0.01"))  # type: ignore[arg-type]
    last = of_subject(moments[-1].listings, subject)
    if rule.rule.measure is Measure.GET_IN:
        price = get_in_prices(last)[rule.rule.number - 1]
        return None if is_thin(price, floor_price(listing.price for listing in last)) else price
    return value_of(rule, last)
