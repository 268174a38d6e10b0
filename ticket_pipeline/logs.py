"""The log level of this package; handlers belong to the program (stderr of the command line, a Dagster run's log)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings


def apply_log_level(settings: Settings) -> None:
    """Set LOG_LEVEL on our own loggers; those of libraries stay unchanged."""
    logging.getLogger("ticket_pipeline").setLevel(settings.log_level)
