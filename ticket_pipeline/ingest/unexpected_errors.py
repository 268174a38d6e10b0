"""Our own faults: the one place that turns an unforeseen exception into the failure of one event, or of one sync.

A fault in our own code must not take the other events of a batch down with it, nor end the loop that polls, nor go
unrecorded. What does not belong here: the errors we raise on purpose; they pass.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_pipeline.errors import MarketplaceError, TicketPipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)


@contextmanager
def contained(what: str) -> Iterator[None]:
    """Turn whatever nobody foresaw inside the block into a MarketplaceError.

    Args:
        what: what was tried, such as `Read the answer about event 1`.

    Raises:
        MarketplaceError: our own code failed. Its message names the exception's class only, because the text may quote
            what it was given; the log has the rest.
        TicketPipelineError: whatever the block raised on purpose.
    """
    try:
        yield
    except TicketPipelineError:
        raise
    except Exception as error:
        _log.exception("%s; our own code failed", what)
        raise MarketplaceError(
            f"{what}; our own code failed ({type(error).__name__}). The log of this run has the traceback: please "
            "report it."
        ) from error
