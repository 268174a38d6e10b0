"""What contradicts itself inside one listing: such a field becomes unknown and is counted; it costs no listing.

The price a listing counts with stays: the all-in price where known, else the ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ticket_pipeline.market.vocabulary import FINER_THAN_CENTS

Amounts: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"
Flags: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.bool_]]"

MONEY_LIMIT = 1e10
"""The columns are numeric(12,2); an amount from here on would fail there, and is absurd long before."""

MONEY_COLUMNS = ("ask_price", "all_in_price", "net_proceeds")
_WHOLE_CENTS = 1e-6
_HALF_A_UNIT = 0.5
"""A marketplace may round its all-in prices to whole units, below an ask without fees."""


def drop_contradictions(columns: dict[str, list[Any]], money: Mapping[str, Amounts]) -> dict[int, list[str]]:
    """Make the fields unknown that contradict the rest of their listing.

    Args:
        columns: `LISTING_COLUMNS` as parsed; `splits` is replaced.
        money: the money columns in whole cents, NaN where unknown; changed in place.

    Returns:
        Row → what of it is unknown now, and why.
    """
    ask, all_in, net = (money[name] for name in MONEY_COLUMNS)
    unknown: dict[int, list[str]] = {}

    def drop(name: str, why: str, is_wrong: Flags) -> None:
        rows = np.flatnonzero(is_wrong)
        if name in money:
            money[name][rows] = np.nan
        for row in rows.tolist():
            unknown.setdefault(row, []).append(f"{name} {why}")

    if not FINER_THAN_CENTS.isdisjoint(columns["currency"]):
        is_finer = np.array([code in FINER_THAN_CENTS for code in columns["currency"]], dtype=bool)
        for name in MONEY_COLUMNS:
            exact: Amounts = np.array(columns[name], dtype="float64") * 100
            drop(name, "needs more than two decimals", is_finer & (np.abs(exact - np.rint(exact)) > _WHOLE_CENTS))
    with np.errstate(invalid="ignore"):  # NaN is unknown, and neither above nor below anything
        has_ask = (ask > 0) & (ask < MONEY_LIMIT)
        drop("all_in_price", "is no price", has_ask & ((all_in <= 0) | (all_in >= MONEY_LIMIT)))
        has_all_in = all_in > 0
        drop("ask_price", "is no price", has_all_in & ((ask <= 0) | (ask >= MONEY_LIMIT)))
        is_rounded = (all_in == np.rint(all_in)) & (ask - all_in <= _HALF_A_UNIT)
        drop("ask_price", "is above the all-in price", has_all_in & (all_in < ask) & ~is_rounded)
        price = np.where(np.isnan(all_in), ask, all_in)
        drop("net_proceeds", "is no price", (net <= 0) | (net >= MONEY_LIMIT))
        drop("net_proceeds", "is above the price", (price > 0) & (net > price))
    splits = columns["splits"]
    if splits.count(None) < len(splits):
        pairs = zip(splits, columns["quantity"], strict=True)
        exceeds = [known is not None and known[-1] > quantity for known, quantity in pairs]
        drop("splits", "exceed the quantity", np.array(exceeds, dtype=bool))
        columns["splits"] = [None if wrong else known for known, wrong in zip(splits, exceeds, strict=True)]
    return unknown
