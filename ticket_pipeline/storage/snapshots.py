"""Write captures of listings, whole or absent: one of a poll, or several of one event at once in one transaction.

Order inside the transaction: lock the event's schedule row, insert the manifests (a repeat ends here), COPY the
listings, judge trust, compare with the captures before, then the rejected listings, the raw bodies, the marks of hours
to rebuild, and the attempts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
            "ranked_seats": self.accepted - self.columns["price_class"].count(None),
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


def write_captures(
    database: Database,
    captures: Sequence[tuple[Capture, Attempt]],
    *,
    back_off: BackOff,
    jitter_factor: float,
    keep_body: bool,
    change_rules: ChangeRules,
) -> list[StoredCapture]:
    """Store captures of one event in one transaction. Idempotent by (event_id, marketplace, captured_at).

    Args:
        database: where to.
        captures: of one event and marketplace, in order of capture, each with how it was fetched. An attempt may be a
            failure: a body without a single usable price is kept, and the event is retried.
        back_off: how long the event waits after a failed attempt.
        jitter_factor: of the interval until the event's next poll.
        keep_body: whether the raw bodies are kept.
        change_rules: how each is compared with the capture before it.

    Returns:
        What was done, for each of them. What was compared again because of any of them is named by the last new one.
    """
    # Rendering and compressing need no connection: done before the transaction opens, so that its locks are short.
    rendered = [(capture.to_csv(), _compress(capture.body) if keep_body else None) for capture, _ in captures]
    event = captures[0][0].event
    source = {"event_id": event.event_id, "marketplace": event.marketplace}
    with database.transaction(f"store the capture of {event.marketplace} event {event.external_id}") as transaction:
        with transaction.connection.pipeline():  # all statements, one round trip
            transaction.execute("snapshots/lock_source", **source)
            inserted = transaction.fetch_each(
                "snapshots/insert_snapshot", [capture.manifest() for capture, _ in captures]
            )
        if len(captures) > 1:
            transaction.expect_many_rows()
        new = [index for index, row in enumerate(inserted) if row is not None]
        if not new:
            return [StoredCapture(is_new=False)] * len(captures)
        if rows := "".join(rendered[index][0] for index in new):
            transaction.copy("snapshots/copy_listings", rows)
        instants = [captures[index][0].captured_at for index in new]
        judged = judge_captures(transaction, source, instants)
        instants += judged.changed
        # None of these waits for the result of another: they are sent together.
        with transaction.connection.pipeline():
            # A first capture has nothing to be compared with.
            sources = [judged.source] if len(judged.source.captures) > 1 else []
            compared = compare_captures(transaction, sources, min(instants), max(instants), change_rules)
            transaction.execute("snapshots/mark_stale_hours", **source, instants=instants)
            for index in new:
                _write_rest(transaction, *captures[index], body=rendered[index][1])
                _reschedule(transaction, *captures[index], back_off, jitter_factor)
    return _describe(captures, new, judged, compared)


def _compress(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


def _write_rest(transaction: Transaction, capture: Capture, attempt: Attempt, *, body: bytes | None) -> None:
    """The rejected listings, the body and the attempt of one capture."""
    key = capture.key
    insert_rejected(transaction, capture)
    if body is not None:
        transaction.execute(
            "snapshots/insert_raw_payload", **key, body=body, encoding="zstd", original_bytes=len(capture.body)
        )
    insert_attempt(transaction, capture.event, attempt)


def insert_rejected(transaction: Transaction, capture: Capture) -> None:
    """Insert the rejected listings of a capture."""
    if capture.rejected:
        transaction.execute("snapshots/insert_rejected", **capture.key, rejected=Jsonb(rejected_as_json(capture)))


def rejected_as_json(capture: Capture) -> list[dict[str, Any]]:
    """The rejected listings of a capture as they are stored: position, raw, reasons, listing."""
    return [_as_json(item) for item in capture.rejected]


def _reschedule(
    transaction: Transaction, capture: Capture, attempt: Attempt, back_off: BackOff, jitter_factor: float
) -> None:
    event = capture.event
    if attempt.outcome.is_failure:
        reschedule_after_failure(transaction, event, attempt, back_off=back_off, jitter_factor=jitter_factor)
    else:
        reschedule_after_success(
            transaction, event, attempt, captured_at=capture.captured_at, jitter_factor=jitter_factor
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What was looked at to judge captures, which of them are suspect, and others than the new whose trust changed."""

    source: SourceCaptures
    suspects: frozenset[datetime]
    changed: tuple[datetime, ...]


def judge_captures(transaction: Transaction, source: Row, new: Sequence[datetime], *, is_new: bool = True) -> Judged:
    """Decide trust for captures that are new or changed, in order, and for those that depend on them, and write it."""
    rows = transaction.fetch_all("snapshots/select_captures_to_judge", **source, captured_at=new[0])
    sizes = [CaptureSize(row["received"], row["readable"], row["is_disputed"]) for row in rows]
    judged = [
        (row["captured_at"], is_suspect)
        for row, is_suspect in zip(rows, find_suspects(sizes, begins_trusted=rows[0]["begins_trusted"]), strict=True)
    ]
    changed = {
        captured_at: is_suspect
        for row, (captured_at, is_suspect) in zip(rows, judged, strict=True)
        if row["is_suspect"] != is_suspect
    }
    if changed:
        transaction.execute(
            "snapshots/update_trust", **source, captured_at=list(changed), is_suspect=list(changed.values())
        )
    return Judged(
        SourceCaptures(**source, event_at=rows[0]["event_at"], captures=judged),
        suspects=frozenset(captured_at for captured_at, is_suspect in judged if is_suspect),
        changed=tuple(captured_at for captured_at in changed if not is_new or captured_at not in new),
    )


def _describe(
    captures: Sequence[tuple[Capture, Attempt]], new: Sequence[int], judged: Judged, compared: Sequence[datetime]
) -> list[StoredCapture]:
    """What storing these captures did, for each of them."""
    stored = [StoredCapture(is_new=False)] * len(captures)
    own = {captures[index][0].captured_at for index in new}
    for index in new:
        captured_at = captures[index][0].captured_at
        others = index == new[-1]
        stored[index] = StoredCapture(
            is_new=True,
            is_suspect=captured_at in judged.suspects,
            confirmed_at=judged.changed if others else (),
            compared_at=tuple(at for at in compared if at == captured_at or (others and at not in own)),
        )
    return stored


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
