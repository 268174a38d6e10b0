"""Turn an unexpected exception into the failure of one event, or of one sync, so that a bug stops nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ticket_pipeline.errors import MarketplaceError, TicketPipelineError

_log = logging.getLogger(__name__)


@contextmanager
def unexpected_as_failure(action: str) -> Iterator[None]:
    """Raise any exception but our own as a MarketplaceError; `action` is such as `read the response of event 1`.

    Its message names the exception's class only, because the text may quote what it was given.
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
