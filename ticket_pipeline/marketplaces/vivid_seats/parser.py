"""Read the body of Vivid Seats' listings, in either of its two shapes.

The site's own body has `tickets[]`, `groups[]`, `sections[]`, `global[]` and `i18n`; nearly all in it is text, also
numbers and most booleans. The other shape is in `zones`, the announced totals in `totals`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import build_parsed, part_objects, read_json
from ticket_pipeline.marketplaces.currencies import agreeing_amounts
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    notes_column,
    quantity_column,
    splits_column,
    text_column,
    to_text,
)
from ticket_pipeline.marketplaces.vivid_seats.totals import find_checksum_problems, first_object
from ticket_pipeline.marketplaces.vivid_seats.zones import parse_zones

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import ParsedListings

_ESSENTIAL = frozenset({"i", "q"})
"""Without these a ticket is rejected, and without either price; any other field is unknown where it cannot be read."""

_NO_PRODUCTION = "0"

# Sellers write it in many ways; only unmistakable words count.
_SPECULATIVE_NOTE = re.compile(
    r"\bspeculative\b|\bspec (?:seats?|tickets?)\b|\bzone (?:seating|tickets?)\b", re.IGNORECASE
)


def parse_vivid_seats_listings(body: bytes, *, asked_currency: str) -> ParsedListings:
    """Read every listing of a body.

    Prices: `ask_price` is `p`, `all_in_price` is `aip` (fees in, tax out; zero means unknown). `splits` are
    the purchasable quantities of `m`, `zone` is the name of the ticket's group. The body's totals are compared with its
    tickets; where they disagree, `checksum_problems` describes it and nothing is lost.
    `asked_currency` is that of a body that names none; one that names another keeps its own.

    Raises:
        UnexpectedPayload: not JSON, JSON of another shape, prices of an unknown currency, or no tickets where the
            totals announce some, or that come with an error.
    """
    found = read_json(body, "Vivid Seats")
    if isinstance(found, dict):
        if isinstance(found.get("tickets"), list):
            return replace(_parse_tickets(found, _find_currency(found, asked_currency)), about=_find_productions(found))
        if isinstance(found.get("zones"), list):
            return replace(parse_zones(found, _find_currency(found, asked_currency)), about=_find_productions(found))
    raise UnexpectedPayload(
        "Vivid Seats' response is not an object with an array `tickets` or `zones`; it begins "
        f"{excerpt(body)!r}. Check the path in the settings; if it is right, Vivid Seats has changed its format."
    )


def _find_currency(found: dict[str, Any], asked: str) -> str:
    """The currency of a body's prices: the one it names, else the requested one.

    Raises:
        UnexpectedPayload: it names two, or prices were converted to an unknown one.
    """
    exchange = found.get("i18n")
    totals = first_object(found.get("global"))
    named = [found.get("currency")]
    if isinstance(exchange, dict):
        named += [exchange.get("from"), exchange.get("to")]
    codes = {
        code.strip().upper() if isinstance(code, str) else f"a {type(code).__name__}"  # in full, it may be endless
        for code in named
        if code not in (None, "")
    }
    is_localized = any(totals.get(key) in (True, "true") for key in ("priceLocalized", "isPriceLocalized"))
    if len(codes) > 1 or (is_localized and not codes):
        why = (
            f"the response names {' and '.join(sorted(codes))[:80]}"
            if codes
            else "they are converted, to an unnamed one"
        )
        raise UnexpectedPayload(
            f"The currency of Vivid Seats' prices is ambiguous: {why}. Nothing is stored; if this goes on, check "
            "VIVID_SEATS_CURRENCY."
        )
    return codes.pop() if codes else asked


def _find_productions(found: dict[str, Any]) -> frozenset[str]:
    """The productions that a body names: in its totals, else in its groups, sections or tickets."""
    for key in ("global", "groups", "sections", "tickets"):
        entries = found.get(key)
        named = [_production_of(entry) for entry in entries] if isinstance(entries, list) else []
        if productions := frozenset(production for production in named if production is not None):
            return productions
    return frozenset()


def _production_of(entry: object) -> str | None:
    try:
        production = to_text(entry.get("productionId")) if isinstance(entry, dict) else None
    except ValueError:
        return None
    return None if production == _NO_PRODUCTION else production


def _parse_tickets(found: dict[str, Any], currency: str) -> ParsedListings:
    items: list[Any] = found["tickets"]
    positions, tickets, rejected = part_objects(items)
    problems = Problems(_ESSENTIAL)
    currencies: list[str | None] = [currency] * len(tickets)
    ask_prices = _read_amounts("p", _pick(tickets, "p"), currencies, problems)
    all_in_prices = _read_amounts("aip", _pick(tickets, "aip", "allInPricePerTicket"), currencies, problems)
    quantities = quantity_column(_pick(tickets, "q", "quantity"), "q", problems)
    notes = set(_texts(_pick(tickets, "n")))
    speculative = {note for note in notes if note is not None and _SPECULATIVE_NOTE.search(note)}
    columns: dict[str, list[Any]] = {
        "listing_id": id_column(_pick(tickets, "i"), "i", problems),
        "section": text_column(_sections(tickets, found), "s", problems),
        "row": text_column(_pick(tickets, "r", "row"), "r", problems),
        "zone": _look_up(_pick(tickets, "c"), _names(found.get("groups"))),
        "quantity": quantities,
        "splits": splits_column(_pick(tickets, "m"), "m", problems),
        "ask_price": ask_prices,
        "all_in_price": all_in_prices if 0.0 not in all_in_prices else [price or None for price in all_in_prices],
        "net_proceeds": [None] * len(tickets),
        "currency": currencies,
        # Recognised by section and row, with the market's own rules.
        "is_general_admission": [False] * len(tickets),
        "is_speculative": [note in speculative for note in _texts(_pick(tickets, "n"))]
        if speculative
        else [False] * len(tickets),
        "notes": notes_column(_pick(tickets, "n", "notes")),
    }
    checksum_problems = find_checksum_problems(
        found, received=len(items), quantities=quantities, prices=ask_prices, all_in_prices=all_in_prices
    )
    return build_parsed(items, positions, columns, problems, rejected, checksum_problems)


def _read_amounts(name: str, values: list[Any], currencies: list[str | None], problems: Problems) -> list[float | None]:
    return agreeing_amounts(name, amount_column(values, name, problems), values, currencies, problems)


def _pick(tickets: list[dict[str, Any]], key: str, synonym: str | None = None) -> list[Any]:
    """The values under `key`, or where it is empty under its longer name."""
    values = [ticket.get(key) for ticket in tickets]
    if synonym is None or (None not in values and "" not in values):
        return values
    return [
        ticket.get(synonym) if value in (None, "") else value for ticket, value in zip(tickets, values, strict=True)
    ]


def _sections(tickets: list[dict[str, Any]], found: dict[str, Any]) -> list[Any]:
    """The tickets' sections; where a ticket has none, the name of its section id."""
    values = _pick(tickets, "s", "sectionName")
    if None not in values and "" not in values:
        return values
    looked_up = _look_up(_pick(tickets, "d"), _names(found.get("sections")))
    return [name if value in (None, "") else value for value, name in zip(values, looked_up, strict=True)]


def _names(entries: object) -> dict[str, str]:
    """Id → name of the body's groups or sections, as far as they can be read and have one."""
    names: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("i"), str | int):
            try:
                name = to_text(entry.get("n"))
            except ValueError:
                continue
            if name is not None:
                names[str(entry["i"])] = name
    return names


def _look_up(keys: list[Any], names: dict[str, str]) -> list[str | None]:
    """The names of ids; None where the id or its name is not known."""
    return [names.get(str(key)) if isinstance(key, str | int) else None for key in keys]


def _texts(values: list[Any]) -> list[str | None]:
    """The values that are text; None in place of any other."""
    return [value if isinstance(value, str) else None for value in values]
