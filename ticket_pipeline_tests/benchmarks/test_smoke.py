"""Every benchmark runs to its end on a little data, and its counts are right; its times mean nothing here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.__main__ import MEASURES, conclude, main
from benchmarks.ground import PLAIN, Ground, open_ground
from benchmarks.report import Goal, Report

# What a benchmark promises besides times: that it did the work it speaks of.
COUNTED = {
    "a": [],
    "b": ["runs", "events with their own materialization"],
    "c": ["partitions materialized"],
    "d": [],
    "e": [],
    "f": [],
    "g": [],
    "h": ["rows in the Parquet files"],
    "i": ["a listing of 304 listings"],
    "k": [],
}
"""Without (j), which takes as long as three others: the tests of the dashboard open its pages in a browser, too."""


def test_every_other_benchmark_is_tried() -> None:
    assert MEASURES.keys() - COUNTED.keys() == {"j"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with open_ground(PLAIN) as opened:
        yield opened


@pytest.mark.parametrize("name", COUNTED)
def test_a_benchmark_does_its_work_and_names_its_goals(ground: Ground, name: str) -> None:
    report = MEASURES[name](ground, quick=True)
    assert report.title.startswith(f"({name})")
    assert "fsync on" in report.title
    assert report.rows
    # (g) is a difference: of eight captures it can be lost in the noise of a busy machine.
    assert name == "g" or all(goal.measured > 0 for goal in report.goals)
    goals = {goal.what: goal for goal in report.goals}
    for counted in COUNTED[name]:
        assert goals[counted].is_met, goals[counted]
    memory = [goal for goal in report.goals if goal.what.startswith("memory")]
    assert all(goal.is_met for goal in memory)
    assert len(memory) == (name in {"b", "c", "h"})


def test_the_command_says_what_it_measured_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["d", "--server", "plain", "--quick"]) == 0
    said = capsys.readouterr().out
    for part in ("cores", "dagster 1.", "PostgreSQL 1", "goals met"):
        assert part in said


@pytest.mark.parametrize(("measured", "is_strict", "code"), [(2, False, 0), (2, True, 1), (1, True, 0)])
def test_only_a_strict_run_fails_by_a_missed_goal(
    measured: float, *, is_strict: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("title", goals=[Goal("one", measured, 1), Goal("other", 1, 1)])
    assert conclude([report], is_strict=is_strict) == code
    assert capsys.readouterr().out == f"{3 - measured} of 2 goals met\n"
