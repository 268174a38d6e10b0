"""The judge of estimated sales is right about what was sold, and the estimates are better than counting removals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.accuracy import Accuracy, Day, Departure, measure_market

FOUR_HOURS = timedelta(hours=4)


@pytest.fixture(scope="module")
def four_markets() -> Accuracy:
    total = Accuracy()
    for seed in range(2001, 2005):
        total.add(measure_market("theatre", 0.7, seed, [FOUR_HOURS])[FOUR_HOURS])
    return total


def test_most_days_are_in_their_range(four_markets: Accuracy) -> None:
    # 28 days of four markets, in the range by a chance of 0.8: fewer than 14 in one of 10,000 draws.
    assert len(four_markets.days) == 28
    assert four_markets.coverage >= 0.5
    assert four_markets.width < 0.4
    assert four_markets.estimated_share == pytest.approx(1, abs=0.15)


def test_departures_that_count_as_likelier_are_sales_more_often(four_markets: Accuracy) -> None:
    assert four_markets.raw_precision < four_markets.precision < four_markets.precision_of_likeliest(0.75)
    assert four_markets.precision_of_likeliest(0.75) > 0.8


def test_what_is_seen_of_the_sales_was_sold(four_markets: Accuracy) -> None:
    assert all(0 <= one.sold <= one.tickets for one in four_markets.departures)
    assert 0.69 < four_markets.recall < 0.95  # what comes and goes within four hours is not seen


def test_the_figures_are_those_of_their_definition() -> None:
    days = [Day(10, 9.0, 8.0, 10.0), Day(10, 13.0, 11.0, 15.0)]
    departures = [Departure(0.2, 4, 0), Departure(0.9, 2, 2), Departure(0.5, 4, 2), Departure(None, 2, 0)]
    found = Accuracy(days, departures, sold=8)
    assert (found.coverage, found.estimated_share, found.width) == (0.5, 1.1, 3 / 22)
    assert (found.recall, found.raw_precision, found.precision) == (0.5, 4 / 12, 0.4)
    assert [found.precision_of_likeliest(recall) for recall in (0.5, 0.75)] == [1.0, 4 / 6]
