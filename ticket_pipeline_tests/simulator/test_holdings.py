"""One seller's life and its listings: drawn whole, without a gap, a raise in tickets or a price out of nowhere."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

import pytest

from ticket_pipeline.simulator.holdings import (
    MAX_LIFE_HOURS,
    PLACEHOLDER_CENTS,
    Ending,
    Holding,
    HoldingSource,
    draw_holding,
    value_at,
)
from ticket_pipeline.simulator.listing_copies import SYNC_HOURS, Stint, draw_listing_copies
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline
from ticket_pipeline.simulator.venue import Venue, theatre_zones

VENUE = Venue("Hall", "Boston", "United States", "America/New_York", "USD", 2_000, theatre_zones())
MARKETPLACES = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)


@pytest.fixture(scope="module", params=[3.0, 60.0, 900.0], ids=lambda born_at: f"born_{born_at:.0f}h_before")
def lives(request: pytest.FixtureRequest) -> list[tuple[Holding, list[Stint]]]:
    """Two thousand sellers' lives with their listings, all begun at the same market hour before the event."""
    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    timeline = Timeline(datetime(2026, 7, 1, 23, tzinfo=UTC), 1.0)
    source = HoldingSource(VENUE, 100.0, timeline, PriceLevel.drawn(chance), MARKETPLACES)
    holdings = [draw_holding(source, request.param, 2 * number, chance) for number in range(2000)]
    return [(holding, draw_listing_copies(holding, chance)) for holding in holdings]


def _copies(lives: list[tuple[Holding, list[Stint]]]) -> list[list[Stint]]:
    """The listings' lives, one list of successive ids per holding and marketplace."""
    return [
        list(stints)
        for _, copies in lives
        for _, stints in itertools.groupby(copies, key=lambda stint: stint.marketplace)
    ]


def test_a_life_ends_before_the_event_and_within_its_bound(lives: list[tuple[Holding, list[Stint]]]) -> None:
    for copy in _copies(lives):
        assert copy[0].born_at > copy[-1].gone_at >= 0
        assert copy[0].born_at - copy[-1].gone_at <= MAX_LIFE_HOURS + max(SYNC_HOURS)


def test_a_relisted_listing_goes_on_at_once_with_the_same_seats_and_a_near_price(
    lives: list[tuple[Holding, list[Stint]]],
) -> None:
    copies = _copies(lives)
    relisted = [copy for copy in copies if len(copy) > 1]
    assert 0.08 < len(relisted) / len(copies) < 0.16
    for first, second in relisted:
        assert first.ending is Ending.RELISTED
        assert second.ending is not Ending.RELISTED
        assert (first.holding, first.gone_at) == (second.holding, second.born_at)
        assert (first.ordinal, second.ordinal) == (0, 1)
        assert second.quantities[0].value == first.quantities[-1].value
        assert second.asks[0].value == pytest.approx(first.asks[-1].value * 0.99, abs=1)


def test_tickets_only_ever_go_and_never_leave_a_single_seat(lives: list[tuple[Holding, list[Stint]]]) -> None:
    some_sold = 0
    for copy in _copies(lives):
        quantities = [step.value for stint in copy for step in stint.quantities]
        assert quantities == sorted(quantities, reverse=True)
        if quantities[-1] < quantities[0]:
            some_sold += 1
            assert quantities[-1] > 1
    assert some_sold


def test_steps_run_towards_the_event_within_their_stint(lives: list[tuple[Holding, list[Stint]]]) -> None:
    for stint in (stint for copy in _copies(lives) for stint in copy):
        for steps in (stint.asks, stint.quantities):
            moments = [step.begins_at for step in steps]
            assert moments == sorted(moments, reverse=True)
            assert moments[0] == stint.born_at
            assert moments[-1] >= min(stint.gone_at, stint.holding.gone_at)
            assert value_at(steps, stint.born_at) == steps[0].value


def test_brokers_list_in_several_places_and_fans_in_one(lives: list[tuple[Holding, list[Stint]]]) -> None:
    brokers = [holding for holding, _ in lives if not holding.is_fan]
    assert 0.80 < len(brokers) / len(lives) < 0.90
    assert 0.5 < sum(len(holding.marketplaces) > 1 for holding in brokers) / len(brokers) < 0.62
    assert all(len(holding.marketplaces) == 1 for holding, _ in lives if holding.is_fan)
    for marketplace in MARKETPLACES:
        assert 0.7 < sum(marketplace in holding.marketplaces for holding, _ in lives) / len(lives) < 0.78


def test_every_ticket_that_goes_is_sold_once_and_in_one_place(lives: list[tuple[Holding, list[Stint]]]) -> None:
    for holding, copies in lives:
        sold = sum(sale.quantity for sale in holding.sales)
        unsold = 0 if holding.ending is Ending.SOLD else holding.quantities[-1].value
        assert sold + unsold == holding.quantities[0].value
        assert sorted(sale for stint in copies for sale in stint.sales) == sorted(holding.sales)


def test_a_sale_in_one_place_takes_the_copies_away_within_minutes(lives: list[tuple[Holding, list[Stint]]]) -> None:
    sold = [
        (holding, copies)
        for holding, copies in lives
        if holding.ending is Ending.SOLD and len(holding.marketplaces) > 1
    ]
    assert len(sold) > 200
    for holding, copies in sold:
        last = {stint.marketplace: stint for stint in copies}
        (other,) = set(holding.marketplaces) - {holding.sales[-1].marketplace}
        assert last[holding.sales[-1].marketplace].ending is Ending.SOLD
        assert last[other].ending is Ending.SOLD_ELSEWHERE
        assert 0 <= holding.gone_at - last[other].gone_at <= 10 / 60


def test_copies_have_prices_of_their_own_near_the_sellers(lives: list[tuple[Holding, list[Stint]]]) -> None:
    firsts = [
        (copies[0], next(stint for stint in copies if stint.marketplace is holding.marketplaces[1]))
        for holding, copies in lives
        if len(holding.marketplaces) > 1
    ]
    ratios = [other.asks[0].value / own.asks[0].value for own, other in firsts]
    assert len(set(ratios)) > 0.9 * len(ratios)
    assert all(0.75 < ratio < 1.3 for ratio in ratios)


def test_a_placeholder_is_never_sold(lives: list[tuple[Holding, list[Stint]]]) -> None:
    placeholders = [holding for holding, _ in lives if holding.is_placeholder]
    assert placeholders
    for holding in placeholders:
        assert holding.sales == ()
        assert [step.value for step in holding.asks] == [PLACEHOLDER_CENTS]
