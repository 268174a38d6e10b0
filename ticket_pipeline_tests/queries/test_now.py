"""The market now, the spread and the overview are what the last trusted captures say, by brute force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import (
    GROUNDS,
    NEAR_FLOOR,
    PricedListing,
    floor_price,
    get_in_prices,
    is_thin,
    quantile,
    zone_of,
)
from ticket_pipeline.market.vocabulary import Health, Marketplace
from ticket_pipeline.queries.captures import recent_captures
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.market import MarketNow, SpreadRow, market_now, sections_now, spread
from ticket_pipeline.queries.overview import OverviewRow, overview, spread_of
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.histories import HISTORY, Happening, histories
from ticket_pipeline_tests.storage.stored import (
    DAY,
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    MINUTE,
    NOON,
    STUBHUB,
    Item,
    empty,
    event_record,
    fail,
    items,
    query,
    rejects,
    store,
    watch,
    watch_one,
)

MARKETPLACES = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
MOMENTS = st.sampled_from([HISTORY.start + hours * HOUR for hours in (0.5, 2.5, 4.5, 27.5, 29, 60)])
INTERVALS = st.sampled_from([HOUR, 12 * HOUR, None])


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one marketplace at a moment, from its manifests and the failures of its history."""

    trusted: Any
    newest: Any
    failures: int
    listings: list[PricedListing]

    def health(self, moment: datetime, interval: timedelta | None) -> Health:
        """By definition, of an event that is still to come and a marketplace that is not paused."""
        if self.newest is None:
            return Health.NEVER_SEEN
        if self.newest["captured_at"] + 2 * (interval or 12 * HOUR) + 5 * MINUTE < moment:
            return Health.STALE
        if self.newest["is_suspect"]:
            is_unreadable = self.newest["received"] > 0 == self.newest["accepted"]
            return Health.UNREADABLE if is_unreadable else Health.SUSPECT
        return Health.FAILING if self.failures else Health.OK


def live_through(database: Database, history: list[Happening], interval: timedelta | None = None) -> int:
    """Write a history of one event at two marketplaces, of which `event_number` is the number; returns its id."""
    empty(database)
    watch(database, event_record(1, external_ids={"stubhub": "1001", "vivid_seats": "2001"}))
    events = {event.marketplace: event for event in read_events(database)}
    for one in history:
        event = events[MARKETPLACES[one.event_number - 1]]
        if one.failure is not None:
            fail(database, event, one.at, one.failure)
        else:
            store(database, event, one.at, one.listings, rejects(one.rejected))
    query(database, "update poll_schedule set poll_interval = %(interval)s returning 1", interval=interval)
    return next(iter(events.values())).event_id


def facts_of(database: Database, history: list[Happening], number: int, moment: datetime) -> Facts:
    """What is known at a moment of the marketplace with this number."""
    manifests = [
        row
        for row in query(database, "select * from snapshots order by captured_at")
        if row["marketplace"] == MARKETPLACES[number - 1] and row["captured_at"] <= moment
    ]
    trusted = next((row for row in reversed(manifests) if not row["is_suspect"]), None)
    own = [one for one in history if one.event_number == number and one.at <= moment]
    since = trusted["captured_at"] if trusted else HISTORY.start - DAY
    return Facts(
        trusted,
        manifests[-1] if manifests else None,
        sum(one.failure is not None and one.at > since for one in own),
        [priced(item) for one in own if one.failure is None and one.at == since for item in one.listings],
    )


def priced(item: Item) -> PricedListing:
    """The listing as the arithmetic takes it."""
    price = Decimal(str(item.price)).quantize(Decimal("0.01"))
    zone = zone_of(item.zone, item.section, item.admission)
    return PricedListing(zone, item.currency, item.fee_basis, item.quantity, price, item.splits)


def by_unit(listings: list[PricedListing]) -> dict[tuple[str, str], list[PricedListing]]:
    """The seats by currency and fee basis."""
    seats = [listing for listing in listings if listing.zone != GROUNDS]
    units = sorted({(listing.currency, listing.fee_basis) for listing in seats})
    return {unit: [one for one in seats if (one.currency, one.fee_basis) == unit] for unit in units}


