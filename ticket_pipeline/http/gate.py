"""Permission to send a request: the protocol that storage implements, and the gate that is always open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ticket_pipeline.errors import MarketplaceError


class RequestGate(Protocol):
    """Permits the requests to one marketplace, and is notified how each ended.

    Every request takes one permit (`acquire`), a number that is given back by either `finish` or `cancel`.
    """

    async def acquire(self) -> int:
        """Wait until a request may be sent: budget, spacing, and number of requests in flight.

        A RequestNotPermitted where the breaker is open, or the wait would be too long; nothing may be sent then.
        """

    async def depart(self) -> None:
        """Wait until a permitted request may leave; called when its connection is ready, just before its first byte."""

    async def finish(self, permit: int, error: MarketplaceError | None) -> None:
        """Give back a permit whose request ended: with a usable response (None) or an error."""

    async def cancel(self, permit: int) -> None:
        """Give back a permit whose request was cancelled, which proves nothing about the marketplace."""

    async def flush(self) -> None:
        """Write what `finish` and `cancel` may have deferred; called before the gate is left."""


class OpenGate:
    """A gate without limits, for a single call from a notebook, and for tests."""

    async def acquire(self) -> int:
        """Permit every request at once."""
        return 0

    async def depart(self) -> None:
        """Do nothing."""

    async def finish(self, permit: int, error: MarketplaceError | None) -> None:
        """Do nothing."""

    async def cancel(self, permit: int) -> None:
        """Do nothing."""

    async def flush(self) -> None:
        """Do nothing."""
