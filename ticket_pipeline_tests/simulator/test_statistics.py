"""The market resembles real ones: published figures of a study of about a thousand games, at each marketplace.

The figures: about 296 listings per snapshot, 3.45 tickets per listing, the mean ask falling from $145 at 48 hours to
$110 at the start, removals peaking in the last ten hours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from ticket_pipeline.simulator.market import LISTED_AT, EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones

SEEDS = range(8)
START = datetime(2026, 7, 1, 23, tzinfo=UTC)
ARENA = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())
EVENT = SimulatedEvent("157284301", "Game", ARENA, START, 150.0, other_ids={Marketplace.VIVID_SEATS: "5284301"})

each_marketplace = pytest.mark.parametrize("place", LISTED_AT)


@pytest.fixture(scope="module")
def markets() -> list[EventMarket]:
    return [EventMarket(EVENT, seed) for seed in SEEDS]


def _before(hours: float) -> datetime:
    return START - timedelta(hours=hours)


@each_marketplace
def test_about_300_listings_of_three_and_a_half_tickets_until_the_last_hours(
    markets: list[EventMarket], place: Marketplace
) -> None:
    truths = []
    for hours in (48, 12):
        counts = [len(market.listings_at(_before(hours), place)) for market in markets]
        assert fmean(counts) == pytest.approx(296, rel=0.05), hours
        assert all(200 < count < 400 for count in counts)
        truths += [market.true_metrics_at(_before(hours), place) for market in markets]
    tickets_per_listing = sum(truth.tickets for truth in truths) / sum(truth.listings for truth in truths)
    assert tickets_per_listing == pytest.approx(3.45, abs=0.1)


def _mean_ask(market: EventMarket, place: Marketplace, hours: float) -> float:
    """Without placeholders: one of them outweighs a hundred others."""
    items = market.listings_at(_before(hours), place)
    return fmean(float(item.ask_price) for item in items if not item.is_placeholder and not item.is_parking)


@each_marketplace
def test_the_mean_ask_falls_by_about_a_quarter_over_the_last_two_days(
    markets: list[EventMarket], place: Marketplace
) -> None:
    first, last = ([_mean_ask(market, place, hours) for market in markets] for hours in (48, 0.5))
    assert fmean(last) / fmean(first) == pytest.approx(110 / 145, abs=0.06)
    assert sum(later < earlier for earlier, later in zip(first, last, strict=True)) >= 0.9 * len(SEEDS)


@each_marketplace
def test_removals_peak_in_the_last_ten_hours_of_every_market(markets: list[EventMarket], place: Marketplace) -> None:
    for market in markets:
        removed = [len(market.removals_between(_before(at + 10), _before(at), place)) for at in range(0, 50, 10)]
        assert removed[0] > 2 * max(removed[1:])
