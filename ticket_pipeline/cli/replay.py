"""`replay`: read stored bodies again after a fix of a parser or of rules, and bring what is stored to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import parse_duration, plain, utc_now
from ticket_pipeline.cli.options import MarketplaceOption
from ticket_pipeline.cli.rebuilding import rebuild_stale_days, rebuild_stale_hours
from ticket_pipeline.cli.session import choose_event, open_migrated
from ticket_pipeline.cli.tables import JsonOption, note, progress, show, show_json, table_of
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.prices import HOUR, Span, hour_start

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_MOST_PROBLEMS = 10


def replay(
    *,
    since: Annotated[
        timedelta, typer.Option(parser=parse_duration, metavar="DURATION", help="How far back it begins: 6h, 30d.")
    ],
    until: Annotated[
        timedelta, typer.Option(parser=parse_duration, metavar="DURATION", help="How far back it ends.")
    ] = "0h",  # type: ignore[assignment] # typer parses the default
    marketplace: MarketplaceOption = None,
    event: Annotated[
        str | None, typer.Option(metavar="EVENT", help="One event: its id, or words of its name. Unset: all.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read stored bodies again, after a fix of a parser, of the venue map or of the rules of what is a seat.

    Captures that differ are stored anew, with all that rests on them: trust, changes, estimated sales and prices. It
    may be stopped and repeated, and polls go on beside it. Bodies are kept for RAW_PAYLOAD_DAYS; captures without one
    stay as they are. Alerts are not sent again.

        ticket-pipeline replay --since 3d --dry-run
    """
    # They validate with pandas, which takes half a second to load.
    from ticket_pipeline.ingest.replay import REPLAYED, replay_snapshots  # noqa: PLC0415

    settings, this_moment = load_settings(), utc_now()
    if since <= until:
        raise typer.BadParameter("--since must lie further back than --until")
    if marketplace is not None and marketplace not in REPLAYED:
        raise typer.BadParameter(f"{marketplace} has no listings to read again: {', '.join(REPLAYED)} have")
    span = Span(this_moment - since, this_moment - until)
    with open_migrated(settings) as database:
        ids = [one.external_id for one in choose_event(database, [event], marketplace)] if event else None
        with progress("Reading bodies again") as advance:
            report = replay_snapshots(
                database,
                settings,
                span,
                marketplaces=[marketplace] if marketplace else REPLAYED,
                external_ids=ids,
                dry_run=dry_run,
                on_progress=lambda _done, _total: advance(1),
            )
        if not dry_run:
            _rebuild(database, span)
    if as_json:
        show_json(
            {"since": span.start, "until": span.end, "dry_run": dry_run, **report.counts(), "fields": report.fields}
        )
        return
    show(*report.describe(dry_run=dry_run))
    if report.fields:
        show(
            table_of(report.fields.most_common(), {"Field": lambda one: one[0], ">Listings": lambda one: f"{one[1]:,}"})
        )
    for problem in report.problems[:_MOST_PROBLEMS]:
        note(plain(problem))
    if (more := len(report.problems) - _MOST_PROBLEMS) > 0:
        note(f"… and {more} more")


def _rebuild(database: Database, span: Span) -> None:
    """The prices of the hours that wait, also those of a replay that was stopped."""
    rebuild_stale_hours(database, Span(hour_start(span.start), hour_start(span.end) + HOUR))
    rebuild_stale_days(database)
