"""The commands by name, the options they share, and the one place where an error becomes a message.

Exit codes: 0 done; 1 it failed, and stderr says why and what to do; 2 the command line was wrong; 130 Ctrl-C.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import stamina.instrumentation
import typer
from typer.core import TyperGroup

from ticket_pipeline.cli import (
    cache,
    cleanup,
    db,
    event_details,
    fetching,
    pipeline_commands,
    plan,
    prices,
    primary_sales,
    run,
    scheduling,
    searching,
    show_listings,
    simulating,
    sources,
    watchlist,
)
from ticket_pipeline.cli.env_file import find_slips
from ticket_pipeline.cli.tables import note
from ticket_pipeline.errors import ConfigurationError, TicketPipelineError
from ticket_pipeline.logs import apply_log_level
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings, env_file, load_settings


class _Commands(TyperGroup):
    """All commands: an error of ours ends as a message on stderr; any other one is a fault and shows its traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer names no type for it
        try:
            result = super().invoke(ctx)
            # A reader that went away (`| head`) is noticed here and ends quietly, not at the interpreter's exit.
            sys.stdout.flush()
        except TicketPipelineError as error:
            note(f"Error: {error}")
            raise typer.Exit(1) from None
        return result


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ticket-pipeline {version('ticket-pipeline')}")
        raise typer.Exit


@app.callback()
def _shared(
    ctx: typer.Context,
    *,
    chosen_env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            exists=True,
            dir_okay=False,
            readable=True,
            help="Settings from this file instead of .env; the environment wins.",
        ),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Watch live events on ticket marketplaces: listing snapshots, hourly and daily prices.

    Start with `ticket-pipeline run`: it needs no account and no settings.
    """
    # Our own log tells of each failed try; stamina's would print a line per retry into a table or a JSON document.
    stamina.instrumentation.set_on_retry_hooks([])
    if chosen_env_file is not None:
        before = os.environ.get(ENV_FILE_VARIABLE)
        os.environ[ENV_FILE_VARIABLE] = str(chosen_env_file.resolve())
        ctx.call_on_close(lambda: _restore(ENV_FILE_VARIABLE, before))
    for slip in find_slips(env_file(), {name.upper() for name in Settings.model_fields}, os.environ.keys()):
        note(f"Warning: {slip}")
    # Settings that cannot be read are the command's to tell, if it needs any.
    with contextlib.suppress(ConfigurationError):
        apply_log_level(load_settings())


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


app.command("run", rich_help_panel="Run")(run.run)
app.command("simulate", rich_help_panel="Run")(simulating.simulate)
app.command("start-scheduler", rich_help_panel="Run")(scheduling.start_scheduler)
app.command("plan", rich_help_panel="Run")(plan.plan)
app.command("sources", rich_help_panel="Run")(sources.sources)
app.command("resume", rich_help_panel="Run")(scheduling.resume)
app.command("fetch-events", rich_help_panel="Watchlist")(watchlist.fetch_events)
app.command("sync-events", hidden=True, help="The same as fetch-events.")(watchlist.fetch_events)
app.command("show-events", rich_help_panel="Watchlist")(watchlist.show_events)
app.command("search", rich_help_panel="Watchlist")(searching.search)
app.command("match", rich_help_panel="Watchlist")(searching.match)
app.command("fetch-listings", rich_help_panel="Listings and prices")(fetching.fetch_listings)
app.command("scrape", hidden=True, help="The same as fetch-listings.")(fetching.fetch_listings)
app.command("show-listings", rich_help_panel="Listings and prices")(show_listings.show_listings)
app.command("event-details", rich_help_panel="Listings and prices")(event_details.event_details)
app.command("price-history", rich_help_panel="Listings and prices")(prices.price_history)
app.command("section-prices", rich_help_panel="Listings and prices")(prices.section_prices)
app.command("cleanup-untracked-events", rich_help_panel="Watchlist")(cleanup.cleanup_untracked_events)
app.command("primary-sales", rich_help_panel="Primary sales")(primary_sales.primary_sales)
app.add_typer(pipeline_commands.pipelines_commands, name="pipelines", rich_help_panel="Primary sales")
app.command("init-db", rich_help_panel="Database and settings")(db.init_db)
app.add_typer(cache.cache_commands, name="cache", rich_help_panel="Database and settings")
app.add_typer(db.db_commands, name="db", rich_help_panel="Database and settings")
app.command("settings", rich_help_panel="Database and settings")(db.show_settings)


class _StderrHandler(logging.Handler):
    """Writes to what stderr is at the moment: a progress bar puts itself in its place, and makes room for a line."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # An old terminal that knows no en dash gets a question mark, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", handlers=[_StderrHandler()])
    # The pool repeats every failed connection; the error that we raise in the end says it once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    # So does the reader of env files, at each reading and without the file's name; `find_slips` names it.
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    app()
