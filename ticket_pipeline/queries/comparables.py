"""What stands beside seats of one's own: listings of the same rows, section and zone, and how an asking price ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.market.rows import row_rank
from ticket_pipeline.queries.bounds import check_bounds
from ticket_pipeline.queries.market import name_words

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Health, Marketplace
    from ticket_pipeline.storage.database import Database, Row


NEIGHBOUR_ROWS = 3
"""So many rows before and after one's own are near."""


class UnclearSeatsError(TicketPipelineError):
    """Seats that cannot be compared: neither section nor zone, or rows whose order is not known."""


@dataclass(frozen=True, slots=True)
class ComparableListing:
    """One of the cheapest listings of a ring; the price is per ticket."""

    listing_id: str
    section: str | None
    row: str | None
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Ring:
    """The listings around the seats that sell the quantity together; each ring lies in the next one.

    Attributes:
        name: `rows` (same section, near rows), `section` or `zone`.
        listings: 0: none of them, and no price.
        ask_rank: where the asking price would stand, 1 is the cheapest; equal ones stand behind it. None: no ask given.
        unknown_rows: of the ring `rows`: listings of the section whose row is not known to be near or far.
        cheapest: at most five.
    """

    name: str
    listings: int
    tickets: int
    floor_price: Decimal | None
    p25_price: Decimal | None
    median_price: Decimal | None
    p75_price: Decimal | None
    ask_rank: int | None
    unknown_rows: int | None
    cheapest: Sequence[ComparableListing]


@dataclass(frozen=True, slots=True)
class Comparables:
    """The rings at one marketplace, in one currency and fee basis, of its last trusted capture (aware UTC).

    Attributes:
        zone: as asked for, else that of most listings of the section; None: not known, so there is no such ring.
    """

    marketplace: Marketplace
    health: Health
    captured_at: datetime
    currency: str
    fee_basis: str
    zone: str | None
    rings: Sequence[Ring]


def comparables(  # noqa: PLR0913 - seats are described by that much
    database: Database,
    event_id: int,
    *,
    this_moment: datetime,
    quantity: int,
    section: str | None = None,
    zone: str | None = None,
    rows: tuple[str, str] | None = None,
    neighbour_rows: int = NEIGHBOUR_ROWS,
    ask: Decimal | None = None,
    marketplace: str | None = None,
) -> list[Comparables]:
    """What is for sale beside seats of one's own; empty where no marketplace has a seat for sale.

    Args:
        database: where.
        event_id: whose.
        this_moment: captures after it are left out.
        quantity: how many must be sold together.
        section: of the seats, in any case; where none is called just so, those whose last word it is (Lower Bowl 104).
        zone: of the seats; None: that of the section.
        rows: first and last row of the seats, numbers or letters; needs `section`.
        neighbour_rows: how many rows before and after them are near.
        ask: own asking price per ticket, compared with every currency and fee basis as it is.
        marketplace: one; None: every one.

    Raises:
        UnclearSeatsError: neither section nor zone, or rows without section or of unknown order.
    """
    _check(section, zone, rows)
    check_bounds("quantity", quantity, at_least=1)
    check_bounds("neighbour_rows", neighbour_rows, at_least=0)
    if ask is not None and ask <= 0:
        raise ValueError(f"ask is {ask}: give a price, or None")
    first, last = rows or (None, None)
    found = database.fetch_all(
        "queries/select_comparables",
        event_id=event_id,
        section=section,
        zone=zone,
        first_row=first,
        last_row=last,
        together=quantity,
        neighbour_rows=neighbour_rows,
        ask=ask,
        this_moment=this_moment,
        marketplace=marketplace,
    )
    return [
        _comparables(list(rings)) for _, rings in groupby(found, itemgetter("marketplace", "currency", "fee_basis"))
    ]


def _check(section: str | None, zone: str | None, rows: tuple[str, str] | None) -> None:
    if section is None and (zone is None or rows):
        raise UnclearSeatsError("Seats are compared by section or zone, and rows within a section. Name the section.")
    ranks = {row: row_rank(row) for row in rows or ()}
    if unknown := [row for row, rank in ranks.items() if rank is None]:
        raise UnclearSeatsError(f"Row {unknown[0]!r} has no known order. Give a number, or letters: A to Z, AA, BB …")
    if len({row.strip().isdigit() for row in ranks}) > 1:
        raise UnclearSeatsError("Rows go from a number to a number, or from a letter to a letter.")


def _comparables(rows: Sequence[Row]) -> Comparables:
    whole = name_words(rows[0])
    rings = [_ring(row) for row in rows]
    return Comparables(rings=rings, **{name: whole[name] for name in Comparables.__slots__ if name != "rings"})


def _ring(row: Row) -> Ring:
    values = {name: row[name] for name in Ring.__slots__ if name in row}
    cheapest = [ComparableListing(**one | {"price": Decimal(one["price"])}) for one in row["cheapest"] or ()]
    return Ring(name=row["ring"], **values | {"cheapest": cheapest})
