"""How much this package tells of its work in the log.

What belongs here: the level of our own loggers. What does not: handlers; where a log goes is the program's business
(stderr of the command line, the event log of a Dagster run).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings

_OURS = "ticket_pipeline"


def apply_log_level(settings: Settings) -> None:
    """Let our loggers tell what LOG_LEVEL asks for; loggers of libraries stay as they are."""
    logging.getLogger(_OURS).setLevel(settings.log_level)
