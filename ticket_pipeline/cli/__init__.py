"""The command line: `ticket-pipeline …`. It asks and shows; what is done stands in `polling`, `sheet` and `storage`.

It does not import Dagster; `run` starts Dagster's programs.
"""

from ticket_pipeline.cli.app import main

__all__ = ["main"]
