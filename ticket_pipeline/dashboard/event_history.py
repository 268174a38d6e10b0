"""The tables of what happened to an event: how many listings changed, which, and the captures that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_pipeline.dashboard.formats import clock, unit
from ticket_pipeline.dashboard.links import linked, made_at
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.queries.captures import RecentCapture, recent_captures
from ticket_pipeline.queries.changes import change_counts, listing_changes
from ticket_pipeline.storage.archive import describe_archived, find_archived_months
from ticket_pipeline.storage.prices import DAY, Span

if TYPE_CHECKING:
    from ticket_pipeline.dashboard.question import Question

_MOST_CAPTURES = 200
_MOST_CHANGES = 100


def moves_table(question: Question) -> Table:
    """How many listings changed in the last 24 hours: why prices moved."""
    rows = change_counts(
        question.board.database,
        question.event.event_id,
        span=Span(question.end - DAY, question.end),
        marketplace=question.market,
        zone=question.zone,
    )
    columns = [
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("New", lambda row: row.listed, "count", help="Listings"),
        Column("Gone", lambda row: row.removed, "count", help="Sold or withdrawn"),
        Column("Cheaper", lambda row: row.cheaper, "count", help="Listings that cost less than before"),
        Column("Cheaper by", lambda row: row.cheaper_percent, "change", help="Median of those that are cheaper"),
        Column("Dearer", lambda row: row.dearer, "count", help="Listings that cost more than before"),
        Column("Dearer by", lambda row: row.dearer_percent, "change", help="Median of those that are dearer"),
    ]
    made = linked(columns, lambda row: f"{question.address(days=1, market=row.marketplace)}#changes")
    where = "" if question.zone == "*" else f", {question.zone}"
    note = "Numbers of listings. A listing that is gone was sold or withdrawn."
    return Table("moves", f"What changed in 24 h{where}", made, rows, empty="No listing changed.", note=note)


def changes_table(question: Question) -> Table:
    """What changed among the listings, newest first."""
    rows = listing_changes(
        question.board.database,
        question.event.event_id,
        span=question.span,
        marketplace=question.market,
        zone=question.zone,
        limit=_MOST_CHANGES,
    )
    columns = [
        Column("Seen", lambda row: row.captured_at, "moment", link=made_at(question, lambda row: row.captured_at)),
        Column("Since", lambda row: row.previous_captured_at, "moment", help="The capture before: it happened between"),
        Column("What", lambda row: row.change),
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("Zone", lambda row: row.zone),
        Column("Section", lambda row: row.section),
        Column("Row", lambda row: row.row),
        Column("Tickets before", lambda row: row.old_quantity, "count"),
        Column("Tickets", lambda row: row.new_quantity, "count"),
        Column("Price before", lambda row: row.old_price, "money"),
        Column("Price", lambda row: row.new_price, "money"),
        Column("In", lambda row: unit(row.currency, row.fee_basis)),
    ]
    note = f"The newest {_MOST_CHANGES} of the window, between trusted captures. Relisted: back under another id."
    if months := find_archived_months(question.board.database, question.span.start, question.span.end):
        note = f"Listings and changes are missing here: {describe_archived(months)} {note}"
    return Table("changes", "Changes", columns, rows, empty="No change is known in this window.", note=note)


def captures_table(question: Question) -> Table:
    """The newest captures and the runs that made them."""
    until = min(question.now, question.at or question.now)
    found = recent_captures(
        question.board.database,
        since=min(question.span.start, until - question.days * DAY),
        this_moment=until,
        event_id=question.event.event_id,
        marketplace=question.market,
        zone=question.zone,
        together=question.together,
        most=_MOST_CAPTURES,
    )
    rows = [row for row in found if question.fees in (None, row.fee_basis) or row.fee_basis is None]
    dagster = question.board.settings.dagster_address

    def run_url(row: RecentCapture) -> str | None:
        return row.run_id and f"{dagster}/runs/{row.run_id}"

    columns = [
        Column("Captured", lambda row: row.captured_at, "clock"),
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("Listings", lambda row: row.listings, "count"),
        Column("Rejected", lambda row: row.rejected, "count"),
        Column("Tickets", lambda row: row.tickets, "count"),
        Column("In", lambda row: unit(row.currency, row.fee_basis)),
        Column("Floor", lambda row: row.floor_price, "money"),
        Column(f"Get-in {question.together}", lambda row: row.get_in_price, "money", is_thin=lambda row: row.is_thin),
        Column("Median", lambda row: row.median_price, "money"),
        Column("Trust", lambda row: "suspect, left out" if row.is_suspect else "trusted"),
        Column("Run", lambda row: row.run_id and row.run_id[:8], link=run_url),
    ]
    title = "Captures" if question.zone == "*" else f"Captures: {question.zone}"
    newest = f"up to {clock(question.at, question.event.timezone)}" if question.at else "of the window"
    return Table("captures", title, columns, rows, note=f"The newest {_MOST_CAPTURES} {newest}.")
