"""The simulated organiser as time goes by: tickets are sold and change, minute by minute.

What belongs here: what happens when. What does not: the organiser and how a change is made (`vivenu_world`).

What is true at a moment follows from the seed and the clock alone: minutes are played in order, each once, whoever asks
and however often. So a simulator that was stopped catches up, and its truth stays exact.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from ticket_pipeline.simulator.vivenu_world import SALE_DAYS, following_status, organised_world

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.simulator.vivenu_world import OrganisedEvent, VivenuWorld

MINUTE = timedelta(minutes=1)
_CHANGES_PER_MINUTE = 0.1


class OrganiserLife:
    """Moves an organiser on.

    Args:
        world: as it was at `started_at`; nothing else may change it.
        started_at: aware UTC.
        rng: chance of everything.
    """

    def __init__(self, world: VivenuWorld, started_at: datetime, rng: Random) -> None:
        self._world = world
        self._started_at = started_at
        self._rng = rng
        self._minutes = 0
        self._left = {event.event_id: sum(kind.capacity for kind in event.types) for event in world.events}
        for ticket in world.tickets.values():
            self._left[ticket.event.event_id] -= 1

    def advance(self, now: datetime) -> None:
        """Play every minute up to a moment; an earlier one changes nothing."""
        until = (now - self._started_at) // MINUTE
        while self._minutes < until:
            self._minutes += 1
            self._play(self._started_at + self._minutes * MINUTE)

    def _play(self, at: datetime) -> None:
        for event in self._world.events:
            expected = _expected_sales(event, at)
            sold = min(int(expected) + (self._rng.random() < expected % 1), self._left[event.event_id])
            if sold > 0:
                self._left[event.event_id] -= len(self._world.sell(event, at, sold))
        if self._rng.random() < _CHANGES_PER_MINUTE:
            ticket = self._world.numbered(self._rng.randint(1, len(self._world.tickets)))
            if ticket is not None and (status := following_status(ticket)) is not None:
                self._world.set_status(ticket.ticket_id, status, at)


def living_world(now: datetime, *, seed: int = 0, **size: int) -> VivenuWorld:
    """An organiser of the size given that goes on from `now`."""
    world = organised_world(now, seed=seed, **size)
    world.advance = OrganiserLife(world, now, Random(f"{seed} life")).advance  # noqa: S311 - chance, not secrecy
    return world


def _expected_sales(event: OrganisedEvent, at: datetime) -> float:
    """Tickets sold in one minute: more and more towards the event, its capacity all together, none after its start."""
    on_sale = timedelta(days=SALE_DAYS)
    passed = at - (event.starts_at - on_sale)
    if not timedelta() < passed < on_sale:
        return 0.0
    return 2 * (passed / on_sale) * (MINUTE / on_sale) * sum(kind.capacity for kind in event.types)
