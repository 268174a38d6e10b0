"""A soak in short: one simulated day with faults and three kills, judged as a long one is."""

from __future__ import annotations

import pytest

from benchmarks.ground import PLAIN, open_ground
from benchmarks.soak.plan import QUICK
from benchmarks.soak.run import run_soak


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_day_alone_with_faults_and_kills_loses_doubles_and_invents_nothing() -> None:
    with open_ground(PLAIN) as ground:
        report = run_soak(ground, QUICK)
    missed = [str(goal) for goal in report.goals if not goal.is_met]
    assert missed == [], str(report)
    figures = {name: figure for name, figure, _ in report.rows}
    assert figures["kills"] == str(QUICK.kills)
    assert int(figures["captures"].replace(",", "")) > 20 * QUICK.events
    assert int(figures["messages"]) > QUICK.events
