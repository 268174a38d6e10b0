"""Write and read captures: one transaction each, whole or absent.

Order inside the transaction: lock the event's schedule row, insert the manifest (a repeat ends here, having written
nothing), COPY the listings, quarantine the rejects, keep the raw body, book the attempt, judge trust, mark the hours
to rebuild, settle the schedule.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import zstandard
from psycopg.types.json import Jsonb

from ticket_pipeline.market.trust import CaptureSize, find_suspects
from ticket_pipeline.storage.schedule import settle_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ticket_pipeline.market.trust import TrustRule
    from ticket_pipeline.market.vocabulary import Marketplace, Outcome, RejectedListing
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.schedule import BackOff

_RAW_ITEM_CHARACTERS = 10_000
"""A quarantined listing is kept for a person to look at; a longer one is cut and says so."""

STORED_COLUMNS = (
    "zone",
    "splits",
    "ask_price",
    "fee_basis",
    "currency",
    "is_speculative",
    "is_general_admission",
    "listing_id",
    "section",
    "row",
    "quantity",
    "all_in_price",
    "net_proceeds",
    "price",
)
"""The columns of `listings` that a capture brings, in the order of `sql/snapshots/copy_listings.sql`.

First those that often hold one value throughout a capture: `render_csv` writes such a start of the line only once.
"""


@dataclass(frozen=True, slots=True)
class Capture:
    """One validated capture, ready to be stored.

    Attributes:
        columns: one sequence per `STORED_COLUMNS`, all of one length; None is NULL; `splits` are tuples of ints;
            money in major units per ticket, already rounded to cents.
        rejected: the listings that are no market price; `received` = accepted + rejected.
        body: the raw body; None where raw bodies are not kept.
        checksum_problems: where the totals that the marketplace announces disagree with its listings; empty: all agree;
            None: it announces none.
    """

    event_id: int
    marketplace: Marketplace
    external_id: str
    captured_at: datetime
    received: int
    columns: dict[str, Sequence[Any]]
    rejected: Sequence[RejectedListing]
    tickets: int
    currency: str | None
    fee_basis: str | None
    body: bytes
    checksum_problems: Sequence[str] | None = None

    @property
    def accepted(self) -> int:
        """How many listings are market prices."""
        return len(self.columns["listing_id"])


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one fetch went, as `fetch_attempts` keeps it; times are aware UTC, latency in seconds."""

    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    status: int | None = None
    tries: int = 1
    latency_seconds: float | None = None
    error: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCapture:
    """What became of a capture.

    Attributes:
        is_new: False when it was stored already and nothing was written.
        is_suspect: it is kept, but left out of prices until confirmed.
        confirmed_at: earlier captures that this one made trusted.
    """

    is_new: bool
    is_suspect: bool = False
    confirmed_at: tuple[datetime, ...] = ()


def write_capture(
    database: Database,
    capture: Capture,
    attempt: Attempt,
    *,
    rule: TrustRule,
    back_off: BackOff,
    jitter_factor: float,
    keep_body: bool,
) -> StoredCapture:
    """Store one capture in one transaction. Idempotent by (event_id, marketplace, captured_at).

    Args:
        database: where to.
        capture: what was captured.
        attempt: how it was fetched; booked in the same transaction. A capture may belong to a failed attempt: of an
            answer that held no price, everything is kept, and still nobody knows the market.
        rule: when a capture is suspect.
        back_off: how long the event waits after a failed attempt.
        jitter_factor: of the interval until the event's next poll.
        keep_body: whether the raw body is kept.

    Raises:
        StorageError: nothing of it is stored.
    """
    # Rendering and compressing need no connection: done before the transaction opens, so that its locks are short.
    rows = render_csv(capture)
    body = zstandard.ZstdCompressor(level=1).compress(capture.body) if keep_body else None
    with database.transaction(f"store the capture of {capture.marketplace} event {capture.external_id}") as transaction:
        key = {"event_id": capture.event_id, "marketplace": capture.marketplace, "captured_at": capture.captured_at}
        transaction.execute("snapshots/lock_source", event_id=capture.event_id, marketplace=capture.marketplace)
        if not _insert_manifest(transaction, capture):
            return StoredCapture(is_new=False)
        if rows:
            transaction.copy("snapshots/copy_listings", [rows])
        stored = _judge(transaction, capture, rule)
        # None of these waits for the answer to another: sent together, their answers are read once.
        with transaction.connection.pipeline():
            if capture.rejected:
                transaction.execute("snapshots/insert_rejected", **key, rejected=_rejected_json(capture.rejected))
            if body is not None:
                transaction.execute(
                    "snapshots/insert_raw_payload", **key, body=body, encoding="zstd", original_bytes=len(capture.body)
                )
            transaction.execute(
                "snapshots/mark_stale_hours",
                event_id=capture.event_id,
                marketplace=capture.marketplace,
                instants=[capture.captured_at, *stored.confirmed_at],
            )
            insert_attempt(transaction, capture, attempt, size=len(capture.body))
            _settle(transaction, capture, attempt, back_off, jitter_factor)
    return stored


