"""Totals beside a list that contradict it; an empty list beside them, or beside an error, is no empty market."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.failures import find_failure, find_refusal, parts_of, words_of
from ticket_pipeline.marketplaces.values import to_amount

_COUNTING = {
    "total",
    "totals",
    "count",
    "counts",
    "num",
    "number",
    "remaining",
    "available",
    "active",
    "left",
    "found",
    "nb",
}
_MANY = {"listings", "results", "items", "elements", "records", "offers", "hits", "tickets"}
_COUNTED = _MANY | {"listing", "result", "item", "element", "record", "offer", "hit", "inventory"}
_TICKETS = {"ticket", "tickets", "quantity"}
_QUALIFYING = {"of", "all", "filtered", "odata"}


def check_envelope(found: Mapping[str, Any], received: int, whose: str) -> tuple[str, ...] | None:
    """Where a body contradicts its own list of so many listings; None where nothing beside the list is about it.

    Raises:
        UnexpectedPayload: the list is empty, and the body names an error, a failure or a total that is not zero.
    """
    failure, totals = find_failure(found) or (None if received else find_refusal(found)), dict(_totals(found))
    doubts = [f"the response says {failure}"] if failure else []
    for name, (total, words) in totals.items():
        if received and words & _TICKETS:
            continue  # counted in tickets
        if total and (received == 0 or words & {"remaining", "left"}):
            doubts.append(f"{name} is {total:.15g}")
        elif total != received and not words & {"remaining", "left"}:
            doubts.append(f"{name} is {total:.15g}, the listings give {received}")
    if doubts and not received:
        raise UnexpectedPayload(
            f"{whose}'s response has no listings, and yet {'; '.join(doubts)}. Nothing is stored; retried at the next "
            "poll.",
            status=200,
        )
    return tuple(doubts) if doubts or totals else None


def _totals(found: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, set[str]]]]:
    """Name → total and the words of the name, of all that count listings or tickets."""
    for part in parts_of(found):
        for key, value in part.items():
            words = words_of(key)
            is_count = words & _COUNTING and not words - _COUNTING - _COUNTED - _TICKETS - _QUALIFYING
            if not is_count and not (words and words <= _MANY):
                continue
            try:
                total = to_amount(value.get("value") if isinstance(value, dict) else value)
            except ValueError:
                continue
            if total is not None:
                yield key, (total, words)
