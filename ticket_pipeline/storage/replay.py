"""Bring stored captures to what their bodies say by the parser and the rules of now.

What belongs here: comparing captures that were read again with what is stored, and rewriting those that differ, each
batch in one transaction, so that a replay that is stopped leaves whole captures and the next one goes on. Reading them
is `ingest.replay`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.archive import hold_months
from ticket_pipeline.storage.changes import compare_captures
from ticket_pipeline.storage.database import as_json
from ticket_pipeline.storage.payload_shapes import decompress
from ticket_pipeline.storage.snapshots import insert_rejected, mark_hours, rejected_as_json
from ticket_pipeline.storage.trust import judge_captures

if TYPE_CHECKING:
    from ticket_pipeline.market.changes import ChangeRules
    from ticket_pipeline.market.vocabulary import Outcome
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.prices import Span
    from ticket_pipeline.storage.snapshots import Capture

_BATCH = 16
"""Captures of one transaction: about 10,000 listings."""

_COMPARED = (
    "received",
    "accepted",
    "rejected",
    "tickets",
    "currency",
    "fee_basis",
    "checksum_problems",
    "set_aside",
    "admission_rules",
)


@dataclass(frozen=True, slots=True)
class Reread:
    """A stored capture as it is read now, and how the attempt that brought it ended."""

    capture: Capture
    outcome: Outcome
    error: str | None


@dataclass(slots=True)
class Rewritten:
    """What a batch changed, or would.

    Attributes:
        changed: the captures that differed; so many of `captures`.
        archived: captures whose listings are in Parquet files; they stay as they are.
        trust: how many captures are trusted now and were not, or the other way round.
        listings_before: of the captures that differed; `rejected_before` likewise.
        fields: field of a listing → listings in which it differed.
    """

    changed: list[datetime] = field(default_factory=list)
    archived: int = 0
    trust: int = 0
    listings_before: int = 0
    listings_after: int = 0
    rejected_before: int = 0
    rejected_after: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def read_sources_to_replay(
    database: Database, marketplaces: Sequence[str], span: Span, external_ids: Sequence[str] | None
) -> list[Row]:
    """Events with captures in a span: event_id, marketplace, captures, and of how many the body is kept (bodies)."""
    return database.fetch_all(
        "replay/select_sources",
        marketplaces=list(marketplaces),
        since=span.start,
        until=span.end,
        external_ids=None if external_ids is None else list(external_ids),
    )


def read_bodies(database: Database, source: Row, span: Span) -> Iterator[list[tuple[Event, datetime, bytes]]]:
    """The stored bodies of one event and marketplace in a span, in order, a batch at a time."""
    since = span.start
    key = {"event_id": source["event_id"], "marketplace": source["marketplace"]}
    while rows := database.fetch_all("replay/select_bodies", **key, since=since, until=span.end, most=_BATCH):
        since = rows[-1]["captured_at"] + timedelta.resolution
        yield [(Event.from_row(row), row["captured_at"], decompress(row)) for row in rows]


def rewrite_captures(
    database: Database, reread: Sequence[Reread], change_rules: ChangeRules, *, dry_run: bool
) -> Rewritten:
    """Compare captures of one event and marketplace, in order, and store those anew that differ. Idempotent.

    Trust is judged again for what follows them, changes are compared again, and the hours are marked for a rebuild.
    """
    event = reread[0].capture.event
    source = event.key
    with database.transaction(f"replay captures of {event.marketplace} event {event.external_id}") as transaction:
        # Before the source, as rebuilds do: so no archiver begins between the comparison and the rewriting.
        hold_months(transaction, reread[0].capture.captured_at, reread[-1].capture.captured_at)
        transaction.execute("snapshots/lock_sources", event_ids=[event.event_id], marketplaces=[event.marketplace])
        transaction.fetch_all("admission/lift_limit")
        transaction.execute("replay/create_replayed")
        if rows := "".join(one.capture.to_csv() for one in reread):
            transaction.copy("replay/copy_replayed", rows)
        done, differing = _compare(transaction, source, reread)
        if differing:
            done.fields.update(_changed_fields(transaction, source, done.changed))
        if differing and not dry_run:
            _rewrite(transaction, source, differing)
            done.trust = _follow(transaction, source, done.changed, change_rules)
    return done


def _compare(transaction: Transaction, source: Row, reread: Sequence[Reread]) -> tuple[Rewritten, list[Reread]]:
    captured = [one.capture.captured_at for one in reread]
    manifests = {
        row["captured_at"]: row for row in transaction.fetch_all("replay/select_manifests", **source, captured=captured)
    }
    listings = {
        row["captured_at"]: row for row in transaction.fetch_all("replay/compare_listings", **source, **_span(captured))
    }
    done, differing = Rewritten(), list[Reread]()
    for one in reread:
        at = one.capture.captured_at
        if (stored := manifests.get(at)) is None:
            continue  # its event was deleted meanwhile
        if listings[at]["is_archived"]:
            done.archived += 1
        elif listings[at]["differing"] or _describe(one.capture) != _as_described(stored):
            differing.append(one)
            done.changed.append(at)
            done.listings_before += stored["accepted"]
            done.listings_after += one.capture.accepted
            done.rejected_before += stored["rejected"]
            done.rejected_after += len(one.capture.rejected)
    return done, differing


def _describe(capture: Capture) -> tuple[Any, ...]:
    """All of a capture but its listings, in a form that can be compared."""
    manifest = capture.manifest()
    rejects = [
        (item["reasons"], item["listing"]["listing_id"] if item["listing"] else str(item["position"]))
        for item in rejected_as_json(capture)
    ]
    values = [manifest[name] for name in _COMPARED]
    return (*values, dict(capture.unknown_fields), sorted(map(json.dumps, rejects)))


def _as_described(row: Row) -> tuple[Any, ...]:
    return (*(row[name] for name in _COMPARED), row["unknown_fields"], sorted(map(json.dumps, row["rejects"])))


def _changed_fields(transaction: Transaction, source: Row, captured: Sequence[datetime]) -> dict[str, int]:
    rows = transaction.fetch_all("replay/count_changed_fields", **source, **_span(captured))
    return {row["field"]: row["listings"] for row in rows}


def _rewrite(transaction: Transaction, source: Row, differing: Sequence[Reread]) -> None:
    captured = [one.capture.captured_at for one in differing]
    transaction.execute("replay/delete_listings", **source, **_span(captured))
    transaction.execute("replay/insert_listings", captured=captured)
    transaction.execute("replay/delete_rejected", **source, captured=captured)
    transaction.execute("replay/update_manifests", manifests=as_json([one.capture.manifest() for one in differing]))
    insert_rejected(transaction, [one.capture for one in differing])
    for one in differing:
        counts = {"accepted": one.capture.accepted, "rejected": len(one.capture.rejected)}
        transaction.execute("replay/update_attempt", **one.capture.key, **counts, outcome=one.outcome, error=one.error)


def _follow(transaction: Transaction, source: Row, changed: Sequence[datetime], rules: ChangeRules) -> int:
    """Bring what rests on these captures to them; returns how many captures changed their trust."""
    (judged,) = judge_captures(transaction, {(source["event_id"], source["marketplace"]): changed}, is_new=False)
    mark_hours(transaction, [judged])
    compare_captures(transaction, [judged.source], rules)
    return len(judged.changed)


def _span(captured: Sequence[datetime]) -> dict[str, Any]:
    return {"captured": list(captured), "seen_from": min(captured), "seen_until": max(captured)}
