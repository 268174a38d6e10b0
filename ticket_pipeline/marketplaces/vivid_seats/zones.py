"""Read the nested shape of Vivid Seats' listings: `zones[].sections[].tickets[]` with price, quantity and splitOption.

A zone or section without its array is rejected as one item, so that it is counted.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any, NamedTuple

from ticket_pipeline.market.vocabulary import ParsedListings, RejectedListing
from ticket_pipeline.marketplaces.bodies import build_parsed
from ticket_pipeline.marketplaces.currencies import agreeing_amounts
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    notes_column,
    quantity_column,
    splits_column,
    text_column,
)
from ticket_pipeline.marketplaces.vivid_seats.totals import find_checksum_problems

_ESSENTIAL = frozenset({"id", "quantity", "price"})
"""Without these a ticket is rejected; any other field is unknown where it cannot be read."""

_ANY_QUANTITY = "ANY"
_NEVER_LEAVE_ONE = "NEVERLEAVEONE"
_ALL_TOGETHER = "NONE"
_MOST_SPELLED_OUT = 50
"""The splits of a larger listing stay unknown, so that a body cannot fill the memory."""


class _Found(NamedTuple):
    """Every item of the body in order; the positions and places of the tickets; the rejected items."""

    items: list[Any]
    positions: list[int]
    places: list[tuple[Any, Any]]
    rejected: list[RejectedListing]


def parse_zones(body: dict[str, Any], currency: str) -> ParsedListings:
    """Read every ticket of every section of every zone.

    `price` counts as the price before fees: fees are not mentioned. `splitOption` may be quantities ("1,2,4", an
    array) or one of the words ANY, NONE and NEVERLEAVEONE; anything else leaves the splits unknown, also a single
    number, which may be a quantity or a code. A ticket without an id gets one from its place.

    Args:
        body: its `zones` are an array; the totals beside them may be those of the site's own body.
        currency: of all prices.

    Raises:
        UnexpectedPayload: there is no ticket, and no total announces that: it is not an empty market.
    """
    found = _flatten(body["zones"])
    tickets = [found.items[position] for position in found.positions]
    problems = Problems(_ESSENTIAL)
    currencies: list[str | None] = [currency] * len(tickets)
    prices = [ticket.get("price") for ticket in tickets]
    quantities = quantity_column([ticket.get("quantity") for ticket in tickets], "quantity", problems)
    count = len(tickets)
    columns: dict[str, list[Any]] = {
        "listing_id": id_column(_ids(tickets, found.places), "id", problems),
        "section": text_column([section for _, section in found.places], "section", problems),
        "row": text_column([ticket.get("row") for ticket in tickets], "row", problems),
        "zone": text_column([zone for zone, _ in found.places], "zone", problems),
        "quantity": quantities,
        "splits": splits_column(_splits(tickets, quantities), "splitOption", problems),
        "ask_price": agreeing_amounts("price", amount_column(prices, "price", problems), prices, currencies, problems),
        "all_in_price": [None] * count,
        "net_proceeds": [None] * count,
        "currency": currencies,
        "is_general_admission": [False] * count,
        "is_speculative": [False] * count,
        "notes": notes_column([ticket.get("notes") for ticket in tickets]),
    }
    checksum_problems = find_checksum_problems(
        body,
        received=len(found.items),
        quantities=quantities,
        prices=columns["ask_price"],
        all_in_prices=columns["all_in_price"],
    )
    return build_parsed(found.items, found.positions, columns, problems, found.rejected, checksum_problems)


def _flatten(zones: list[Any]) -> _Found:
    found = _Found([], [], [], [])
    for zone in zones:
        for section in _children(zone, "sections", "zone", found):
            for ticket in _children(section, "tickets", "section", found):
                if isinstance(ticket, dict):
                    found.positions.append(len(found.items))
                    found.places.append((_name(zone), _name(section)))
                    found.items.append(ticket)
                else:
                    _reject(ticket, "the listing is not a JSON object", found)
    return found


def _children(parent: Any, key: str, what: str, found: _Found) -> list[Any]:  # noqa: ANN401 - JSON is anything
    children = parent.get(key) if isinstance(parent, dict) else None
    if isinstance(children, list):
        return children
    _reject(parent, f"the {what} has no array `{key}`", found)
    return []


def _reject(item: Any, reason: str, found: _Found) -> None:  # noqa: ANN401 - JSON is anything
    found.rejected.append(RejectedListing(len(found.items), item, (reason,)))
    found.items.append(item)


def _name(place: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is anything
    name = place.get("name")
    return place.get("id") if name in (None, "") else name


def _ids(tickets: list[dict[str, Any]], places: list[tuple[Any, Any]]) -> list[Any]:
    """The tickets' own ids; else the place and the number there, which stay the same while others are repriced."""
    ids = []
    seen: Counter[str] = Counter()
    for ticket, (zone, section) in zip(tickets, places, strict=True):
        own = next(
            (ticket[key] for key in ("id", "listingId") if isinstance(ticket.get(key) or None, str | int | float)), None
        )
        if own is None:
            place = sha256(repr((zone, section, ticket.get("row"))).encode("utf-8", "replace")).hexdigest()[:16]
            seen[place] += 1
            own = f"place-{place}-{seen[place]}"
        ids.append(own)
    return ids


def _splits(tickets: list[dict[str, Any]], quantities: list[int]) -> list[Any]:
    """Quantities in a form that `splits_column` reads, or None where they are unknown."""
    return [
        _read_option(ticket.get("splitOption"), quantity) for ticket, quantity in zip(tickets, quantities, strict=True)
    ]


def _read_option(option: Any, quantity: int | None) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(option, list):
        return option
    if not isinstance(option, str):
        return None
    word = option.strip().upper()
    if "," in word:
        return option
    if quantity is None or not 0 < quantity <= _MOST_SPELLED_OUT:
        return None
    together = {
        _ANY_QUANTITY: [*range(1, quantity + 1)],
        _NEVER_LEAVE_ONE: [number for number in range(1, quantity + 1) if number != quantity - 1],
        _ALL_TOGETHER: [quantity],
    }
    return together.get(word)
