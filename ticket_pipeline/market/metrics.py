"""Metrics of one capture of an event, from its validated columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ticket_pipeline.market.hours import FLOOR_LISTINGS, MOST_TOGETHER, NEAR_FLOOR, can_sell, quantile, to_cents

Cents: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"


@dataclass(frozen=True, slots=True)
class SnapshotMetrics:
    """The metrics of one capture; prices per ticket, None where there is no such listing.

    Attributes:
        floor_price: the lowest price with at least three listings within 15 % of it.
        get_in_prices: for one to eight tickets together.
        listings_near_floor: within 15 % of the floor.
    """

    listings: int = 0
    tickets: int = 0
    min_price: Decimal | None = None
    p25_price: Decimal | None = None
    median_price: Decimal | None = None
    p75_price: Decimal | None = None
    mean_price: Decimal | None = None
    max_price: Decimal | None = None
    floor_price: Decimal | None = None
    listings_near_floor: int = 0
    get_in_prices: tuple[Decimal | None, ...] = (None,) * MOST_TOGETHER


def measure_snapshot(columns: Mapping[str, Sequence[Any]]) -> SnapshotMetrics:
    """Measure one capture.

    Args:
        columns: `price` (whole cents), `quantity` and `splits`, one value per seat listing, of one currency and one fee
            basis.
    """
    # The columns hold floats of whole cents, which times a hundred round to the exact integer: exact, and fast.
    cents = np.rint(np.array(columns["price"], dtype="float64") * 100).astype("int64")
    if not len(cents):
        return SnapshotMetrics()
    ordered = np.sort(cents)
    floor = _floor(ordered)
    is_near = (ordered >= floor) & (100 * ordered <= int(100 * NEAR_FLOOR) * floor)
    return SnapshotMetrics(
        listings=len(cents),
        tickets=sum(columns["quantity"]),
        min_price=_price(ordered[0]),
        **{f"{name}_price": _quantile(ordered, Fraction(part, 4)) for name, part in _QUARTERS.items()},
        mean_price=to_cents(Decimal(int(cents.sum())) / (100 * len(cents))),
        max_price=_price(ordered[-1]),
        floor_price=_price(floor) if floor else None,
        listings_near_floor=int(is_near.sum()) if floor else 0,
        get_in_prices=_get_ins(columns, cents),
    )


_QUARTERS = {"p25": 1, "median": 2, "p75": 3}


def _floor(ordered: Cents) -> np.int64:
    """The floor of ascending prices; 0 where there is none."""
    lowest, third = ordered[: 1 - FLOOR_LISTINGS], ordered[FLOOR_LISTINGS - 1 :]
    found = np.flatnonzero(100 * third <= int(100 * NEAR_FLOOR) * lowest)
    return lowest[found[0]] if len(found) else np.int64(0)


def _quantile(ordered: Cents, part: Fraction) -> Decimal:
    place = int(part * (len(ordered) - 1))
    around = ordered[place : place + 2]
    return quantile([_price(one) for one in around], part * (len(ordered) - 1) - place)


def _get_ins(columns: Mapping[str, Sequence[Any]], cents: Cents) -> tuple[Decimal | None, ...]:
    """The get-in price for one to eight together."""
    order = np.argsort(cents, kind="stable").tolist()
    quantities, splits = columns["quantity"], columns["splits"]

    def cheapest(together: int) -> Decimal | None:
        found = (_price(cents[row]) for row in order if can_sell(quantities[row], splits[row], together))
        return next(found, None)

    return tuple(cheapest(together) for together in range(1, MOST_TOGETHER + 1))


def _price(cents: np.int64) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)
