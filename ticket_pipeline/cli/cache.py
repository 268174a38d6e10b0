"""`cache show` and `cache clear`: the answers that are used again instead of asking a marketplace anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import ago, count, parse_age, plain, utc_now
from ticket_pipeline.cli.options import as_parser
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, show, show_json
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.cache import clear_answers, read_cache_summary

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.storage.database import Row

cache_commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Look at the kept answers of Ticketmaster, or forget some."
)

Age = Annotated[
    timedelta | None, typer.Option(parser=as_parser(parse_age), metavar="AGE", help="Older than this: 30m, 6h, 2d.")
]


class UnclearClearingError(TicketPipelineError):
    """It was not said what to forget, or in two ways."""


@cache_commands.command("show")
def show_cache(*, as_json: JsonOption = False) -> None:
    """Show what is kept, and how many questions that answered: today (UTC) and ever.

    A hit was answered without a request; a stale one by an old answer, because there was no new one.
    """
    with open_migrated(load_settings()) as database:
        rows = read_cache_summary(database)
    if as_json:
        show_json(rows)
    elif rows:
        show(_summary_table(rows, utc_now()))
    else:
        show("Nothing is kept, and nothing was asked yet.")


@cache_commands.command("clear")
def clear_cache(
    *,
    event: Annotated[
        str | None, typer.Option(help="The answers about this Ticketmaster id; searches are kept.")
    ] = None,
    older_than: Age = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget kept answers: of one event, older than an age, or all. The next question asks the marketplace.

    A search is an answer about no single event: it may name the event as it was until it is too old itself.

    ticket-pipeline cache clear --event G5diZfkn0B-bh

    ticket-pipeline cache clear --older-than 6h
    """
    if sum((event is not None, older_than is not None, everything)) != 1:
        raise UnclearClearingError("Asked to forget kept answers; say which: --event ID, --older-than AGE or --all.")
    before = None if older_than is None else utc_now() - older_than
    with open_migrated(load_settings()) as database:
        cleared = clear_answers(database, external_id=event, stored_before=before)
    if as_json:
        show_json({"cleared": cleared})
    else:
        kept = "" if event is None else f" Searches that name {plain(event)} are kept; --all forgets those, too."
        show(f"{count(cleared)} kept answers forgotten.{kept}")


def _summary_table(rows: list[Row], this_moment: datetime) -> Table:
    table = new_table("Marketplace", ">Answers", ">kB", "Oldest", "Newest", ">Hits", ">Misses", ">Stale")
    for row in rows:
        table.add_row(
            plain(row["marketplace"]),
            count(row["answers"]),
            count(round(row["stored_bytes"] / 1000)),
            ago(row["oldest_at"], this_moment),
            ago(row["newest_at"], this_moment),
            *(f"{row[f'{use}_today']:,} of {row[use]:,}" for use in ("hits", "misses", "stale")),
        )
    return table
