"""What an organiser sold, in the database: storing what was read, and rebuilding and reading the summaries.

Fetching from vivenu and dropping personal data happen in `ticket_pipeline.primary_sales`, before anything comes here.
Writes are upserts by vivenu's own ids, so a repeated read changes nothing. A summary is deleted and inserted in one
transaction: readers see the old one or the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row, Transaction

TRANSACTIONS = "transactions"
"""The subject of `vivenu_reads` that is not an event."""

LEAST_PACE_BASE = 20
"""Tickets that earlier events together must have sold at this point: against fewer, a few more are a multiple."""

_BATCH = 5000
"""Tickets sent in one statement: 2 MB of JSON."""


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far a subject was read.

    Attributes:
        subject: an event's id, or `TRANSACTIONS`.
        high_water_at: aware UTC; whatever changed later is still to be read.
        is_full: the whole set was read, not only what changed.
        fingerprint: of the rules that ages and genders were read by.
        announced: how many rows vivenu counts; None where no count was requested.
    """

    subject: str
    high_water_at: datetime
    is_full: bool
    fingerprint: str = ""
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class StoredTickets:
    """What a read changed (tickets new, changed, and gone), and what is there afterwards.

    Attributes:
        known: tickets that vivenu still has, rejected ones included.
        rows: tickets stored, those that are gone included.
    """

    added: int = 0
    changed: int = 0
    gone: int = 0
    known: int = 0
    rows: int = 0

    @property
    def total(self) -> int:
        """How many rows differ from before."""
        return self.added + self.changed + self.gone


@dataclass(frozen=True, slots=True)
class CouponsRead:
    """What a read of the coupons brought: one row of `uses` per transaction and coupon, rejects by subject."""

    coupons: Sequence[Row]
    transaction_ids: Sequence[str]
    uses: Sequence[Row]
    rejects: Mapping[str, Sequence[Row]] = field(default_factory=dict)


def write_events(database: Database, events: Sequence[Row], types: Sequence[Row], rejects: Sequence[Row] = ()) -> None:
    """Bring events and ticket types to what vivenu lists. Idempotent.

    Where something was rejected, no event counts as no longer listed.
    """
    is_whole = bool(events) and not rejects
    with database.transaction("store vivenu's events") as transaction:
        transaction.execute("primary_sales/upsert_events", events=as_json(events), is_whole=is_whole)
        external_ids = [event["external_id"] for event in events]
        transaction.execute("primary_sales/upsert_ticket_types", types=as_json(types), external_ids=external_ids)
        _write_rejects(transaction, "events", rejects, external_ids, is_whole=True)


def write_tickets(
    database: Database, tickets: Sequence[Row], mark: ReadMark, rejects: Sequence[Row] = (), *, this_moment: datetime
) -> StoredTickets:
    """Store what a read of one event brought, and its mark, in one transaction. Idempotent.

    After a full read all other tickets of the event are gone since `this_moment` (aware UTC). An earlier row of a
    rejected ticket stays.
    """
    added = changed = 0
    with database.transaction(f"store the tickets of vivenu event {mark.subject}") as transaction:
        for start in range(0, len(tickets), _BATCH):
            batch = tickets[start : start + _BATCH]
            row = transaction.fetch_one("primary_sales/upsert_tickets", tickets=as_json(batch)) or {}
            added += row.get("added", 0)
            changed += row.get("changed", 0)
        gone = 0
        ticket_ids = [ticket["ticket_id"] for ticket in tickets]
        if _shows_what_is_gone(mark, tickets, rejects):
            gone = transaction.execute(
                "primary_sales/mark_gone_tickets",
                external_id=mark.subject,
                ticket_ids=[*ticket_ids, *_ids(rejects)],
                this_moment=this_moment,
            )
        _write_rejects(transaction, mark.subject, rejects, ticket_ids, is_whole=mark.is_full)
        _write_mark(transaction, mark)
        count = transaction.fetch_one("primary_sales/count_tickets", external_id=mark.subject) or {}
    return StoredTickets(added, changed, gone, count["known"], count["stored"])


