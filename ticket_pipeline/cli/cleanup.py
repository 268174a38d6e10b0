"""`cleanup-untracked-events`: see, mark and delete events that nobody follows any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, count, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, note, progress, show, show_json, table_of
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.event_cleanup import (
    count_untracked_data,
    delete_untracked_event,
    find_missing_events,
    untrack_events,
)

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row

_LONG_OVER = timedelta(days=30)
_STILL_LISTED = "long over; the next sync follows it again unless you remove its row or set is_tracked to FALSE"


def cleanup_untracked_events(
    *,
    dry_run: Annotated[bool, typer.Option(help="Only show what would be done.")] = True,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the events that are marked already, with all their data.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking: for scripts.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Clean up events that nobody follows any more, in two steps: mark, then delete. Without options: a dry run.

    `--no-dry-run` marks the events as untracked whose row is gone from the watchlist, or that were over 30 days ago:
    they are polled no more, their data stays. `--no-dry-run --delete` deletes what an earlier call or sync has marked,
    with listings, prices and attempts, after asking.

        ticket-pipeline cleanup-untracked-events --no-dry-run
        ticket-pipeline cleanup-untracked-events --no-dry-run --delete
    """
    with open_migrated(load_settings()) as database:
        missing = [] if delete else find_missing_events(database, utc_now() - _LONG_OVER)
        with progress("Counting"):
            untracked = count_untracked_data(database)
        if not as_json:
            _show_plan(missing, untracked, delete=delete)
        marked, deleted = 0, list[int]()
        if not dry_run and delete and untracked:
            if not yes:
                typer.confirm(_question(untracked), err=True, abort=True)
            deleted = _delete(database, untracked)
        elif not dry_run and missing:
            marked = untrack_events(database, [row["event_id"] for row in missing])
    if as_json:
        show_json(
            {"dry_run": dry_run, "to_mark": missing, "marked": marked, "untracked": untracked, "deleted": deleted}
        )
    elif dry_run:
        show("A dry run: nothing was changed. See --help for --no-dry-run and --delete.")
    else:
        show(f"{len(deleted)} events deleted." if delete else f"{marked} events marked as untracked; their data stays.")


def _show_plan(missing: Sequence[Row], untracked: Sequence[Row], *, delete: bool) -> None:
    if missing:
        columns = {
            "To be marked as untracked": lambda row: plain(row["name"]),
            "Date": lambda row: f"{row['event_date']:%Y-%m-%d}",
            "Why": lambda row: "its row is gone" if row["sheet_row"] is None else _STILL_LISTED,
        }
        show(table_of(missing, columns))
    elif not delete:
        show("No followed event is gone from the watchlist or long over.")
    if untracked:
        columns = {
            "Untracked": lambda row: plain(row["name"]),
            "Keys": lambda row: "\n".join(map(plain, row["external_ids"] or [])) or NOTHING,
            "Date": lambda row: f"{row['event_date']:%Y-%m-%d}",
            "Since": lambda row: f"{row['untracked_at']:%Y-%m-%d}" if row["untracked_at"] else NOTHING,
            ">Captures": lambda row: count(row["snapshots"]),
            ">Listings": lambda row: count(row["listings"]),
        }
        show(table_of(untracked, columns))


def _question(untracked: Sequence[Row]) -> str:
    captures, listings = (sum(row[name] for row in untracked) for name in ("snapshots", "listings"))
    return (
        f"Delete {len(untracked)} events with {captures:,} captures and {listings:,} listings? This cannot be undone. "
        "Scripts confirm it with --yes."
    )


def _delete(database: Database, untracked: Sequence[Row]) -> list[int]:
    deleted = []
    with progress("Deleting", len(untracked)) as advance:
        for row in untracked:
            if delete_untracked_event(database, row, utc_now()):
                deleted.append(row["event_id"])
            else:
                note(f"{plain(row['name'])} is followed again, or was deleted already; it was left as it is.")
            advance(1)
    return deleted
