"""Read the body of Vivid Seats' listings, in either of its two shapes.

What belongs here: telling the shapes apart, the keys of the site's own body (`tickets[]`, `groups[]`, `sections[]`,
`global[]`, `i18n`), and the currency of both. What does not: the other shape (`vivid_seats_zones`), its totals
(`vivid_seats_totals`), whether a listing is a market price (`ticket_pipeline.market.listings`), and how the body was
fetched (`vivid_seats`).

In the site's body nearly everything is text: numbers, and mostly booleans too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import build_parsed, part_objects, read_json
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    quantity_column,
    splits_column,
    text_column,
    to_text,
)
from ticket_pipeline.marketplaces.vivid_seats.totals import find_checksum_problems, first_object
from ticket_pipeline.marketplaces.vivid_seats.zones import parse_zones

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import ParsedListings

_NO_PRODUCTION = "0"

# A seller's note says it in many words; only what leaves no doubt counts.
_SPECULATIVE_NOTE = re.compile(
    r"\bspeculative\b|\bspec (?:seats?|tickets?)\b|\bzone (?:seating|tickets?)\b", re.IGNORECASE
)


def parse_vivid_seats_listings(body: bytes, *, asked_currency: str) -> ParsedListings:
    """Read every listing of a body; `len(positions) + len(rejected) == received`, always.

    Prices: `ask_price` is `p`, `all_in_price` is `aip` (fees in, tax out; zero means that it is not told). `splits` are
    the purchasable quantities of `m`, `zone` is the name of the ticket's group. The body's totals are compared with its
    tickets; where they disagree, `checksum_problems` says so and nothing is lost.

    Args:
        body: decoded (unzipped).
        asked_currency: ISO 4217; the currency of a body that names none. One that names another keeps its own.

    Raises:
        UnexpectedPayload: no JSON, JSON of another shape, prices whose currency cannot be told, or no tickets where the
            totals announce some: that is no empty market.
    """
    found = read_json(body, "Vivid Seats")
    if isinstance(found, dict):
        if isinstance(found.get("tickets"), list):
            return replace(_parse_tickets(found, _find_currency(found, asked_currency)), about=_find_productions(found))
        if isinstance(found.get("zones"), list):
            parsed = parse_zones(found["zones"], _find_currency(found, asked_currency), found.get("global"))
            return replace(parsed, about=_find_productions(found))
    raise UnexpectedPayload(
        "Read the listings of Vivid Seats: the JSON is no object with an array `tickets` or `zones`, it begins "
        f"{excerpt(body)!r}. Check the path in the settings; if it is right, Vivid Seats has changed its format."
    )


def _find_currency(found: dict[str, Any], asked: str) -> str:
    """The currency that a body's prices are in: the one it names, else the one that was asked for.

    Raises:
        UnexpectedPayload: it names two, or prices were localised to nobody knows which.
    """
    exchange = found.get("i18n")
    totals = first_object(found.get("global"))
    named = [found.get("currency")]
    if isinstance(exchange, dict):
        named += [exchange.get("from"), exchange.get("to")]
    codes = {
        code.strip().upper() if isinstance(code, str) else f"a {type(code).__name__}"  # shown whole, it may be endless
        for code in named
        if code not in (None, "")
    }
    is_localized = any(totals.get(key) in (True, "true") for key in ("priceLocalized", "isPriceLocalized"))
    if len(codes) > 1 or (is_localized and not codes):
        told = f"it names {' and '.join(sorted(codes))[:80]}" if codes else "it says it was localised, and names none"
        raise UnexpectedPayload(
            f"Read the listings of Vivid Seats: the currency of the prices cannot be told, {told}. Nothing is stored, "
            "so that no price stands under the wrong currency. If it stays, check VIVID_SEATS_CURRENCY."
        )
    return codes.pop() if codes else asked


def _find_productions(found: dict[str, Any]) -> frozenset[str]:
    """The productions that a body says it is about: those of its totals, else of its groups, sections or tickets."""
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
    problems: Problems = {}
    ask_prices = amount_column(_pick(tickets, "p"), "p", problems)
    all_in_prices = amount_column(_pick(tickets, "aip", "allInPricePerTicket"), "aip", problems)
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
        "currency": [currency] * len(tickets),
        # Sections and rows that say so are found by the market's own rules.
        "is_general_admission": [False] * len(tickets),
        "is_speculative": [note in speculative for note in _texts(_pick(tickets, "n"))]
        if speculative
        else [False] * len(tickets),
    }
    checksum_problems = find_checksum_problems(
        found.get("global"), received=len(items), quantities=quantities, prices=ask_prices, all_in_prices=all_in_prices
    )
    return build_parsed(items, positions, columns, problems, rejected, checksum_problems)


def _pick(tickets: list[dict[str, Any]], key: str, synonym: str | None = None) -> list[Any]:
    """The values under `key`; where it holds nothing, those under its longer name."""
    values = [ticket.get(key) for ticket in tickets]
    if synonym is None or (None not in values and "" not in values):
        return values
    return [
        ticket.get(synonym) if value in (None, "") else value for ticket, value in zip(tickets, values, strict=True)
    ]


def _sections(tickets: list[dict[str, Any]], found: dict[str, Any]) -> list[Any]:
    """The tickets' sections; where a ticket says none, the name that its section id has in the body."""
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
