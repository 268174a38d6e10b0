"""One event's secondary market as a pure function of time: the same seed and moment give the same listings.

What belongs here: which listings stand at a moment, what they cost, and the truth about them for tests. What does not:
wire formats, worlds of many events, clocks.

A market is a sum of independent holdings (`ticket_pipeline.simulator.holdings`), each listed at one marketplace or at
several (`simulator.listing_copies`), drawn per cohort of market hours from a seed of the cohort's own. A
moment's listings are found from the cohorts that can still be alive then, whatever was asked before.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zlib import crc32

from ticket_pipeline.simulator.holdings import (
    MAX_LIFE_HOURS,
    MEAN_CAPPED_LIFE_HOURS,
    Ending,
    HoldingSource,
    draw_holding,
    value_at,
)
from ticket_pipeline.simulator.listing import Removal, Sale, SimulatedListing, TrueMetrics, possible_splits
from ticket_pipeline.simulator.listing_copies import SYNC_HOURS, Stint, draw_listing_copies
from ticket_pipeline.simulator.marketplaces import CENT, DOLLARS, SELLER_GETS, Marketplace, all_in_price, currency_at
from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ticket_pipeline.simulator.holdings import TicketSale
    from ticket_pipeline.simulator.venue import Venue

COHORT_HOURS = 12.0  # market hours
KEPT_COHORTS = 64  # two moments ten days of market time apart, and some to spare
LISTED_AT = (Marketplace.STUBHUB, Marketplace.VIVID_SEATS)
ID_BASES = {
    Marketplace.STUBHUB: 10_000_000_000,
    Marketplace.VIVID_SEATS: 13_000_000_000,
}  # eleven digits, as seen; past 2^31
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
    other_ids: Mapping[Marketplace, str] = field(default_factory=dict, hash=False)

    @property
    def ids(self) -> dict[Marketplace, str]:
        """Its id at every marketplace that knows it."""
        return {Marketplace.STUBHUB: self.external_id, **self.other_ids}


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
        marketplaces = tuple(marketplace for marketplace in LISTED_AT if marketplace in event.ids)
        self._source = HoldingSource(event.venue, event.base_price, self._timeline, level, marketplaces)
        self._cohorts: dict[int, tuple[Stint, ...]] = {}
        self._lock = threading.Lock()

    def listings_at(self, now: datetime, marketplace: Marketplace = Marketplace.STUBHUB) -> list[SimulatedListing]:
        """The listings that stand at an marketplace at `now`, by id; none once the event has started.

        StubHub shows parking passes among them; Vivid Seats sells those as a production of their own.
        """
        has_parking = marketplace is Marketplace.STUBHUB
        return [item for item in self._standing(now, marketplace) if has_parking or not item.is_parking]

    def parking_at(self, now: datetime, marketplace: Marketplace) -> list[SimulatedListing]:
        """The parking passes that stand at an marketplace at `now`, by id."""
        return [item for item in self._standing(now, marketplace) if item.is_parking]

    def true_metrics_at(self, now: datetime, marketplace: Marketplace = Marketplace.STUBHUB) -> TrueMetrics:
        """The truth about an marketplace's listings at `now`."""
        return TrueMetrics.of(self.listings_at(now, marketplace))

    def sales_between(self, after: datetime, until: datetime, marketplace: Marketplace | None = None) -> list[Sale]:
        """The tickets sold later than `after` and not later than `until`, in order of time; no parking passes.

        Args:
            after: aware UTC.
            until: aware UTC.
            marketplace: where they were bought; None: anywhere, each sale once.
        """
        first, last = self._market_hour(after), self._market_hour(until)
        sales = [
            self._sale(stint, sold)
            for stint in self._stints(first, last)
            if not stint.holding.is_parking and marketplace in {None, stint.marketplace}
            for sold in stint.sales
            if first > sold.at >= last
        ]
        return sorted(sales, key=lambda sale: (sale.sold_at, sale.marketplace, sale.listing_id))

    def removals_between(
        self, after: datetime, until: datetime, marketplace: Marketplace = Marketplace.STUBHUB
    ) -> list[Removal]:
        """The ids that went at an marketplace later than `after` and not later than `until`, in order of time."""
        first, last = self._market_hour(after), self._market_hour(until)
        removals = [
            self._removal(stint)
            for stint in self._stints(first, last)
            if stint.marketplace is marketplace and first > stint.gone_at >= last
        ]
        return sorted(removals, key=lambda removal: (removal.removed_at, removal.listing_id))

    def _standing(self, now: datetime, marketplace: Marketplace) -> list[SimulatedListing]:
        hour = self._market_hour(now)  # 0 from the start on, when every holding is cleared
        rate = self._rate(marketplace)
        standing = [
            self._as_listing(stint, hour, rate)
            for stint in self._stints(hour, hour)
            if stint.marketplace is marketplace and stint.born_at >= hour > stint.gone_at
        ]
        standing.sort(key=lambda listing: listing.listing_id)
        return standing

    def _sale(self, stint: Stint, sold: TicketSale) -> Sale:
        ask = _in_currency(value_at(stint.asks, sold.at), self._rate(stint.marketplace))
        return Sale(
            sold_at=self._timeline.moment(sold.at),
            marketplace=stint.marketplace,
            listing_id=self._listing_id(stint),
            holding=stint.holding.number,
            quantity=sold.quantity,
            all_in_price=_all_in(stint, ask),
        )

    def _removal(self, stint: Stint) -> Removal:
        listing_id = self._listing_id(stint)
        return Removal(
            removed_at=self._timeline.moment(stint.gone_at),
            listing_id=listing_id,
            quantity=stint.quantities[-1].value,
            reason=stint.ending,
            next_listing_id=listing_id + 1 if stint.ending is Ending.RELISTED else None,
        )

    def _listing_id(self, stint: Stint) -> int:
        return ID_BASES[stint.marketplace] + self._slot * IDS_PER_EVENT + stint.holding.number + stint.ordinal

    def price_level_at(self, now: datetime) -> float:
        """Where prices stand at `now`, relative to the event's base price."""
        return self._source.level.at(max(0.0, self._timeline.hours_before(now)))

    def _rate(self, marketplace: Marketplace) -> Decimal:
        """What turns an ask in the venue's currency into one of the marketplace's."""
        local = self.event.venue.currency
        return DOLLARS[local] / DOLLARS[currency_at(marketplace, local)]

    def _market_hour(self, moment: datetime) -> float:
        return self._timeline.market_hours_before(max(0.0, self._timeline.hours_before(moment)))

    def _stints(self, first: float, last: float) -> Iterator[Stint]:
        """All stints that may stand at some market hour from `first` down to `last`."""
        newest = int(last // COHORT_HOURS)
        oldest = int((first + MAX_LIFE_HOURS + max(SYNC_HOURS)) // COHORT_HOURS)
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
        mean = self.event.listings * COHORT_HOURS / MEAN_CAPPED_LIFE_HOURS / self._source.share_per_marketplace
        holdings = min(IDS_PER_COHORT // 2, max(0, round(chance.gauss(mean, mean**0.5))))
        cohorts = IDS_PER_EVENT // IDS_PER_COHORT
        first = (cohorts - 1 - number % cohorts) * IDS_PER_COHORT
        born = sorted((COHORT_HOURS * (number + chance.random()) for _ in range(holdings)), reverse=True)
        return tuple(
            stint
            for ordinal, born_at in enumerate(born)
            for stint in draw_listing_copies(draw_holding(self._source, born_at, first + 2 * ordinal, chance), chance)
        )

    def _as_listing(self, stint: Stint, hour: float, rate: Decimal) -> SimulatedListing:
        holding = stint.holding
        ask = _in_currency(value_at(stint.asks, hour), rate)
        quantity = value_at(stint.quantities, hour)
        section, row, _ = holding.seat
        return SimulatedListing(
            listing_id=self._listing_id(stint),
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
    """What the buyer pays; only StubHub keeps it to itself now and then."""
    if stint.marketplace is Marketplace.STUBHUB and not stint.holding.is_all_in_known:
        return None
    return all_in_price(stint.marketplace, ask, is_fan=stint.holding.is_fan)
