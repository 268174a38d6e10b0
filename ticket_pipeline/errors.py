"""Every error that this package raises on purpose, and nothing else.

    TicketPipelineError
    ├── ConfigurationError            a setting is missing, malformed or contradicts another
    ├── SheetError                    the watchlist could not be read, or applying it would do harm
    ├── StorageError                  the database rejected a statement
    │   └── StorageUnavailable        the database is not reachable: a retry may help
    └── MarketplaceError              a marketplace sent no usable response
        ├── RateLimited               429: too many requests
        │   └── QuotaExhausted        the quota of a long window is spent: no retry within a fetch can help
        ├── TemporarilyUnavailable    time-out, lost connection, 5xx: a retry may help
        ├── Blocked                   401, 403, login or challenge page: only a person can fix it
        ├── RequestRejected           another 4xx: the request is wrong, a retry cannot help
        ├── UnexpectedPayload         200, but not the promised shape
        ├── EventGone                 404: the marketplace has no such event
        └── RequestNotPermitted       our own budget, breaker or switch: nothing was sent

A message says what failed, why, and what to do. No message holds a secret: callers redact URLs and headers first (see
`ticket_pipeline.http.scrubbing`).
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
    """The database rejected a statement."""


class StorageUnavailable(StorageError):
    """The database is not reachable, or the connection was lost: a retry may help."""


class MarketplaceError(TicketPipelineError):
    """A marketplace sent no usable response.

    Attributes:
        outcome: the word stored in `fetch_attempts.outcome`.
        is_transient: whether the same request may succeed a little later.
        status: the HTTP status code, where one was received.
        tries: how many requests were sent (0 where none was).
        retry_after: how long to wait, where the server named a time.
    """

    outcome: str = "http_error"
    is_transient: ClassVar[bool] = False

    def __init__(
        self, message: str, *, status: int | None = None, tries: int = 1, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.tries = tries
        self.retry_after = retry_after


class RateLimited(MarketplaceError):
    """429: too many requests."""

    outcome = "rate_limited"
    is_transient = True


class QuotaExhausted(RateLimited):
    """429: the quota of a long window, such as a day, is spent; a retry before its end cannot help."""

    is_transient = False


class TemporarilyUnavailable(MarketplaceError):
    """A time-out, a lost connection or a 5xx: a retry may help.

    Attributes:
        is_timeout: whether the marketplace was too slow.
    """

    is_transient = True

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        tries: int = 1,
        retry_after: timedelta | None = None,
        is_timeout: bool = False,
    ) -> None:
        super().__init__(message, status=status, tries=tries, retry_after=retry_after)
        self.is_timeout = is_timeout
        self.outcome = "timeout" if is_timeout else "http_error"


class Blocked(MarketplaceError):
    """401, 403, a login or a challenge page: only a person can fix it."""

    outcome = "blocked"


class RequestRejected(MarketplaceError):
    """Another 4xx: the request is wrong, and would fail again."""


class UnexpectedPayload(MarketplaceError):
    """A 200 whose body is not the promised shape: truncated, empty, HTML, other fields."""

    outcome = "bad_payload"


class EventGone(MarketplaceError):
    """404: the marketplace has no such event."""

    outcome = "gone"


class RequestNotPermitted(MarketplaceError):
    """Our own budget is spent, the breaker is open or the marketplace is disabled. Nothing was sent.

    Attributes:
        available_in: when the next request makes sense, where that is known.
    """

    outcome = "not_permitted"

    def __init__(self, message: str, *, available_in: timedelta | None = None) -> None:
        super().__init__(message, tries=0)
        self.available_in = available_in