def expected_prices(listings: list[PricedListing]) -> dict[str, Any]:
    """What the seats of one capture, of one currency and fee basis, say."""
    ordered = sorted(listing.price for listing in listings)
    floor = floor_price(ordered)
    near = [one for one in listings if floor is not None and floor <= one.price <= floor * NEAR_FLOOR]
    quarters = {"p25_price": 1, "median_price": 2, "p75_price": 3}
    return {
        "listings": len(listings),
        "tickets": sum(listing.quantity for listing in listings),
        "floor_price": floor,
        "listings_near_floor": len(near),
        "tickets_near_floor": sum(one.quantity for one in near),
        "get_in_prices": list(get_in_prices(listings)),
        **{name: quantile(ordered, Fraction(part, 4)) for name, part in quarters.items()},
    }


def fields_of(row: MarketNow | SpreadRow | OverviewRow, *names: str) -> list[Any]:
    """Some values of a row."""
    return [getattr(row, name) for name in names]


@EXAMPLES_SHARE_A_DATABASE
@given(histories, MOMENTS, INTERVALS)
def test_the_market_now_is_its_last_trusted_capture(
    database: Database, history: list[Happening], moment: datetime, interval: timedelta | None
) -> None:
    event_id = live_through(database, history, interval)
    found = market_now(database, event_id, this_moment=moment)
    expected = []
    for number, marketplace in enumerate(MARKETPLACES, 1):
        facts = facts_of(database, history, number, moment)
        state = [
            marketplace,
            facts.health(moment, interval),
            facts.trusted and facts.trusted["captured_at"],
            facts.newest and facts.newest["captured_at"],
            facts.failures,
        ]
        units = by_unit(facts.listings)
        none = 0 if facts.trusted else None
        expected += [[*state, *unit, expected_prices(own)] for unit, own in units.items()] or [
            [*state, None, None, {"listings": none, "tickets": none}]
        ]
    names = ("marketplace", "health", "captured_at", "newest_at", "failed_attempts", "currency", "fee_basis")
    assert [
        [*fields_of(row, *names), {name: getattr(row, name) for name in values[-1]}]
        for row, values in zip(found, expected, strict=True)
    ] == expected
    assert all((row.reason is None) == (row.health is Health.OK) for row in found)


@EXAMPLES_SHARE_A_DATABASE
@given(histories, MOMENTS, INTERVALS, st.integers(1, 8))
def test_the_spread_compares_only_what_can_be_compared(
    database: Database, history: list[Happening], moment: datetime, interval: timedelta | None, together: int
) -> None:
    event_id = live_through(database, history, interval)
    found = spread(database, event_id, this_moment=moment, together=together)
    now = [row for row in market_now(database, event_id, this_moment=moment) if row.fee_basis == "all_in"]
    assert {(row.currency, row.marketplace) for row in found if row.currency} == {
        (row.currency, row.marketplace) for row in now
    }
    assert {row.marketplace for row in found} == set(MARKETPLACES)
    for row in found:
        same = [one for one in now if one.currency == row.currency]
        prices = [one.get_in_prices[together - 1] for one in same]
        cheapest = min((price for price in prices if price is not None), default=None)
        own = next((one for one in same if one.marketplace == row.marketplace), None)
        price = own.get_in_prices[together - 1] if own else None
        assert row.get_in_price == price
        assert (row.obstacle is None) == (price is not None)
        if price is not None and cheapest is not None:
            assert row.difference == price - cheapest
            assert row.percent == round(100 * (price - cheapest) / cheapest, 1)
            moments = {one.captured_at for one in same if one.get_in_prices[together - 1] == cheapest}
            aparts = {abs(row.captured_at - one) for one in moments if one and row.captured_at}
            assert row.apart in aparts
            assert row.is_too_far_apart == (row.apart > (interval or 12 * HOUR))


@EXAMPLES_SHARE_A_DATABASE
@given(histories, MOMENTS, INTERVALS)
def test_the_spread_of_the_overview_is_that_of_the_event(
    database: Database, history: list[Happening], moment: datetime, interval: timedelta | None
) -> None:
    event_id = live_through(database, history, interval)
    rows = [row for row in overview(database, this_moment=moment) if row.event_id == event_id]
    found = spread(database, event_id, this_moment=moment, together=2)
    compared = [row.difference for row in found if row.difference is not None and not row.is_too_far_apart]
    is_one_currency = len({row.currency for row in rows if row.currency}) == 1
    assert spread_of(rows) == (max(compared) if is_one_currency and len(compared) > 1 else None)


