"""One event's market: deterministic, with known truth, at one or several marketplaces."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.simulator.holdings import Ending
from ticket_pipeline.simulator.listing import SimulatedListing
from ticket_pipeline.simulator.market import LISTED_AT, EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones

STUBHUB, VIVID_SEATS = LISTED_AT
START = datetime(2026, 7, 1, 23, tzinfo=UTC)
ARENA = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())


def _market(number: int = 0, *, seed: int = 7, speed: float = 1.0, venue: Venue = ARENA) -> EventMarket:
    ids = {VIVID_SEATS: str(5284301 + number)}
    event = SimulatedEvent(str(157284301 + number), f"Event {number}", venue, START, 150.0, other_ids=ids)
    return EventMarket(event, seed, speed=speed, slot=number)


def _before(hours: float) -> datetime:
    return START - timedelta(hours=hours)


def _by_id(listings: list[SimulatedListing]) -> dict[int, SimulatedListing]:
    return {listing.listing_id: listing for listing in listings}


@pytest.fixture(scope="module")
def markets() -> list[EventMarket]:
    return [_market(number) for number in range(4)]


def test_a_moment_is_the_same_in_any_order_of_calls() -> None:
    moments = [_before(hours) for hours in (700, 100, 3)]
    shuffled = random.Random(3).sample(moments, len(moments))  # noqa: S311 - an order, no secret
    market = _market()
    for moment in shuffled:
        market.listings_at(moment)
    assert all(market.listings_at(moment) == _market().listings_at(moment) for moment in moments)
    assert market.listings_at(moments[1]) != _market(seed=8).listings_at(moments[1])


def test_a_started_event_has_no_listings() -> None:
    market = _market()
    assert market.listings_at(START) == market.listings_at(START + timedelta(days=3)) == []
    assert len(market.listings_at(_before(0.01))) < 30


def test_the_sales_explain_every_quantity_that_is_gone() -> None:
    market = _market()
    before, after = _by_id(market.listings_at(_before(6))), _by_id(market.listings_at(_before(5)))
    sold: Counter[int] = Counter()
    for sale in market.sales_between(_before(6), _before(5), STUBHUB):
        assert _before(6) < sale.sold_at <= _before(5)
        sold[sale.listing_id] += sale.quantity
    elsewhere = {sale.holding for sale in market.sales_between(_before(7), _before(5), VIVID_SEATS)}
    explained = [key for key in sold.keys() & before.keys() if before[key].holding not in elsewhere]
    assert explained
    for key in explained:
        assert before[key].quantity - (after[key].quantity if key in after else 0) == sold[key]


def test_parking_and_placeholders_are_never_sold(markets: list[EventMarket]) -> None:
    found = [(market, item) for market in markets for item in market.listings_at(_before(80))]
    placeholders = [(market, item) for market, item in found if item.is_placeholder]
    parking = [(market, item) for market, item in found if item.is_parking]
    assert placeholders
    assert parking
    assert all(item.ask_price >= 9_899 for _, item in placeholders)
    assert all("Parking" in {item.section, item.row} for _, item in parking)
    for market, item in [*placeholders, *parking]:
        assert item.holding not in {sale.holding for sale in market.sales_between(_before(80), START)}
    assert not any(item.is_parking for market in markets for item in market.listings_at(_before(80), VIVID_SEATS))


def test_the_true_metrics_leave_out_what_has_no_market_price() -> None:
    market = _market()
    listings = market.listings_at(_before(400))
    priced = [x for x in listings if not x.is_parking and x.all_in_price is not None]
    truth = market.true_metrics_at(_before(400))
    assert (truth.received, truth.listings) == (len(listings), len(priced))
    assert len(priced) < len(listings)
    assert truth.tickets == sum(listing.quantity for listing in priced)
    assert truth.min_price == min(listing.all_in_price for listing in priced if listing.all_in_price)


def test_markets_of_different_slots_share_no_id(markets: list[EventMarket]) -> None:
    ids = [listing.listing_id for market in markets for listing in market.listings_at(_before(400))]
    assert len(ids) == len(set(ids))
    assert all(2**31 < listing_id < 10**11 for listing_id in ids)


def test_a_faster_market_changes_within_a_minute() -> None:
    market = _market(speed=20)
    before, after = (_by_id(market.listings_at(_before(hours))) for hours in (900, 900 - 1 / 60))
    assert before != after
    assert 250 <= len(after) <= 350
    with pytest.raises(ValueError, match="above 0"):
        _market(speed=0)


def test_the_same_seats_have_their_own_id_and_price_at_each_marketplace() -> None:
    market = _market()
    here, there = (
        {item.holding: item for item in market.listings_at(_before(100), place) if not item.is_parking}
        for place in LISTED_AT
    )
    both = here.keys() & there.keys()
    assert 0.4 < len(both) / len(here) < 0.8
    for number in both:
        one, other = here[number], there[number]
        assert (one.section, one.row, one.is_fan) == (other.section, other.row, False)
        assert one.listing_id != other.listing_id
    assert sum(here[number].ask_price != there[number].ask_price for number in both) > 0.9 * len(both)


def test_every_sale_is_recorded_once_where_it_happened() -> None:
    market = _market()
    sales = market.sales_between(_before(60), START)
    by_marketplace = [market.sales_between(_before(60), START, place) for place in LISTED_AT]
    assert all(by_marketplace)
    assert sorted(map(repr, sales)) == sorted(repr(sale) for part in by_marketplace for sale in part)
    assert len({(sale.holding, sale.sold_at) for sale in sales}) == len(sales)
    listed_here = market.sales_between(_before(60), START, listed_at=STUBHUB)
    bought_there = market.sales_between(_before(60), START, VIVID_SEATS, listed_at=STUBHUB)
    assert set(by_marketplace[0]) < set(listed_here) < set(sales)
    assert set(listed_here) == {*by_marketplace[0], *bought_there}


def test_tickets_sold_at_one_marketplace_disappear_from_the_other_within_ten_minutes() -> None:
    market = _market()
    gone = [item for item in market.removals_between(_before(80), _before(50)) if item.reason is Ending.SOLD_ELSEWHERE]
    assert len(gone) > 10
    sold = {sale.holding: sale for sale in market.sales_between(_before(81), _before(50), VIVID_SEATS)}
    before = {key: item for key, item in _by_id(market.listings_at(_before(80))).items() if not item.is_parking}
    for removal in gone:
        if removal.listing_id in before:
            sale = sold[before[removal.listing_id].holding]
            assert timedelta(0) < removal.removed_at - sale.sold_at <= timedelta(minutes=10)


@pytest.mark.parametrize("place", LISTED_AT)
def test_removals_explain_every_id_that_is_gone(place: Marketplace) -> None:
    market, first, last = _market(), _before(30), _before(20)
    removals = {removal.listing_id: removal for removal in market.removals_between(first, last, place)}
    before, after = (_by_id(market.listings_at(moment, place)) for moment in (first, last))
    assert before.keys() - after.keys() <= removals.keys()
    sold_at = {sale.listing_id: sale.sold_at for sale in market.sales_between(first, last, place)}
    for listing_id, removal in removals.items():
        assert first < removal.removed_at <= last
        assert (removal.next_listing_id is not None) == (removal.reason is Ending.RELISTED)
        if removal.reason is Ending.SOLD and listing_id in sold_at:
            assert sold_at[listing_id] == removal.removed_at
        if removal.next_listing_id in after and listing_id in before:
            old, new = before[listing_id], after[removal.next_listing_id]
            assert (old.section, old.row) == (new.section, new.row)


def test_only_some_removals_are_sales_and_unsold_tickets_expire_near_the_start() -> None:
    market = _market()
    early, late = (
        Counter(removal.reason for removal in market.removals_between(_before(first), _before(last)))
        for first, last in ((200, 100), (10, 0))
    )
    both = early + late
    assert set(both) == set(Ending)
    assert 0.3 < (both[Ending.SOLD] + both[Ending.SOLD_ELSEWHERE]) / both.total() < 0.8
    assert early[Ending.EXPIRED] == 0
    assert late[Ending.EXPIRED] > 10


def test_vivid_seats_asks_are_in_dollars_for_every_venue() -> None:
    dollars, pounds = (_market(venue=dataclasses.replace(ARENA, currency=currency)) for currency in ("USD", "GBP"))
    pairs = zip(*(one.listings_at(_before(80), VIVID_SEATS) for one in (dollars, pounds)), strict=True)
    for one, other in pairs:
        assert float(other.ask_price) == pytest.approx(1.31 * float(one.ask_price), abs=0.01)
    assert dollars.listings_at(_before(80)) == pounds.listings_at(_before(80))
