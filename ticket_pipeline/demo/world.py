"""The world of the demo: its file, its speed, and the same world with a past."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.simulator.seasons import with_seasons
from ticket_pipeline.simulator.world import SimulatedWorld, open_world

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings

DEMO_SEED = 1
DEMO_SPEED = 10.0
"""The simulated market moves this much faster than real ones, from its world's beginning on."""


def world_file(settings: Settings) -> Path:
    """Where the simulated world is kept."""
    return settings.state_dir / "simulated_world.json"


def open_demo_world(settings: Settings, this_moment: datetime, *, with_past: bool) -> SimulatedWorld:
    """The world that the simulator of these settings plays, with the events of past seasons where it has a past."""
    world = open_world(world_file(settings), this_moment, seed=DEMO_SEED, speed=DEMO_SPEED)
    return with_seasons(world) if with_past else world
