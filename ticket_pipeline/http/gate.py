"""Permission to send a request: the protocol that storage implements, and the gate that is always open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ticket_pipeline.errors import MarketplaceError


class Permit(Protocol):
    """Permission to send one request, once."""

    @property
    def permit_id(self) -> int:
        """Opaque to everyone but the gate."""


@dataclass(frozen=True, slots=True)
class OpenPermit:
    """The permit of a gate without limits."""

    permit_id: int = 0


class RequestGate(Protocol):
    """Permits the requests to one marketplace, and is notified how each ended.

    Every request takes one permit (`acquire`), which is given back by either `finish` or `cancel`.
    """

    async def acquire(self) -> Permit:
        """Wait until a request may be sent: budget, spacing, and number of requests in flight.

        Raises:
            RequestNotPermitted: the breaker is open, or the wait would be too long; nothing may be sent.
        """

    async def finish(self, permit: Permit, error: MarketplaceError | None) -> None:
        """Give back a permit whose request ended: with a usable response (None) or an error."""

    async def cancel(self, permit: Permit) -> None:
        """Give back a permit whose request was cancelled, which proves nothing about the marketplace."""

    async def flush(self) -> None:
        """Write what `finish` and `cancel` may have deferred; called before the gate is left."""


class OpenGate:
    """A gate without limits, for a single call from a notebook, and for tests."""

    async def acquire(self) -> Permit:
        """Permit every request at once."""
        return OpenPermit()

    async def finish(self, permit: Permit, error: MarketplaceError | None) -> None:
        """Do nothing."""

    async def cancel(self, permit: Permit) -> None:
        """Do nothing."""

    async def flush(self) -> None:
        """Do nothing."""
