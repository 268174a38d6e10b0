"""The command line `ticket-pipeline …`: it parses arguments, calls `queries` or `ingest`, and prints.

It does not import Dagster; `run` starts Dagster's programs.
"""

from __future__ import annotations

import gc

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    # Collections while modules are loaded find nothing, and take a tenth of a command's start; `app` turns them on.
    gc.disable()
    from ticket_pipeline.cli.app import main as run_app  # noqa: PLC0415 - after the line above

    run_app()