def insert_attempt(transaction: Transaction, capture: Capture, attempt: Attempt, *, size: int) -> None:
    """Book an attempt inside the transaction of its capture."""
    transaction.execute(
        "polling/insert_attempt",
        event_id=capture.event_id,
        marketplace=capture.marketplace,
        external_id=capture.external_id,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        outcome=attempt.outcome,
        status=attempt.status,
        tries=attempt.tries,
        latency_seconds=attempt.latency_seconds,
        bytes=size,
        listings=capture.accepted,
        rejected=len(capture.rejected),
        error=attempt.error,
        run_id=attempt.run_id,
    )


def _settle(
    transaction: Transaction, capture: Capture, attempt: Attempt, back_off: BackOff, jitter_factor: float
) -> None:
    if attempt.outcome.is_failure:
        settle_failure(
            transaction,
            capture.event_id,
            capture.marketplace,
            attempt,
            back_off=back_off,
            jitter_factor=jitter_factor,
        )
        return
    transaction.execute(
        "polling/settle_success",
        event_id=capture.event_id,
        marketplace=capture.marketplace,
        this_moment=attempt.finished_at,
        answered_at=capture.captured_at,
        jitter_factor=jitter_factor,
        outcome=attempt.outcome,
    )


def render_csv(capture: Capture) -> str:
    """The accepted listings as CSV for COPY, one line each; empty text where there are none.

    None is an empty field, which COPY reads as NULL; our texts are never empty. By columns, which is five times as fast
    as row by row.
    """
    if not capture.accepted:
        return ""
    start = [_field(value) for value in (capture.event_id, capture.marketplace, capture.captured_at.isoformat())]
    varying: list[Sequence[str]] = []
    for values in (capture.columns[name] for name in STORED_COLUMNS):
        is_constant = values.count(values[0]) == capture.accepted
        if is_constant and not varying:
            start.append(_field(values[0]))
        else:
            varying.append([_field(values[0])] * capture.accepted if is_constant else _fields(values))
    if not varying:
        return f"{','.join(start)}\n" * capture.accepted
    prefix = f"{','.join(start)},"
    lines = f"\n{prefix}".join(map(",".join, zip(*varying, strict=True)))
    return f"{prefix}{lines}\n"


def _fields(values: Sequence[Any]) -> Sequence[str]:
    """The fields of a column; a column of one plain type has a short way."""
    kinds = set(map(type, values))
    if kinds in ({int}, {float}, {bool}):
        return orjson.dumps(values)[1:-1].decode().split(",")
    if kinds == {str} and not _needs_quotes("".join(values)):
        return values
    fields = {value: _field(value) for value in set(values)}
    return [fields[value] for value in values]


def _field(value: object) -> str:
    """One value as a CSV field; a tuple of numbers becomes an array of PostgreSQL."""
    if value is None:
        return ""
    text = f"{{{','.join(map(str, value))}}}" if isinstance(value, tuple) else str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _needs_quotes(text) else text


