"""What changed among the listings of an event: new, gone, repriced, other quantities, back under another id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.changes import ChangeKind
from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.prices import Span


@dataclass(frozen=True, slots=True)
class ListingChange:
    """One change of one listing, made after `previous_captured_at` and until `captured_at`. Prices are per ticket.

    A listing whose price and quantity changed is two changes. Seats that were removed and are back are one: `relisted`.

    Attributes:
        marketplace: where.
        captured_at: of the capture that shows it, aware UTC.
        previous_captured_at: of the trusted capture before.
        previous_listing_id: of a relisted one: the id under which the seats were removed.
        currency: of `new_price`, else of `old_price`; so `fee_basis`.
        old_price: before; of a relisted one: when it was last seen. None: it was not there, or its price was in another
            currency or fee basis.
        new_price: None: it is gone; so `new_quantity`.
        old_quantity: before; None: it was not there.
    """

    marketplace: str
    captured_at: datetime
    previous_captured_at: datetime
    change: ChangeKind
    listing_id: str
    previous_listing_id: str | None
    section: str | None
    row: str | None
    zone: str
    currency: str
    fee_basis: str
    old_price: Decimal | None
    new_price: Decimal | None
    old_quantity: int | None
    new_quantity: int | None


@dataclass(frozen=True, slots=True)
class ChangeCoverage:
    """Between which captures the changes of an event are known at a marketplace.

    Attributes:
        captures: trusted ones of the span.
        suspects: of the span; they are compared with nothing.
        comparisons: captures that were compared with the trusted one before them.
        not_compared: captures that wait for a backfill of `listing_changes`: stored before there were changes.
        since_at: changes after this are known, until `until_at`; None: there are none yet.
    """

    marketplace: str
    captures: int
    suspects: int
    comparisons: int
    not_compared: int
    since_at: datetime | None
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """How many listings of a marketplace changed.

    Attributes:
        cheaper: repriced downwards, or back under another id for less; so `dearer`.
        cheaper_percent: the median change of these, in percent, negative; so `dearer_percent`.
    """

    marketplace: Marketplace
    listed: int
    removed: int
    cheaper: int
    dearer: int
    cheaper_percent: Decimal | None
    dearer_percent: Decimal | None


def change_counts(
    database: Database, event_id: int, *, span: Span, marketplace: str | None = None, zone: str = "*"
) -> list[ChangeCounts]:
    """The changes of `listing_changes`, counted: a row per marketplace that has one."""
    rows = database.fetch_all(
        "queries/select_change_counts",
        event_id=event_id,
        changed_from=span.start,
        changed_until=span.end,
        marketplace=marketplace,
        zone=zone,
    )
    return [ChangeCounts(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]


def listing_changes(
    database: Database,
    event_id: int,
    *,
    span: Span,
    marketplace: str | None = None,
    kinds: Sequence[ChangeKind] | None = None,
    zone: str = "*",
    limit: int | None = None,
) -> list[ListingChange]:
    """The changes that captures of a span show, newest first.

    No change is no proof: `change_coverage` names what was compared.

    Args:
        database: where.
        event_id: whose.
        span: of the captures that show them.
        marketplace: one of them; None: all.
        kinds: only these; None: all.
        zone: `*` is the whole event, without grounds passes.
        limit: so many of the newest at most.
    """
    rows = database.fetch_all(
        "queries/select_listing_changes",
        event_id=event_id,
        changed_from=span.start,
        changed_until=span.end,
        marketplace=marketplace,
        kinds=None if kinds is None else [str(kind) for kind in kinds],
        zone=zone,
        most=limit,
    )
    return [ListingChange(**row | {"change": ChangeKind(row["change"])}) for row in rows]


def change_coverage(
    database: Database, event_id: int, *, span: Span, marketplace: str | None = None
) -> list[ChangeCoverage]:
    """Between which captures of a span changes are known, a row per marketplace that was captured in it."""
    rows = database.fetch_all(
        "queries/select_change_coverage",
        event_id=event_id,
        changed_from=span.start,
        changed_until=span.end,
        marketplace=marketplace,
    )
    return [ChangeCoverage(**row) for row in rows]
