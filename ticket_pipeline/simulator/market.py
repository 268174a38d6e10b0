"""One event's secondary market as a pure function of time: the same seed and moment give the same listings.

What belongs here: which listings stand at a moment, what they cost, and the truth about them for tests. What does not:
wire formats, worlds of many events, clocks.

A market is a sum of independent holdings (`ticket_pipeline.simulator.holdings`), drawn per cohort of market hours from
a seed of the cohort's own. A moment's listings are found from the cohorts that can still be alive then, whatever was
asked before.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import TYPE_CHECKING
from zlib import crc32

from ticket_pipeline.simulator.holdings import (
    MAX_LIFE_HOURS,
    MEAN_CAPPED_LIFE_HOURS,
    Ending,
    HoldingSource,
    Stint,
    draw_holding,
    value_at,
)
from ticket_pipeline.simulator.outlets import CENT, DOLLARS, SELLER_GETS, Outlet, all_in_price, currency_at
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ticket_pipeline.simulator.venue import Venue

COHORT_HOURS = 12.0  # market hours
KEPT_COHORTS = 64  # two moments ten days of market time apart, and some to spare
ID_BASE = 10_000_000_000  # eleven digits, as seen; well past 2^31
IDS_PER_EVENT = 20_000_000
IDS_PER_COHORT = 2_000
MAX_SLOTS = 4_000  # above this, ids would get a twelfth digit


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """An event whose market is simulated.

    Attributes:
        external_id: StubHub's id: nine digits.
        name: fictional.
        venue: where it takes place; fixes time zone and currency.
        event_at: aware UTC start.
        base_price: ask for the venue's average seat, major units.
        listings: listings that stand at each marketplace at a moment, on average, until the last ten hours.
        other_ids: its ids at the other marketplaces that know it.
    """

    external_id: str
    name: str
    venue: Venue
    event_at: datetime
    base_price: float
    listings: int = 300
    other_ids: Mapping[Outlet, str] = field(default_factory=dict, hash=False)

    @property
    def ids(self) -> dict[Outlet, str]:
        """Its id at every marketplace that knows it."""
        return {Outlet.STUBHUB: self.external_id, **self.other_ids}


@dataclass(frozen=True, slots=True)
class SimulatedListing:
    """One listing as it stands at a moment; prices per ticket in major units.

    Attributes:
        listing_id: kept while repriced; a relisted holding gets a new one.
        section: as shown.
        row: None for general admission and some parking passes.
        row_id: the marketplace's id of the row; None where there is no row.
        quantity: tickets.
        splits: how many of them can be bought at once; StubHub Pro does not show it.
        ask_price: before buyer fees; StubHub Pro does not show it.
        all_in_price: what the buyer pays; None where the marketplace does not say.
        net_proceeds: what the seller gets.
        is_parking: a parking pass, no ticket.
        is_fan: a fan sells, not a broker.
        notes: the seller's remarks.
    """

    listing_id: int
    section: str
    row: str | None
    row_id: int | None
    quantity: int
    splits: tuple[int, ...]
    ask_price: Decimal
    all_in_price: Decimal | None
    net_proceeds: Decimal
    is_parking: bool
    is_fan: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrueMetrics:
    """What a faithful reader of the listings must find.

    Attributes:
        received: listings in the answer, junk included.
        listings: those with a market price: no parking pass, all-in price known.
        tickets: sum of their quantities.
        min_price: their lowest all-in price; None where there is none.
        median_price: their median all-in price, not rounded; None where there is none.
    """

    received: int
    listings: int
    tickets: int
    min_price: Decimal | None
    median_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Sale:
    """Tickets that were really sold: a whole listing, or some of its tickets.

    Attributes:
        sold_at: aware UTC.
        listing_id: the id at the time.
        quantity: tickets sold.
        all_in_price: per ticket; None where the marketplace did not say.
    """

    sold_at: datetime
    listing_id: int
    quantity: int
    all_in_price: Decimal | None


class EventMarket:
    """The market of one event.

    Args:
        event: the event.
        seed: the market's chance; the same seed is the same market.
        speed: how many times faster than an ordinary market it moves; the event's date stays where it is.
        slot: which block of listing ids it uses, below `MAX_SLOTS`; markets with different slots share no id.
    """

    def __init__(self, event: SimulatedEvent, seed: int, *, speed: float = 1.0, slot: int | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}: give a number above 0")
        self.event = event
        self._seed = f"{seed}:{event.external_id}"
        self._slot = (crc32(self._seed.encode()) if slot is None else slot) % MAX_SLOTS
        self._timeline = Timeline(event.event_at, speed)
        level = PriceLevel.drawn(random.Random(f"{self._seed}:level"))  # noqa: S311 - chance, not secrecy
        self._source = HoldingSource(event.venue, event.base_price, self._timeline, level)
        self._cohorts: dict[int, tuple[Stint, ...]] = {}
        self._lock = threading.Lock()

    def listings_at(self, now: datetime, outlet: Outlet = Outlet.STUBHUB) -> list[SimulatedListing]:
        """The listings that stand at an outlet at `now`, by id; none once the event has started."""
        hour = self._market_hour(now)  # 0 from the start on, when every holding is cleared
        standing = [stint for stint in self._stints(hour, hour) if stint.born_at >= hour > stint.gone_at]
        standing.sort(key=lambda stint: stint.listing_id)
        rate = self._rate(outlet)
        return [
            _as_listing(stint, hour, outlet, rate)
            for stint in standing
            if outlet is Outlet.STUBHUB or not stint.is_parking
        ]

    def true_metrics_at(self, now: datetime, outlet: Outlet = Outlet.STUBHUB) -> TrueMetrics:
        """The truth about an outlet's listings at `now`."""
        listings = self.listings_at(now, outlet)
        prices: list[Decimal] = []
        tickets = 0
        for listing in listings:
            if listing.all_in_price is not None and not listing.is_parking:
                prices.append(listing.all_in_price)
                tickets += listing.quantity
        return TrueMetrics(
            received=len(listings),
            listings=len(prices),
            tickets=tickets,
            min_price=min(prices, default=None),
            median_price=median(prices) if prices else None,
        )

    def sales_between(self, after: datetime, until: datetime) -> list[Sale]:
        """The tickets sold later than `after` and not later than `until`, in order of time; no parking passes."""
        first, last = self._market_hour(after), self._market_hour(until)
        sales = [
            sale
            for stint in self._stints(first, last)
            if not stint.is_parking
            for at, sale in self._sales_of(stint)
            if first > at >= last
        ]
        return sorted(sales, key=lambda sale: (sale.sold_at, sale.listing_id))

    def _sales_of(self, stint: Stint) -> Iterator[tuple[float, Sale]]:
        left = stint.quantities[0].value
        for step in stint.quantities[1:]:
            if step.value < left:
                yield step.begins_at, self._sale(stint, step.begins_at, left - step.value)
            left = step.value
        if stint.ending is Ending.SOLD:
            yield stint.gone_at, self._sale(stint, stint.gone_at, left)

    def _sale(self, stint: Stint, at: float, quantity: int) -> Sale:
        ask = Decimal(value_at(stint.asks, at)).scaleb(-2)
        all_in = all_in_price(Outlet.STUBHUB, ask, is_fan=False) if stint.is_all_in_known else None
        return Sale(self._timeline.moment(at), stint.listing_id, quantity, all_in)

    def price_level_at(self, now: datetime) -> float:
        """Where prices stand at `now`, relative to the event's base price."""
        return self._source.level.at(max(0.0, self._timeline.hours_before(now)))

    def _rate(self, outlet: Outlet) -> Decimal:
        """What turns an ask in the venue's currency into one of the outlet's."""
        local = self.event.venue.currency
        return DOLLARS[local] / DOLLARS[currency_at(outlet, local)]

    def _market_hour(self, moment: datetime) -> float:
        return self._timeline.market_hours_before(max(0.0, self._timeline.hours_before(moment)))

    def _stints(self, first: float, last: float) -> Iterator[Stint]:
        """All stints that may stand at some market hour from `first` down to `last`."""
        newest = int(last // COHORT_HOURS)
        oldest = int((first + MAX_LIFE_HOURS) // COHORT_HOURS)
        for cohort in range(oldest, newest - 1, -1):
            yield from self._cohort(cohort)

    def _cohort(self, number: int) -> tuple[Stint, ...]:
        with self._lock:
            if number not in self._cohorts:
                if len(self._cohorts) >= KEPT_COHORTS:
                    del self._cohorts[next(iter(self._cohorts))]
                self._cohorts[number] = self._drawn(number)
            return self._cohorts[number]

    def _drawn(self, number: int) -> tuple[Stint, ...]:
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - chance, not secrecy
        mean = self.event.listings * COHORT_HOURS / MEAN_CAPPED_LIFE_HOURS
        holdings = min(IDS_PER_COHORT // 2, max(0, round(chance.gauss(mean, mean**0.5))))
        cohorts = IDS_PER_EVENT // IDS_PER_COHORT
        first_id = ID_BASE + self._slot * IDS_PER_EVENT + (cohorts - 1 - number % cohorts) * IDS_PER_COHORT
        born = sorted((COHORT_HOURS * (number + chance.random()) for _ in range(holdings)), reverse=True)
        return tuple(
            stint
            for ordinal, born_at in enumerate(born)
            for stint in draw_holding(self._source, born_at, first_id + 2 * ordinal, chance)
        )


def possible_splits(quantity: int, *, is_pairs_only: bool) -> tuple[int, ...]:
    """How many of `quantity` tickets a seller lets go at once: never so many that one is left, or only pairs."""
    if is_pairs_only and quantity % 2 == 0:
        return tuple(range(2, quantity + 1, 2))
    return tuple(number for number in range(1, quantity + 1) if quantity - number != 1)


def _as_listing(stint: Stint, hour: float, outlet: Outlet, rate: Decimal) -> SimulatedListing:
    ask = (Decimal(value_at(stint.asks, hour)).scaleb(-2) * rate).quantize(CENT, ROUND_HALF_UP)
    quantity = value_at(stint.quantities, hour)
    is_fan = stint.listing_id // 2 % 6 == 0
    is_known = stint.is_all_in_known or outlet is not Outlet.STUBHUB
    return SimulatedListing(
        listing_id=stint.listing_id,
        section=stint.section,
        row=stint.row,
        row_id=stint.row_id,
        quantity=quantity,
        splits=possible_splits(quantity, is_pairs_only=stint.listing_id // 2 % 5 == 0),
        ask_price=ask,
        all_in_price=all_in_price(outlet, ask, is_fan=is_fan) if is_known else None,
        net_proceeds=(ask * SELLER_GETS).quantize(CENT, ROUND_HALF_UP),
        is_parking=stint.is_parking,
        is_fan=is_fan,
        notes=stint.notes,
    )
