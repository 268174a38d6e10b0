"""Figures of sales as text, and charts made of characters, for a terminal and for Dagster's pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

NOTHING = "\N{EN DASH}"
NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency: of tickets with a price but without a currency."""

FULL = "\N{FULL BLOCK}"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"


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
    """An event's pace, or why there is none; `least_base` tickets of earlier events make a comparison meaningful."""
    if not summary["earlier_events"]:
        return NOTHING
    if summary["earlier_sold"] < least_base:
        return f"n/a (fewer than {least_base} sold at this point)"
    return show_share(summary["pace"])


def bar(value: float, largest: float, width: int) -> str:
    """A bar as long as its share of the largest, to an eighth of a character; a positive value is always visible."""
    if value <= 0 or largest <= 0:
        return ""
    eighths = max(1, round(value / largest * width * 8))
    return FULL * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def bars(rows: Sequence[tuple[str, float]], *, width: int = 40) -> list[str]:
    """One line per row: label, bar, number."""
    largest = max((value for _, value in rows), default=0)
    label_width = max((len(label) for label, _ in rows), default=0)
    return [f"{label:<{label_width}}  {bar(value, largest, width):<{width}} {value:,.0f}" for label, value in rows]


def sparkline(values: Sequence[float]) -> str:
    """One character per value; zero is a blank."""
    largest = max(values, default=0)
    return "".join(
        " " if value <= 0 else _LEVELS[min(len(_LEVELS) - 1, int(value / largest * len(_LEVELS)))] for value in values
    )


def by_steps(days: Mapping[date, float], *, most: int = 60) -> list[tuple[date, float]]:
    """Sales in at most `most` steps of equally many whole days; days without sales count as zero."""
    if not days:
        return []
    first, last = min(days), max(days)
    step = -(-((last - first).days + 1) // most)
    sums = [0.0] * (-(-((last - first).days + 1) // step))
    for day, value in days.items():
        sums[(day - first).days // step] += value
    return [(first + timedelta(days=number * step), value) for number, value in enumerate(sums)]


def pyramid(rows: Sequence[tuple[str, str, int]], *, width: int = 24) -> list[str]:
    """An age pyramid of (age group, gender, tickets): women left, men right, everyone else as a number at the end."""
    groups = dict.fromkeys(group for group, _, _ in rows)
    counts = {(group, gender): tickets for group, gender, tickets in rows}
    largest = max((count for (_, gender), count in counts.items() if gender in {"female", "male"}), default=0)
    label_width = max((len(group) for group in groups), default=0)
    lines = [f"{'female':>{width + 6}} {'':^{label_width}} {'male':<{width + 6}} other"]
    for group in groups:
        women, men = counts.get((group, "female"), 0), counts.get((group, "male"), 0)
        others = sum(count for (other, _), count in counts.items() if other == group) - women - men
        # Eighths fill from the left only, so the left side is made of whole characters.
        left = FULL * (round(women / largest * width) if largest else 0)
        right = bar(men, largest, width)
        lines.append(f"{women:>5,} {left:>{width}} {group:^{label_width}} {right:<{width}} {men:<5,} {others:,}")
    return lines
