"""Figures of sales as text, the same in a terminal and on Dagster's pages. Charts are in `charts`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = "\N{EN DASH}"
NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency: for tickets with a price but without a currency."""


def show_money(amount: Decimal | None, currency: str | None) -> str:
    """An amount to the cent with its currency, such as `12,345.60 EUR`."""
    if amount is None:
        return NOTHING
    named = "" if currency is None or (currency == NO_CURRENCY and not amount) else f" {currency}"
    return f"{amount:,.2f}{named}"


def show_revenue(summary: Mapping[str, Any]) -> str:
    """An event's revenue; several currencies are shown side by side and never added up."""
    if summary["revenue"] is not None:
        return show_money(summary["revenue"], summary["currency"])
    parts = [show_money(Decimal(amount), currency) for currency, amount in sorted(summary["revenues"].items())]
    return " + ".join(parts) or NOTHING


def show_share(share: object) -> str:
    """A share as whole percent."""
    return NOTHING if share is None else f"{float(str(share)) * 100:.0f}%"


def show_pace(summary: Mapping[str, Any], least_base: int) -> str:
    """An event's pace, or why there is none.

    Args:
        summary: the event's row.
        least_base: tickets that earlier events must have sold at this point for a comparison to be meaningful.
    """
    if not summary["earlier_events"]:
        return NOTHING
    if summary["earlier_sold"] < least_base:
        return f"n/a (fewer than {least_base} sold at this point)"
    return show_share(summary["pace"])
