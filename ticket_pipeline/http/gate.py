"""Permission to send a request: what this room needs from outside, and the gate that is always open.

What belongs here: the protocol. What does not: budgets, spacing and breakers themselves; those are shared by all
processes and therefore live in the database, behind this protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ticket_pipeline.errors import MarketplaceError


class Permit(Protocol):
    """Leave to send one request, once."""

    @property
    def permit_id(self) -> int:
        """What the gate knows it by; opaque to everybody else."""


@dataclass(frozen=True, slots=True)
class OpenPermit:
    """The permit of a gate without limits."""

    permit_id: int = 0


class RequestGate(Protocol):
    """Says when a request to one marketplace may be sent, and learns how it went.

    The fetcher calls, for every single request it sends: `acquire`, then `release`, then `record`. A fetch that is
    cancelled calls `release` and not `record`: it says nothing about the marketplace.
    """

    async def acquire(self) -> Permit:
        """Wait until a request may be sent: budget, spacing, and number of requests under way.

        Raises:
            RequestNotPermitted: the breaker is open, or the wait would be too long; nothing may be sent.
        """

    async def release(self, permit: Permit, *, answered: bool) -> None:
        """Give a permit back after its request ended.

        Args:
            permit: what `acquire` gave.
            answered: the marketplace has dealt with the request. False after a time-out or a cancellation: it may
                still arrive and be counted there, so it must be counted here too.
        """

    async def record(self, error: MarketplaceError | None) -> None:
        """Learn how a request ended: None for an answer, else what went wrong; for the breaker."""


class OpenGate:
    """A gate without limits, for a single call from a notebook, and for tests."""

    async def acquire(self) -> Permit:
        """Allow every request at once."""
        return OpenPermit()

    async def release(self, permit: Permit, *, answered: bool) -> None:
        """Do nothing: nothing was taken."""

    async def record(self, error: MarketplaceError | None) -> None:
        """Do nothing: there is no breaker."""
