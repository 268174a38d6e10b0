"""Laws of the state machine of alerts, over random sequences of captures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.alert_grammar import parse_rule
from ticket_pipeline.market.alert_rules import AlertRule
from ticket_pipeline.market.alert_states import (
    NEW,
    AlertState,
    Observation,
    Reference,
    Standing,
    Transition,
    Verdict,
    advance,
    judge,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
CONDITIONS = ["below 100", "above 100", "falls 10% in 6h", "rises 10% in 6h", "new low", "new high", "unusual 2"]

_rules = st.builds(
    lambda condition, captures, cooldown: parse_rule(
        {"Measure": "floor", "Condition": condition, "Captures": str(captures), "Cooldown": f"{cooldown}h"}
    ),
    st.sampled_from(CONDITIONS),
    st.integers(1, 4),
    st.integers(0, 12),
)
_values = st.none() | st.sampled_from([Decimal(value) for value in (80, 95, 99, 100, 101, 102, 103, 120)])
_observations = st.lists(
    st.tuples(st.integers(1, 180), _values, st.none() | st.sampled_from([Decimal(90), Decimal(100), Decimal(110)])),
    max_size=40,
)


def observe(steps: list[tuple[int, Decimal | None, Decimal | None]]) -> list[Observation]:
    """Captures so many minutes apart."""
    at = START
    found = []
    for minutes, value, reference in steps:
        at += timedelta(minutes=minutes)
        known = None if reference is None else Reference(reference, START, Decimal(5))
        found.append(Observation(at, value, known))
    return found


def follow(rule: AlertRule, seen: list[Observation]) -> list[tuple[Standing, Transition | None]]:
    steps = []
    standing = NEW
    for one in seen:
        standing, transition = advance(standing, one, rule)
        steps.append((standing, transition))
    return steps


@given(rule=_rules, steps=_observations)
def test_firings_and_recoveries_alternate(
    rule: AlertRule, steps: list[tuple[int, Decimal | None, Decimal | None]]
) -> None:
    told = [transition for _, transition in follow(rule, observe(steps)) if transition]
    expected = [Transition.FIRED, Transition.RESOLVED] * len(told)
    assert told == expected[: len(told)]


@given(rule=_rules, steps=_observations)
def test_a_firing_rests_on_its_captures_in_a_row_and_on_its_cooldown(
    rule: AlertRule, steps: list[tuple[int, Decimal | None, Decimal | None]]
) -> None:
    seen = observe(steps)
    fired_at: list[datetime] = []
    for number, (standing, transition) in enumerate(follow(rule, seen)):
        if transition is not Transition.FIRED:
            continue
        assert standing.streak >= rule.captures
        assert standing.since_at == seen[number + 1 - standing.streak].captured_at
        assert all(one.value is not None for one in seen[number + 1 - standing.streak : number + 1])
        assert not fired_at or standing.captured_at - fired_at[-1] >= rule.cooldown  # type: ignore[operator] # it has one
        assert standing.captured_at is not None
        fired_at.append(standing.captured_at)


@given(rule=_rules, steps=_observations, data=st.data())
def test_a_capture_that_is_not_newer_changes_nothing(
    rule: AlertRule, steps: list[tuple[int, Decimal | None, Decimal | None]], data: st.DataObject
) -> None:
    seen = observe(steps)
    standing = follow(rule, seen)[-1][0] if seen else NEW
    if seen:
        late = data.draw(st.sampled_from(seen))
        assert advance(standing, late._replace(value=Decimal(1)), rule) == (standing, None)


@given(rule=_rules, steps=_observations)
def test_no_value_is_its_own_state_and_forgets_no_firing(
    rule: AlertRule, steps: list[tuple[int, Decimal | None, Decimal | None]]
) -> None:
    before = NEW
    for one in observe(steps):
        standing, transition = advance(before, one, rule)
        if one.value is None:
            assert (standing.state, standing.is_open, transition) == (AlertState.NO_DATA, before.is_open, None)
        before = standing


@given(rule=_rules, steps=_observations)
def test_the_order_of_states_is_that_of_the_picture(
    rule: AlertRule, steps: list[tuple[int, Decimal | None, Decimal | None]]
) -> None:
    before = NEW
    for one in observe(steps):
        after, _ = advance(before, one, rule)
        if after.state is AlertState.RECOVERING:
            assert before.is_open
        if after.state is AlertState.PENDING:
            assert not before.is_open
        if after.state is AlertState.NORMAL and before.is_open:
            assert rule.captures == 1 or before.state is AlertState.RECOVERING
        assert after.is_open == (after.state in {AlertState.FIRING, AlertState.RECOVERING}) or (
            after.state is AlertState.NO_DATA
        )
        before = after


@given(value=st.decimals(1, 200, places=2), condition=st.sampled_from(["below 100", "above 100"]))
def test_a_level_recovers_only_two_percent_beyond_it(value: Decimal, condition: str) -> None:
    verdict = judge(parse_rule({"Measure": "floor", "Condition": condition}).condition, value, None)
    beyond = value - 100 if condition == "above 100" else 100 - value
    expected = Verdict.BREACH if beyond > 0 else Verdict.BETWEEN if beyond > -2 else Verdict.CLEAR
    assert verdict is expected


def test_a_change_recovers_two_points_short_of_it_and_an_unusual_value_half_a_deviation() -> None:
    falls = parse_rule({"Measure": "floor", "Condition": "falls 10% in 6h"}).condition
    verdicts = [judge(falls, Decimal(value), Reference(Decimal(100))) for value in ("90", "91", "92", "93", "130")]
    assert verdicts == [Verdict.BREACH, Verdict.BETWEEN, Verdict.CLEAR, Verdict.CLEAR, Verdict.CLEAR]
    unusual = parse_rule({"Measure": "floor", "Condition": "unusual 2"}).condition
    spread = Reference(Decimal(100), None, Decimal(5))
    verdicts = [judge(unusual, Decimal(value), spread) for value in ("90", "110", "108", "107", "100")]
    assert verdicts == [Verdict.BREACH, Verdict.BREACH, Verdict.BETWEEN, Verdict.CLEAR, Verdict.CLEAR]
    assert judge(unusual, Decimal("101.50"), Reference(Decimal(100))) is Verdict.CLEAR, "after flat weeks 1 % is one"


def test_a_new_low_is_below_all_before_it_and_each_further_one_fires_after_a_recovery() -> None:
    rule = parse_rule({"Measure": "floor", "Condition": "new low", "Captures": "2", "Cooldown": "0"})
    prices = [100, 90, 90, 90, 90, 95, 89, 89, 89]
    seen = [
        Observation(START + timedelta(hours=n), Decimal(price), Reference(Decimal(98)))
        for n, price in enumerate(prices)
    ]
    told = [transition for _, transition in follow(rule, seen)]
    assert told == [None, None, Transition.FIRED, None, Transition.RESOLVED, None, None, Transition.FIRED, None]
