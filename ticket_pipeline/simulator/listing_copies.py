"""The listings of one holding: at each marketplace its own id and price, possibly relisted under a second id.

Times are market hours before the event, so a life runs from large to small.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.simulator.holdings import Ending, Holding, Step, TicketSale

if TYPE_CHECKING:
    from ticket_pipeline.simulator.marketplaces import Marketplace

RELIST_CHANCE = 0.12  # of each listing
RELIST_DISCOUNT = 0.99
COPY_SPREAD = 0.05  # standard deviation of a copy's log price beside the seller's own
SYNC_HOURS = (1 / 60, 10 / 60)  # market hours until the other marketplaces show a sale


class Stint(NamedTuple):
    """The life of one listing id: listed at market hour `h` where `born_at >= h > gone_at`."""

    holding: Holding
    marketplace: Marketplace
    ordinal: int  # 1 for the second id of a relisted listing
    born_at: float
    gone_at: float
    ending: Ending
    quantities: tuple[Step, ...]  # tickets left, as this marketplace shows them
    sales: tuple[TicketSale, ...]  # at this marketplace
    asks: tuple[Step, ...]  # cents in the venue's currency


def draw_listing_copies(holding: Holding, chance: random.Random) -> list[Stint]:
    """The lives of all listing ids of a holding, at every marketplace where it is listed."""
    return [
        stint
        for position, marketplace in enumerate(holding.marketplaces)
        for stint in _draw_copy(holding, marketplace, chance, is_first=position == 0)
    ]


def _draw_copy(holding: Holding, marketplace: Marketplace, chance: random.Random, *, is_first: bool) -> list[Stint]:
    has_own_price = not is_first and not holding.is_placeholder
    lag = chance.uniform(*SYNC_HOURS)
    is_sold_elsewhere = holding.ending is Ending.SOLD and holding.sales[-1].marketplace is not marketplace
    gone_at = max(0.0, holding.gone_at - lag) if is_sold_elsewhere else holding.gone_at
    whole = Stint(
        holding=holding,
        marketplace=marketplace,
        ordinal=0,
        born_at=holding.born_at,
        gone_at=gone_at,
        ending=Ending.SOLD_ELSEWHERE if is_sold_elsewhere else holding.ending,
        quantities=_quantities_at(holding, marketplace, gone_at, lag),
        sales=tuple([sale for sale in holding.sales if sale.marketplace is marketplace]),
        asks=_scaled(holding.asks, math.exp(chance.gauss(0, COPY_SPREAD))) if has_own_price else holding.asks,
    )
    if chance.random() >= RELIST_CHANCE:
        return [whole]
    return _relisted(whole, chance.uniform(gone_at, holding.born_at))


def _scaled(asks: tuple[Step, ...], factor: float) -> tuple[Step, ...]:
    return tuple([Step(at, max(100, round(cents * factor))) for at, cents in asks])


def _quantities_at(holding: Holding, marketplace: Marketplace, gone_at: float, lag: float) -> tuple[Step, ...]:
    """The holding's quantities; those left by a sale elsewhere show after a lag."""
    if len(holding.quantities) == 1 or len(holding.marketplaces) == 1:
        return holding.quantities
    elsewhere = {sale.at for sale in holding.sales if sale.marketplace is not marketplace}
    return tuple(
        Step(max(gone_at, at - lag) if at in elsewhere else at, quantity) for at, quantity in holding.quantities
    )


def _relisted(whole: Stint, at: float) -> list[Stint]:
    """Cut a life in two: the same seats at nearly the same price go on under the next id."""
    asks, later_asks = _split(whole.asks, at)
    quantities, later_quantities = _split(whole.quantities, at)
    sales = tuple(sale for sale in whole.sales if sale.at > at)
    return [
        whole._replace(gone_at=at, ending=Ending.RELISTED, asks=asks, quantities=quantities, sales=sales),
        whole._replace(
            ordinal=1,
            born_at=at,
            asks=(Step(at, round(asks[-1].value * RELIST_DISCOUNT)), *later_asks),
            quantities=(Step(at, quantities[-1].value), *later_quantities),
            sales=whole.sales[len(sales) :],
        ),
    ]


def _split(steps: tuple[Step, ...], at: float) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps before market hour `at`, at least one, and those after it."""
    first = tuple(step for step in steps if step.begins_at > at) or steps[:1]
    return first, tuple(step for step in steps if step.begins_at <= at)
