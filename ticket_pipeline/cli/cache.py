"""`cache show` and `cache clear`: the cached responses of marketplaces."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from ticket_pipeline.cli.formats import ago, count, parse_duration, plain, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, show, show_json, table_of
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.cache import clear_cache as delete_cached
from ticket_pipeline.storage.cache import read_cache_summary

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Show or delete the cached responses of Ticketmaster.",
)

Age = Annotated[
    timedelta | None,
    typer.Option(parser=parse_duration, metavar="AGE", help="Older than this: 30m, 6h, 2d."),
]


@commands.command("show")
@with_formats
def show_cache(*, output: Output) -> None:
    """Show what is cached, and how many requests that saved: today (UTC) and in all.

    A hit needed no request; a stale one used an old response because Ticketmaster sent no new one.

        ticket-pipeline cache show
    """
    with open_migrated(load_settings()) as database:
        rows = read_cache_summary(database)
    this_moment = utc_now()
    nothing = "Nothing is cached, and nothing was requested yet."
    if output.write(rows, ([row] for row in rows), if_empty=nothing):
        return
    if not rows:
        show(nothing)
    else:
        columns = {
            "Marketplace": lambda row: plain(row["marketplace"]),
            ">Responses": lambda row: count(row["responses"]),
            ">kB": lambda row: count(round(row["stored_bytes"] / 1000)),
            "Oldest": lambda row: ago(row["oldest_at"], this_moment),
            "Newest": lambda row: ago(row["newest_at"], this_moment),
            ">Hits": lambda row: f"{row['hits_today']:,} of {row['hits']:,}",
            ">Misses": lambda row: f"{row['misses_today']:,} of {row['misses']:,}",
            ">Stale": lambda row: f"{row['stale_today']:,} of {row['stale']:,}",
        }
        show(table_of(rows, columns))


@commands.command("clear")
def clear_cache(
    *,
    event: Annotated[
        str | None, typer.Option(help="The responses about this Ticketmaster id; searches stay cached.")
    ] = None,
    older_than: Age = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete cached responses: of one event, older than an age, or all. The next request goes to the marketplace.

    The response to a search is about no single event: it may name the event as it was until it is too old itself.

    ticket-pipeline cache clear --event G5diZfkn0B-bh

    ticket-pipeline cache clear --older-than 6h
    """
    if sum((event is not None, older_than is not None, everything)) != 1:
        raise typer.BadParameter("choose what to delete with one of --event, --older-than and --all")
    before = None if older_than is None else utc_now() - older_than
    with open_migrated(load_settings()) as database:
        cleared = delete_cached(database, external_id=event, stored_before=before)
    if as_json:
        show_json({"cleared": cleared})
    else:
        kept = "" if event is None else f" Searches that name {plain(event)} stay cached; --all deletes them too."
        show(f"{count(cleared)} cached responses deleted.{kept}")
