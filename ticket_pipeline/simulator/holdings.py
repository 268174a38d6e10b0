"""One seller's tickets: drawing their whole life, with repricing, partial sales and an end.

Times are market hours before the event, so a life runs from large to small.
"""

from __future__ import annotations

import itertools
import math
import random
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.simulator.venue import Seat, Venue

if TYPE_CHECKING:
    from ticket_pipeline.simulator.marketplaces import Marketplace
    from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

MEAN_LIFE_HOURS = 60.0  # market hours, before the cap
MAX_LIFE_HOURS = 240.0  # market hours; bounds how far back a listing can have begun
MEAN_CAPPED_LIFE_HOURS = MEAN_LIFE_HOURS - MAX_LIFE_HOURS / math.expm1(MAX_LIFE_HOURS / MEAN_LIFE_HOURS)
REPRICE_HOURS = 20.0  # market hours between two prices of one seller, mean
CLEARING_HOURS = 3.0  # clock hours before the start, mean: when sellers take down what is left

QUANTITIES = (1, 2, 3, 4, 5, 6, 8, 10)
QUANTITY_WEIGHTS = (6, 35, 8, 30, 4, 10, 6, 1)  # mean 3.6, which partial sales bring to 3.45
SELLER_SPREAD = 0.22  # standard deviation of a seller's log price
REPRICE_SPREAD = 0.03

FAN_CHANCE = 0.15
SYNDICATED_CHANCE = 0.56  # of brokers: listed at every marketplace, not at one
PAIRS_ONLY_CHANCE = 0.2
PARTIAL_SALE_CHANCE = 0.2  # of holdings of three and more
SALE_CHANCE = 0.75  # of those that go; the others are taken down
PARKING_CHANCE = 0.015
FAT_FINGER_CHANCE = 0.006
PLACEHOLDER_CHANCE = 0.002
UNKNOWN_ALL_IN_CHANCE = 0.01
NOTE_CHANCE = 0.15
FAT_FINGERS = (0.1, 10.0)  # a digit too few, a digit too many
PLACEHOLDER_CENTS = 999_900  # listed to be seen, not to be sold
NOTES = ("Mobile transfer", "Aisle seats", "Limited view", "Instant download")
PARKING_PLACES = (("Parking Lot B", "Parking"), ("Parking", None), ("Garage North", "Parking"))


class Ending(StrEnum):
    """How a listing id ends."""

    SOLD = "sold"
    SOLD_ELSEWHERE = "sold_elsewhere"  # the same tickets went at another marketplace
    TAKEN_DOWN = "taken_down"
    EXPIRED = "expired"  # unsold shortly before the start
    RELISTED = "relisted"  # the same seats go on under a new id


class Step(NamedTuple):
    """A value from market hour `begins_at` on: tickets, or the ask in cents."""

    begins_at: float
    value: int


class TicketSale(NamedTuple):
    """Tickets sold at market hour `at`."""

    at: float
    quantity: int
    marketplace: Marketplace


class Holding(NamedTuple):
    """One seller's tickets: listed at market hour `h` where `born_at >= h > gone_at`, at each of `marketplaces`."""

    number: int
    marketplaces: tuple[Marketplace, ...]
    seat: Seat
    is_fan: bool
    is_parking: bool
    is_placeholder: bool
    is_pairs_only: bool  # where the quantity is even
    is_all_in_known: bool  # whether StubHub shows what the buyer pays
    notes: tuple[str, ...]
    born_at: float
    gone_at: float
    ending: Ending
    quantities: tuple[Step, ...]  # tickets left
    sales: tuple[TicketSale, ...]  # the last ones included
    asks: tuple[Step, ...]  # cents in the venue's currency, at the first marketplace


class HoldingSource(NamedTuple):
    """What a holding is drawn from; `base_price` is the ask for the venue's average seat in major units."""

    venue: Venue
    base_price: float
    timeline: Timeline
    level: PriceLevel
    marketplaces: tuple[Marketplace, ...]

    @property
    def share_per_marketplace(self) -> float:
        """The share of all holdings that one marketplace shows."""
        syndicated = (1 - FAN_CHANCE) * SYNDICATED_CHANCE
        return syndicated + (1 - syndicated) / len(self.marketplaces)


