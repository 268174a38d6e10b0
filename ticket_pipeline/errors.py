"""Every error this package raises on purpose, and nothing else.

    TicketPipelineError
    ├── ConfigurationError            a setting is missing, malformed or contradicts another
    ├── SheetError                    the watchlist could not be read, or must not be applied
    ├── StorageError                  the database refused what was asked
    │   └── StorageUnavailable        it could not be reached, or the connection was lost: a retry may help
    └── MarketplaceError              a marketplace did not give a usable answer
        ├── RateLimited               429: wait; `retry_after` where the server named a time
        │   └── QuotaExhausted        the allowance of a long window is spent: no retry within a fetch can help
        ├── TemporarilyUnavailable    time-out, connection lost, 5xx: a retry may help
        ├── Blocked                   401, 403, login or challenge page: stop, a person must act
        ├── RequestRejected           another 4xx: the request itself is wrong, a retry cannot help
        ├── UnexpectedPayload         200, but not the promised shape
        ├── EventGone                 404: the marketplace does not know this event
        └── RequestNotPermitted       our own budget, breaker or switch said no: nothing was sent

A message says what was tried, what happened, and what to do next. No message holds a secret: callers redact URLs and
headers before they raise (see `ticket_pipeline.http.redaction`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import timedelta


class TicketPipelineError(Exception):
    """The root: anything raised on purpose by this package."""


class ConfigurationError(TicketPipelineError):
    """A setting is missing, malformed or contradicts another one."""


class SheetError(TicketPipelineError):
    """The watchlist could not be read, or applying it would do harm."""


class StorageError(TicketPipelineError):
    """The database could not be reached, or refused what was asked."""


class StorageUnavailable(StorageError):
    """The database could not be reached, or the connection was lost: a retry may help."""


class MarketplaceError(TicketPipelineError):
    """A marketplace did not give a usable answer.

    Attributes:
        outcome: the word stored in `fetch_attempts.outcome`.
        is_transient: whether the same request may succeed if sent again a little later.
        status: the HTTP status code, where one was received.
        tries: how many requests were sent before giving up (0 where none was).
    """

    outcome: str = "http_error"
    is_transient: ClassVar[bool] = False

    def __init__(self, message: str, *, status: int | None = None, tries: int = 1) -> None:
        super().__init__(message)
        self.status = status
        self.tries = tries


class RateLimited(MarketplaceError):
    """429: the marketplace asks us to slow down.

    Attributes:
        retry_after: how long the server asked us to wait, where it said so.
    """

    outcome = "rate_limited"
    is_transient = True

    def __init__(
        self, message: str, *, status: int | None = 429, tries: int = 1, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, status=status, tries=tries)
        self.retry_after = retry_after


class QuotaExhausted(RateLimited):
    """429: the allowance of a long window, such as a day, is spent; asking again before it ends cannot help."""

    is_transient = False


class TemporarilyUnavailable(MarketplaceError):
    """A time-out, a lost connection or a 5xx: a retry may help.

    Attributes:
        is_timeout: the marketplace was too slow, as opposed to answering with an error.
    """

    is_transient = True

    def __init__(self, message: str, *, status: int | None = None, tries: int = 1, is_timeout: bool = False) -> None:
        super().__init__(message, status=status, tries=tries)
        self.is_timeout = is_timeout
        self.outcome = "timeout" if is_timeout else "http_error"


class Blocked(MarketplaceError):
    """401, 403, a login or a challenge page: stop asking; only a person can mend it."""

    outcome = "blocked"


class RequestRejected(MarketplaceError):
    """Another 4xx: the request itself is wrong; the same request will fail again."""


class UnexpectedPayload(MarketplaceError):
    """A 200 whose body is not what this marketplace promises: truncated, empty, HTML, another shape."""

    outcome = "bad_payload"


class EventGone(MarketplaceError):
    """404: the marketplace does not know this event (any more)."""

    outcome = "gone"


class RequestNotPermitted(MarketplaceError):
    """Our own side said no: budget spent, breaker open or marketplace switched off. Nothing was sent.

    Attributes:
        available_in: when asking again makes sense, where known.
    """

    outcome = "not_permitted"

    def __init__(self, message: str, *, available_in: timedelta | None = None) -> None:
        super().__init__(message, tries=0)
        self.available_in = available_in