def _needs_quotes(text: str) -> bool:
    return '"' in text or "," in text or "\n" in text or "\r" in text


def _insert_manifest(transaction: Transaction, capture: Capture) -> bool:
    row = transaction.fetch_one(
        "snapshots/insert_snapshot",
        event_id=capture.event_id,
        marketplace=capture.marketplace,
        captured_at=capture.captured_at,
        external_id=capture.external_id,
        received=capture.received,
        accepted=capture.accepted,
        rejected=len(capture.rejected),
        tickets=capture.tickets,
        currency=capture.currency,
        fee_basis=capture.fee_basis,
        payload_hash=hashlib.sha256(capture.body).digest(),
        checksum_problems=_as_array(capture.checksum_problems),
    )
    return row is not None


def _as_array(texts: Sequence[str] | None) -> list[str] | None:
    """Texts as an array that PostgreSQL can hold."""
    return None if texts is None else [_clean(text) for text in texts]


def _judge(transaction: Transaction, capture: Capture, rule: TrustRule) -> StoredCapture:
    """Decide trust for the new capture and for those that depend on it; write what changed."""
    captures = transaction.fetch_all(
        "snapshots/select_captures_to_judge",
        event_id=capture.event_id,
        marketplace=capture.marketplace,
        captured_at=capture.captured_at,
    )
    sizes = [CaptureSize(row["received"], row["accepted"], row["is_disputed"]) for row in captures]
    suspects = find_suspects(sizes, rule)
    changed = [
        (row["captured_at"], is_suspect)
        for row, is_suspect in zip(captures, suspects, strict=True)
        if row["is_suspect"] != is_suspect
    ]
    if changed:
        transaction.execute(
            "snapshots/update_trust",
            event_id=capture.event_id,
            marketplace=capture.marketplace,
            captured_at=[moment for moment, _ in changed],
            is_suspect=[is_suspect for _, is_suspect in changed],
        )
    return StoredCapture(
        is_new=True,
        is_suspect=dict(changed).get(capture.captured_at, False),
        confirmed_at=tuple(moment for moment, _ in changed if moment != capture.captured_at),
    )


def _rejected_json(rejected: Sequence[RejectedListing]) -> Jsonb:
    return Jsonb(
        [
            {
                "position": item.position,
                "raw": _as_text(item.raw),
                "reasons": [_clean(reason) for reason in item.reasons],
            }
            for item in rejected
        ]
    )


def _as_text(raw: object) -> str:
    """A received item as JSON text that PostgreSQL can hold."""
    text = _clean(raw if isinstance(raw, str) else repr_json(raw))
    return text if len(text) <= _RAW_ITEM_CHARACTERS else f"{text[:_RAW_ITEM_CHARACTERS]} … (cut)"


def repr_json(raw: object) -> str:
    """JSON text of whatever a marketplace sent."""
    try:
        return json.dumps(raw, ensure_ascii=True, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"


def _clean(text: str) -> str:
    """Without what PostgreSQL text cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def delete_old_payloads(database: Database, cut: datetime) -> int:
    """Drop the raw bodies captured before `cut`; listings and prices stay. Returns how many."""
    return database.execute("maintenance/delete_old_payloads", cut=cut)


def read_latest_snapshot(database: Database, event_id: int, marketplace: str, since: datetime) -> Row | None:
    """The newest manifest row of an event since `since`, or None."""
    return database.fetch_one(
        "snapshots/select_latest_snapshot", event_id=event_id, marketplace=marketplace, since=since
    )


def read_listings(
    database: Database, event_id: int, marketplace: str, captured_from: datetime, captured_until: datetime
) -> list[Row]:
    """The stored listings of the captures in [captured_from, captured_until], cheapest first within each."""
    return database.fetch_all(
        "snapshots/select_listings",
        event_id=event_id,
        marketplace=marketplace,
        captured_from=captured_from,
        captured_until=captured_until,
    )