def write_coupons(database: Database, read: CouponsRead, mark: ReadMark) -> None:
    """Bring coupons to what vivenu lists, and their uses to what the read transactions say. Idempotent.

    A whole read ends the uses of transactions that vivenu no longer has.
    """
    of_coupons, of_transactions = read.rejects.get("coupons", ()), read.rejects.get(TRANSACTIONS, ())
    with database.transaction("store vivenu's coupons") as transaction:
        is_whole = bool(read.coupons) and not of_coupons
        transaction.execute("primary_sales/upsert_coupons", coupons=as_json(read.coupons), is_whole=is_whole)
        transaction.execute(
            "primary_sales/replace_coupon_uses",
            transaction_ids=list(read.transaction_ids),
            uses=as_json(read.uses),
            is_whole=_shows_what_is_gone(mark, read.transaction_ids, of_transactions),
            reject_ids=_ids(of_transactions),
        )
        _write_rejects(transaction, "coupons", of_coupons, (), is_whole=True)
        _write_rejects(transaction, "series", read.rejects.get("series", ()), (), is_whole=True)
        _write_rejects(transaction, TRANSACTIONS, of_transactions, read.transaction_ids, is_whole=mark.is_full)
        _write_mark(transaction, mark)


def rebuild(
    database: Database,
    name: Literal["sales_daily", "age_groups", "gender", "summary"],
    **parameters: Any,  # noqa: ANN401 - bound parameters
) -> int:
    """Rebuild a table of summaries with the parameters of `primary_sales/insert_…`; returns its rows."""
    with database.transaction(f"rebuild vivenu_{name}") as transaction:
        transaction.execute("primary_sales/lock_summaries")  # two runs would both insert after deleting
        transaction.execute(f"primary_sales/delete_{name}")
        return transaction.execute(f"primary_sales/insert_{name}", **parameters)


def rebuild_summary(database: Database, this_moment: datetime) -> int:
    """Rebuild `vivenu_summary`; returns its rows."""
    return rebuild(database, "summary", this_moment=this_moment, least_pace_base=LEAST_PACE_BASE)


def read_sales(database: Database, question: str, external_id: str | None = None) -> list[Row]:
    """The rows of a statement `primary_sales/select_…`, whose header describes them; without an id, of every event.

    `coupons`, `events` and `genders` are always those of every event.
    """
    return database.fetch_all(f"primary_sales/select_{question}", external_id=external_id)


def read_rejects(database: Database, subject: str | None = None) -> list[Row]:
    """What was rejected of a subject, or of all, the latest first."""
    return database.fetch_all("primary_sales/select_rejects", subject=subject)


def read_mark(database: Database, subject: str) -> Row | None:
    """How far a subject was read, or None."""
    return database.fetch_one("primary_sales/select_read", subject=subject)


def read_gender_answers(database: Database) -> list[str]:
    """The different answers about gender that are stored."""
    return [row["answer"] for row in database.fetch_all("primary_sales/select_gender_answers")]


def count_rows(database: Database, table: str) -> int:
    """How many rows one of the tables of primary sales has."""
    row = database.fetch_one("primary_sales/count_rows", name=table) or {}
    return int(row["n"])


def as_json(rows: Iterable[Row]) -> Jsonb:
    """Rows as one parameter; money as text, so that no cent is lost."""
    return Jsonb(list(rows), dumps=lambda value: orjson.dumps(value, default=str))


def _write_mark(transaction: Transaction, mark: ReadMark) -> None:
    transaction.execute("primary_sales/upsert_read", **asdict(mark))


def _write_rejects(
    transaction: Transaction, subject: str, rejects: Sequence[Row], read_ids: Sequence[str], *, is_whole: bool
) -> None:
    transaction.execute(
        "primary_sales/replace_rejects",
        subject=subject,
        rejects=as_json(rejects),
        read_ids=list(read_ids),
        is_whole=is_whole,
    )


def _shows_what_is_gone(mark: ReadMark, came: Sequence[object], rejects: Sequence[Row]) -> bool:
    """Whether what is missing is gone. After an empty response, or a reject without an id, it may still be there."""
    return mark.is_full and bool(came) and all(reject["is_identified"] for reject in rejects)


def _ids(rejects: Sequence[Row]) -> list[str]:
    return [reject["item_id"] for reject in rejects]
