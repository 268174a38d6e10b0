"""The commands by name, the options they share, and how an error becomes a message.

Exit codes: 0 done; 1 it failed, with the reason and what to do on stderr; 2 the command line was wrong; 130 Ctrl-C.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import stamina.instrumentation
import typer
from typer.core import TyperGroup

from ticket_pipeline.cli.formats import plain
from ticket_pipeline.cli.lazy import LazyCommands
from ticket_pipeline.cli.tables import note
from ticket_pipeline.errors import ConfigurationError, TicketPipelineError
from ticket_pipeline.logs import LineFormatter, StderrHandler, set_up_logs
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, load_settings

_COMMANDS: dict[str, dict[str, str]] = {
    "Run": {
        "run": "run:run",
        "dashboard": "dashboard:dashboard",
        "simulate": "simulating:simulate",
        "start-scheduler": "scheduling:start_scheduler",
        "plan": "plan:plan",
        "sources": "sources:sources",
        "attempts": "history:attempts",
        "runs": "history:runs",
        "watch": "watch:watch",
        "health": "health:health",
        "resume": "scheduling:resume",
    },
    "Watchlist": {
        "sync-events": "watchlist:sync",
        "fetch-events": "watchlist:sync",
        "show-events": "watchlist:show_events",
        "write-results": "results:write",
        "search": "searching:search",
        "match": "searching:match",
        "cleanup-untracked-events": "cleanup:cleanup_untracked_events",
    },
    "Listings and prices": {
        "fetch-listings": "fetching:fetch_listings",
        "scrape": "fetching:fetch_listings",
        "show-listings": "show_listings:show_listings",
        "event-details": "event_details:event_details",
        "overview": "overview:overview",
        "get-in": "get_in:get_in_prices",
        "trend": "trend:trend",
        "changes": "changes:changes",
        "sales": "sales:sales",
        "compare": "compare:compare",
        "comps": "comps:comps",
        "price-history": "prices:price_history",
        "section-prices": "prices:section_prices",
        "export": "export:export",
        "replay": "replay:replay",
    },
    "Alerts": {"alerts": "alerts:commands"},
    "Primary sales": {"primary-sales": "primary_sales:primary_sales", "pipelines": "pipeline_commands:commands"},
    "Database and settings": {
        "init-db": "db:init_db",
        "settings": "db:show_settings",
        "archive": "archive:commands",
        "cache": "cache:commands",
        "db": "db:commands",
    },
}
_PLACES = {name: (panel, place) for panel, places in _COMMANDS.items() for name, place in places.items()}
_OTHER_NAMES = {"fetch-events", "scrape"}


class _Commands(TyperGroup):
    """All commands: our own errors end as a message on stderr; any other one is a bug and shows its traceback."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = LazyCommands(_PLACES, _OTHER_NAMES, self.commands)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer names no type for it
        try:
            result = super().invoke(ctx)
            # A reader that went away (`| head`) is noticed here and ends quietly, not at the interpreter's exit.
            sys.stdout.flush()
        except TicketPipelineError as error:
            # A message may quote names from outside.
            note("Error: " + "\n".join(plain(line) for line in str(error).split("\n")))
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
        from importlib.metadata import version  # noqa: PLC0415 - it loads the parser of e-mail

        typer.echo(f"ticket-pipeline {version('ticket-pipeline')}")
        raise typer.Exit


@app.callback()
def _shared(
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
    gc.enable()  # the modules of the command are loaded: see `cli.main`
    # Our own log has each failed try; stamina's would print a line per retry into a table or a JSON document.
    stamina.instrumentation.set_on_retry_hooks([])
    if chosen_env_file is not None:
        os.environ[ENV_FILE_VARIABLE] = str(chosen_env_file.resolve())
    # The command reports settings that cannot be read, if it needs any.
    with contextlib.suppress(ConfigurationError):
        set_up_logs(load_settings())


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal whose encoding has no en dash gets a question mark, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    handler = StderrHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # The pool logs every failed connection; the error that we raise in the end is enough.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    app()