def draw_holding(source: HoldingSource, born_at: float, number: int, chance: random.Random) -> Holding:
    """Draw a holding's whole life, from the hour at which it is listed."""
    is_parking = chance.random() < PARKING_CHANCE
    is_placeholder = chance.random() < PLACEHOLDER_CHANCE
    is_fan = chance.random() < FAN_CHANCE
    is_syndicated = not is_fan and chance.random() < SYNDICATED_CHANCE
    order = chance.sample(source.marketplaces, len(source.marketplaces))
    marketplaces = tuple(order if is_syndicated else order[:1])  # the first has the seller's own price
    gone_at, ending = _draw_end(source.timeline, born_at, chance, is_for_sale=not is_placeholder)
    seat = _draw_parking(chance) if is_parking else source.venue.draw_seat(chance)
    quantities = _draw_quantities(born_at, gone_at, chance, is_single=is_parking, is_for_sale=not is_placeholder)
    asks = _draw_asks(source, seat.worth, born_at, gone_at, chance)
    return Holding(
        number=number,
        marketplaces=marketplaces,
        seat=seat,
        is_fan=is_fan,
        is_parking=is_parking,
        is_placeholder=is_placeholder,
        is_pairs_only=chance.random() < PAIRS_ONLY_CHANCE,
        is_all_in_known=chance.random() >= UNKNOWN_ALL_IN_CHANCE,
        notes=(chance.choice(NOTES),) if chance.random() < NOTE_CHANCE else (),
        born_at=born_at,
        gone_at=gone_at,
        ending=ending,
        quantities=quantities,
        sales=_draw_sales(quantities, gone_at, ending, marketplaces, chance),
        asks=(Step(born_at, PLACEHOLDER_CENTS),) if is_placeholder else asks,
    )


def value_at(steps: tuple[Step, ...], hour: float) -> int:
    """The value of the last step that has begun at market hour `hour`."""
    value = steps[0].value
    for step in steps:
        if step.begins_at < hour:
            break
        value = step.value
    return value


def _draw_end(timeline: Timeline, born_at: float, chance: random.Random, *, is_for_sale: bool) -> tuple[float, Ending]:
    """The ordinary end, or the clearing before the start if that comes first."""
    capped = -math.expm1(-MAX_LIFE_HOURS / MEAN_LIFE_HOURS)
    life = -MEAN_LIFE_HOURS * math.log1p(-chance.random() * capped)
    clock_hours = timeline.clock_hours_before(born_at)
    still_to_come = -math.expm1(-clock_hours / CLEARING_HOURS)
    clearing = timeline.market_hours_before(-CLEARING_HOURS * math.log1p(-chance.random() * still_to_come))
    is_sold = chance.random() < SALE_CHANCE and is_for_sale
    unsold = Ending.EXPIRED if clearing > born_at - life else Ending.TAKEN_DOWN
    return max(born_at - life, clearing), Ending.SOLD if is_sold else unsold


def _draw_parking(chance: random.Random) -> Seat:
    section, row = chance.choice(PARKING_PLACES)
    return Seat(section, row, chance.uniform(0.15, 0.4))


def _draw_quantities(
    born_at: float, gone_at: float, chance: random.Random, *, is_single: bool, is_for_sale: bool
) -> tuple[Step, ...]:
    quantity = 1 if is_single else chance.choices(QUANTITIES, QUANTITY_WEIGHTS)[0]
    steps = [Step(born_at, quantity)]
    left = {3: 2}.get(quantity, quantity - 2)  # nobody wants to be left with a single seat
    if left > 0 and chance.random() < PARTIAL_SALE_CHANCE and is_for_sale:
        steps.append(Step(chance.uniform(gone_at, born_at), left))
    return tuple(steps)


def _draw_sales(
    quantities: tuple[Step, ...],
    gone_at: float,
    ending: Ending,
    marketplaces: tuple[Marketplace, ...],
    chance: random.Random,
) -> tuple[TicketSale, ...]:
    """Partial sales and, where the holding is sold in the end, the rest: each at one of its marketplaces."""
    sales = [
        TicketSale(after.begins_at, before.value - after.value, chance.choice(marketplaces))
        for before, after in itertools.pairwise(quantities)
    ]
    if ending is Ending.SOLD:
        sales.append(TicketSale(gone_at, quantities[-1].value, chance.choice(marketplaces)))
    return tuple(sales)


def _draw_asks(
    source: HoldingSource, worth: float, born_at: float, gone_at: float, chance: random.Random
) -> tuple[Step, ...]:
    markup = math.exp(chance.gauss(0, SELLER_SPREAD))
    slip = chance.choice(FAT_FINGERS) if chance.random() < FAT_FINGER_CHANCE else 1.0
    steps: list[Step] = []
    at = born_at
    while at > gone_at:
        level = source.level.at(source.timeline.clock_hours_before(at))
        steps.append(Step(at, max(100, round(100 * source.base_price * worth * markup * slip * level))))
        slip = 1.0  # corrected at the next repricing
        markup *= math.exp(chance.gauss(0, REPRICE_SPREAD))
        at -= chance.expovariate(1 / REPRICE_HOURS)
    return tuple(steps)
