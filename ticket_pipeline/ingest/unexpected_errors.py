"""Turn an exception that nobody foresaw into the failure of one event, or of one sync.

A bug must not take the other events of a batch down with it, nor end the loop that polls. Errors that this package
raises on purpose pass unchanged.
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
def unexpected_as_failure(action: str) -> Iterator[None]:
    """Raise any exception but our own as a MarketplaceError.

    Args:
        action: what the block does, such as `read the response of event 1`.

    Raises:
        MarketplaceError: a bug. Its message names the exception's class only, because the text may quote what it was
            given; the log has the traceback.
        TicketPipelineError: whatever the block raised on purpose.
    """
    try:
        yield
    except TicketPipelineError:
        raise
    except Exception as error:
        _log.exception("Could not %s because of a bug", action)
        raise MarketplaceError(
            f"Could not {action} because of a bug in ticket_pipeline ({type(error).__name__}). "
            "The log of this run has the traceback; please report it."
        ) from error
