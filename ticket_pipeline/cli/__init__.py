"""The command line `ticket-pipeline …`: it parses arguments, calls `queries` or `ingest`, and prints.

It does not import Dagster; `run` starts Dagster's programs.
"""

from ticket_pipeline.cli.app import main

__all__ = ["main"]
