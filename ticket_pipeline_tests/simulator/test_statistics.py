"""The market resembles real ones: published figures of a study of some thousand games, met over many seeds.

The figures: about 296 listings per snapshot, 3.45 tickets per listing, the mean ask falling from $145 at 48 hours to
$110 at the start, removals peaking in the last ten hours. Each test names its tolerance, and holds at each marketplace.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import fmean

import pytest

from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones

MARKETPLACES = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
SEEDS = range(16)
START = datetime(2026, 7, 1, 23, tzinfo=UTC)
ARENA = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())


@cache
def _markets() -> list[EventMarket]:
    event = SimulatedEvent("157284301", "Game", ARENA, START, 150.0, other_ids={Marketplace.VIVID_SEATS: "5284301"})
    return [EventMarket(event, seed) for seed in SEEDS]


def _before(hours: float) -> datetime:
    return START - timedelta(hours=hours)


def test_about_300_listings_stand_until_the_last_hours() -> None:
    for marketplace in MARKETPLACES:
        for hours in (48, 12):
            counts = [len(market.listings_at(_before(hours), marketplace)) for market in _markets()]
            assert fmean(counts) == pytest.approx(296, rel=0.05), (marketplace, hours)
            assert all(200 < count < 400 for count in counts)


def test_a_listing_holds_about_three_and_a_half_tickets() -> None:
    for marketplace in MARKETPLACES:
        truths = [market.true_metrics_at(_before(hours), marketplace) for market in _markets() for hours in (48, 12)]
        tickets_per_listing = sum(truth.tickets for truth in truths) / sum(truth.listings for truth in truths)
        assert tickets_per_listing == pytest.approx(3.45, abs=0.1), marketplace


def _mean_ask(market: EventMarket, marketplace: Marketplace, hours: float) -> float:
    """Without asks that nobody is meant to pay: one of them outweighs a hundred others."""
    items = market.listings_at(_before(hours), marketplace)
    return fmean(float(item.ask_price) for item in items if not item.is_placeholder and not item.is_parking)


def test_the_mean_ask_falls_by_about_a_quarter_over_the_last_two_days() -> None:
    for marketplace in MARKETPLACES:
        first, last = ([_mean_ask(market, marketplace, hours) for market in _markets()] for hours in (48, 0.5))
        assert fmean(last) / fmean(first) == pytest.approx(110 / 145, abs=0.06), marketplace
        assert sum(later < earlier for earlier, later in zip(first, last, strict=True)) >= 0.9 * len(SEEDS)


def test_removals_peak_in_the_last_ten_hours_of_every_market() -> None:
    for marketplace in MARKETPLACES:
        for market in _markets():
            removed = [
                len(market.removals_between(_before(hours + 10), _before(hours), marketplace))
                for hours in range(0, 50, 10)
            ]
            assert removed[0] > 2 * max(removed[1:])
