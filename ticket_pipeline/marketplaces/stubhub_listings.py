"""Read the body of StubHub Pro's comparable listings: a JSON array, or an object that holds it as `listings`.

What belongs here: keys and shapes of this one answer. What does not: whether a listing is a market price
(`ticket_pipeline.market.listings`), and how the body was fetched (`stubhub`).

Column by column: the usual body (same keys, same types throughout) is read at about a microsecond a listing; a column
with a surprise in it is read again value by value, so that one bad listing costs itself and no other.
"""

from __future__ import annotations

import json
from itertools import compress
from typing import Any

import orjson

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.market.vocabulary import ParsedListings, RejectedListing
from ticket_pipeline.marketplaces.redaction import excerpt
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    quantity_column,
    text_column,
)

_NOT_AN_OBJECT = "the listing is not a JSON object"


def parse_stubhub_listings(body: bytes) -> ParsedListings:
    """Read every listing of a body; `len(positions) + len(rejected) == received`, always.

    Prices: `all_in_price` is `sellerAllInPrice`, `net_proceeds` is `sellerNetProceeds`. This answer holds no price
    before buyer fees and no splits, so `ask_price` and `splits` are None. The currency is the listing's `currencyCode`,
    else that of its amounts.

    Raises:
        UnexpectedPayload: not JSON, or JSON of another shape.
    """
    items = _read_items(body)
    positions = list(range(len(items)))
    objects = items
    rejected: list[RejectedListing] = []
    if set(map(type, items)) - {dict}:
        positions = [position for position, item in enumerate(items) if isinstance(item, dict)]
        objects = [items[position] for position in positions]
        rejected = [
            RejectedListing(position, item, (_NOT_AN_OBJECT,))
            for position, item in enumerate(items)
            if not isinstance(item, dict)
        ]
    problems: Problems = {}
    columns = _read_columns(objects, problems)
    if problems:
        rejected += [RejectedListing(positions[row], objects[row], tuple(why)) for row, why in problems.items()]
        rejected.sort(key=lambda one: one.position)
        is_good = [row not in problems for row in range(len(positions))]
        positions = list(compress(positions, is_good))
        columns = {name: list(compress(values, is_good)) for name, values in columns.items()}
    return ParsedListings(items=items, positions=positions, columns=columns, rejected=rejected)


def _read_items(body: bytes) -> list[Any]:
    found = _read_json(body)
    if isinstance(found, dict):
        found = found.get("listings")
    if not isinstance(found, list):
        raise UnexpectedPayload(
            "Read StubHub's listings: the JSON is neither an array nor an object with an array `listings`, it begins "
            f"{excerpt(body)!r}. Check the path in the settings; if it is right, StubHub has changed its format."
        )
    return found


def _read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        # The standard reader takes what orjson refuses as a whole: a lone surrogate, NaN or 1e999 in one listing, a
        # byte order mark. Then that listing alone can be rejected.
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnexpectedPayload(
            f"Read StubHub's listings: {len(body)} bytes that are no whole JSON, beginning {excerpt(body)!r}. "
            "The answer was cut short or is a page for people; nothing is stored, it is tried again at the next poll."
        ) from None


def _read_columns(objects: list[dict[str, Any]], problems: Problems) -> dict[str, list[Any]]:
    """The columns of `LISTING_COLUMNS`, all as long as `objects`; problems by row."""
    count = len(objects)
    listing_ids = id_column([item.get("listingId") for item in objects], "listingId", problems)
    quantities = quantity_column([item.get("availableTickets") for item in objects], "availableTickets", problems)
    all_in, all_in_currencies = _read_money(objects, "sellerAllInPrice", problems)
    net, net_currencies = _read_money(objects, "sellerNetProceeds", problems)
    currencies = text_column([item.get("currencyCode") for item in objects], "currencyCode", problems)
    return {
        "listing_id": listing_ids,
        "section": text_column([item.get("section") for item in objects], "section", problems),
        "row": text_column([item.get("row") for item in objects], "row", problems),
        "zone": [None] * count,
        "quantity": quantities,
        "splits": [None] * count,
        "ask_price": [None] * count,
        "all_in_price": all_in,
        "net_proceeds": net,
        "currency": _choose_currencies(currencies, all_in_currencies, net_currencies, problems),
        "is_general_admission": [False] * count,
        "is_speculative": [False] * count,
    }


def _read_money(
    objects: list[dict[str, Any]], key: str, problems: Problems
) -> tuple[list[float | None], list[str | None]]:
    """Amounts and currencies of the money objects `{amt, disp, currency, dec}` under `key`."""
    moneys = [item.get(key) for item in objects]
    try:
        amounts = [money["amt"] for money in moneys]  # type: ignore[index]  # None is one of the surprises caught below
        codes = [money["currency"] for money in moneys]  # type: ignore[index]  # likewise
    except (TypeError, KeyError):
        amounts, codes = None, [money.get("currency") if isinstance(money, dict) else None for money in moneys]
    if amounts is None or None in amounts:
        amounts = [_amount_of(money) for money in moneys]
    return amount_column(amounts, key, problems), text_column(codes, f"{key}.currency", problems)


def _amount_of(money: object) -> object:
    """`amt`; where it is null what is displayed; a bare number or text as it is."""
    if not isinstance(money, dict):
        return money
    amount = money.get("amt")
    return money.get("disp") if amount is None else amount


def _choose_currencies(
    listed: list[str | None], all_in: list[str | None], net: list[str | None], problems: Problems
) -> list[str | None]:
    """The listing's own code, else that of its amounts, in capitals. Two codes in one listing: no price can be told."""
    if listed == all_in == net:
        known = {code: code and code.upper() for code in set(listed)}
        return [known[code] for code in listed]
    chosen: list[str | None] = []
    for row, codes in enumerate(zip(listed, all_in, net, strict=True)):
        named = [code.upper() for code in codes if code]
        if len(set(named)) > 1:
            problems.setdefault(row, []).append("currencies of the listing and its amounts differ")
        chosen.append(named[0] if named else None)
    return chosen
