"""Write captures of listings, whole or absent: those of a group of polls in one transaction.

Order inside the transaction: lock the events' schedule rows, insert the manifests (a repeat ends here), COPY the
listings, judge trust, then the rejected listings, the raw bodies, the marks of hours to rebuild, the attempts and the
schedule, and last compare with the captures before.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import zstandard

from ticket_pipeline.storage.attempts import Attempt, BackOff, EndedPoll, insert_attempts, reschedule
from ticket_pipeline.storage.changes import Source, compare_captures
from ticket_pipeline.storage.database import as_json
from ticket_pipeline.storage.listing_csv import render_csv
from ticket_pipeline.storage.trust import Judged, judge_captures

if TYPE_CHECKING:
    from ticket_pipeline.market.changes import ChangeRules
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import RejectedListing
    from ticket_pipeline.storage.database import Database, Transaction

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
    def source(self) -> Source:
        """Whose capture it is."""
        return self.event.event_id, self.event.marketplace

    @property
    def key(self) -> dict[str, Any]:
        """The primary key."""
        return self.event.key | {"captured_at": self.captured_at}

    def manifest(self) -> dict[str, Any]:
        """Its row of `snapshots`, for `as_json`."""
        problems = self.checksum_problems
        return self.key | {
            "external_id": self.event.external_id,
            "received": self.received,
            "accepted": self.accepted,
            "rejected": len(self.rejected),
            "tickets": self.tickets,
            "currency": self.currency,
            "fee_basis": self.fee_basis,
            "payload_hash": f"\\x{hashlib.sha256(self.body).hexdigest()}",
            "checksum_problems": None if problems is None else [_storable(text) for text in problems],
            "unknown_fields": dict(self.unknown_fields),
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
    draw_jitter: Callable[[], float],
    keep_body: bool,
    change_rules: ChangeRules,
) -> list[StoredCapture]:
    """Store captures in one transaction, all or none. Idempotent by (event_id, marketplace, captured_at).

    Args:
        database: where to.
        captures: those of one event in order of capture, each with how it was fetched. An attempt may be a failure: a
            body without a single usable price is kept, and the event is retried.
        back_off: how long an event waits after a failed attempt.
        draw_jitter: draws the factor of the interval until an event's next poll.
        keep_body: whether the raw bodies are kept.
        change_rules: how each is compared with the capture before it.

    Returns:
        What was done, for each of them. What was compared again because of any of an event is named by its last new
        one.
    """
    # Rendering and compressing need no connection: done before the transaction opens, so that its locks are short.
    every = [capture for capture, _ in captures]
    rendered = [capture.to_csv() for capture in every]
    bodies = _compress([capture.body for capture in every]) if keep_body else None
    polls = [EndedPoll(one.event, attempt, draw_jitter(), one.captured_at) for one, attempt in captures]
    with database.transaction(_describe(every)) as transaction:
        new = _insert_manifests(transaction, every)
        if not new:
            return [StoredCapture(is_new=False)] * len(every)
        if rows := "".join(rendered[index] for index in new):
            transaction.copy("snapshots/copy_listings", rows)
        written, ended = [every[index] for index in new], [polls[index] for index in new]
        judged = judge_captures(transaction, _by_source(written))
        # None of these waits for the result of another: they are sent together.
        with transaction.connection.pipeline():
            insert_rejected(transaction, written)
            if bodies is not None:
                _insert_bodies(transaction, written, [bodies[index] for index in new])
            mark_hours(transaction, judged)
            insert_attempts(transaction, ended)
            reschedule(transaction, ended, back_off)
            # A first capture has nothing to be compared with.
            sources = [one.source for one in judged if len(one.source.captures) > 1]
            compared = compare_captures(transaction, sources, change_rules)
    return _summarise(every, new, judged, compared)


def _describe(captures: Sequence[Capture]) -> str:
    event = captures[0].event
    if len(captures) == 1:
        return f"store the capture of {event.marketplace} event {event.external_id}"
    return f"store {len(captures)} captures of {event.marketplace} events"


def _compress(bodies: Sequence[bytes]) -> list[bytes]:
    compressor = zstandard.ZstdCompressor(level=1)
    return [compressor.compress(body) for body in bodies]


def _insert_manifests(transaction: Transaction, captures: Sequence[Capture]) -> list[int]:
    """Lock whom the captures belong to, and insert their manifests; returns which of them are new."""
    with transaction.connection.pipeline():  # both statements, one round trip
        transaction.execute("snapshots/lock_sources", **_ids({capture.source for capture in captures}))
        inserted = transaction.fetch_all(
            "snapshots/insert_snapshots", manifests=as_json([capture.manifest() for capture in captures])
        )
    keys = {tuple(row.values()) for row in inserted}
    return [index for index, capture in enumerate(captures) if tuple(capture.key.values()) in keys]


def _ids(sources: Iterable[Source]) -> dict[str, list[Any]]:
    found = list(sources)
    return {"event_ids": [event_id for event_id, _ in found], "marketplaces": [name for _, name in found]}


def _by_source(captures: Sequence[Capture]) -> dict[Source, list[datetime]]:
    found: dict[Source, list[datetime]] = defaultdict(list)
    for capture in captures:
        found[capture.source].append(capture.captured_at)
    return found


def _insert_bodies(transaction: Transaction, captures: Sequence[Capture], compressed: list[bytes]) -> None:
    transaction.execute(
        "snapshots/insert_raw_payloads",
        **_ids(capture.source for capture in captures),
        captured=[capture.captured_at for capture in captures],
        bodies=b"".join(compressed),
        ends=list(accumulate(map(len, compressed))),
        lengths=list(map(len, compressed)),
        sizes=[len(capture.body) for capture in captures],
    )


def mark_hours(transaction: Transaction, judged: Sequence[Judged]) -> None:
    """Mark the hours of all captures that are new or whose trust changed."""
    changed = [(one.source.key, instant) for one in judged for instant in one.instants]
    transaction.execute(
        "snapshots/mark_stale_hours",
        **_ids(source for source, _ in changed),
        instants=[instant for _, instant in changed],
    )


def insert_rejected(transaction: Transaction, captures: Sequence[Capture]) -> None:
    """Insert the rejected listings of captures."""
    if rows := [capture.key | row for capture in captures for row in rejected_as_json(capture)]:
        transaction.execute("snapshots/insert_rejected", rejected=as_json(rows))


def rejected_as_json(capture: Capture) -> list[dict[str, Any]]:
    """The rejected listings of a capture as they are stored: position, raw, reasons, listing."""
    return [_as_json(item) for item in capture.rejected]


def _summarise(
    captures: Sequence[Capture],
    new: Sequence[int],
    judged: Sequence[Judged],
    compared: Sequence[tuple[Source, datetime]],
) -> list[StoredCapture]:
    """What storing these captures did, for each of them."""
    stored = [StoredCapture(is_new=False)] * len(captures)
    own = {(captures[index].source, captures[index].captured_at) for index in new}
    last = {captures[index].source: index for index in new}
    of_source = {one.source.key: one for one in judged}
    for index in new:
        capture = captures[index]
        found, is_last = of_source[capture.source], index == last[capture.source]
        stored[index] = StoredCapture(
            is_new=True,
            is_suspect=capture.captured_at in found.suspects,
            confirmed_at=found.changed if is_last else (),
            compared_at=tuple(
                at
                for source, at in compared
                if source == capture.source and (at == capture.captured_at or (is_last and (source, at) not in own))
            ),
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
