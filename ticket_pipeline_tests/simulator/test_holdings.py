"""One seller's life: drawn whole, without a gap, a raise in tickets or a price out of nowhere."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from ticket_pipeline.simulator.holdings import MAX_LIFE_HOURS, Ending, HoldingSource, Stint, draw_holding, value_at
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline
from ticket_pipeline.simulator.venue import Venue, theatre_zones

VENUE = Venue("Hall", "Boston", "United States", "America/New_York", "USD", 2_000, theatre_zones())


@pytest.fixture(scope="module", params=[3.0, 60.0, 900.0], ids=lambda born_at: f"born_{born_at:.0f}h_before")
def lives(request: pytest.FixtureRequest) -> list[list[Stint]]:
    """Two thousand sellers' lives, all listed at the same market hour before the event."""
    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    timeline = Timeline(datetime(2026, 7, 1, 23, tzinfo=UTC), 1.0)
    source = HoldingSource(VENUE, 100.0, timeline, PriceLevel.drawn(chance))
    return [draw_holding(source, request.param, 2 * number, chance) for number in range(2000)]


def test_a_life_ends_before_the_event_and_within_its_bound(lives: list[list[Stint]]) -> None:
    for life in lives:
        assert life[0].born_at > life[-1].gone_at >= 0
        assert life[0].born_at - life[-1].gone_at <= MAX_LIFE_HOURS


def test_a_relisted_holding_goes_on_at_once_with_the_same_seats_and_a_near_price(lives: list[list[Stint]]) -> None:
    relisted = [life for life in lives if len(life) > 1]
    assert 0.08 < len(relisted) / len(lives) < 0.16
    for first, second in relisted:
        assert first.ending is Ending.RELISTED
        assert second.ending is not Ending.RELISTED
        assert (first.section, first.row, first.gone_at) == (second.section, second.row, second.born_at)
        assert second.listing_id == first.listing_id + 1
        assert second.quantities[0].value == first.quantities[-1].value
        assert second.asks[0].value == pytest.approx(first.asks[-1].value * 0.99, abs=1)


def test_tickets_only_ever_go_and_never_leave_a_single_seat(lives: list[list[Stint]]) -> None:
    some_sold = 0
    for life in lives:
        quantities = [step.value for stint in life for step in stint.quantities]
        assert quantities == sorted(quantities, reverse=True)
        if quantities[-1] < quantities[0]:
            some_sold += 1
            assert quantities[-1] > 1
    assert some_sold


def test_steps_run_towards_the_event_within_their_stint(lives: list[list[Stint]]) -> None:
    for stint in (stint for life in lives for stint in life):
        for steps in (stint.asks, stint.quantities):
            moments = [step.begins_at for step in steps]
            assert moments == sorted(moments, reverse=True)
            assert moments[0] == stint.born_at
            assert moments[-1] >= stint.gone_at
            assert value_at(steps, stint.born_at) == steps[0].value
            assert value_at(steps, stint.gone_at) == steps[-1].value
