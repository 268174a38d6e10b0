"""What is for sale of one event now: prices, depth, and the marketplaces side by side; of the last trusted captures.

The arithmetic is that of the SQL functions of the same names, which anything that reads the database can call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.vocabulary import Health, Marketplace
from ticket_pipeline.queries.bounds import check_bounds, check_together

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class MarketNow:
    """One marketplace, currency and fee basis of an event; prices per ticket, None where no listing has one.

    Attributes:
        health: how far to trust it; `reason` why not fully.
        captured_at: of the last trusted capture, which all numbers are of, aware UTC; None: there is none.
        newest_at: of the newest capture, which may be suspect or unreadable.
        failed_attempts: since `captured_at`.
        poll_interval: None: nobody polls it yet.
        paused_until: where nothing is sent to the marketplace.
        currency: None: nothing is for sale (`listings` 0), or no capture is trusted (`listings` None).
        listings_near_floor: within 15 % of the floor, from the floor up; so `tickets_near_floor`.
        get_in_prices: for 1 to 8 together.
        get_ins_are_thin: which of them stand alone: below the floor, or where there is none.
    """

    marketplace: Marketplace
    health: Health
    reason: str | None
    captured_at: datetime | None
    newest_at: datetime | None
    failed_attempts: int
    poll_interval: timedelta | None
    paused_until: datetime | None
    currency: str | None
    fee_basis: str | None
    listings: int | None
    tickets: int | None
    floor_price: Decimal | None
    listings_near_floor: int | None
    tickets_near_floor: int | None
    get_in_prices: Sequence[Decimal | None]
    get_ins_are_thin: Sequence[bool]
    p25_price: Decimal | None
    median_price: Decimal | None
    p75_price: Decimal | None


@dataclass(frozen=True, slots=True)
class DepthStep:
    """What stands from the base price up to `percent` above it, at `up_to_price` and below; cumulative."""

    percent: int
    up_to_price: Decimal
    listings: int
    tickets: int


@dataclass(frozen=True, slots=True)
class MarketDepth:
    """How deep one market is, of the listings that sell so many together; prices per ticket.

    Attributes:
        captured_at: of the last trusted capture, aware UTC; `health` says how far to trust it.
        zone: `*` is the whole event.
        floor_price: of these listings; None: no three are within 15 %.
        base_price: what the steps start from: the floor, or the cheapest listing where there is none.
        listings_below: lone asks under the floor; so `tickets_below`.
        steps: 0, 5, 10, 15, 25, 50 and 100 % above the base.
    """

    marketplace: Marketplace
    health: Health
    captured_at: datetime
    zone: str
    currency: str
    fee_basis: str
    floor_price: Decimal | None
    base_price: Decimal
    listings_below: int
    tickets_below: int
    steps: Sequence[DepthStep]


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """One marketplace beside the others: prices per ticket with all fees in, for so many together.

    Attributes:
        currency: rows of one currency are compared with each other; None: no price with all fees in.
        captured_at: of the last trusted capture, aware UTC; `age` at the moment asked for.
        get_in_price: the lowest price of a listing that sells the number; None: `obstacle` says why.
        is_thin: whether it stands alone: below the floor, or where there is none.
        difference: of the get-in price from the cheapest marketplace in this currency; so `percent` of the cheapest.
        apart: between this capture and that of the cheapest; too far: longer than the longer of their poll intervals.
    """

    currency: str | None
    marketplace: Marketplace
    health: Health
    reason: str | None
    captured_at: datetime | None
    age: timedelta | None
    listings: int | None
    tickets: int | None
    floor_price: Decimal | None
    get_in_price: Decimal | None
    is_thin: bool
    obstacle: str | None
    difference: Decimal | None
    percent: Decimal | None
    apart: timedelta | None
    is_too_far_apart: bool | None


def market_now(
    database: Database, event_id: int, *, this_moment: datetime, marketplace: str | None = None
) -> list[MarketNow]:
    """What is for sale now, one entry per marketplace, currency and fee basis; of captures up to `this_moment`."""
    rows = database.fetch_all(
        "queries/select_market_now", event_id=event_id, this_moment=this_moment, marketplace=marketplace
    )
    return [MarketNow(**name_words(row)) for row in rows]


def market_depth(
    database: Database,
    event_id: int,
    *,
    this_moment: datetime,
    together: int = 1,
    by_zone: bool = False,
    marketplace: str | None = None,
) -> list[MarketDepth]:
    """How many listings and tickets stand how far above the floor, for `together`; by zone, the cheapest first.

    A marketplace of which no listing sells so many together is left out.
    """
    check_bounds("together", together, at_least=1)
    rows = database.fetch_all(
        "queries/select_market_depth",
        event_id=event_id,
        together=together,
        by_zone=by_zone,
        this_moment=this_moment,
        marketplace=marketplace,
    )
    return [
        _depth(list(steps))
        for _, steps in groupby(rows, key=itemgetter("marketplace", "currency", "fee_basis", "zone"))
    ]


def _depth(rows: Sequence[Row]) -> MarketDepth:
    steps = [DepthStep(row["step_percent"], row["up_to_price"], row["listings"], row["tickets"]) for row in rows]
    whole = name_words(rows[0])
    return MarketDepth(steps=steps, **{name: whole[name] for name in MarketDepth.__slots__ if name != "steps"})


def spread(database: Database, event_id: int, *, this_moment: datetime, together: int = 1) -> list[SpreadRow]:
    """The marketplaces of an event beside each other, by currency, the cheapest first; `together` is 1 to 8."""
    check_together(together)
    rows = database.fetch_all("queries/select_spread", event_id=event_id, together=together, this_moment=this_moment)
    return [SpreadRow(**name_words(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class SectionNow:
    """One section of a zone at one marketplace, in one currency and fee basis, of its last trusted capture.

    Attributes:
        floor_price: None: no three listings of the section are within 15 %.
        get_in_price: for as many together as were asked for; `is_thin`: it stands alone.
    """

    marketplace: Marketplace
    health: Health
    captured_at: datetime
    zone: str
    section: str | None
    currency: str
    fee_basis: str
    listings: int
    tickets: int
    floor_price: Decimal | None
    get_in_price: Decimal | None
    median_price: Decimal | None
    is_thin: bool


def sections_now(
    database: Database,
    event_id: int,
    *,
    this_moment: datetime,
    zone: str = "*",
    together: int = 1,
    marketplace: str | None = None,
) -> list[SectionNow]:
    """What is for sale by section, of one zone or of all (`*`), the cheapest first; `together` is 1 to 8."""
    check_together(together)
    rows = database.fetch_all(
        "queries/select_sections_now",
        event_id=event_id,
        zone=zone,
        together=together,
        this_moment=this_moment,
        marketplace=marketplace,
    )
    return [SectionNow(**name_words(row)) for row in rows]


def name_words(row: Row) -> dict[str, Any]:
    """The row with its marketplace and health as words of the vocabulary."""
    return row | {"marketplace": Marketplace(row["marketplace"]), "health": Health(row["health"])}
