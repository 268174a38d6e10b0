"""One seller's holding and its listings: no gap, no raise in tickets, no price out of nowhere."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

import pytest

from ticket_pipeline.simulator.holdings import (
    MAX_LIFE_HOURS,
    Ending,
    Holding,
    HoldingSource,
    draw_holding,
    value_at,
)
from ticket_pipeline.simulator.listing_copies import SYNC_HOURS, Stint, draw_listing_copies
from ticket_pipeline.simulator.market import LISTED_AT
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline
from ticket_pipeline.simulator.venue import Venue, theatre_zones

VENUE = Venue("Hall", "Boston", "United States", "America/New_York", "USD", 2_000, theatre_zones())
Lives = list[tuple[Holding, list[Stint]]]


@pytest.fixture(scope="module", params=[3.0, 60.0, 900.0], ids=lambda born_at: f"born_{born_at:.0f}h_before")
def lives(request: pytest.FixtureRequest) -> Lives:
    """Two thousand holdings with their listings, all born at the same market hour before the event."""
    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    timeline = Timeline(datetime(2026, 7, 1, 23, tzinfo=UTC), 1.0)
    source = HoldingSource(VENUE, 100.0, timeline, PriceLevel.drawn(chance), LISTED_AT)
    holdings = [draw_holding(source, request.param, 2 * number, chance) for number in range(2000)]
    return [(holding, draw_listing_copies(holding, chance)) for holding in holdings]


def _copies(lives: Lives) -> list[list[Stint]]:
    """One list of successive ids per holding and marketplace."""
    return [list(stints) for _, all_of in lives for _, stints in itertools.groupby(all_of, lambda one: one.marketplace)]


def test_a_listing_ends_before_the_event_and_a_relisted_one_goes_on_at_once(lives: Lives) -> None:
    copies = _copies(lives)
    assert 0.08 < sum(len(copy) > 1 for copy in copies) / len(copies) < 0.16
    for first, *rest in copies:
        last = [first, *rest][-1]
        assert first.born_at > last.gone_at >= 0
        assert first.born_at - last.gone_at <= MAX_LIFE_HOURS + max(SYNC_HOURS)
        for second in rest:
            assert (first.ending, first.ordinal, second.ordinal) == (Ending.RELISTED, 0, 1)
            assert second.ending is not Ending.RELISTED
            assert (first.holding, first.gone_at) == (second.holding, second.born_at)
            assert second.quantities[0].value == first.quantities[-1].value
            assert second.asks[0].value == pytest.approx(first.asks[-1].value * 0.99, abs=1)


def test_tickets_only_decrease_and_never_leave_a_single_seat(lives: Lives) -> None:
    quantities = [[step.value for stint in copy for step in stint.quantities] for copy in _copies(lives)]
    assert all(values == sorted(values, reverse=True) for values in quantities)
    decreased = [values for values in quantities if values[-1] < values[0]]
    assert decreased
    assert all(values[-1] > 1 for values in decreased)


def test_steps_run_towards_the_event_within_their_stint(lives: Lives) -> None:
    for stint in (stint for copy in _copies(lives) for stint in copy):
        for steps in (stint.asks, stint.quantities):
            moments = [step.begins_at for step in steps]
            assert moments == sorted(moments, reverse=True)
            assert moments[0] == stint.born_at
            assert moments[-1] >= min(stint.gone_at, stint.holding.gone_at)
            assert value_at(steps, stint.born_at) == steps[0].value


def test_brokers_list_at_several_marketplaces_and_fans_at_one(lives: Lives) -> None:
    brokers = [holding for holding, _ in lives if not holding.is_fan]
    assert 0.80 < len(brokers) / len(lives) < 0.90
    assert 0.5 < sum(len(holding.marketplaces) > 1 for holding in brokers) / len(brokers) < 0.62
    assert all(len(holding.marketplaces) == 1 for holding, _ in lives if holding.is_fan)


def test_every_ticket_is_sold_once_and_at_one_marketplace(lives: Lives) -> None:
    for holding, stints in lives:
        sold = sum(sale.quantity for sale in holding.sales)
        unsold = 0 if holding.ending is Ending.SOLD else holding.quantities[-1].value
        assert sold + unsold == holding.quantities[0].value
        assert sorted(sale for stint in stints for sale in stint.sales) == sorted(holding.sales)


def test_other_copies_have_their_own_price_near_the_first_one(lives: Lives) -> None:
    ratios = [
        next(one for one in stints if one.marketplace is holding.marketplaces[1]).asks[0].value
        / stints[0].asks[0].value
        for holding, stints in lives
        if len(holding.marketplaces) > 1
    ]
    assert len(set(ratios)) > 0.9 * len(ratios)
    assert all(0.75 < ratio < 1.3 for ratio in ratios)
