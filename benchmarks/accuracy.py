"""Estimated sales of simulated markets beside what was really sold in them.

What belongs here: polling a market as the pipeline does, estimating its sales by their definition, and comparing them
with the simulator's. What does not: the tables (`benchmarks.accuracy_report`).
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES, ChangeKind, SeenListing, find_changes
from ticket_pipeline.market.price_classes import price_classes
from ticket_pipeline.market.sale_rates import DEFAULT_SALE_RULES
from ticket_pipeline.simulator.market import EventMarket, SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.venue import Venue, arena_zones, standing_zones, theatre_zones
from ticket_pipeline_tests.market.sales_by_definition import estimate_sales, interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ticket_pipeline.market.changes import Change
    from ticket_pipeline.simulator.listing import Sale, SimulatedListing
    from ticket_pipeline_tests.market.sales_by_definition import EstimatedSale

EVENT_AT = datetime(2026, 7, 2, 0, tzinfo=UTC)
LISTED_AT = Marketplace.STUBHUB
SHOWN_DAYS = 7
_FEWEST_DAYS, _MOST_DAYS = 1, 21  # from the last day that is shown to the event
_LEAST_FACTOR, _LARGEST_FACTOR = 0.5, 1.5  # of an interval, as the pipeline draws it by default
_LATEST_SYNC = timedelta(minutes=10)  # a sale at another marketplace shows so much later at most
_ZONES = {"arena": arena_zones(), "theatre": theatre_zones(), "standing": standing_zones()}
_RANKED = ("listing_id", "section", "row", "zone", "currency", "fee_basis", "price")
_LISTINGS = {"arena": 300, "theatre": 220, "standing": 200}


class Day(NamedTuple):
    """Tickets of one event and local day: really sold, and estimated."""

    sold: int
    tickets: float
    low: float
    high: float

    @property
    def is_covered(self) -> bool:
        """Whether what was sold is within the interval."""
        return self.low <= self.sold <= self.high


class Departure(NamedTuple):
    """A removal or a shrunken lot: the chance that it is a sale, its tickets, and how many of them were sold.

    `chance` is None for a removal that is taken for a relist.
    """

    chance: float | None
    tickets: int
    sold: int


@dataclass(slots=True)
class Accuracy:
    """What was estimated of some markets, and what was true; `sold` are tickets."""

    days: list[Day] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    sold: int = 0

    def add(self, other: Accuracy) -> None:
        """Count other markets in."""
        self.days += other.days
        self.departures += other.departures
        self.sold += other.sold

    @property
    def coverage(self) -> float:
        """The share of the days whose interval holds what was sold."""
        return sum(day.is_covered for day in self.days) / len(self.days)

    @property
    def estimated_share(self) -> float:
        """Estimated by sold tickets, over all days."""
        return sum(day.tickets for day in self.days) / sum(day.sold for day in self.days)

    @property
    def width(self) -> float:
        """Half the width of the intervals by the estimate, over all days."""
        return sum(day.high - day.low for day in self.days) / 2 / sum(day.tickets for day in self.days)

    @property
    def recall(self) -> float:
        """The share of the sold tickets that are among the departures that count."""
        return sum(one.sold for one in self._counted()) / self.sold

    @property
    def raw_precision(self) -> float:
        """The share of the tickets that left that were sold, whatever is taken for a relist."""
        return _precision(self.departures)

    @property
    def precision(self) -> float:
        """The same without what is taken for a relist."""
        return _precision(self._counted())

    def precision_of_likeliest(self, recall: float) -> float:
        """The precision of the likeliest departures that hold this share of the sold tickets that are in any."""
        ordered = self._counted()
        wanted = recall * sum(one.sold for one in ordered)
        enough = next(
            number for number, sold in enumerate(accumulate(one.sold for one in ordered), 1) if sold >= wanted
        )
        return _precision(ordered[:enough])

    def _counted(self) -> list[Departure]:
        """Departures that are no relist, the likeliest sales first."""
        return sorted((one for one in self.departures if one.chance is not None), key=lambda one: -(one.chance or 0))


def _precision(departures: Sequence[Departure]) -> float:
    return sum(one.sold for one in departures) / sum(one.tickets for one in departures)


def measure_market(
    venue: str, sale_share: float, seed: int, intervals: Iterable[timedelta], days: int = SHOWN_DAYS
) -> dict[timedelta, Accuracy]:
    """Poll one market at each interval from the eve of `days` local days to their end, and judge the estimates of them.

    Args:
        venue: arena, theatre or standing.
        sale_share: of the holdings that go, those that are sold.
        seed: of the market, the moments of its polls and how long before its event they are.
        intervals: mean time between two polls; each is 0.5 to 1.5 times as long, as the pipeline draws it.
        days: shown.
    """
    chance = random.Random(f"{venue}:{seed}")  # noqa: S311 - chance, not secrecy
    place = Venue("Venue", "Boston", "United States", "America/New_York", "USD", 10_000, _ZONES[venue])
    ids = {Marketplace.VIVID_SEATS: "5284301"}
    event = SimulatedEvent("157284301", "Event", place, EVENT_AT, 150.0, _LISTINGS[venue], ids)
    watched = _Watched(EventMarket(event, seed, sale_share=sale_share), {})
    zone = ZoneInfo(place.timezone)
    last = EVENT_AT.astimezone(zone).date() - timedelta(days=chance.randint(_FEWEST_DAYS, _MOST_DAYS))
    midnights = [
        datetime.combine(last - timedelta(days=ago), datetime.min.time(), zone).astimezone(UTC)
        for ago in range(days - 1, -2, -1)
    ]
    return {mean: _measure(watched, midnights, _draw_polls(midnights, mean, chance)) for mean in intervals}


def _draw_polls(midnights: Sequence[datetime], mean: timedelta, chance: random.Random) -> list[datetime]:
    """The moments of polls, the first of them half a day before the first midnight at the latest."""
    at = midnights[0] - timedelta(hours=12) - chance.random() * mean
    polls = [at]
    while at <= midnights[-1]:
        at += chance.uniform(_LEAST_FACTOR, _LARGEST_FACTOR) * mean
        polls.append(at)
    return polls


class _Watched(NamedTuple):
    """A market, and what was seen of its listings by id, quantity and price: most stay as they are for many polls."""

    market: EventMarket
    seen: dict[tuple[int, int, object], tuple[SeenListing, SimulatedListing]]

    def capture(self, at: datetime) -> list[SeenListing]:
        """What the pipeline stores of a response: no parking passes."""
        found = []
        for one in self.market.listings_at(at, LISTED_AT):
            if not one.is_parking:
                key = one.listing_id, one.quantity, one.ask_price
                if key not in self.seen:
                    self.seen[key] = self._see(one), one
                found.append(self.seen[key][0])
        return found

    def _see(self, one: SimulatedListing) -> SeenListing:
        zones = {section: zone.name for zone in self.market.event.venue.zones for section in zone.sections}
        return SeenListing(
            listing_id=str(one.listing_id),
            section=one.section,
            row=one.row,
            zone=zones[one.section],
            quantity=one.quantity,
            price=one.all_in_price or one.ask_price,
            currency="USD",
            fee_basis="all_in" if one.all_in_price else "ask",
        )


def _measure(watched: _Watched, midnights: Sequence[datetime], polls: Sequence[datetime]) -> Accuracy:
    captures = [(at, watched.capture(at)) for at in polls]
    originals = {(seen.listing_id, seen.quantity): one for seen, one in watched.seen.values()}
    changes = find_changes(captures, DEFAULT_CHANGE_RULES)
    splits = {
        (one.previous_captured_at, one.listing_id): originals[one.listing_id, one.old_quantity].splits
        for one in changes
        if one.change == ChangeKind.QUANTITY and one.old_quantity is not None
    }
    estimates = estimate_sales(captures, changes, splits, DEFAULT_SALE_RULES, classify=_classify)
    sales = watched.market.sales_between(polls[0] - _LATEST_SYNC, polls[-1], listed_at=LISTED_AT)
    holdings = {str(one.listing_id): one.holding for _, one in watched.seen.values()}
    return Accuracy(
        days=[_day(start, end, estimates, sales) for start, end in pairwise(midnights)],
        departures=_judge(changes, estimates, sales, holdings),
        sold=sum(one.quantity for one in sales if one.sold_at > polls[0]),
    )


def _classify(listings: Sequence[SeenListing]) -> dict[str, int]:
    """As the pipeline does when it stores a capture; all of these are seats."""
    columns = {name: [getattr(one, name) for one in listings] for name in _RANKED}
    classes = price_classes(columns | {"admission": [Admission.SEAT] * len(listings)})
    return {one.listing_id: number for one, number in zip(listings, classes, strict=True) if number is not None}


def _day(start: datetime, end: datetime, estimates: Iterable[EstimatedSale], sales: Iterable[Sale]) -> Day:
    """A pair of captures counts by the share of its time that is in the day, as in `estimated_sales`."""
    tickets = variance = error = 0.0
    for one in estimates:
        first, last = one.change.previous_captured_at, one.change.captured_at
        share = (min(last, end) - max(first, start)) / (last - first)
        if share > 0:
            tickets += share * one.tickets
            variance += share * one.variance
            error += share * one.error
    sold = sum(one.quantity for one in sales if start < one.sold_at <= end)
    return Day(sold, tickets, *interval(tickets, variance, error))


def _judge(
    changes: Iterable[Change], estimates: Iterable[EstimatedSale], sales: Iterable[Sale], holdings: Mapping[str, int]
) -> list[Departure]:
    """How many tickets of each departure were sold: each sale belongs to the first departure of its seats after it."""
    left: dict[int, list[Sale]] = defaultdict(list)
    for sale in sales:
        left[sale.holding].append(sale)
    chances = {(one.change.captured_at, one.change.listing_id): one.chance for one in estimates}
    judged = []
    for change in changes:
        chance = chances.get((change.captured_at, change.listing_id))
        if change.old_quantity is None or (chance is None and change.relisted_as is None):
            continue
        if change.change not in (ChangeKind.REMOVED, ChangeKind.QUANTITY):
            continue
        tickets = change.old_quantity - (change.new_quantity or 0)
        own = left[holdings[change.listing_id]]
        first = change.previous_captured_at - _LATEST_SYNC
        mine = [sale for sale in own if first < sale.sold_at <= change.captured_at]
        left[holdings[change.listing_id]] = [sale for sale in own if sale not in mine]
        judged.append(Departure(chance, tickets, min(tickets, sum(sale.quantity for sale in mine))))
    return judged
