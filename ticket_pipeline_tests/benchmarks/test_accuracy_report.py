"""The page about accuracy has a row for each case, names what misses its goal, and is about the method that is used."""

from __future__ import annotations

import re

from benchmarks.accuracy import Accuracy, Day, Departure
from benchmarks.accuracy_report import DOCUMENT, INTERVALS, SHARES, render, render_missed
from ticket_pipeline.market.sales import METHOD


def test_a_missed_goal_is_named() -> None:
    days = [Day(1, 1, 0, 2 if number < 4 else 0.5) for number in range(5)]
    good = Accuracy(days, [Departure(0.9, 8, 8), Departure(0.1, 8, 0)], sold=8)
    cells = {(name, share): good for name in INTERVALS for share in SHARES}
    assert render_missed(cells) == "None."
    assert len(render(cells).splitlines()) == 2 + len(cells)
    cells["1 hour", 0.7] = Accuracy(days, [Departure(0.9, 8, 8)], sold=16)
    assert render_missed(cells) == "- Recall, polled every 1 hour, 0.7 of the removals sales: 0.500 instead of 0.91."


def test_the_document_is_about_the_method_that_is_used() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"Method version {METHOD}, " in text
    assert len(re.findall(r"^\| (?:15 minutes|1 hour|4 hours|12 hours) \|", text, re.MULTILINE)) == 2 * 12
