"""The grammar of alerts: what is read, what is rejected and in which words, and quiet hours."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.alert_grammar import RuleProblemsError, parse_rule
from ticket_pipeline.market.alert_rules import AlertRule, Kind, Measure
from ticket_pipeline.market.quiet_hours import QuietHours
from ticket_pipeline.market.vocabulary import Marketplace

_ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


def rule(measure: str = "floor", condition: str = "below 150", **cells: str) -> AlertRule:
    return parse_rule({"Measure": measure, "Condition": condition, **cells})


def problems(**cells: str) -> str:
    with pytest.raises(RuleProblemsError) as raised:
        parse_rule({"Measure": "floor", "Condition": "below 150", **cells})
    return str(raised.value)


def test_blank_cells_are_the_defaults_and_the_name_says_what_the_rule_does() -> None:
    found = rule("get-in 2", "falls 15% in 24h", Event="glass orchard")
    assert (found.name, found.marketplace, found.zone) == (
        "get-in 2 falls 15% in 24h (glass orchard)",
        None,
        "*",
    )
    assert (found.captures, found.cooldown, found.quiet_hours, found.channels) == (2, timedelta(hours=6), None, ())
    assert found.is_active


@pytest.mark.parametrize(
    ("text", "kind", "amount", "window"),
    [
        ("below 150", Kind.BELOW, "150", 0),
        ("Under $1,150.50", Kind.BELOW, "1150.50", 0),
        ("> 40", Kind.ABOVE, "40", 0),
        ("Falls 15% in 24h", Kind.FALLS, "15", 24),
        ("drops by 7.5 % within 2 days", Kind.FALLS, "7.5", 48),
        ("rises 20% in 90m", Kind.RISES, "20", 1.5),
        ("new low", Kind.NEW_LOW, "0", 0),
        ("new highest", Kind.NEW_HIGH, "0", 0),
        ("unusual", Kind.UNUSUAL, "3", 0),
        ("unusual 2.5", Kind.UNUSUAL, "2.5", 0),
    ],
)
def test_conditions(text: str, kind: Kind, amount: str, window: float) -> None:
    found = rule(condition=text).condition
    assert (found.kind, found.amount, found.window) == (kind, Decimal(amount), timedelta(hours=window))
    assert rule(condition=str(found)).condition == found


@pytest.mark.parametrize(
    ("text", "measure", "number"),
    [
        ("floor", Measure.FLOOR, 0),
        ("Get in", Measure.GET_IN, 1),
        ("get-in 8", Measure.GET_IN, 8),
        ("sales", Measure.SALES, 24),
        ("sales 2d", Measure.SALES, 48),
        ("spread 2", Measure.SPREAD, 2),
        ("percentile", Measure.PERCENTILE, 0),
    ],
)
def test_measures(text: str, measure: Measure, number: int) -> None:
    found = rule(text)
    assert (found.measure, found.number) == (measure, number)
    assert rule(found.what).what == found.what


def test_every_mistake_names_its_cell_and_what_to_write() -> None:
    text = problems(
        Measure="flor",
        Condition="cheap",
        Marketplace="ebay",
        Captures="many",
        Cooldown="soon",
        **{"Quiet hours": "at night"},
        Channels="slack://token",
        Active="perhaps",
    )
    for start in (
        "Measure 'flor' is not a measure: write floor",
        "Condition 'cheap' is not a condition: write below 150",
        "Marketplace 'ebay' is not a marketplace with listings: write StubHub",
        "Captures 'many' is not a number",
        "Cooldown 'soon' has no duration",
        "Quiet hours 'at night' are no hours: write them like 22:00-08:00",
        "Channels 'slack://token' holds an address",
        "Active 'perhaps' is neither yes nor no",
    ):
        assert start in text


def test_what_has_no_history_has_only_levels() -> None:
    assert "spread has none" in problems(Measure="spread 2", Condition="new low")
    assert "sales has none" in problems(Measure="sales 24h", Condition="rises 20% in 6h")
    assert rule("sales 24h", "above 40").condition.kind is Kind.ABOVE
    assert rule(Marketplace="vivid seats").marketplace is Marketplace.VIVID_SEATS


@given(text=st.text(max_size=40))
def test_any_text_is_a_rule_or_a_reason(text: str) -> None:
    for field in ("Measure", "Condition", "Cooldown", "Quiet hours", "Captures", "Channels"):
        with contextlib.suppress(RuleProblemsError):
            parse_rule({"Measure": "floor", "Condition": "below 1", field: text})


@given(
    start=st.integers(0, 1439),
    length=st.integers(1, 1379),  # the rest is longer than the hour that is left out in spring
    zone=st.sampled_from(_ZONES),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_quiet_hours_end_within_a_day_and_outside_them_nothing_waits(
    start: int, length: int, zone: str, moment: datetime
) -> None:
    end = (start + length) % 1440
    hours = QuietHours.read(f"{start // 60}:{start % 60:02}-{end // 60}:{end % 60:02} {zone}")
    assert QuietHours.read(str(hours)) == hours
    aware = moment.replace(tzinfo=UTC)
    after = hours.after(aware, "UTC")
    assert aware <= after <= aware + timedelta(hours=25)
    assert hours.after(after, "UTC") == after


def test_quiet_hours_over_midnight_are_of_the_events_zone_unless_they_name_one() -> None:
    night = QuietHours.read("22:00-08:00")
    late = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # 23:00 in New York
    assert night.after(late, "America/New_York") == datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
    assert night.after(late, "UTC") == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert night.after(datetime(2026, 3, 3, 12, 0, tzinfo=UTC), "UTC").hour == 12
    assert QuietHours.read("22:00-08:00 Asia/Tokyo").after(late, "UTC") == late


def test_quiet_hours_that_end_in_an_hour_that_comes_twice_hold_in_both() -> None:
    night, zone = QuietHours.read("23:00-01:30"), "America/New_York"
    first, again = datetime(2026, 11, 1, 5, 15, tzinfo=UTC), datetime(2026, 11, 1, 6, 15, tzinfo=UTC)  # 01:15, twice
    assert night.after(first, zone) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert night.after(again, zone) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
