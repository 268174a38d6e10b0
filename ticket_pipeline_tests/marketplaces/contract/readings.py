"""The words of the contract: offers that every format can contain, and what a client read of them.

What belongs here: the suite's own words, and listings put into them. What does not: a marketplace's format (`listings`,
`ticketmaster`), and the claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ticket_pipeline.market.contradictions import MONEY_LIMIT
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.validated import ValidatedListings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, ParsedListings

SMALLINT = 2**15


@dataclass(frozen=True, slots=True)
class Offer:
    """Something for sale that every format can contain; `price` is per ticket, in whole cents."""

    number: int
    price: float = 120.5
    quantity: int = 2
    section: str = "Loge 18"
    row: str = "B"


@dataclass(frozen=True, slots=True)
class Item:
    """What a client read of one offer: a listing, a price range, or an event found. None: not in its format."""

    name: str | None
    price: float | None
    number: str | None = None
    row: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a client made of one response; items + unreadable + repeated = received, always.

    Attributes:
        items: what could be read, in order.
        received: how many the response holds.
        unreadable: how many of them the client counts as unreadable.
        repeated: how many are left out because their id was there already.
        currencies: of the items, each once.
        problems: what the client reports about them, in words.
    """

    items: Sequence[Item]
    received: int
    unreadable: int = 0
    repeated: int = 0
    currencies: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def reading_of(validated: ValidatedListings) -> Reading:
    """Validated listings in the contract's words."""
    columns = validated.columns
    rows = zip(*(columns[name] for name in ("section", "price", "listing_id", "row", "quantity")), strict=True)
    return Reading(
        [Item(section, price, key.removeprefix("VB"), row, quantity) for section, price, key, row, quantity in rows],
        received=validated.received,
        unreadable=len(validated.rejected),
        currencies=frozenset(columns["currency"]),
        problems=(
            *(reason for each in validated.rejected for reason in each.reasons),
            *(validated.checksum_problems or ()),
            *validated.unknown_fields,
        ),
    )


def checked(parsed: ParsedListings) -> Reading:
    """Parsed listings in the contract's words, after a look at all that must hold for listings of any body."""
    assert parsed.received == len(parsed.positions) + len(parsed.rejected)
    assert parsed.columns.keys() == set(LISTING_COLUMNS)
    assert {len(values) for values in parsed.columns.values()} == {len(parsed.positions)}
    assert parsed.positions == sorted(set(parsed.positions))
    validated = validate_listings([parsed])[0]
    assert all(each.reasons for each in validated.rejected)
    _assert_storable(validated)
    return reading_of(validated)


def _assert_storable(validated: ValidatedListings) -> None:
    columns = validated.columns
    for name in ("listing_id", "section", "row", "zone", "currency"):
        for text in columns[name]:
            assert text is None or is_storable(text, 250)
    for splits in columns["splits"]:
        assert splits is None or (splits and all(0 < number < SMALLINT for number in splits))
    for price, quantity in zip(columns["price"], columns["quantity"], strict=True):
        assert 0 < price < MONEY_LIMIT
        assert quantity > 0
    assert len(set(columns["listing_id"])) == validated.accepted


def is_storable(text: str, most: int) -> bool:
    """Whether the database can hold a text; raises UnicodeEncodeError for one that nothing can hold."""
    return 0 < len(text) <= most and "\x00" not in text and bool(text.encode())
