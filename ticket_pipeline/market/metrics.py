"""Metrics of one capture of an event, from its validated columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ticket_pipeline.market.hours import can_sell, to_cents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Cents: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"


@dataclass(frozen=True, slots=True)
class SnapshotMetrics:
    """The metrics of one capture; prices per ticket, None where there is no such listing."""

    listings: int
    tickets: int
    min_price: Decimal | None
    mean_price: Decimal | None
    median_price: Decimal | None
    max_price: Decimal | None
    get_in_price: Decimal | None
    get_in_2_price: Decimal | None
    get_in_4_price: Decimal | None


def measure_snapshot(columns: Mapping[str, Sequence[Any]]) -> SnapshotMetrics:
    """Measure one capture.

    Args:
        columns: `price` (whole cents), `quantity` and `splits`, one value per seat listing, of one currency and one fee
            basis.
    """
    # The columns hold floats of whole cents, which times a hundred round to the exact integer: exact, and fast.
    cents = np.rint(np.array(columns["price"], dtype="float64") * 100).astype("int64")
    if not len(cents):
        return SnapshotMetrics(0, 0, None, None, None, None, None, None, None)
    ordered = np.sort(cents)
    middle_two = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return SnapshotMetrics(
        listings=len(cents),
        tickets=sum(columns["quantity"]),
        min_price=_price(ordered[0]),
        mean_price=to_cents(Decimal(int(cents.sum())) / (100 * len(cents))),
        median_price=to_cents(Decimal(int(middle_two)) / 200),
        max_price=_price(ordered[-1]),
        get_in_price=_get_in(columns, cents, 1),
        get_in_2_price=_get_in(columns, cents, 2),
        get_in_4_price=_get_in(columns, cents, 4),
    )


def _get_in(columns: Mapping[str, Sequence[Any]], cents: Cents, together: int) -> Decimal | None:
    quantities, splits = columns["quantity"], columns["splits"]
    if splits.count(None) == len(splits):
        is_sellable = np.array(quantities) >= together  # `can_sell` without splits, all at once
    else:
        pairs = zip(quantities, splits, strict=True)
        is_sellable = np.array([can_sell(quantity, known, together) for quantity, known in pairs])
    return _price(cents[is_sellable].min()) if is_sellable.any() else None


def _price(cents: np.int64) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)
