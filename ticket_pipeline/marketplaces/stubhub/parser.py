"""Read the body of StubHub Pro's comparable listings: a JSON array, or an object that holds it as `listings`.

An array in which every value has the promised type is read into typed objects without dicts: in half the time, and
without thousands of containers for the garbage collector. Any other body is read as plain JSON, by columns, and a
column with an unexpected value in it value by value, so that one bad listing rejects only itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.http.scrubbing import excerpt
from ticket_pipeline.marketplaces.bodies import build_parsed, part_objects, read_json
from ticket_pipeline.marketplaces.currencies import agreeing_amounts
from ticket_pipeline.marketplaces.envelopes import check_envelope
from ticket_pipeline.marketplaces.values import (
    Problems,
    amount_column,
    id_column,
    notes_column,
    quantity_column,
    text_column,
    to_amount,
)

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import ParsedListings, RejectedListing

_ESSENTIAL = frozenset({"listingId", "availableTickets", "sellerAllInPrice", "currencies"})
"""Without these a listing is rejected; any other field is unknown where it cannot be read."""

_OTHER_SHAPES = {
    "items": "StubHub's public event page",
    "Items": "StubHub's public event page",
    "grid": "StubHub's public event page",
    "itemsRemaining": "StubHub's public event page",
    "listing": "StubHub's legacy inventory search",
    "section_stats": "StubHub's legacy inventory search",
    "pricingSummary": "StubHub's legacy inventory search",
    "inventory": "StubHub's export for points of sale",
}
"""A key of another body of StubHub → whose body that is."""

_Currency = Literal["USD", "CAD", "EUR", "GBP", "AUD", "MXN", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "NZD", "BRL"]
"""The usual ones, which share one string each. A body with another one is read as plain JSON."""


_USUAL_CODES = frozenset({None, *get_args(_Currency)})
_CODE = re.compile(r"[A-Z]{3}")
_ROUNDED = 1.0
"""A display may leave out the cents."""
_NO_NOTES = msgspec.Raw(b"null")


class _Money(msgspec.Struct, gc=False):
    """`{amt, disp, currency, dec}`; a body with a null `amt` is read as plain JSON, which reads `disp` instead."""

    amt: float | None = None
    disp: str | None = None
    currency: _Currency | None = None


_NO_MONEY = _Money()


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


_USUAL = msgspec.json.Decoder(list[_Listing])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


class _Moneys(NamedTuple):
    """What stands in a money field of each listing: its amount, what is displayed, and its currency."""

    amounts: list[Any]
    shown: list[Any]
    currencies: list[Any]


class _Fields(NamedTuple):
    """The values of a body by key, one per listing, before they are checked."""

    listing_ids: list[Any]
    sections: list[Any]
    rows: list[Any]
    quantities: list[Any]
    all_in: _Moneys
    net: _Moneys
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
            self._raw = _RAW.decode(self._body)
        if isinstance(index, slice):
            return [read_json(bytes(raw), "StubHub") for raw in self._raw[index]]
        return read_json(bytes(self._raw[index]), "StubHub")


def parse_stubhub_listings(body: bytes) -> ParsedListings:
    """Read every listing of a body; `len(positions) + len(rejected) == received`, always.

    Prices: `all_in_price` is `sellerAllInPrice`, `net_proceeds` is `sellerNetProceeds`. The body has no price
    before buyer fees and no splits, so `ask_price` and `splits` are None. The currency is the listing's `currencyCode`,
    else that of its amounts. UnexpectedPayload where the body is not JSON of this shape, or an error.
    """
    return parse_usual(body) or parse_any(body)


def parse_usual(body: bytes) -> ParsedListings | None:
    """Read a body in which every value has the promised type; None where one does not."""
    try:
        body.decode()  # values that are skipped below are not checked there
        listings = _USUAL.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
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


def _split(moneys: list[_Money | None]) -> _Moneys | None:
    """Amounts, displays and currencies; None where an amount is null and may be shown in another field."""
    known = [money or _NO_MONEY for money in moneys] if None in moneys else moneys
    amounts = [money.amt for money in known]  # type: ignore[union-attr]  # none of them is None
    if amounts.count(None) != moneys.count(None):
        return None
    return _Moneys(amounts, [money.disp for money in known], [money.currency for money in known])  # type: ignore[union-attr]  # likewise


def parse_any(body: bytes) -> ParsedListings:
    """Read a body that may hold anything, as `parse_stubhub_listings` promises."""
    found = read_json(body, "StubHub")
    items = _items_of(found, body)
    disagreements = check_envelope(found, len(items), "StubHub") if isinstance(found, dict) else None
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
    return _build(items, positions, fields, rejected, disagreements)


def _split_any(moneys: list[Any]) -> _Moneys:
    """Amounts, displays and currencies of whatever stands where a money object should."""
    objects = [money if isinstance(money, dict) else {"amt": money} for money in moneys]
    shown = [money.get("disp") if money.get("disp") is not None else money.get("amt") for money in objects]
    # Where the amount is null, what is displayed.
    amounts = [money.get("disp") if money.get("amt") is None else money.get("amt") for money in objects]
    return _Moneys(amounts, shown, [money.get("currency") for money in objects])


def _items_of(found: object, body: bytes) -> list[Any]:
    items = found.get("listings") if isinstance(found, dict) else found
    if isinstance(items, list):
        return items
    shape = next((_OTHER_SHAPES[key] for key in _OTHER_SHAPES if isinstance(found, dict) and key in found), None)
    if shape is not None:
        raise UnexpectedPayload(
            f"This is a response of {shape} ({excerpt(body)!r}), which is not read: its prices mean something else. "
            "Set STUBHUB_API_BASE_URL and STUBHUB_LISTINGS_REQUEST to StubHub Pro's GetCompListingsByEventId."
        )
    raise UnexpectedPayload(
        "StubHub's response is neither an array nor an object with an array `listings`; it begins "
        f"{excerpt(body)!r}. Check the path in the settings; if it is right, StubHub has changed its format."
    )


def _build(
    items: Sequence[Any],
    positions: list[int],
    fields: _Fields,
    rejected: list[RejectedListing],
    disagreements: tuple[str, ...] | None = None,
) -> ParsedListings:
    """Make columns of the values, and reject the listings with unreadable values; `rejected` are known already."""
    problems = Problems(_ESSENTIAL)
    count = len(fields.listing_ids)
    listing_ids = id_column(fields.listing_ids, "listingId", problems)
    quantities = quantity_column(fields.quantities, "availableTickets", problems)
    all_in, all_in_codes = _read_money(fields.all_in, "sellerAllInPrice", problems)
    _count_other_displays(all_in, fields.all_in.shown, "sellerAllInPrice", problems)
    net, net_codes = _read_money(fields.net, "sellerNetProceeds", problems)
    listed = _codes(fields.currencies, "currencyCode", problems)
    currencies = _choose_currencies(listed, all_in_codes, net_codes, problems)
    if net_codes != currencies:
        net = _without_others(net, net_codes, currencies, problems)
    columns: dict[str, list[Any]] = {
        "listing_id": listing_ids,
        "section": text_column(fields.sections, "section", problems),
        "row": text_column(fields.rows, "row", problems),
        "zone": [None] * count,
        "quantity": quantities,
        "splits": [None] * count,
        "ask_price": [None] * count,
        "all_in_price": agreeing_amounts("sellerAllInPrice", all_in, fields.all_in.shown, currencies, problems),
        "net_proceeds": agreeing_amounts("sellerNetProceeds", net, fields.net.shown, currencies, problems),
        "currency": currencies,
        "is_general_admission": [False] * count,
        "is_speculative": [False] * count,
        "notes": notes_column(fields.notes),
    }
    return build_parsed(items, positions, columns, problems, rejected, disagreements)


def _read_money(moneys: _Moneys, key: str, problems: Problems) -> tuple[list[float | None], list[str | None]]:
    amounts = amount_column(moneys.amounts, key, problems)
    return amounts, _codes(moneys.currencies, f"{key}.currency", problems)


def _count_other_displays(amounts: list[float | None], shown: list[Any], key: str, problems: Problems) -> None:
    """Count the listings that display another amount than they hold; it may be rounded, so the amount counts."""
    with suppress(TypeError, ValueError, IndexError):
        # Mostly it is a sign and the amount, which costs less to see, of all at once, than to read.
        texts = f"|{'|'.join(shown)}".replace(",", "")
        if texts == f"|{shown[0][0]}%.2f" * len(amounts) % tuple(amounts):
            return
    for row, (amount, text) in enumerate(zip(amounts, shown, strict=True)):
        if type(text) is str and amount is not None:
            with suppress(ValueError):
                displayed = to_amount(text)
                if displayed is not None and abs(displayed - amount) >= _ROUNDED:
                    problems.add(row, f"{key}.disp", "is another amount")


def _codes(values: list[Any], name: str, problems: Problems) -> list[str | None]:
    """Currency codes in capitals; what is none is unknown."""
    with suppress(TypeError):  # an object where a code should be cannot be looked up
        if _USUAL_CODES.issuperset(values):
            return values
    texts = text_column(values, name, problems)
    known = {text: text and text.upper() for text in set(texts)}
    if list(known) == list(known.values()) and all(code is None or _CODE.fullmatch(code) for code in known):
        return texts
    for row, text in enumerate(texts):
        if text is not None and not _CODE.fullmatch(text.upper()):
            problems.add(row, name, "is not a currency code")
    return [code if (code := known[text]) is not None and _CODE.fullmatch(code) else None for text in texts]


def _choose_currencies(
    listed: list[str | None], all_in: list[str | None], net: list[str | None], problems: Problems
) -> list[str | None]:
    """The listing's own code, else that of its amounts; a price in another one than the listing is ambiguous."""
    if listed == all_in and None not in listed:
        return listed
    for row, (own, other) in enumerate(zip(listed, all_in, strict=True)):
        if own and other and own != other:
            problems.add(row, "currencies", "of the listing and its price differ")
    return [own or other or third for own, other, third in zip(listed, all_in, net, strict=True)]


def _without_others(
    net: list[float | None], codes: list[str | None], currencies: list[str | None], problems: Problems
) -> list[float | None]:
    """The net proceeds without those in another currency than the listing."""
    kept = list(net)
    for row, (code, currency) in enumerate(zip(codes, currencies, strict=True)):
        if code and code != currency and row not in problems.rejects:
            problems.add(row, "sellerNetProceeds", "is in another currency")
            kept[row] = None
    return kept
