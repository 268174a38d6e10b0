"""What arguments of questions may be; the functions of the schema refuse the same (errcode 22023)."""

from __future__ import annotations

from datetime import timedelta

from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.storage.prices import HOUR


def check_together(together: int) -> None:
    """Get-in prices are known for one to eight tickets together."""
    if not 1 <= together <= MOST_TOGETHER:
        raise ValueError(f"together is {together}: get-in prices are known for 1 to {MOST_TOGETHER}")


def check_bounds(name: str, number: float, *, at_least: int) -> None:
    """A number has a lower bound."""
    if number < at_least:
        raise ValueError(f"{name} is {number}: give {at_least} or more")


def check_bucket(bucket: timedelta) -> None:
    """Prices are kept by the hour."""
    if bucket < HOUR or bucket % HOUR:
        raise ValueError(f"A bucket of {bucket} has no whole hours: give hours, days or weeks")
