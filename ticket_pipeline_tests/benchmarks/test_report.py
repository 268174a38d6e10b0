"""The figures of a benchmark's report."""

from __future__ import annotations

import pytest

from benchmarks.report import Goal, Report, percentile, spread


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        (Goal("ratio", 0.5, 0.5, is_floor=True), "PASS  ratio: 0.5 (at least 0.5)"),
        (Goal("ratio", 0.49, 0.5, is_floor=True), "MISS  ratio: 0.49 (at least 0.5)"),
        (Goal("time", 10.0, 10, unit=" ms"), "PASS  time: 10 ms (at most 10 ms)"),
        (Goal("time", 10.1, 10, unit=" ms"), "MISS  time: 10.1 ms (at most 10 ms)"),
        (Goal("events", 1000, 1000, is_floor=True), "PASS  events: 1,000 (at least 1,000)"),
    ],
)
def test_a_goal_says_whether_it_is_met_and_by_how_much(goal: Goal, expected: str) -> None:
    assert str(goal) == expected
    assert goal.is_met is expected.startswith("PASS")


def test_a_report_is_met_when_all_its_goals_are() -> None:
    report = Report("title", goals=[Goal("one", 1, 1), Goal("two", 2, 1)])
    assert not report.is_met
    del report.goals[1]
    assert report.is_met


def test_a_report_is_a_table_with_its_goals_below() -> None:
    report = Report("title", goals=[Goal("one", 1, 1)])
    report.add("short", "5 s", "a remark")
    report.add("longer name", "1,000 s")
    assert str(report).splitlines() == [
        "",
        "title",
        "  short            5 s  a remark",
        "  longer name  1,000 s",
        "  PASS  one: 1 (at most 1)",
    ]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 21)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([7.0], 0.95)) == (10.0, 19.0, 7.0)


def test_a_spread_names_the_extremes() -> None:
    assert spread([3.0, 1.0, 2.0]) == "1 … 3 in 3"
    assert spread([123456.0, 98765.0]) == "98,765 … 123,456 in 2"
