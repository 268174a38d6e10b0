"""`cleanup-untracked-events`: see, mark and delete what nobody follows any more, in steps that ask first."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, count, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.event_cleanup import (
    count_untracked_data,
    delete_untracked_event,
    find_missing_events,
    untrack_events,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ticket_pipeline.storage.database import Database, Row

_LONG_OVER = timedelta(days=30)


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
            _show_plan(missing, untracked, dry_run=dry_run, delete=delete)
        marked, deleted = 0, list[int]()
        if not dry_run and delete:
            deleted = _delete(database, untracked, yes=yes)
        elif not dry_run and missing:
            marked = untrack_events(database, [row["event_id"] for row in missing])
    if as_json:
        show_json(
            {"dry_run": dry_run, "to_mark": missing, "marked": marked, "untracked": untracked, "deleted": deleted}
        )
    elif not dry_run:
        show(f"{len(deleted)} events deleted." if delete else f"{marked} events marked as untracked; their data stays.")


class NobodyToAskError(TicketPipelineError):
    """A question stays without an answer, because no terminal is there."""


def _show_plan(missing: Sequence[Row], untracked: Sequence[Row], *, dry_run: bool, delete: bool) -> None:
    if not delete:
        show(_missing_table(missing) if missing else "No followed event is gone from the watchlist or long over.")
        still_listed = sum(row["sheet_row"] is not None for row in missing)
        if still_listed:
            show(
                f"{still_listed} of them still stand in the watchlist: the next sync follows them again. Remove their "
                "rows, or set is_tracked to FALSE."
            )
    if untracked:
        show(_untracked_table(untracked))
    if dry_run:
        show("A dry run: nothing was changed. See --help for --no-dry-run and --delete.")


def _missing_table(rows: Sequence[Row]) -> Table:
    table = new_table("To be marked as untracked", "Date", "Why")
    for row in rows:
        why = "its row is gone" if row["sheet_row"] is None else "long over"
        table.add_row(plain(row["name"]), f"{row['event_date']:%Y-%m-%d}", why)
    return table


def _untracked_table(rows: Sequence[Row]) -> Table:
    table = new_table("Untracked", "Keys", "Date", "Since", ">Captures", ">Listings")
    for row in rows:
        since = row["untracked_at"]
        table.add_row(
            plain(row["name"]),
            "\n".join(map(plain, row["external_ids"] or [])) or NOTHING,
            f"{row['event_date']:%Y-%m-%d}",
            f"{since:%Y-%m-%d}" if since else NOTHING,
            count(row["snapshots"]),
            count(row["listings"]),
        )
    return table


def _delete(database: Database, untracked: Sequence[Row], *, yes: bool) -> list[int]:
    """Ask, then delete one event at a time; returns the ids of those that are gone.

    Raises:
        NobodyToAskError: there is no terminal to ask at.
    """
    if not untracked:
        return []
    captures, listings = (sum(row[name] for row in untracked) for name in ("snapshots", "listings"))
    question = (
        f"Delete {len(untracked)} events with {captures:,} captures and {listings:,} listings? This cannot be undone."
    )
    if not yes:
        _confirm(question)
    deleted = []
    with progress("Deleting", len(untracked)) as bar:
        for row in untracked:
            if delete_untracked_event(database, row, utc_now()):
                deleted.append(row["event_id"])
            else:
                note(f"{plain(row['name'])} is followed again, or was deleted already: left as it is.")
            bar.advance(bar.task_ids[0])
    return deleted


def _confirm(question: str) -> None:
    """Go on only if the user agrees.

    Raises:
        NobodyToAskError: there is no terminal to ask at.
    """
    try:
        is_agreed = typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise NobodyToAskError(
            "\nAsked whether to delete; there is no terminal to answer at, so nothing was deleted. Add --yes to delete "
            "without being asked."
        ) from None
    if not is_agreed:
        raise typer.Abort
