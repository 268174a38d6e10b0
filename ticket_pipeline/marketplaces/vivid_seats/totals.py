"""The totals that Vivid Seats announces beside its tickets: a checksum. A mismatch is recorded, and rejects nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.marketplaces.envelopes import check_envelope
from ticket_pipeline.marketplaces.values import to_amount

_HALF_A_CENT = 0.005


def find_checksum_problems(
    found: Mapping[str, Any],
    *,
    received: int,
    quantities: Sequence[int | None],
    prices: Sequence[float | None],
    all_in_prices: Sequence[float | None],
) -> tuple[str, ...] | None:
    """Compare what a body announces with what was read, before any listing is rejected as not a market price.

    Args:
        found: the body; its `global` is an array of one object.
        received: listings in the body.
        quantities: of the listings; None where one could not be read, as among the prices.
        prices: before fees.
        all_in_prices: fees included.

    Returns:
        A sentence per total that disagrees; none where all agree; None where no total is announced.

    Raises:
        UnexpectedPayload: there are no listings, and some or an error are announced, or nothing is.
    """
    beside = check_envelope(found, received, "Vivid Seats")
    totals = first_object(found.get("global"))
    known = [price for price in prices if price is not None]
    known_all_in = [price for price in all_in_prices if price is not None]
    counted: dict[str, float | None] = {
        "listingCount": received,
        "ticketCount": sum(quantity for quantity in quantities if quantity is not None),
        "lp": min(known, default=None),
        "hp": max(known, default=None),
        "lowestAip": min(known_all_in, default=None),
        "highestAip": max(known_all_in, default=None),
    }
    compared = [
        _compare(name, totals[name], value) for name, value in counted.items() if totals.get(name) not in (None, "")
    ]
    if received == 0 and totals.get("listingCount") in (None, ""):
        raise UnexpectedPayload(
            "Vivid Seats' response has no listings and no listingCount, which may be a changed format. Nothing is "
            "stored; retried at the next poll."
        )
    if not compared:
        return beside
    problems = (*(beside or ()), *(problem for problem in compared if problem is not None))
    if problems and received == 0:
        raise UnexpectedPayload(
            f"Vivid Seats' response has no listings, and yet {'; '.join(problems)}. Nothing is stored; retried at the "
            "next poll."
        )
    return problems


def first_object(value: object) -> dict[str, Any]:
    """The object in an array of one; empty where there is none."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return value[0]
    return {}


def _compare(name: str, announced: object, counted: float | None) -> str | None:
    try:
        total = to_amount(announced)
    except ValueError as problem:
        return f"{name} {problem}"
    if counted is None:  # no listing has this value
        return f"{name} is {total:.15g}, no listing has it" if total else None
    if total is None or abs(total - counted) < _HALF_A_CENT:
        return None
    return f"{name} is {total:.15g}, the listings give {counted:.15g}"
