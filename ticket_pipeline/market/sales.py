"""What is estimated of what left the listings between two captures, and the constants of the method.

The evidence of a pair of captures is made by SQL for the database (`sql/sales`); what a removal counts is computed in
`market.sale_rates`. The tests have the same in plain Python, written from the definition.

A market's sales are the sales of tickets that are listed on it, wherever they are sold: one that is sold on another
marketplace leaves this one, too. So the sales of two marketplaces are never summed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ticket_pipeline.market.hours import WHOLE_EVENT
from ticket_pipeline.market.sale_rates import CLASS_EDGES, Departures, SaleWeights

METHOD = 2
"""The version of the method, stored with each estimate. Since 2 a price is ranked without what its row explains."""

ZONE_LISTINGS = 4  # a zone's median counts as much as that of so many listings of the section
ROW_LISTINGS = 10  # what so many listings of a zone show of its rows counts half
ROW_REACH = 0.5  # prices further off (a digit too many, a placeholder) count as this far, as logarithms
RANK_STEPS = 1e9  # distances are rounded to such parts, so that equal prices are equal however they are computed
_NONE = (0,) * (len(CLASS_EDGES) + 1)
NO_DEPARTURES = Departures(_NONE, _NONE, _NONE, _NONE, 1.0)


class Lot(NamedTuple):
    """What left a zone between two captures in one class of `SaleWeights`; `SHRUNKEN`: lots that shrank as by a sale.

    Attributes:
        squares: the sum of the squares of the tickets of each listing.
        value: tickets by their last seen price.
    """

    zone: str
    currency: str
    number: int
    tickets: float
    squares: float
    value: float


SHRUNKEN = -1


@dataclass
class ZoneSales:
    """The estimated sales of a zone between two captures; `value` is None where currencies are mixed."""

    tickets: float = 0.0
    variance: float = 0.0
    error: float = 0.0
    value: float | None = 0.0
    currency: str | None = None

    def add(self, lot: Lot, weights: SaleWeights) -> None:
        """Count a lot in."""
        is_sure = lot.number == SHRUNKEN
        weight = 1.0 if is_sure else float(weights.tickets[lot.number])
        self.tickets += lot.tickets * weight
        if not is_sure:
            self.variance += lot.squares * float(weights.variance[lot.number])
            self.error += lot.tickets * float(weights.error[lot.number])
        is_mixed = self.value is None or self.currency not in (None, lot.currency)
        self.value = None if is_mixed else (self.value or 0.0) + lot.value * weight
        self.currency = None if is_mixed else lot.currency


def sales_by_zone(lots: Iterable[Lot], weights: SaleWeights) -> dict[str, ZoneSales]:
    """The estimated sales of a pair of captures by zone; the whole event is always there, others where lots left."""
    found = {WHOLE_EVENT: ZoneSales()}
    for lot in lots:
        for zone in (lot.zone, WHOLE_EVENT):
            found.setdefault(zone, ZoneSales()).add(lot, weights)
    return found
