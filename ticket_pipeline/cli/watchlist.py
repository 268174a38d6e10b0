"""`sync-events` and `show-events`: bring the database to the watchlist, and show what is followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.formats import NOTHING, ago, plain, until, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import describe_pauses, open_migrated, start_of
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json, table_of
from ticket_pipeline.queries.events import WatchedEvent, read_events
from ticket_pipeline.queries.sources import Pause, read_pauses
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.sheet.sync import SyncReport, sync_events
from ticket_pipeline.storage.watchlist import read_rejected_rows

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Row

_MOST_CELLS = 3
"""Cells of a rejected row that are shown: enough to recognise it."""


def sync(
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Apply it even if most events, or most ids of a marketplace, are gone from it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read the watchlist (Google Sheet or CSV) and bring the events to it.

    Events that vanished from it are no longer followed; their data stays. Rows that cannot be used are rejected with
    all their reasons, and the others are taken: `show-events --rejected` lists them.

        ticket-pipeline sync-events
    """
    settings = load_settings()
    with open_migrated(settings) as database, progress("Reading the watchlist"):
        report = sync_events(database, settings, utc_now(), force=force)
    watchlist = report.watchlist
    if as_json:
        read = {"events": len(watchlist.events), "ignored_columns": watchlist.ignored_columns}
        rules = {
            "exclusions": len(report.exclusions.rules) if report.exclusions else None,
            "alerts": len(report.alerts.rules) if report.alerts else None,
        }
        rebuilt = {"hours_to_rebuild": report.reclassification.hours, "warnings": report.warnings}
        show_json(asdict(report.result) | read | rules | rebuilt)
    else:
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
        lines.append(f"Columns that are not used: {', '.join(map(plain, watchlist.ignored_columns))}.")
    if report.exclusions is not None:
        lines.append(f"Exclusions: {len(report.exclusions.rules)} rules.")
    elif report.kept_rules:
        lines.append(
            f"Exclusions: {report.kept_rules} rules of an earlier sync still apply, since EXCLUSIONS is not set. "
            "Let it name an empty file to remove them."
        )
    if report.alerts is not None:
        lines.append(f"Alerts: {len(report.alerts.rules)} rules.")
    waiting = report.reclassification
    if waiting.hours:
        lines.append(f"What is a seat has changed: {waiting.hours} hours of {waiting.events} events will be rebuilt.")
    return lines + report.warnings


def describe_lost_ids(report: SyncReport) -> list[str]:
    """A sentence for the ids that a sync replaced, and one for those that it removed, if any."""
    ids = {"Ids replaced": report.result.replaced_ids, "Ids removed, no longer polled": report.result.removed_ids}
    return [f"{what}: {', '.join(lost)}." for what, lost in ids.items() if lost]


@with_formats
def show_events(
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="The rows of the watchlist that could not be used, and why.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also events that are over or no longer followed.")] = False,
    output: Output,
) -> None:
    """List the events that are followed: keys, local times, last capture, next poll.

    Other commands take a key, or words of the name.

        ticket-pipeline show-events --all
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        if rejected:
            _show_rejected(read_rejected_rows(database), output)
            return
        events, pauses = read_events(database), read_pauses(database, this_moment)
    chosen = [event for event in events if everything or (event.is_tracked and event.event_at > this_moment)]
    hidden = len({event.event_id for event in events} - {event.event_id for event in chosen})
    if output.write(chosen, ([event] for event in chosen), if_empty="No event is followed."):
        return
    if chosen:
        total = f"{len({event.event_id for event in chosen})} events."
        more = f" {hidden} more are over or no longer followed: --all." if hidden else ""
        show(_events_table(chosen, pauses, this_moment), f"{total}{more}", *_failures(chosen))
        show(*describe_pauses(pauses, {event.marketplace for event in chosen}, this_moment))
    elif hidden:
        note(f"No event is followed; {hidden} are over or no longer followed: `ticket-pipeline show-events --all`.")
    else:
        note("No event is known yet. Fill the watchlist, then run `ticket-pipeline sync-events`.")


def _events_table(events: Sequence[WatchedEvent], pauses: Mapping[Marketplace, Pause], this_moment: datetime) -> Table:
    table = new_table("Event", "Marketplace", "Key", "Captured", "Next poll")
    for _, group in groupby(events, key=lambda event: event.event_id):
        sources = list(group)
        event = sources[0]
        place = ", ".join(plain(part) for part in (event.venue, event.city) if part)
        about = (plain(event.name), place, start_of(event))
        for line, one in zip_longest(about, sources):
            if one is None:
                table.add_row(line)
                continue
            captured = ago(one.last_success_at, this_moment)
            if one.consecutive_failures:
                captured += f"\n{one.consecutive_failures}x {(one.last_outcome or 'failed').replace('_', ' ')}"
            next_poll = _next_poll(one, pauses, this_moment)
            table.add_row(line, one.marketplace, plain(one.external_id), captured, next_poll)
    return table


def _next_poll(event: WatchedEvent, pauses: Mapping[Marketplace, Pause], this_moment: datetime) -> str:
    if not event.is_tracked:
        return "untracked"
    if event.event_at <= this_moment:
        return "over"
    if event.leased_until is not None and event.leased_until > this_moment:
        return "under way"
    return "paused" if event.marketplace in pauses else until(event.next_due_at, this_moment)


def _failures(events: Sequence[WatchedEvent]) -> list[str]:
    """The last error of each event that fails, the same text once."""
    keys: dict[str, list[str]] = {}
    for event in events:
        if event.consecutive_failures and event.last_error:
            keys.setdefault(plain(event.last_error), []).append(plain(event.external_id))
    return [f"{', '.join(failing)}: {error}" for error, failing in keys.items()]


def _show_rejected(rows: Sequence[Row], output: Output) -> None:
    if output.write(rows, ([row] for row in rows), if_empty="No row of the watchlist is rejected."):
        return
    if not rows:
        show("No row of the watchlist is rejected.")
    else:
        columns = {
            ">Row": lambda row: str(row["row_number"]),
            "Contents": lambda row: _recognise(row["cells"]),
            "Why it is rejected": lambda row: "\n".join(f"- {plain(reason)}" for reason in row["reasons"]),
        }
        show(table_of(rows, columns), f"{len(rows)} rows. Fix them in the watchlist; the next sync reads them again.")


def _recognise(cells: dict[str, Any]) -> str:
    """Some filled cells of a row, one per line, its name first: the database does not keep their order."""
    headers = sorted(
        (header for header, text in cells.items() if text), key=lambda header: "name" not in header.lower()
    )
    return "\n".join(plain(cells[header]) for header in headers[:_MOST_CELLS]) or NOTHING
