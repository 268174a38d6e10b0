"""Read the body of StubHub Pro's comparable listings: a JSON array, or an object that holds it as `listings`.

A body in which every value has the promised type is read into typed objects without dicts: in half the time, and
without thousands of containers for the garbage collector. Any other body is read as plain JSON, by columns, and a
column with an unexpected value in it value by value, so that one bad listing rejects only itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import build_parsed, part_objects, read_json
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    notes_column,
    quantity_column,
    text_column,
)

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import ParsedListings, RejectedListing

_Currency = Literal["USD", "CAD", "EUR", "GBP", "AUD", "MXN", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "NZD", "BRL"]
"""The usual ones, which share one string each. A body with another one is read as plain JSON."""


_NO_NOTES = msgspec.Raw(b"null")


class _Money(msgspec.Struct, gc=False):
    """`{amt, disp, currency, dec}`; a body with a null `amt` is read as plain JSON, which looks at `disp`."""

    amt: float | None = None
    currency: _Currency | None = None


class _Listing(msgspec.Struct, gc=False, rename="camel"):
    """A listing as StubHub sends it; the field names in snake case, and only those that are read."""

    listing_id: int | str | None = None
    section: str | None = None
    row: str | None = None
    available_tickets: int | None = None
    seller_all_in_price: _Money | None = None
    seller_net_proceeds: _Money | None = None
    currency_code: _Currency | None = None
    listing_notes: msgspec.Raw = _NO_NOTES


class _Envelope(msgspec.Struct):
    listings: list[_Listing]


class _RawEnvelope(msgspec.Struct):
    listings: list[msgspec.Raw]


_USUAL = msgspec.json.Decoder(list[_Listing] | _Envelope)
_RAW = msgspec.json.Decoder(list[msgspec.Raw] | _RawEnvelope)


class _Fields(NamedTuple):
    """The values of a body by key, one per listing, before they are checked."""

    listing_ids: list[Any]
    sections: list[Any]
    rows: list[Any]
    quantities: list[Any]
    all_in: tuple[list[Any], list[Any]]
    net: tuple[list[Any], list[Any]]
    currencies: list[Any]
    notes: list[Any]


class _ItemsOf(Sequence[Any]):
    """The listings of a usual body as received, parsed only where one is needed: the few rejected ones."""

    def __init__(self, body: bytes, count: int) -> None:
        self._body = body
        self._count = count
        self._raw: list[msgspec.Raw] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - JSON is anything, and a slice of it a list
        if self._raw is None:
            found = _RAW.decode(self._body)
            self._raw = found.listings if isinstance(found, _RawEnvelope) else found
        if isinstance(index, slice):
            return [read_json(bytes(raw), "StubHub") for raw in self._raw[index]]
        return read_json(bytes(self._raw[index]), "StubHub")


def parse_stubhub_listings(body: bytes) -> ParsedListings:
    """Read every listing of a body; `len(positions) + len(rejected) == received`, always.

    Prices: `all_in_price` is `sellerAllInPrice`, `net_proceeds` is `sellerNetProceeds`. The body has no price
    before buyer fees and no splits, so `ask_price` and `splits` are None. The currency is the listing's `currencyCode`,
    else that of its amounts. UnexpectedPayload where the body is not JSON of this shape.
    """
    return parse_usual(body) or parse_any(body)


def parse_usual(body: bytes) -> ParsedListings | None:
    """Read a body in which every value has the promised type; None where one does not."""
    try:
        body.decode()  # values that are skipped below are not checked there
        found = _USUAL.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    listings = found.listings if isinstance(found, _Envelope) else found
    all_in = _split([listing.seller_all_in_price for listing in listings])
    net = _split([listing.seller_net_proceeds for listing in listings])
    if all_in is None or net is None:
        return None
    fields = _Fields(
        listing_ids=[listing.listing_id for listing in listings],
        sections=[listing.section for listing in listings],
        rows=[listing.row for listing in listings],
        quantities=[listing.available_tickets for listing in listings],
        all_in=all_in,
        net=net,
        currencies=[listing.currency_code for listing in listings],
        notes=_read_notes([listing.listing_notes for listing in listings]),
    )
    return _build(_ItemsOf(body, len(listings)), list(range(len(listings))), fields, [])


def _read_notes(found: list[msgspec.Raw]) -> list[Any]:
    """The notes as plain JSON; most bodies have none."""
    if found.count(_NO_NOTES) == len(found):
        return [None] * len(found)
    return [msgspec.json.decode(notes) for notes in found]


def _split(moneys: list[_Money | None]) -> tuple[list[Any], list[Any]] | None:
    """Amounts and currencies; None where an amount is null and may be shown in another field."""
    if None in moneys:
        amounts = [money and money.amt for money in moneys]
        currencies = [money and money.currency for money in moneys]
        return (amounts, currencies) if amounts.count(None) == moneys.count(None) else None
    amounts = [money.amt for money in moneys]  # type: ignore[union-attr]  # none of them is None
    return None if None in amounts else (amounts, [money.currency for money in moneys])  # type: ignore[union-attr]  # likewise


def parse_any(body: bytes) -> ParsedListings:
    """Read a body that may hold anything, as `parse_stubhub_listings` promises."""
    items = _read_items(body)
    positions, objects, rejected = part_objects(items)
    fields = _Fields(
        listing_ids=[item.get("listingId") for item in objects],
        sections=[item.get("section") for item in objects],
        rows=[item.get("row") for item in objects],
        quantities=[item.get("availableTickets") for item in objects],
        all_in=_split_any([item.get("sellerAllInPrice") for item in objects]),
        net=_split_any([item.get("sellerNetProceeds") for item in objects]),
        currencies=[item.get("currencyCode") for item in objects],
        notes=[item.get("listingNotes") for item in objects],
    )
    return _build(items, positions, fields, rejected)


def _split_any(moneys: list[Any]) -> tuple[list[Any], list[Any]]:
    """Amounts and currencies of whatever stands where a money object should."""
    codes = [money.get("currency") if isinstance(money, dict) else None for money in moneys]
    return [_amount_of(money) for money in moneys], codes


def _read_items(body: bytes) -> list[Any]:
    found = read_json(body, "StubHub")
    if isinstance(found, dict):
        found = found.get("listings")
    if not isinstance(found, list):
        raise UnexpectedPayload(
            "StubHub's response is neither an array nor an object with an array `listings`; it begins "
            f"{excerpt(body)!r}. Check the path in the settings; if it is right, StubHub has changed its format."
        )
    return found


def _build(
    items: Sequence[Any], positions: list[int], fields: _Fields, rejected: list[RejectedListing]
) -> ParsedListings:
    """Make columns of the values, and reject the listings with unreadable values; `rejected` are known already."""
    problems: Problems = {}
    count = len(fields.listing_ids)
    listing_ids = id_column(fields.listing_ids, "listingId", problems)
    quantities = quantity_column(fields.quantities, "availableTickets", problems)
    all_in, all_in_currencies = _read_money(fields.all_in, "sellerAllInPrice", problems)
    net, net_currencies = _read_money(fields.net, "sellerNetProceeds", problems)
    currencies = text_column(fields.currencies, "currencyCode", problems)
    columns: dict[str, list[Any]] = {
        "listing_id": listing_ids,
        "section": text_column(fields.sections, "section", problems),
        "row": text_column(fields.rows, "row", problems),
        "zone": [None] * count,
        "quantity": quantities,
        "splits": [None] * count,
        "ask_price": [None] * count,
        "all_in_price": all_in,
        "net_proceeds": net,
        "currency": _choose_currencies(currencies, all_in_currencies, net_currencies, problems),
        "is_general_admission": [False] * count,
        "is_speculative": [False] * count,
        "notes": notes_column(fields.notes),
    }
    return build_parsed(items, positions, columns, problems, rejected)


def _read_money(
    money: tuple[list[Any], list[Any]], key: str, problems: Problems
) -> tuple[list[float | None], list[str | None]]:
    amounts, codes = money
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
    """The listing's own code, else that of its amounts, in capitals; two codes make its prices ambiguous."""
    if listed == all_in == net:
        known = {code: code and code.upper() for code in set(listed)}
        return listed if list(known) == list(known.values()) else [known[code] for code in listed]
    chosen: list[str | None] = []
    for row, codes in enumerate(zip(listed, all_in, net, strict=True)):
        named = [code.upper() for code in codes if code]
        if len(set(named)) > 1:
            problems.setdefault(row, []).append("currencies of the listing and its amounts differ")
        chosen.append(named[0] if named else None)
    return chosen
