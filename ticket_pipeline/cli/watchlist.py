"""`fetch-events` and `show-events`: bring the database to the watchlist, and look at what is followed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ticket_pipeline.cli.formats import NOTHING, ago, local_time, plain, until, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.sheet.sync import sync_events
from ticket_pipeline.storage.watchlist import read_events, read_rejected_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_pipeline.sheet.sync import SyncReport
    from ticket_pipeline.storage.database import Row

_MOST_CELLS = 3
"""Cells of a rejected row that are shown: enough to recognise it."""

_WIDTHS = (12, 17, 11, 10)
"""Of marketplace, key, last capture and next poll: what is usual of each fits on one line."""


def fetch_events(
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Apply it even if most events, or most ids of a marketplace, are gone from it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read the watchlist (Google Sheet or CSV) and bring the events to it.

    Events that vanished from it are no longer followed; their data stays. Bad rows are set aside with all their
    reasons, and the good ones go on: `show-events --rejected` lists them.
    """
    settings = load_settings()
    with open_migrated(settings) as database, progress("Reading the watchlist"):
        report = sync_events(database, settings, utc_now(), force=force)
    if as_json:
        result = asdict(report.result)
        watchlist = report.watchlist
        result |= {"events": len(watchlist.events), "ignored_columns": watchlist.ignored_columns}
        show_json(result | {"warnings": watchlist.warnings})
        return
    show(*describe_sync(report))


def describe_sync(report: SyncReport) -> list[str]:
    """What a sync did, in sentences."""
    result, watchlist = report.result, report.watchlist
    changes = f"{result.added} added, {result.changed} changed, {result.unchanged} unchanged"
    lines = [f"Read {result.source}: {len(watchlist.events)} events; {changes}, {result.untracked} no longer followed."]
    if result.rejected:
        lines.append(f"{result.rejected} rows rejected; see `ticket-pipeline show-events --rejected`.")
    lines += describe_lost_ids(report)
    if watchlist.ignored_columns:
        lines.append(f"Columns that mean nothing here: {', '.join(map(plain, watchlist.ignored_columns))}.")
    return lines + watchlist.warnings


def describe_lost_ids(report: SyncReport) -> list[str]:
    """Which ids a sync put another one in the place of, or took away; a sentence for each of the two, if any."""
    lines = []
    if report.result.replaced_ids:
        lines.append(f"Ids replaced: {', '.join(report.result.replaced_ids)}.")
    if report.result.removed_ids:
        lines.append(f"Ids removed, no longer polled: {', '.join(report.result.removed_ids)}.")
    return lines


def show_events(
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="The rows of the watchlist that could not be used, and why.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also events that are over or no longer followed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the events that are followed: keys, local times, last capture, next poll.

    The key is what other commands ask for.
    """
    with open_migrated(load_settings()) as database:
        if rejected:
            rows = read_rejected_rows(database)
            _show_rejected(rows, as_json=as_json)
            return
        rows = read_events(database)
    this_moment = utc_now()
    chosen = rows if everything else [row for row in rows if row["is_tracked"] and row["event_at"] > this_moment]
    if as_json:
        show_json(chosen)
        return
    hidden = len({row["event_id"] for row in rows}) - len({row["event_id"] for row in chosen})
    if chosen:
        show(_events_table(chosen, this_moment), _count_events(chosen, hidden))
    elif hidden:
        note(f"No event is followed; {hidden} are over or no longer followed: `ticket-pipeline show-events --all`.")
    else:
        note("No event is known yet. Fill the watchlist, then run `ticket-pipeline sync-events`.")


def _count_events(rows: Sequence[Row], hidden: int) -> str:
    text = f"{len({row['event_id'] for row in rows})} events."
    return f"{text} {hidden} more are over or no longer followed: --all." if hidden else text


def _events_table(rows: Sequence[Row], this_moment: datetime) -> Table:
    """One row per event; in it, one line per marketplace that has it."""
    by_event: dict[int, list[Row]] = {}
    for row in rows:
        by_event.setdefault(row["event_id"], []).append(row)
    header = _source_lines()
    header.add_row("Marketplace", "Key", "Captured", "Next poll")
    table = new_table("Event")
    table.expand = True
    table.columns[0].ratio = 1  # takes what the others leave
    table.add_column(header, width=sum(_WIDTHS) + len(_WIDTHS))
    for sources in by_event.values():
        event = sources[0]
        place = ", ".join(plain(part) for part in (event["venue"], event["city"]) if part)
        starts = local_time(event["event_at"], event["timezone"])
        lines = _source_lines()
        for row in sources:
            lines.add_row(
                row["marketplace"],
                plain(row["external_id"]),
                _captured(row, this_moment),
                _next_poll(row, this_moment),
            )
        table.add_row(f"{plain(event['name'])}\n{place}\n{starts}", lines)
    return table


def _source_lines() -> Table:
    """Columns of the same widths in every row, so that they stand below their headers."""
    lines = Table.grid(padding=(0, 1, 0, 0))
    for width in _WIDTHS:
        lines.add_column(width=width, overflow="fold")
    return lines


def _captured(row: Row, this_moment: datetime) -> str:
    """When the last capture was; below it, what went wrong since."""
    text = ago(row["last_success_at"], this_moment)
    failures = row["consecutive_failures"] or 0
    # In words: what is longer than the column breaks between them.
    return f"{text}\n{failures}x {row['last_outcome'].replace('_', ' ')}" if failures else text


def _next_poll(row: Row, this_moment: datetime) -> str:
    if not row["is_tracked"]:
        return "untracked"
    if row["event_at"] <= this_moment:
        return "over"
    if row["leased_until"] is not None and row["leased_until"] > this_moment:
        return "under way"
    return until(row["next_due_at"], this_moment)


def _show_rejected(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
        return
    if not rows:
        show("No row of the watchlist is rejected.")
        return
    table = new_table(">Row", "Reads", "Why it is no event")
    for row in rows:
        table.add_row(
            str(row["row_number"]), _recognise(row["cells"]), "\n".join(f"- {plain(r)}" for r in row["reasons"])
        )
    show(table, f"{len(rows)} rows. Mend them in the watchlist; the next sync takes them up.")


def _recognise(cells: dict[str, Any]) -> str:
    """Some filled cells of a row, one per line, its name first: the database does not keep their order."""
    headers = sorted(
        (header for header, text in cells.items() if text), key=lambda header: "name" not in header.lower()
    )
    return "\n".join(plain(cells[header]) for header in headers[:_MOST_CELLS]) or NOTHING
