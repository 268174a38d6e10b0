"""Snapshot metrics: what one capture says about the whole event, from its validated columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
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
    # The columns hold floats of whole cents, which times a hundred round to the exact integer; integers are exact and
    # five times as fast as decimals.
    cents = [round(price * 100) for price in columns["price"]]
    ordered = sorted(cents)
    return SnapshotMetrics(
        listings=len(cents),
        tickets=sum(columns["quantity"]),
        min_price=_price(ordered[0]) if cents else None,
        mean_price=to_cents(Decimal(sum(cents)) / (100 * len(cents))) if cents else None,
        median_price=to_cents(Decimal(_twice_the_median(ordered)) / 200) if cents else None,
        max_price=_price(ordered[-1]) if cents else None,
        get_in_2_price=_get_in(columns, cents, 2),
        get_in_4_price=_get_in(columns, cents, 4),
    )


def _twice_the_median(ordered: Sequence[int]) -> int:
    """The two middle values together, which are one and the same in an odd number."""
    return ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]


def _get_in(columns: Mapping[str, Sequence[Any]], cents: Sequence[int], together: int) -> Decimal | None:
    """The lowest price among listings that can sell `together`: in the splits, or within the quantity if unknown."""
    able = [
        price
        for price, quantity, splits in zip(cents, columns["quantity"], columns["splits"], strict=True)
        if (quantity >= together if splits is None else together in splits)
    ]
    return _price(min(able)) if able else None


def _price(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
