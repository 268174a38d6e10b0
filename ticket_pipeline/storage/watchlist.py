"""The watchlist in the database: compare it with the sheet, write the differences, and read it.

Refusing accidents is in `watchlist_guards`, parsing in `sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
from ticket_pipeline.storage.watchlist_guards import guard_events, guard_ids, no_longer_tracked, without_hidden

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row, Transaction


@dataclass(slots=True)
class SyncResult:
    """What one sync did: counts of events, and ids as `marketplace:id`.

    A replaced id is one for which its event has another one now; `new_keys` holds those that were not current before.
    """

    source: str
    rows_read: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    untracked: int = 0
    rejected: int = 0
    replaced_ids: list[str] = field(default_factory=list)
    removed_ids: list[str] = field(default_factory=list)
    new_keys: dict[str, list[str]] = field(default_factory=dict)


def sync_watchlist(
    database: Database,
    events: Sequence[WatchlistEvent],
    rejected: Sequence[RejectedRow],
    *,
    source: str,
    this_moment: datetime,
    max_untrack_fraction: float,
    force: bool = False,
) -> SyncResult:
    """Bring the database to the watchlist, in one transaction: all of it or nothing.

    A known event is found by any of its ids, else by name, venue and local date. An event that the sheet no longer
    lists is untracked and keeps its data; one whose row is rejected stays as it was. Idempotent.

    Args:
        database: where.
        events: the accepted rows.
        rejected: the rejected rows.
        source: what was read, for the record.
        this_moment: aware UTC; events already over do not count for the guard.
        max_untrack_fraction: a sync that would untrack a larger share of the upcoming events is refused, and one that
            would take a larger share of a marketplace's ids from those that stay.
        force: sync even then.
    """
    result = SyncResult(source=source, rows_read=len(events) + len(rejected), rejected=len(rejected))
    with database.transaction("sync the watchlist") as transaction:
        transaction.execute("watchlist/lock_watchlist")
        known = transaction.fetch_all("watchlist/select_known_events")
        matches = _match(events, known)
        gone = no_longer_tracked(events, matches, known, rejected)
        if not force:
            guard_events(gone, known, this_moment, max_untrack_fraction)
            guard_ids(events, matches, known, this_moment, max_untrack_fraction)
        gone = without_hidden(gone, matches, rejected)
        ids = _write_events(transaction, events, matches, known, result)
        _write_sources(transaction, events, ids, known, result)
        absent = {row["event_id"] for row in gone} - set(matches)
        if absent:
            transaction.execute("watchlist/untrack_events", event_ids=list(absent))
        result.untracked = len(gone)
        transaction.execute("watchlist/replace_rejected_rows", rows=Jsonb([_plain(row) for row in rejected]))
        names = ("source", "rows_read", "added", "changed", "untracked", "rejected")
        transaction.execute("watchlist/insert_sync", **{name: getattr(result, name) for name in names})
    return result


def _match(events: Sequence[WatchlistEvent], known: Sequence[Row]) -> list[int | None]:
    """For each sheet event the id of the known event it is, or None; one known event matches once at most.

    All ids are looked up before any name: a new row that looks like a known event must not take it from the row that
    has its id (a second show on the date that the first one was moved from).
    """
    by_id = {pair: row["event_id"] for row in known for pair in row["external_ids"].items()}
    by_identity = {_identity(row["name"], row["venue"], row["event_date"]): row["event_id"] for row in known}
    taken: set[int | None] = {None}
    matches: list[int | None] = []
    for event in events:
        candidates = (by_id.get(pair) for pair in event.external_ids.items())
        matches.append(next((match for match in candidates if match not in taken), None))
        taken.add(matches[-1])
    for index, event in enumerate(events):
        match = by_identity.get(_identity(event.name, event.venue, event.event_date))
        if matches[index] is None and match not in taken:
            matches[index] = match
            taken.add(match)
    return matches


def _identity(name: str, venue: str | None, event_date: datetime) -> tuple[str, str, datetime]:
    return (name.casefold(), (venue or "").casefold(), event_date)


def _write_events(
    transaction: Transaction,
    events: Sequence[WatchlistEvent],
    matches: Sequence[int | None],
    known: Sequence[Row],
    result: SyncResult,
) -> list[int]:
    """Insert new events and update changed ones; returns the event id of each sheet event, in order."""
    known_as = {row["event_id"]: WatchlistEvent.from_row(row) for row in known}
    new = [event for event, match in zip(events, matches, strict=True) if match is None]
    changed = [
        {**_plain(event), "event_id": match}
        for event, match in zip(events, matches, strict=True)
        if match is not None and event != replace(known_as[match], is_time_known=event.is_time_known)
    ]
    inserted: dict[int | None, int] = {}
    if new:
        rows = transaction.fetch_all("watchlist/insert_events", events=Jsonb([_plain(event) for event in new]))
        inserted = {row["sheet_row"]: row["event_id"] for row in rows}
    if changed:
        transaction.execute("watchlist/update_events", events=Jsonb(changed))
    result.added, result.changed = len(new), len(changed)
    result.unchanged = len(events) - len(new) - len(changed)
    return [
        match if match is not None else inserted[event.sheet_row] for event, match in zip(events, matches, strict=True)
    ]


def _write_sources(
    transaction: Transaction,
    events: Sequence[WatchlistEvent],
    ids: Sequence[int],
    known: Sequence[Row],
    result: SyncResult,
) -> None:
    """Attach new ids, retire replaced ones, and put what is new into the poll schedule."""
    current = {
        (row["event_id"], marketplace): external_id
        for row in known
        for marketplace, external_id in row["external_ids"].items()
    }
    wanted = {
        (event_id, marketplace): external_id
        for event, event_id in zip(events, ids, strict=True)
        for marketplace, external_id in event.external_ids.items()
    }
    new = {pair: external_id for pair, external_id in wanted.items() if current.get(pair) != external_id}
    listed = set(ids)
    moved_here = {(marketplace, external_id) for (_, marketplace), external_id in new.items()}
    retired = [
        (event_id, marketplace, external_id)
        for (event_id, marketplace), external_id in current.items()
        if (event_id in listed and wanted.get((event_id, marketplace)) != external_id)
        or (marketplace, external_id) in moved_here
    ]
    if retired:
        transaction.execute(
            "watchlist/retire_sources", sources=Jsonb([{"marketplace": m, "external_id": x} for _, m, x in retired])
        )
        result.replaced_ids = [f"{m}:{x}" for e, m, x in retired if (e, m) in wanted or (m, x) in moved_here]
        result.removed_ids = [f"{m}:{x}" for e, m, x in retired if (e, m) not in wanted and (m, x) not in moved_here]
    if new:
        sources = [{"event_id": e, "marketplace": m, "external_id": x} for (e, m), x in new.items()]
        transaction.execute("watchlist/upsert_sources", sources=Jsonb(sources))
        transaction.execute("watchlist/ensure_schedule", sources=Jsonb(sources))
    for (_, marketplace), external_id in new.items():
        result.new_keys.setdefault(marketplace, []).append(external_id)


def _plain(record: WatchlistEvent | RejectedRow) -> dict[str, Any]:
    """A record as JSON values: PostgreSQL reads ISO dates, and intervals as seconds."""
    values = asdict(record)
    for name, value in values.items():
        if hasattr(value, "isoformat"):
            values[name] = value.isoformat()
        elif hasattr(value, "total_seconds"):
            values[name] = f"{value.total_seconds()} seconds"
    return values


def read_known_events(database: Database) -> list[Row]:
    """Every event with its current marketplace ids (`external_ids`)."""
    return database.fetch_all("watchlist/select_known_events")


def read_rejected_rows(database: Database) -> list[Row]:
    """The rejected rows of the last sync."""
    return database.fetch_all("watchlist/select_rejected_rows")


def read_keys(database: Database, marketplace: str) -> list[str]:
    """Every id ever known at one marketplace: its partition keys, oldest first."""
    return [row["external_id"] for row in database.fetch_all("watchlist/select_keys", marketplace=marketplace)]


def replace_venue_zones(database: Database, zones: Sequence[Mapping[str, Any]]) -> None:
    """Replace the venue map: each entry has venue, section_pattern, zone and position."""
    database.execute("watchlist/replace_venue_zones", zones=Jsonb(list(zones)))


def read_venue_zones(database: Database) -> list[Row]:
    """The venue map in the order of the user's tab."""
    return database.fetch_all("watchlist/select_venue_zones")
