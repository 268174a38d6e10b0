"""How long rows are kept, table by table, and deleting what is older.

What belongs here: tables that grow and have no other end. What does not: listings (`archive`), raw bodies (a setting),
and what is kept forever: the watchlist, captures, prices, sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from ticket_pipeline.storage.archive import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class Kept:
    """A table that is emptied from its old end.

    Attributes:
        column: how old a row is.
        days: how long it is kept.
        only: of which rows.
        needed_for: by whom until then.
    """

    table: str
    column: LiteralString
    days: int
    needed_for: str
    only: LiteralString = "true"


KEPT = (
    Kept("fetch_attempts", "finished_at", 730, "failed attempts in rebuilt hours, and how sources did"),
    Kept(
        "watchlist_syncs",
        "synced_at",
        90,
        "when the watchlist changed",
        only="sync_id < (select max(sync_id) from watchlist_syncs)",
    ),
    Kept("search_requests", "finished_at", 30, "health of sources"),
    Kept("cache_uses", "used_on", 400, "`cache show`"),
    Kept("alert_events", "created_at", 400, "`alerts history`"),
    Kept("alert_deliveries", "created_at", 400, "`alerts deliveries`"),
    Kept("alert_rules", "changed_at", 400, "the history of removed rules", only="not is_current"),
    Kept("payload_changes", "detected_at", 400, "what changed in responses"),
    Kept("incidents", "closed_at", 400, "`alerts incidents`", only="closed_at is not null"),
    Kept("run_summaries", "finished_at", 90, "`runs`"),
)
"""One statement deletes each; a row of `alert_rules` takes its states and events with it."""


def delete_old_rows(database: Database, this_moment: datetime, kept: Iterable[Kept] = KEPT) -> Mapping[str, int]:
    """Delete what is past its time, a table at a time; returns how many rows of each. Idempotent."""
    deleted = {}
    for each in kept:
        statement = sql.SQL("delete from {} where {} < {} and {}").format(
            sql.Identifier(each.table),
            sql.Identifier(each.column),
            this_moment - timedelta(days=each.days),
            sql.SQL(each.only),
        )
        with database.connection(f"delete old rows of {each.table}") as connection:
            deleted[each.table] = connection.execute(statement).rowcount
    return deleted


def describe_tables(database: Database, settings: Settings) -> list[Row]:
    """Every table with its size, its rows (as the server estimates them), and how long rows are kept.

    The rows have table, rows, bytes and kept; the largest first. Of Dagster, all tables together.
    """
    keeping = describe_keeping(settings)
    rows = database.fetch_all("maintenance/measure_tables", dagster_schema="dagster")
    return [row | {"kept": keeping.get(row["table"], FOR_EVER)} for row in rows]


FOR_EVER = "forever"
RUN_HISTORY_DAYS = 30
"""Days that Dagster's runs, their events and logs are kept."""


def describe_keeping(settings: Settings) -> dict[str, str]:
    """How long the rows of a table are kept, where that is not forever."""
    months, raw = settings.archive_after_months, f"{settings.raw_payload_days} days"
    archived = f"{months} months, then in the archive" if months else FOR_EVER
    return {
        **{each.table: f"{each.days} days" for each in KEPT},
        **dict.fromkeys(ARCHIVED, archived),
        **dict.fromkeys(("raw_payloads", "ticketmaster_payloads", "cached_responses"), raw),
        "dagster": f"{RUN_HISTORY_DAYS} days",
    }
