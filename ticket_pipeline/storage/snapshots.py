"""Write and read captures of listings: one transaction each, whole or absent.

Order inside the transaction: lock the event's schedule row, insert the manifest (a repeat ends here), COPY the
listings, judge trust, compare with the capture before, then the rejected listings, the raw body, the marks of hours to
rebuild, and the attempt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import zstandard
from psycopg.types.json import Jsonb

from ticket_pipeline.market.trust import CaptureSize, find_suspects
from ticket_pipeline.storage.attempts import (
    Attempt,
    BackOff,
    insert_attempt,
    reschedule_after_failure,
    reschedule_after_success,
)
from ticket_pipeline.storage.changes import SourceCaptures, compare_captures
from ticket_pipeline.storage.listing_csv import render_csv

if TYPE_CHECKING:
    from ticket_pipeline.market.changes import ChangeRules
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import RejectedListing
    from ticket_pipeline.storage.database import Database, Row, Transaction

_RAW_ITEM_CHARACTERS = 10_000
"""A longer rejected listing is cut: it is kept for people to read."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One validated capture, ready to be stored.

    Attributes:
        columns: one sequence per `STORED_COLUMNS`, all of one length; None is NULL; `splits` are tuples of ints;
            money in major units per ticket, rounded to cents.
        rejected: the listings that are not market prices; `received` = accepted + rejected.
        body: the raw body.
        checksum_problems: where the totals that the marketplace announces disagree with its listings; empty: all agree;
            None: it announces none.
        unknown_fields: why fields of the listings are unknown: reason → how many.
        set_aside: how many of `rejected` are parking passes or extras.
        admission_rules: the fingerprint of the rules that decided what is a seat.
    """

    event: Event
    captured_at: datetime
    received: int
    columns: dict[str, Sequence[Any]]
    rejected: Sequence[RejectedListing]
    tickets: int
    currency: str | None
    fee_basis: str | None
    body: bytes
    checksum_problems: Sequence[str] | None = None
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0
    admission_rules: str | None = None

    @property
    def accepted(self) -> int:
        """How many listings are market prices."""
        return len(self.columns["listing_id"])

    @property
    def key(self) -> dict[str, Any]:
        """The primary key, as parameters."""
        event = self.event
        return {"event_id": event.event_id, "marketplace": event.marketplace, "captured_at": self.captured_at}

    def manifest(self) -> dict[str, Any]:
        """The parameters of `snapshots/insert_snapshot`."""
        problems = self.checksum_problems
        return self.key | {
            "external_id": self.event.external_id,
            "received": self.received,
            "accepted": self.accepted,
            "rejected": len(self.rejected),
            "tickets": self.tickets,
            "currency": self.currency,
            "fee_basis": self.fee_basis,
            "payload_hash": hashlib.sha256(self.body).digest(),
            "checksum_problems": None if problems is None else [_storable(text) for text in problems],
            "unknown_fields": Jsonb(dict(self.unknown_fields)),
            "set_aside": self.set_aside,
            "admission_rules": self.admission_rules,
        }

    def to_csv(self) -> str:
        """The accepted listings, for `snapshots/copy_listings`."""
        key = (self.event.event_id, self.event.marketplace, self.captured_at.isoformat())
        return render_csv(key, self.columns, self.accepted)


@dataclass(frozen=True, slots=True)
class StoredCapture:
    """What storing a capture did: nothing where it is not new.

    Attributes:
        confirmed_at: other captures whose trust it changed; mostly the one before, which it made trusted.
        compared_at: the captures that were compared (again) with the one before them.
    """

    is_new: bool
    is_suspect: bool = False
    confirmed_at: tuple[datetime, ...] = ()
    compared_at: tuple[datetime, ...] = ()


def write_capture(
    database: Database,
    capture: Capture,
    attempt: Attempt,
    *,
    back_off: BackOff,
    jitter_factor: float,
    keep_body: bool,
    change_rules: ChangeRules,
) -> StoredCapture:
    """Store one capture in one transaction. Idempotent by (event_id, marketplace, captured_at).

    Args:
        database: where to.
        capture: what was captured.
        attempt: how it was fetched; stored in the same transaction. It may be a failure: a body without a single usable
            price is kept, and the event is retried.
        back_off: how long the event waits after a failed attempt.
        jitter_factor: of the interval until the event's next poll.
        keep_body: whether the raw body is kept.
        change_rules: how it is compared with the capture before it.
    """
    # Rendering and compressing need no connection: done before the transaction opens, so that its locks are short.
    rows = capture.to_csv()
    body = zstandard.ZstdCompressor(level=1).compress(capture.body) if keep_body else None
    event, key = capture.event, capture.key
    source = {"event_id": event.event_id, "marketplace": event.marketplace}
    with database.transaction(f"store the capture of {event.marketplace} event {event.external_id}") as transaction:
        with transaction.connection.pipeline():  # two statements, one round trip
            transaction.execute("snapshots/lock_source", **source)
            inserted = transaction.fetch_one("snapshots/insert_snapshot", **capture.manifest())
        if inserted is None:
            return StoredCapture(is_new=False)
        if rows:
            transaction.copy("snapshots/copy_listings", rows)
        stored, captures = _judge(transaction, source, capture.captured_at)
        instants = [capture.captured_at, *stored.confirmed_at]
        # None of these waits for the result of another: they are sent together.
        with transaction.connection.pipeline():
            compared = compare_captures(transaction, [captures], min(instants), max(instants), change_rules)
            if capture.rejected:
                rejected = Jsonb([_as_json(item) for item in capture.rejected])
                transaction.execute("snapshots/insert_rejected", **key, rejected=rejected)
            if body is not None:
                transaction.execute(
                    "snapshots/insert_raw_payload", **key, body=body, encoding="zstd", original_bytes=len(capture.body)
                )
            transaction.execute("snapshots/mark_stale_hours", **source, instants=instants)
            insert_attempt(transaction, event, attempt)
            if attempt.outcome.is_failure:
                reschedule_after_failure(transaction, event, attempt, back_off=back_off, jitter_factor=jitter_factor)
            else:
                reschedule_after_success(
                    transaction, event, attempt, captured_at=capture.captured_at, jitter_factor=jitter_factor
                )
    return replace(stored, compared_at=tuple(compared))


def _judge(transaction: Transaction, source: Row, captured_at: datetime) -> tuple[StoredCapture, SourceCaptures]:
    """Decide trust for the new capture and for those that depend on it, and write it; returns all it looked at."""
    rows = transaction.fetch_all("snapshots/select_captures_to_judge", **source, captured_at=captured_at)
    sizes = [CaptureSize(row["received"], row["readable"], row["is_disputed"]) for row in rows]
    suspects = find_suspects(sizes, begins_trusted=rows[0]["begins_trusted"])
    changed = {
        row["captured_at"]: is_suspect
        for row, is_suspect in zip(rows, suspects, strict=True)
        if row["is_suspect"] != is_suspect
    }
    if changed:
        transaction.execute(
            "snapshots/update_trust", **source, captured_at=list(changed), is_suspect=list(changed.values())
        )
    stored = StoredCapture(is_new=True, is_suspect=changed.pop(captured_at, False), confirmed_at=tuple(changed))
    judged = [(row["captured_at"], is_suspect) for row, is_suspect in zip(rows, suspects, strict=True)]
    return stored, SourceCaptures(**source, event_at=rows[0]["event_at"], captures=judged)


def _as_json(item: RejectedListing) -> dict[str, Any]:
    try:
        raw = item.raw if isinstance(item.raw, str) else json.dumps(item.raw, ensure_ascii=True, default=str)
    except RecursionError:
        raw = "(nested too deeply to be shown)"
    text = _storable(raw)
    if len(text) > _RAW_ITEM_CHARACTERS:
        text = f"{text[:_RAW_ITEM_CHARACTERS]} … (cut)"
    reasons = [_storable(reason) for reason in item.reasons]
    return {"position": item.position, "raw": text, "reasons": reasons, "listing": item.listing}


def _storable(text: str) -> str:
    """Without what PostgreSQL text cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
