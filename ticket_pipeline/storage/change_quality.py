"""Whether stored changes are what they should be, for the data checks: between trusted captures, and by definition."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.market.changes import Change, ChangeRules, SeenListing, find_changes
from ticket_pipeline.market.hours import zone_of
from ticket_pipeline.storage.recomputation import one_view

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row, Transaction


def recompute_sampled_changes(
    database: Database, start: datetime, end: datetime, rules: ChangeRules, *, salt: str, sample_size: int
) -> tuple[int, list[Row]]:
    """Compare sampled captures again, by definition, and the result with what is stored.

    Args:
        database: where.
        start: first moment of the captures, aware UTC.
        end: the moment after the last one.
        rules: those by which they were compared.
        salt: another one draws another sample.
        sample_size: most captures.

    Returns:
        How many captures were compared, and a row for each that differs: event_id, marketplace, captured_at, expected
        and found (numbers of changes), example (one of those that differ).
    """
    bounds = {"starts_from": start, "starts_until": end}
    with one_view(database) as view:
        sample = view.fetch_all("changes/sample_captures", **bounds, salt=salt, sample_size=sample_size)
        differences = [difference for row in sample for difference in _compare(view, row, rules)]
    return len(sample), differences


def _compare(view: Transaction, sampled: Row, rules: ChangeRules) -> Iterable[Row]:
    source = {"event_id": sampled["event_id"], "marketplace": sampled["marketplace"]}
    at = sampled["captured_at"]
    moments = [*sampled["before"], at, *filter(None, [sampled["after_at"]])]
    captures = [(moment, _listings(view, source, moment)) for moment in moments]
    expected = {change for change in find_changes(captures, rules) if change.captured_at == at}
    rows = view.fetch_all("changes/select_changes", **source, captured_at=at)
    found = [Change(**row) for row in rows]
    if set(found) != expected or len(found) != len(expected):
        odd = sorted(f"{one.change} {one.listing_id}" for one in expected.symmetric_difference(found)) or ["repeated"]
        yield {**source, "captured_at": at, "expected": len(expected), "found": len(found), "example": odd[0]}


def _listings(view: Transaction, source: Row, moment: datetime) -> list[SeenListing]:
    rows = view.fetch_all("snapshots/select_listings", **source, captured_from=moment, captured_until=moment)
    return [as_seen(row) for row in rows]


def as_seen(row: Row) -> SeenListing:
    """A stored listing as a comparison takes it."""
    zone = zone_of(row["zone"], row["section"], row["admission"])
    return SeenListing(**{name: row[name] for name in SeenListing.__slots__} | {"zone": zone})
