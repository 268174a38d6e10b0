"""What one capture holds at one level of prices: a zone or the whole event, in one currency and fee basis.

What belongs here: the measures that rules of alerts watch in it. What does not: reading it (`alerts.measuring`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from statistics import median
from typing import NamedTuple

from ticket_pipeline.market.alert_rules import Measure
from ticket_pipeline.market.hours import FLOOR_LISTINGS, MOST_TOGETHER, floor_price, to_cents

_BITS = MOST_TOGETHER


class Measured(NamedTuple):
    """A value; none where nothing qualifies, or what does is thin."""

    value: Decimal | None = None
    is_thin: bool = False


class Level:
    """The listings of a level.

    Args:
        codes: a listing each: its price in cents times 256, and a bit for each number of tickets that it sells
            together, the lowest for one. Whole numbers are read and sorted fast.
        tickets: of all of them.
    """

    __slots__ = ("_found", "codes", "tickets")

    def __init__(self, codes: Iterable[int], tickets: int) -> None:
        self.codes = sorted(codes)
        self._found: dict[tuple[Measure, int], Measured] = {}
        self.tickets = tickets

    @classmethod
    def together(cls, levels: Sequence[Level]) -> Level:
        """One level of several."""
        if len(levels) == 1:
            return levels[0]
        return cls([code for level in levels for code in level.codes], sum(level.tickets for level in levels))

    def measure(self, measure: Measure, together: int = 0) -> Measured:
        """The value of a measure; each is worked out once."""
        key = (measure, together)
        if key not in self._found:
            self._found[key] = self._measure(measure, together)
        return self._found[key]

    def _measure(self, measure: Measure, together: int) -> Measured:
        match measure:
            case Measure.TICKETS:
                return Measured(Decimal(self.tickets))
            case Measure.LISTINGS:
                return Measured(Decimal(len(self.codes)))
            case Measure.MEDIAN:
                return Measured(to_cents(Decimal(median(self._all_cents())) / 100))
            case Measure.FLOOR:
                lowest = self._all_cents()
            case _:
                sells = 1 << together - 1
                lowest = list(islice((code >> _BITS for code in self.codes if code & sells), FLOOR_LISTINGS))
        floor = floor_price(lowest)
        return Measured(
            None if floor is None else to_cents(Decimal(floor) / 100), is_thin=bool(lowest) and floor is None
        )

    def _all_cents(self) -> list[int]:
        return [code >> _BITS for code in self.codes]
