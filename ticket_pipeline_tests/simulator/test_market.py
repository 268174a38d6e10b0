"""One event's market: determinism, statistics within stated bands, and the truth about itself."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.simulator.holdings import Ending
from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones, standing_zones

if TYPE_CHECKING:
    from ticket_pipeline.simulator.listing import SimulatedListing

START = datetime(2026, 7, 1, 23, tzinfo=UTC)
ARENA = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())


def _market(number: int = 0, *, seed: int = 7, speed: float = 1.0, venue: Venue = ARENA) -> EventMarket:
    event = SimulatedEvent(str(157284301 + number), f"Event {number}", venue, START, 150.0)
    return EventMarket(event, seed, speed=speed, slot=number)


def _two_markets(number: int = 0, *, currency: str = "USD") -> EventMarket:
    """A market whose sellers list at two marketplaces."""
    venue = dataclasses.replace(ARENA, currency=currency)
    ids = {Marketplace.VIVID_SEATS: str(5284301 + number)}
    event = SimulatedEvent(str(157284301 + number), f"Event {number}", venue, START, 150.0, other_ids=ids)
    return EventMarket(event, 7, slot=number)


def _before(hours: float) -> datetime:
    return START - timedelta(hours=hours)


def _by_id(listings: list[SimulatedListing]) -> dict[int, SimulatedListing]:
    return {listing.listing_id: listing for listing in listings}


@pytest.fixture(scope="module")
def markets() -> list[EventMarket]:
    return [_market(number) for number in range(12)]


def test_a_moment_is_the_same_whatever_was_asked_before() -> None:
    moments = [_before(hours) for hours in (2000, 700, 100, 30, 3, 0.2)]
    shuffled = random.Random(3).sample(moments, len(moments))  # noqa: S311 - an order, no secret
    asked_much = _market()
    for moment in shuffled:
        asked_much.listings_at(moment)
    assert all(asked_much.listings_at(moment) == _market().listings_at(moment) for moment in moments)


def test_another_seed_is_another_market() -> None:
    assert _market(seed=1).listings_at(_before(50)) != _market(seed=2).listings_at(_before(50))


def test_nothing_stands_once_the_event_has_started() -> None:
    market = _market()
    assert market.listings_at(START) == []
    assert market.listings_at(START + timedelta(days=3)) == []
    assert len(market.listings_at(_before(0.01))) < 30


def test_better_zones_and_front_rows_cost_more(markets: list[EventMarket]) -> None:
    listings = [listing for market in markets for listing in market.listings_at(_before(500))]

    def mean_ask(section_start: str, rows: range) -> float:
        found = [x for x in listings if x.section.startswith(section_start) and x.row in {str(row) for row in rows}]
        return fmean(float(listing.ask_price) for listing in found)

    assert mean_ask("Floor", range(1, 21)) > 1.4 * mean_ask("1", range(1, 25)) > 1.4 * mean_ask("3", range(1, 19))
    assert mean_ask("1", range(1, 9)) > mean_ask("1", range(17, 25))


def test_repricing_and_partial_sales_keep_the_id_and_the_seat() -> None:
    market = _market()
    before, after = _by_id(market.listings_at(_before(80))), _by_id(market.listings_at(_before(70)))
    stayed = before.keys() & after.keys()
    assert any(before[key].ask_price != after[key].ask_price for key in stayed)
    assert any(before[key].quantity > after[key].quantity for key in stayed)
    assert all((before[key].section, before[key].row) == (after[key].section, after[key].row) for key in stayed)
    assert not any(before[key].quantity < after[key].quantity for key in stayed)


def test_a_relisted_holding_gets_the_next_id_and_is_no_sale() -> None:
    market = _market()
    before, after = _by_id(market.listings_at(_before(80))), _by_id(market.listings_at(_before(60)))
    relisted = [
        (before[key], after[key + 1])
        for key in before
        if key not in after and key + 1 in after and key % 2 == 0 and key + 1 not in before
    ]
    assert relisted
    assert all((old.section, old.row) == (new.section, new.row) for old, new in relisted)
    sold = {sale.listing_id for sale in market.sales_between(_before(80), _before(60)) if sale.quantity}
    wholly_gone = {old.listing_id for old, _ in relisted}
    assert all(
        sale.quantity < before[sale.listing_id].quantity
        for sale in market.sales_between(_before(80), _before(60))
        if sale.listing_id in wholly_gone & sold
    )


def test_what_was_sold_no_longer_stands() -> None:
    market = _market()
    before, after = _by_id(market.listings_at(_before(6))), _by_id(market.listings_at(_before(5)))
    sold: dict[int, int] = {}
    for sale in market.sales_between(_before(6), _before(5)):
        assert _before(6) < sale.sold_at <= _before(5)
        sold[sale.listing_id] = sold.get(sale.listing_id, 0) + sale.quantity
    assert sold.keys() & before.keys()
    for key in sold.keys() & before.keys():
        left = after[key].quantity if key in after else 0
        assert before[key].quantity - left == sold[key]


def test_a_parking_pass_is_never_a_sale(markets: list[EventMarket]) -> None:
    for market in markets:
        parking = {listing.listing_id for listing in market.listings_at(_before(30)) if listing.is_parking}
        assert not parking & {sale.listing_id for sale in market.sales_between(_before(30), START)}


def test_junk_is_there_as_in_real_answers(markets: list[EventMarket]) -> None:
    listings = [listing for market in markets for listing in market.listings_at(_before(400))]
    parking = [listing for listing in listings if listing.is_parking]
    assert parking
    assert all("Parking" in {listing.section, listing.row} for listing in parking)
    assert any(listing.all_in_price is None for listing in listings)
    asks = sorted(float(listing.ask_price) for listing in listings if not listing.is_parking)
    assert asks[0] < 0.3 * asks[len(asks) // 50]
    assert asks[-1] > 3 * asks[-len(asks) // 50]


def test_general_admission_has_no_row() -> None:
    venue = dataclasses.replace(ARENA, zones=standing_zones())
    floor = [x for x in _market(venue=venue).listings_at(_before(400)) if x.section == "General Admission"]
    assert floor
    assert all(listing.row is None and listing.row_id is None for listing in floor)


def test_the_truth_leaves_out_what_has_no_market_price() -> None:
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


def test_a_speed_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        _market(speed=0)


# --- one market, several marketplaces -------------------------------------------------------------------------------


def test_the_same_seats_stand_at_both_places_under_own_ids_and_prices() -> None:
    market = _two_markets()
    here, there = (
        {item.holding: item for item in market.listings_at(_before(100), marketplace)}
        for marketplace in (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
    )
    both = here.keys() & there.keys()
    assert 0.4 < len(both) / len(here) < 0.8
    for number in both:
        one, other = here[number], there[number]
        assert (one.section, one.row, one.is_fan) == (other.section, other.row, False)
        assert one.listing_id != other.listing_id
    assert sum(here[number].ask_price != there[number].ask_price for number in both) > 0.9 * len(both)


def test_an_event_that_one_marketplace_knows_is_listed_there_alone() -> None:
    market = _market()
    assert market.listings_at(_before(100), Marketplace.VIVID_SEATS) == []
    assert {sale.marketplace for sale in market.sales_between(_before(100), START)} == {Marketplace.STUBHUB}


def test_every_sale_is_told_once_where_it_happened() -> None:
    market = _two_markets()
    sales = market.sales_between(_before(60), START)
    by_marketplace = [
        market.sales_between(_before(60), START, marketplace)
        for marketplace in (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
    ]
    assert all(by_marketplace)
    assert sorted(map(repr, sales)) == sorted(repr(sale) for part in by_marketplace for sale in part)
    assert len({(sale.holding, sale.sold_at) for sale in sales}) == len(sales)


def test_what_is_sold_at_one_place_is_gone_at_the_other_ten_minutes_later() -> None:
    market = _two_markets()
    gone = [item for item in market.removals_between(_before(60), _before(50)) if item.reason is Ending.SOLD_ELSEWHERE]
    assert len(gone) > 10
    there = market.sales_between(_before(61), _before(50), Marketplace.VIVID_SEATS)
    sold = {sale.holding: sale for sale in there}
    before = _by_id(market.listings_at(_before(60)))
    for removal in gone:
        if removal.listing_id in before:
            sale = sold[before[removal.listing_id].holding]
            assert timedelta(0) < removal.removed_at - sale.sold_at <= timedelta(minutes=10)


def test_removals_say_why_each_id_is_gone_and_only_some_are_sales() -> None:
    market = _two_markets()
    first, last = _before(30), _before(20)
    removals = market.removals_between(first, last, Marketplace.VIVID_SEATS)
    before, after = (_by_id(market.listings_at(moment, Marketplace.VIVID_SEATS)) for moment in (first, last))
    assert before.keys() - after.keys() <= {removal.listing_id for removal in removals}
    sales = market.sales_between(first, last, Marketplace.VIVID_SEATS)
    for removal in removals:
        assert first < removal.removed_at <= last
        sold = [sale for sale in sales if sale.listing_id == removal.listing_id]
        if removal.reason is Ending.SOLD and sold:
            assert sold[-1].sold_at == removal.removed_at
        if removal.next_listing_id is not None:
            assert removal.reason is Ending.RELISTED
    reasons = Counter(
        removal.reason for removal in market.removals_between(_before(100), START, Marketplace.VIVID_SEATS)
    )
    assert set(reasons) == set(Ending)
    assert 0.3 < (reasons[Ending.SOLD] + reasons[Ending.SOLD_ELSEWHERE]) / reasons.total() < 0.8


def test_unsold_tickets_expire_only_as_the_start_comes_near() -> None:
    market = _two_markets()
    early, late = (
        Counter(removal.reason for removal in market.removals_between(_before(first), _before(last)))
        for first, last in ((200, 100), (10, 0))
    )
    assert early[Ending.EXPIRED] == 0
    assert late[Ending.EXPIRED] > 10


def test_placeholder_asks_stand_at_their_price_and_are_never_sold() -> None:
    markets = [_two_markets(number) for number in range(8)]
    found = [(market, item) for market in markets for item in market.listings_at(_before(80)) if item.is_placeholder]
    assert found
    for market, item in found:
        assert item.ask_price >= 9_899
        assert item.holding not in {sale.holding for sale in market.sales_between(_before(80), START)}


def test_parking_passes_are_listings_at_stubhub_and_a_production_of_their_own_at_vivid_seats() -> None:
    markets = [_two_markets(number) for number in range(4)]
    there = [item for market in markets for item in market.listings_at(_before(80), Marketplace.VIVID_SEATS)]
    apart = [item for market in markets for item in market.parking_at(_before(80), Marketplace.VIVID_SEATS)]
    here = [item for market in markets for item in market.listings_at(_before(80)) if item.is_parking]
    assert not any(item.is_parking for item in there)
    assert apart
    assert here
    assert all(item.is_parking for item in apart)


def test_vivid_seats_asks_in_dollars_wherever_the_venue_is() -> None:
    dollars, pounds = (_two_markets(currency=currency) for currency in ("USD", "GBP"))
    for one, other in zip(
        dollars.listings_at(_before(80), Marketplace.VIVID_SEATS),
        pounds.listings_at(_before(80), Marketplace.VIVID_SEATS),
        strict=True,
    ):
        assert float(other.ask_price) == pytest.approx(1.31 * float(one.ask_price), abs=0.01)
    assert dollars.listings_at(_before(80)) == pounds.listings_at(_before(80))
