"""One seller's tickets: drawing their whole life, with repricing, partial sales and an end.

Times are market hours before the event, so a life runs from large to small.
"""

from __future__ import annotations

import itertools
import math
import random
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.simulator.demand import SELLER_SPREAD, Demand
from ticket_pipeline.simulator.venue import Seat, Venue

if TYPE_CHECKING:
    from ticket_pipeline.simulator.marketplaces import Marketplace
    from ticket_pipeline.simulator.timeline import PriceLevel, Timeline

REPRICE_HOURS = 20.0  # market hours between two prices of one seller, mean
CLEARING_HOURS = 3.0  # clock hours before the start, mean: when sellers take down what is left

QUANTITIES = (1, 2, 3, 4, 5, 6, 8, 10)
QUANTITY_WEIGHTS = (6, 35, 8, 30, 4, 10, 6, 1)  # mean 3.6, which partial sales bring to 3.45
REPRICE_SPREAD = 0.03

FAN_CHANCE = 0.15
SYNDICATED_CHANCE = 0.56  # of brokers: listed at every marketplace, not at one
PAIRS_ONLY_CHANCE = 0.2
PARTIAL_SALE_CHANCE = 0.2  # of holdings of three and more
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


class Life(NamedTuple):
    """How long a holding is listed and how it ends; `seed` draws what it consists of, for those who look at it."""

    number: int
    born_at: float
    gone_at: float
    ending: Ending
    markup: float  # of its first ask over what the seats are worth
    is_placeholder: bool
    seed: int


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
    demand: Demand

    @property
    def share_per_marketplace(self) -> float:
        """The share of all holdings that one marketplace shows."""
        syndicated = (1 - FAN_CHANCE) * SYNDICATED_CHANCE
        return syndicated + (1 - syndicated) / len(self.marketplaces)


def draw_life(source: HoldingSource, born_at: float, number: int, chance: random.Random) -> Life:
    """Draw how long a holding is listed, from its first hour: the ordinary end, or the clearing if that comes first."""
    timeline = source.timeline
    is_placeholder = chance.random() < PLACEHOLDER_CHANCE
    markup = math.exp(chance.gauss(0, SELLER_SPREAD))
    hours, is_wanted = source.demand.draw_life(markup, chance)
    clock_hours = timeline.clock_hours_before(born_at)
    still_to_come = -math.expm1(-clock_hours / CLEARING_HOURS)
    clearing = timeline.market_hours_before(-CLEARING_HOURS * math.log1p(-chance.random() * still_to_come))
    gone_at = max(born_at - hours, clearing)
    unsold = Ending.EXPIRED if gone_at == clearing else Ending.TAKEN_DOWN
    ending = Ending.SOLD if is_wanted and not is_placeholder else unsold
    return Life(number, born_at, gone_at, ending, markup, is_placeholder, chance.getrandbits(64))


def draw_holding(source: HoldingSource, life: Life, chance: random.Random) -> Holding:
    """Draw what is listed in a life."""
    born_at, gone_at, is_for_sale = life.born_at, life.gone_at, not life.is_placeholder
    is_parking = chance.random() < PARKING_CHANCE
    is_fan = chance.random() < FAN_CHANCE
    is_syndicated = not is_fan and chance.random() < SYNDICATED_CHANCE
    order = chance.sample(source.marketplaces, len(source.marketplaces))
    marketplaces = tuple(order if is_syndicated else order[:1])  # the first has the seller's own price
    seat = _draw_parking(chance) if is_parking else source.venue.draw_seat(chance)
    quantities = _draw_quantities(born_at, gone_at, chance, is_single=is_parking, is_for_sale=is_for_sale)
    asks = _draw_asks(source, seat.worth * life.markup, born_at, gone_at, chance)
    return Holding(
        number=life.number,
        marketplaces=marketplaces,
        seat=seat,
        is_fan=is_fan,
        is_parking=is_parking,
        is_placeholder=life.is_placeholder,
        is_pairs_only=chance.random() < PAIRS_ONLY_CHANCE,
        is_all_in_known=chance.random() >= UNKNOWN_ALL_IN_CHANCE,
        notes=(chance.choice(NOTES),) if chance.random() < NOTE_CHANCE else (),
        born_at=born_at,
        gone_at=gone_at,
        ending=life.ending,
        quantities=quantities,
        sales=_draw_sales(quantities, gone_at, life.ending, marketplaces, chance),
        asks=asks if is_for_sale else (Step(born_at, PLACEHOLDER_CENTS),),
    )


def value_at(steps: tuple[Step, ...], hour: float) -> int:
    """The value of the last step that has begun at market hour `hour`."""
    value = steps[0].value
    for step in steps:
        if step.begins_at < hour:
            break
        value = step.value
    return value


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
    source: HoldingSource, price: float, born_at: float, gone_at: float, chance: random.Random
) -> tuple[Step, ...]:
    """The asks over a life that begins at `price`, relative to the base price and the level of the day."""
    slip = chance.choice(FAT_FINGERS) if chance.random() < FAT_FINGER_CHANCE else 1.0
    steps: list[Step] = []
    at = born_at
    while at > gone_at:
        level = source.level.at(source.timeline.clock_hours_before(at))
        steps.append(Step(at, max(100, round(100 * source.base_price * price * slip * level))))
        slip = 1.0  # corrected at the next repricing
        price *= math.exp(chance.gauss(0, REPRICE_SPREAD))
        at -= chance.expovariate(1 / REPRICE_HOURS)
    return tuple(steps)
