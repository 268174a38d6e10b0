"""One event's secondary market as a pure function of time: the same seed and moment give the same listings.

A market is a sum of independent holdings (`simulator.holdings`), each listed at one or several marketplaces
(`simulator.listing_copies`). Holdings are drawn per cohort of market hours from the cohort's own seed, so any moment,
past or future, can be computed without the ones before it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ticket_pipeline.simulator.demand import MAX_LIFE_HOURS, MEAN_LIFE_HOURS, SALE_SHARE, demand_for
from ticket_pipeline.simulator.holdings import Ending, HoldingSource, Life, draw_holding, draw_life, value_at
from ticket_pipeline.simulator.listing import Removal, Sale, SimulatedListing, TrueMetrics, possible_splits
from ticket_pipeline.simulator.listing_copies import SYNC_HOURS, Stint, draw_listing_copies
from ticket_pipeline.simulator.marketplaces import CENT, DOLLARS, SELLER_GETS, Marketplace, all_in_price, currency_at
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

if TYPE_CHECKING:
    from ticket_pipeline.simulator.venue import Venue

COHORT_HOURS = 12.0  # market hours
KEPT_COHORTS = 160  # enough for two moments ten days of market time apart
KEPT_LISTINGS = 4_000
LISTED_AT = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
ID_BASES = {Marketplace.STUBHUB: 10_000_000_000, Marketplace.VIVID_SEATS: 13_000_000_000}  # eleven digits, past 2^31
IDS_PER_EVENT = 20_000_000
IDS_PER_COHORT = 2_000
MAX_SLOTS = 4_000  # above this, ids would get a twelfth digit


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """An event whose market is simulated, in the timezone and currency of its venue."""

    external_id: str  # StubHub's: nine digits
    name: str
    venue: Venue
    event_at: datetime  # aware UTC
    base_price: float  # ask for the venue's average seat, major units
    listings: int = 300  # mean number at each marketplace, until the last ten hours
    other_ids: Mapping[Marketplace, str] = field(default_factory=dict, hash=False)

    @property
    def ids(self) -> dict[Marketplace, str]:
        """Its id at every marketplace that has it."""
        return {Marketplace.STUBHUB: self.external_id, **self.other_ids}


class _Cohort(NamedTuple):
    """The lives that begin in twelve market hours, the longest-lived first, and the listings drawn of them so far."""

    lives: tuple[Life, ...]
    stints: dict[int, tuple[Stint, ...]]


class EventMarket:
    """The market of one event; the same seed is the same market.

    It moves `speed` times faster than an ordinary market, from `fast_since` on where that is given, while the event's
    date stays, and `sale_share` of its holdings end sold. Markets with different slots, below `MAX_SLOTS`, share no
    listing id.
    """

    def __init__(
        self,
        event: SimulatedEvent,
        seed: int,
        *,
        speed: float = 1.0,
        fast_since: datetime | None = None,
        slot: int | None = None,
        sale_share: float = SALE_SHARE,
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}: give a number above 0")
        self.event = event
        self._seed = f"{seed}:{event.external_id}"
        self._slot = (crc32(self._seed.encode()) if slot is None else slot) % MAX_SLOTS
        self._timeline = Timeline(event.event_at, speed, fast_since)
        level = PriceLevel.drawn(random.Random(f"{self._seed}:level"))  # noqa: S311 - chance, not secrecy
        marketplaces = tuple(marketplace for marketplace in LISTED_AT if marketplace in event.ids)
        self._source = HoldingSource(
            event.venue, event.base_price, self._timeline, level, marketplaces, demand_for(sale_share)
        )
        self._cohorts: dict[int, _Cohort] = {}
        self._listings: dict[tuple[int, int, int], SimulatedListing] = {}
        self._lock = threading.Lock()

    def listings_at(self, now: datetime, marketplace: Marketplace = Marketplace.STUBHUB) -> list[SimulatedListing]:
        """A marketplace's listings at `now`, by id; none once the event has started.

        StubHub lists parking passes too; Vivid Seats sells them as other productions, which are not simulated.
        """
        hour = self._market_hour(now)  # 0 from the start on, when every holding is gone
        rate = self._rate(marketplace)
        listings = [
            self._as_listing(stint, hour, rate)
            for stint in self._stints(hour, hour)
            if stint.marketplace is marketplace
            and stint.born_at >= hour > stint.gone_at
            and not (stint.holding.is_parking and marketplace is Marketplace.VIVID_SEATS)
        ]
        return sorted(listings, key=lambda listing: listing.listing_id)

    def true_metrics_at(self, now: datetime, marketplace: Marketplace = Marketplace.STUBHUB) -> TrueMetrics:
        """The correct metrics of a marketplace's listings at `now`."""
        return TrueMetrics.of(self.listings_at(now, marketplace))

    def sales_between(
        self,
        after: datetime,
        until: datetime,
        marketplace: Marketplace | None = None,
        *,
        listed_at: Marketplace | None = None,
    ) -> list[Sale]:
        """The tickets sold later than `after` and not later than `until`, by time, without parking passes.

        `marketplace` is where they were bought, `listed_at` one of those that listed them; None: any. Each sale is
        returned once.
        """
        first, last = self._market_hour(after), self._market_hour(until)
        sales = [
            Sale(
                sold_at=self._timeline.moment(sold.at),
                marketplace=stint.marketplace,
                listing_id=self._listing_id(stint),
                holding=stint.holding.number,
                quantity=sold.quantity,
                all_in_price=_all_in(stint, _in_currency(value_at(stint.asks, sold.at), self._rate(stint.marketplace))),
            )
            for stint in self._stints(first, last)
            if not stint.holding.is_parking and marketplace in {None, stint.marketplace}
            if listed_at is None or listed_at in stint.holding.marketplaces
            for sold in stint.sales
            if first > sold.at >= last
        ]
        return sorted(sales, key=lambda sale: (sale.sold_at, sale.marketplace, sale.listing_id))

    def removals_between(
        self, after: datetime, until: datetime, marketplace: Marketplace = Marketplace.STUBHUB
    ) -> list[Removal]:
        """The listing ids that went later than `after` and not later than `until`, by time."""
        first, last = self._market_hour(after), self._market_hour(until)
        removals = [
            Removal(
                removed_at=self._timeline.moment(stint.gone_at),
                listing_id=self._listing_id(stint),
                quantity=stint.quantities[-1].value,
                reason=stint.ending,
                next_listing_id=self._listing_id(stint) + 1 if stint.ending is Ending.RELISTED else None,
            )
            for stint in self._stints(first, last)
            if stint.marketplace is marketplace and first > stint.gone_at >= last
        ]
        return sorted(removals, key=lambda removal: (removal.removed_at, removal.listing_id))

    def price_level_at(self, now: datetime) -> float:
        """The price level at `now`, relative to the event's base price."""
        return self._source.level.at(max(0.0, self._timeline.hours_before(now)))

    def _listing_id(self, stint: Stint) -> int:
        return ID_BASES[stint.marketplace] + self._slot * IDS_PER_EVENT + stint.holding.number + stint.ordinal

    def _rate(self, marketplace: Marketplace) -> Decimal:
        """Converts an ask in the venue's currency into the marketplace's."""
        local = self.event.venue.currency
        return DOLLARS[local] / DOLLARS[currency_at(marketplace, local)]

    def _market_hour(self, moment: datetime) -> float:
        return self._timeline.market_hours_before(max(0.0, self._timeline.hours_before(moment)))

    def _stints(self, first: float, last: float) -> Iterator[Stint]:
        """All stints that can be listed at some market hour from `first` down to `last`."""
        newest = int(last // COHORT_HOURS)
        oldest = int((first + MAX_LIFE_HOURS + max(SYNC_HOURS)) // COHORT_HOURS)
        for number in range(oldest, newest - 1, -1):
            with self._lock:
                if number not in self._cohorts:
                    if len(self._cohorts) >= KEPT_COHORTS:
                        del self._cohorts[next(iter(self._cohorts))]
                    self._cohorts[number] = self._draw_cohort(number)
                cohort = self._cohorts[number]
            for life in cohort.lives:
                if life.gone_at - max(SYNC_HOURS) > first:
                    break
                if life.born_at >= last:
                    yield from cohort.stints.get(life.number) or self._draw_stints(cohort, life)

    def _draw_stints(self, cohort: _Cohort, life: Life) -> tuple[Stint, ...]:
        """Draw what is listed in a life. Two threads may do it at once: the result is the same."""
        chance = random.Random(life.seed)  # noqa: S311 - chance, not secrecy
        stints = tuple(draw_listing_copies(draw_holding(self._source, life, chance), chance))
        cohort.stints[life.number] = stints
        return stints

    def _draw_cohort(self, number: int) -> _Cohort:
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - chance, not secrecy
        mean = self.event.listings * COHORT_HOURS / MEAN_LIFE_HOURS / self._source.share_per_marketplace
        holdings = min(IDS_PER_COHORT // 2, max(0, round(chance.gauss(mean, mean**0.5))))
        cohorts = IDS_PER_EVENT // IDS_PER_COHORT
        first = (cohorts - 1 - number % cohorts) * IDS_PER_COHORT
        born = sorted((COHORT_HOURS * (number + chance.random()) for _ in range(holdings)), reverse=True)
        lives = [draw_life(self._source, born_at, first + 2 * ordinal, chance) for ordinal, born_at in enumerate(born)]
        return _Cohort(tuple(sorted(lives, key=attrgetter("gone_at"))), {})

    def _as_listing(self, stint: Stint, hour: float, rate: Decimal) -> SimulatedListing:
        """The listing at a market hour; the same object as long as neither price nor quantity change."""
        key = self._listing_id(stint), value_at(stint.asks, hour), value_at(stint.quantities, hour)
        found = self._listings.get(key)
        if found is None:
            if len(self._listings) >= KEPT_LISTINGS:
                self._listings.clear()
            found = self._listings[key] = _listing(stint, *key, rate)
        return found


def _listing(stint: Stint, listing_id: int, cents: int, quantity: int, rate: Decimal) -> SimulatedListing:
    holding = stint.holding
    ask = _in_currency(cents, rate)
    section, row, _ = holding.seat
    return SimulatedListing(
        listing_id=listing_id,
        holding=holding.number,
        section=section,
        row=row,
        row_id=None if row is None else crc32(f"{section}/{row}".encode()),
        quantity=quantity,
        splits=possible_splits(quantity, is_pairs_only=holding.is_pairs_only),
        ask_price=ask,
        all_in_price=_all_in(stint, ask),
        net_proceeds=(ask * SELLER_GETS).quantize(CENT, ROUND_HALF_UP),
        is_parking=holding.is_parking,
        is_placeholder=holding.is_placeholder,
        is_fan=holding.is_fan,
        notes=holding.notes,
    )


def _in_currency(cents: int, rate: Decimal) -> Decimal:
    return (Decimal(cents).scaleb(-2) * rate).quantize(CENT, ROUND_HALF_UP)


def _all_in(stint: Stint, ask: Decimal) -> Decimal | None:
    """What the buyer pays; None where StubHub does not show it."""
    if stint.marketplace is Marketplace.STUBHUB and not stint.holding.is_all_in_known:
        return None
    return all_in_price(stint.marketplace, ask, is_fan=stint.holding.is_fan)
