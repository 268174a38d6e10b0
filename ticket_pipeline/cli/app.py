"""The commands and the one place where an error becomes a message."""

from __future__ import annotations

import sys

import typer

from ticket_pipeline.cli import running
from ticket_pipeline.errors import TicketPipelineError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("run")(running.run)
app.command("simulate")(running.simulate)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except TicketPipelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
