"""Write and read the history of events as Ticketmaster describes them: one transaction per capture, whole or absent.

Order inside the transaction: lock the event's schedule row, insert the capture (a repeat writes nothing more of it),
its price ranges and its body, book the attempt, settle the schedule.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import zstandard
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.snapshots import Attempt


@dataclass(frozen=True, slots=True)
class StoredPriceRange:
    """A row of `ticketmaster_price_ranges`; money in major units per ticket."""

    price_type: str
    currency: str
    min_price: Decimal
    max_price: Decimal


@dataclass(frozen=True, slots=True)
class EventCapture:
    """One capture of one event, ready to be stored.

    Attributes:
        captured_at: aware UTC, when the answer arrived.
        columns: of `ticketmaster_events`, without the keys and the hash.
        body: the raw body.
    """

    event_id: int
    marketplace: Marketplace
    external_id: str
    captured_at: datetime
    columns: dict[str, Any]
    price_ranges: Sequence[StoredPriceRange]
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What became of a capture.

    Attributes:
        is_new: False when it was stored already: the answer was a kept one.
        before: the capture before it, or None.
    """

    is_new: bool
    before: Row | None


def write_event(
    database: Database, capture: EventCapture, attempt: Attempt, *, jitter_factor: float, keep_body: bool
) -> StoredEvent:
    """Store one capture in one transaction. Idempotent by (event_id, captured_at); each attempt is booked.

    Args:
        database: where to.
        capture: what was captured.
        attempt: how it was fetched.
        jitter_factor: of the interval until the event's next poll.
        keep_body: whether the raw body is kept.

    Raises:
        StorageError: nothing of it is stored.
    """
    key = {"event_id": capture.event_id, "captured_at": capture.captured_at}
    source = {"event_id": capture.event_id, "marketplace": capture.marketplace}
    with database.transaction(f"store {capture.marketplace} event {capture.external_id}") as transaction:
        transaction.execute("snapshots/lock_source", **source)
        before = transaction.fetch_one("ticketmaster/select_event_before", **key)
        inserted = transaction.execute(
            "ticketmaster/insert_event",
            **key,
            external_id=capture.external_id,
            payload_hash=hashlib.sha256(capture.body).digest(),
            **capture.columns,
        )
        if inserted:
            ranges = [asdict(found) | {"position": n} for n, found in enumerate(capture.price_ranges)]
            transaction.execute("ticketmaster/insert_price_ranges", **key, ranges=Jsonb(ranges, dumps=_dump))
            if keep_body:
                body = zstandard.ZstdCompressor(level=3).compress(capture.body)
                transaction.execute(
                    "ticketmaster/insert_payload", **key, body=body, encoding="zstd", original_bytes=len(capture.body)
                )
        _settle(transaction, capture, attempt, jitter_factor)
    return StoredEvent(is_new=bool(inserted), before=before)


def read_event_history(database: Database, event_id: int, since: datetime) -> list[Row]:
    """How Ticketmaster described one event since a moment (aware UTC), oldest first; money as text."""
    return database.fetch_all("ticketmaster/select_history", event_id=event_id, since=since)


def read_troubled_events(database: Database, this_moment: datetime, since: datetime) -> list[Row]:
    """Followed events still to come that Ticketmaster calls cancelled, postponed or rescheduled, or dates otherwise.

    Args:
        database: where.
        this_moment: aware UTC.
        since: an event that got another start after this (aware UTC) counts as moved, whatever the watchlist says.
    """
    return database.fetch_all("ticketmaster/select_troubled_events", this_moment=this_moment, since=since)


def _settle(transaction: Transaction, capture: EventCapture, attempt: Attempt, jitter_factor: float) -> None:
    source = {"event_id": capture.event_id, "marketplace": capture.marketplace}
    transaction.execute(
        "polling/insert_attempt",
        **source,
        external_id=capture.external_id,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        outcome=attempt.outcome,
        status=attempt.status,
        tries=attempt.tries,
        latency_seconds=attempt.latency_seconds,
        bytes=len(capture.body),
        listings=None,
        rejected=None,
        error=attempt.error,
        run_id=attempt.run_id,
    )
    transaction.execute(
        "polling/settle_success",
        **source,
        this_moment=attempt.finished_at,
        answered_at=capture.captured_at,
        jitter_factor=jitter_factor,
        outcome=attempt.outcome,
    )


def _dump(value: object) -> str:
    """JSON in which money is text, so that no cent is lost on the way."""
    return json.dumps(value, default=str)
