"""Write and read the history of events as Ticketmaster describes them: one transaction per capture, whole or absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import zstandard
from psycopg.types.json import Jsonb

from ticket_pipeline.storage.attempts import Attempt, EndedPoll, insert_attempts, reschedule_after_success

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class EventCapture:
    """One capture of one event, ready to be stored: rows without their keys; money in major units per ticket."""

    event: Event
    captured_at: datetime
    columns: dict[str, Any]
    price_ranges: Sequence[Mapping[str, Any]]
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What storing a capture did; a cached response is not new, and `before` is the capture before it."""

    is_new: bool
    before: Row | None


def write_event(
    database: Database, capture: EventCapture, attempt: Attempt, *, jitter_factor: float, keep_body: bool
) -> StoredEvent:
    """Store one capture in one transaction. Idempotent by (event_id, captured_at); each attempt is recorded."""
    event = capture.event
    key = {"event_id": event.event_id, "captured_at": capture.captured_at}
    with database.transaction(f"store {event.marketplace} event {event.external_id}") as transaction:
        transaction.execute("snapshots/lock_sources", event_ids=[event.event_id], marketplaces=[event.marketplace])
        before = transaction.fetch_one("ticketmaster/select_event_before", **key)
        inserted = transaction.execute(
            "ticketmaster/insert_event",
            **key,
            external_id=event.external_id,
            payload_hash=hashlib.sha256(capture.body).digest(),
            **capture.columns,
        )
        if inserted:
            ranges = [{**found, "position": n} for n, found in enumerate(capture.price_ranges)]
            exact = partial(json.dumps, default=str)  # money as text, so that no cent is lost
            transaction.execute("ticketmaster/insert_price_ranges", **key, ranges=Jsonb(ranges, dumps=exact))
            if keep_body:
                body = zstandard.ZstdCompressor(level=3).compress(capture.body)
                transaction.execute(
                    "ticketmaster/insert_payload", **key, body=body, encoding="zstd", original_bytes=len(capture.body)
                )
        poll = EndedPoll(event, attempt, jitter_factor, capture.captured_at)
        insert_attempts(transaction, [poll])
        reschedule_after_success(transaction, [poll])
    return StoredEvent(is_new=bool(inserted), before=before)


def read_troubled_events(database: Database, this_moment: datetime, since: datetime) -> list[Row]:
    """Upcoming events that Ticketmaster calls cancelled, postponed or rescheduled, or that moved `since` then."""
    return database.fetch_all("ticketmaster/select_troubled_events", this_moment=this_moment, since=since)
