"""`alerts incidents`: what is wrong with the pipeline itself, and what was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, ago, parse_duration, plain, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.queries.incidents import ToldIncident, read_incidents
from ticket_pipeline.settings.model import load_settings


@with_formats
def incidents(
    *,
    since: Annotated[
        timedelta, typer.Option("--since", parser=parse_duration, metavar="DURATION", help="How far back: 6h, 30d.")
    ] = "30d",  # type: ignore[assignment] # typer parses the default
    output: Output,
) -> None:
    """Show incidents of the pipeline itself: those that are open, then those that are over.

    ticket-pipeline alerts incidents --since 7d
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        found = read_incidents(database, since=this_moment - since)
    nothing = "There was no incident in this time."
    if output.write(found, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    columns: dict[str, Callable[[ToldIncident], str]] = {
        "Since": lambda one: ago(one.first_seen_at, this_moment),
        "Over": lambda one: ago(one.closed_at, this_moment) if one.closed_at else "open",
        "What": lambda one: f"{plain(one.summary)}\n{plain(one.cause)}\n({one.kind})",
        "Told": lambda one: one.deliveries or NOTHING,
    }
    show(table_of(found, columns), "What to do about each kind: docs/runbook.md")
