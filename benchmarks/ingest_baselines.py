"""Other ways to store the captures of (a), for comparison: nothing parsed, validated, rendered or judged while timed.

What belongs here: preparing what a way writes, and writing it. What does not: timing, and the pipeline's own way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
import zstandard
from psycopg import sql

from benchmarks.ground import SCHEMA
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.storage.attempts import Attempt
from ticket_pipeline.storage.database import as_json, as_query, set_search_path
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.snapshots import rejected_as_json
from ticket_pipeline.storage.statements import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ticket_pipeline.storage.snapshots import Capture

_PAGE = 100
_COLUMNS = ("event_id", "marketplace", "captured_at", *STORED_COLUMNS)
_INSERT = sql.SQL("insert into listings ({}) values ({})").format(
    sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)), sql.SQL(", ").join(sql.Placeholder() * len(_COLUMNS))
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All rows of one capture, ready to be sent: parameters by statement, and the listings in one of two forms."""

    accepted: int
    manifest: dict[str, Any]
    others: dict[str, dict[str, Any]]
    csv: bytes
    rows: list[tuple[Any, ...]]


def copying(url: str, captures: Sequence[Capture]) -> Callable[[], int]:
    """COPY, and every other row that the pipeline stores of a capture, in one transaction each."""
    prepared = [_prepare(capture) for capture in captures]
    return lambda: _store(url, prepared, _copy, with_others=True)


def copying_barely(url: str, captures: Sequence[Capture]) -> Callable[[], int]:
    """COPY and the manifest row alone, in one transaction each."""
    prepared = [_prepare(capture) for capture in captures]
    return lambda: _store(url, prepared, _copy, with_others=False)


def inserting_pages(url: str, captures: Sequence[Capture]) -> Callable[[], int]:
    """`executemany` in pages of 100, and every other row, in one transaction each."""
    prepared = [_prepare(capture) for capture in captures]
    return lambda: _store(url, prepared, _insert_pages, with_others=True)


def _store(
    url: str,
    captures: Sequence[_Prepared],
    load: Callable[[psycopg.Cursor[Any], _Prepared], None],
    *,
    with_others: bool,
) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        for capture in captures:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(as_query(statement("snapshots/insert_snapshots")), capture.manifest)
                load(cursor, capture)
                if with_others:
                    with connection.pipeline():
                        for name, parameters in capture.others.items():
                            cursor.execute(as_query(statement(name)), parameters)
    return sum(capture.accepted for capture in captures)


def _copy(cursor: psycopg.Cursor[Any], capture: _Prepared) -> None:
    with cursor.copy(as_query(statement("snapshots/copy_listings"))) as copy:
        copy.write(capture.csv)


def _insert_pages(cursor: psycopg.Cursor[Any], capture: _Prepared) -> None:
    rows = iter(capture.rows)
    while page := list(islice(rows, _PAGE)):
        cursor.executemany(_INSERT, page)


def _prepare(capture: Capture) -> _Prepared:
    compressed = zstandard.ZstdCompressor(level=1).compress(capture.body)
    attempt = Attempt(
        started_at=capture.captured_at,
        finished_at=capture.captured_at,
        outcome=Outcome.OK,
        status=200,
        latency_seconds=0.3,
        bytes=len(capture.body),
        listings=capture.accepted,
        rejected=len(capture.rejected),
    )
    return _Prepared(
        accepted=capture.accepted,
        manifest={"manifests": as_json([capture.manifest()])},
        others={
            "snapshots/insert_rejected": {
                "rejected": as_json([capture.key | row for row in rejected_as_json(capture)])
            },
            "snapshots/insert_raw_payloads": {
                "event_ids": [capture.event.event_id],
                "marketplaces": [capture.event.marketplace],
                "captured": [capture.captured_at],
                "bodies": compressed,
                "ends": [len(compressed)],
                "lengths": [len(compressed)],
                "sizes": [len(capture.body)],
            },
            "polling/insert_attempts": {
                "attempts": as_json([capture.event.key | {"external_id": capture.event.external_id} | asdict(attempt)])
            },
        },
        csv=capture.to_csv().encode(),
        rows=[
            (*capture.key.values(), *values)
            for values in zip(*(capture.columns[name] for name in STORED_COLUMNS), strict=True)
        ],
    )
