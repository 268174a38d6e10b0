"""Snapshot metrics: what one capture says about the whole event, from its validated columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.hours import to_cents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class SnapshotMetrics:
    """The metrics of one capture; prices per ticket, None where there is no such listing."""

    listings: int
    tickets: int
    min_price: Decimal | None
    mean_price: Decimal | None
    median_price: Decimal | None
    max_price: Decimal | None
    get_in_2_price: Decimal | None
    get_in_4_price: Decimal | None


def measure_snapshot(columns: Mapping[str, Sequence[Any]]) -> SnapshotMetrics:
    """Measure one capture.

    Args:
        columns: `price` (whole cents), `quantity` and `splits`, one value per accepted listing, of one currency and
            one fee basis.
    """
    # The columns hold floats of whole cents: their shortest text is exact.
    prices = [Decimal(repr(price)) for price in columns["price"]]
    return SnapshotMetrics(
        listings=len(prices),
        tickets=sum(columns["quantity"]),
        min_price=min(prices, default=None),
        mean_price=to_cents(sum(prices, Decimal()) / len(prices)) if prices else None,
        median_price=to_cents(median(prices)) if prices else None,
        max_price=max(prices, default=None),
        get_in_2_price=_get_in(columns, prices, 2),
        get_in_4_price=_get_in(columns, prices, 4),
    )


def _get_in(columns: Mapping[str, Sequence[Any]], prices: Sequence[Decimal], together: int) -> Decimal | None:
    """The lowest price among listings that can sell `together`: in the splits, or within the quantity if unknown."""
    return min(
        (
            price
            for price, quantity, splits in zip(prices, columns["quantity"], columns["splits"], strict=True)
            if (quantity >= together if splits is None else together in splits)
        ),
        default=None,
    )