@EXAMPLES_SHARE_A_DATABASE
@given(histories, MOMENTS, st.booleans(), st.booleans())
def test_the_overview_is_the_market_now_built_or_not(
    database: Database, history: list[Happening], moment: datetime, is_built: bool, is_late: bool
) -> None:
    """Whether the hours are built, not built, or built before the last thing happened."""
    event_id = live_through(database, history[:-1] if is_late else history)
    if is_built:
        rebuild_hourly(database, HISTORY)
    found = overview(database, this_moment=moment)
    now = market_now(database, event_id, this_moment=moment)
    names = ("marketplace", "health", "reason", "captured_at", "newest_at", "failed_attempts", "currency", "fee_basis")
    names += ("listings", "tickets", "floor_price")
    assert [[*fields_of(row, *names), row.get_in_price, row.get_in_2_price] for row in found] == [
        [*fields_of(row, *names), *row.get_in_prices[:2]] for row in now
    ]


@pytest.mark.parametrize("together", [1, 2, 3])
def test_sections_and_captures_of_a_zone_are_what_its_listings_say(database: Database, together: int) -> None:
    event = watch_one(database)
    stock = [
        Item(listing_id=str(n), price=price, quantity=quantity, section=section, zone=zone, fee_basis=basis)
        for n, (zone, section, price, quantity, basis) in enumerate(
            [
                *(("Lower", "101", 100.0 + n, 2, "all_in") for n in range(4)),
                ("Lower", "101", 50.0, 1, "all_in"),
                ("Lower", "102", 90.0, 4, "all_in"),
                ("Lower", "102", 80.0, 4, "ask"),
                *((None, "201", 30.0 + n, 3, "all_in") for n in range(3)),
            ]
        )
    ]
    store(database, event, NOON, stock)
    for zone in ("*", "Lower", "201", "Upper"):
        own = [item for item in stock if zone in {"*", zone_of(item.zone, item.section)}]
        units = sorted({(item.section, item.fee_basis) for item in own})
        found = sections_now(database, event.event_id, this_moment=NOON, zone=zone, together=together)
        assert sorted((str(one.section), one.fee_basis) for one in found) == units
        for one in found:
            listings = [priced(item) for item in own if (item.section, item.fee_basis) == (one.section, one.fee_basis)]
            expected = expected_prices(listings)
            price = expected["get_in_prices"][together - 1]
            names = ("listings", "tickets", "floor_price", "median_price")
            assert [getattr(one, name) for name in names] == [expected[name] for name in names]
            assert (one.get_in_price, one.is_thin) == (price, is_thin(price, expected["floor_price"]))
        captures = recent_captures(
            database, since=NOON - DAY, this_moment=NOON, event_id=event.event_id, zone=zone, together=together
        )
        by_basis = {basis: [priced(item) for item in own if item.fee_basis == basis] for _, basis in units}
        assert [one.fee_basis for one in captures] == sorted(by_basis or [None])
        for capture in captures:
            if capture.fee_basis is not None:
                expected = expected_prices(by_basis[capture.fee_basis])
                assert capture.get_in_price == expected["get_in_prices"][together - 1]
                assert (capture.floor_price, capture.median_price) == (
                    expected["floor_price"],
                    expected["median_price"],
                )


def test_a_market_without_a_price_says_why(database: Database) -> None:
    event = watch_one(database)

    def obstacle(together: int) -> str | None:
        (row,) = spread(database, event.event_id, this_moment=NOON + HOUR, together=together)
        return row.obstacle

    assert obstacle(1) == "no trusted capture yet"
    store(database, event, NOON, items(3, fee_basis="ask"))
    assert obstacle(1) == "nothing is for sale with all fees in"
    store(database, event, NOON + MINUTE, items(3))
    assert [obstacle(together) for together in (2, 3)] == [None, "no listing sells 3 together"]


def test_an_hour_that_waits_for_a_rebuild_is_computed_from_its_listings(database: Database) -> None:
    """Changed rules of what is a seat mark the hour, whose last capture stays the same."""
    event = watch_one(database)
    store(database, event, NOON, items(4))
    rebuild_hourly(database, Span(NOON, NOON + HOUR))
    query(database, "update listings set admission = 'grounds' where price < 101 returning 1")
    assert overview(database, this_moment=NOON)[0].floor_price == 100
    with database.transaction() as transaction:
        transaction.execute(
            "snapshots/mark_stale_hours", event_ids=[event.event_id], marketplaces=[STUBHUB], instants=[NOON]
        )
    assert overview(database, this_moment=NOON)[0].floor_price == 101
