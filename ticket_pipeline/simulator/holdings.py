"""The sellers of a simulated market: what each holds, when it is listed, repriced, partly sold, relisted and gone.

What belongs here: drawing one holding's whole life from chance. What does not: which holdings stand at a moment
(`ticket_pipeline.simulator.market`). Moments are market hours before the event, so a life runs from large to small.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from ticket_pipeline.simulator.venue import Seat

if TYPE_CHECKING:
    import random

    from ticket_pipeline.simulator.timeline import PriceLevel, Timeline
    from ticket_pipeline.simulator.venue import Venue

MEAN_LIFE_HOURS = 60.0  # market hours, before the cap
MAX_LIFE_HOURS = 240.0  # market hours; bounds how far back a moment's listings can have begun
MEAN_CAPPED_LIFE_HOURS = MEAN_LIFE_HOURS - MAX_LIFE_HOURS / math.expm1(MAX_LIFE_HOURS / MEAN_LIFE_HOURS)
REPRICE_HOURS = 20.0  # market hours between two prices of one seller, mean
CLEARING_HOURS = 3.0  # hours of the clock before the start, mean: when sellers clear out at the latest

QUANTITIES = (1, 2, 3, 4, 5, 6, 8, 10)
QUANTITY_WEIGHTS = (7, 36, 8, 28, 4, 10, 6, 1)  # mean 3.5, which partial sales bring to 3.45
SELLER_SPREAD = 0.22  # standard deviation of a seller's log price
REPRICE_SPREAD = 0.03

PARTIAL_SALE_CHANCE = 0.2  # of holdings of three and more
RELIST_CHANCE = 0.12
SALE_CHANCE = 0.75  # of those that go; the others are taken down
PARKING_CHANCE = 0.015
FAT_FINGER_CHANCE = 0.006
UNKNOWN_ALL_IN_CHANCE = 0.01
NOTE_CHANCE = 0.15
FAT_FINGERS = (0.1, 10.0)  # a digit too few, a digit too many
NOTES = ("Mobile transfer", "Aisle seats", "Limited view", "Instant download")
PARKING_PLACES = (("Parking Lot B", "Parking"), ("Parking", None), ("Garage North", "Parking"))


class Ending(StrEnum):
    """How a listing id ends."""

    SOLD = "sold"
    TAKEN_DOWN = "taken_down"
    RELISTED = "relisted"  # the same seats go on under a new id


class Step(NamedTuple):
    """From `begins_at` (market hours) on, a listing has this value: tickets, or the ask in cents."""

    begins_at: float
    value: int


class Stint(NamedTuple):
    """The life of one listing id: it stands at market hour `h` where `born_at >= h > gone_at`."""

    listing_id: int
    section: str
    row: str | None
    row_id: int | None
    is_parking: bool
    is_all_in_known: bool
    notes: tuple[str, ...]
    born_at: float
    gone_at: float
    ending: Ending
    quantities: tuple[Step, ...]
    asks: tuple[Step, ...]


class HoldingSource(NamedTuple):
    """What a holding is drawn from, besides chance.

    Attributes:
        venue: where the seats are.
        base_price: ask for the venue's average seat, major units.
        timeline: the event's time.
        level: where prices stand.
    """

    venue: Venue
    base_price: float
    timeline: Timeline
    level: PriceLevel


def draw_holding(source: HoldingSource, born_at: float, first_id: int, chance: random.Random) -> list[Stint]:
    """Draw a seller's whole life: one listing, or two where it is relisted (ids `first_id` and `first_id` + 1)."""
    is_parking = chance.random() < PARKING_CHANCE
    gone_at, ending = _draw_end(source.timeline, born_at, chance)
    seat = _draw_parking(chance) if is_parking else source.venue.draw_seat(chance)
    whole = Stint(
        listing_id=first_id,
        section=seat.section,
        row=seat.row,
        row_id=None if seat.row is None else crc32(f"{seat.section}/{seat.row}".encode()),
        is_parking=is_parking,
        is_all_in_known=chance.random() >= UNKNOWN_ALL_IN_CHANCE,
        notes=(chance.choice(NOTES),) if chance.random() < NOTE_CHANCE else (),
        born_at=born_at,
        gone_at=gone_at,
        ending=ending,
        quantities=_draw_quantities(born_at, gone_at, chance, is_parking=is_parking),
        asks=_draw_asks(source, seat.worth, born_at, gone_at, chance),
    )
    if chance.random() >= RELIST_CHANCE:
        return [whole]
    return _relisted(whole, chance.uniform(gone_at, born_at))


def value_at(steps: tuple[Step, ...], hour: float) -> int:
    """The value of the last step that has begun at market hour `hour`."""
    value = steps[0].value
    for step in steps:
        if step.begins_at < hour:
            break
        value = step.value
    return value


def _draw_end(timeline: Timeline, born_at: float, chance: random.Random) -> tuple[float, Ending]:
    """An ordinary life's end, or the clearing before the start where that comes first."""
    capped = -math.expm1(-MAX_LIFE_HOURS / MEAN_LIFE_HOURS)
    life = -MEAN_LIFE_HOURS * math.log1p(-chance.random() * capped)
    clock_hours = timeline.clock_hours_before(born_at)
    still_to_come = -math.expm1(-clock_hours / CLEARING_HOURS)
    clearing = -CLEARING_HOURS * math.log1p(-chance.random() * still_to_come)
    ending = Ending.SOLD if chance.random() < SALE_CHANCE else Ending.TAKEN_DOWN
    return max(born_at - life, timeline.market_hours_before(clearing)), ending


def _draw_parking(chance: random.Random) -> Seat:
    section, row = chance.choice(PARKING_PLACES)
    return Seat(section, row, chance.uniform(0.15, 0.4))


def _draw_quantities(born_at: float, gone_at: float, chance: random.Random, *, is_parking: bool) -> tuple[Step, ...]:
    quantity = 1 if is_parking else chance.choices(QUANTITIES, QUANTITY_WEIGHTS)[0]
    steps = [Step(born_at, quantity)]
    left = {3: 2}.get(quantity, quantity - 2)  # nobody wants to be left with a single seat
    if left > 0 and chance.random() < PARTIAL_SALE_CHANCE:
        steps.append(Step(chance.uniform(gone_at, born_at), left))
    return tuple(steps)


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
        slip = 1.0  # noticed when next they look
        markup *= math.exp(chance.gauss(0, REPRICE_SPREAD))
        at -= chance.expovariate(1 / REPRICE_HOURS)
    return tuple(steps)


def _relisted(whole: Stint, at: float) -> list[Stint]:
    """Cut a life in two: the same seats at near the same price go on under the next id."""
    first_asks = tuple(step for step in whole.asks if step.begins_at > at) or whole.asks[:1]
    first_quantities = tuple(step for step in whole.quantities if step.begins_at > at) or whole.quantities[:1]
    later_asks = tuple(step for step in whole.asks if step.begins_at <= at)
    later_quantities = tuple(step for step in whole.quantities if step.begins_at <= at)
    return [
        whole._replace(gone_at=at, ending=Ending.RELISTED, asks=first_asks, quantities=first_quantities),
        whole._replace(
            listing_id=whole.listing_id + 1,
            born_at=at,
            asks=(Step(at, round(first_asks[-1].value * 0.99)), *later_asks),
            quantities=(Step(at, first_quantities[-1].value), *later_quantities),
        ),
    ]
