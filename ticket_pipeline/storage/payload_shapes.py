"""What is known of the fields of each marketplace's payloads, and the changes that were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import zstandard
from psycopg.types.json import Jsonb

from ticket_pipeline.market.payload_shapes import KnownField

if TYPE_CHECKING:
    from ticket_pipeline.market.payload_shapes import FieldChange
    from ticket_pipeline.storage.database import Database, Row, Transaction


def read_fields(database: Database | Transaction, marketplace: str) -> dict[str, KnownField]:
    """What is known of the fields of a marketplace, by path."""
    rows = database.fetch_all("payloads/select_fields", marketplace=marketplace)
    return {row.pop("path"): KnownField(**row | {"types": frozenset(row["types"])}) for row in rows}


def lock_fields(transaction: Transaction) -> None:
    """Wait for others who write what is known, and let no other begin, to the end of the transaction."""
    transaction.execute("payloads/lock_fields")


def write_fields(
    transaction: Transaction, marketplace: str, fields: Mapping[str, KnownField], this_moment: datetime
) -> None:
    """Store what is known of these fields now."""
    documents = [asdict(known) | {"path": path, "types": sorted(known.types)} for path, known in fields.items()]
    transaction.execute(
        "payloads/upsert_fields", marketplace=marketplace, this_moment=this_moment, fields=Jsonb(documents)
    )


def write_changes(
    transaction: Transaction,
    marketplace: str,
    changes: Sequence[FieldChange],
    *,
    event_id: int,
    captured_at: datetime,
    this_moment: datetime,
) -> None:
    """Record changes that a response about an event showed."""
    transaction.execute(
        "payloads/insert_changes",
        marketplace=marketplace,
        this_moment=this_moment,
        event_id=event_id,
        captured_at=captured_at,
        changes=Jsonb([asdict(change) for change in changes]),
    )


def read_previous_bodies(
    transaction: Transaction, marketplace: str, captures: Sequence[tuple[int, datetime]]
) -> list[bytes | None]:
    """The body before each of these captures (event id, when), of those that have one; None: it is not kept."""
    rows = transaction.fetch_all(
        "payloads/select_previous_bodies",
        marketplace=marketplace,
        event_ids=[event_id for event_id, _ in captures],
        captured=[captured_at for _, captured_at in captures],
    )
    return [None if row["body"] is None else decompress(row) for row in rows]


def decompress(row: Row) -> bytes:
    """A stored body as it arrived; `row` has body and encoding."""
    body = bytes(row["body"])
    return zstandard.ZstdDecompressor().decompress(body) if row["encoding"] == "zstd" else body
