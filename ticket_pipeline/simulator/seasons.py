"""What was on at the sample world's venues before it began: two past seasons of events like those to come."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.world import SimulatedWorld, evening

if TYPE_CHECKING:
    from ticket_pipeline.simulator.market import SimulatedEvent

SEASON_DAYS = (60, 425)
"""Days from the last event of each season to the world's beginning."""

SPACING_DAYS = 6
PAST_LISTINGS = 0.35  # of those of the event to come, to keep the past small
ID_STEPS = {Marketplace.STUBHUB: 1_000_003, Marketplace.VIVID_SEATS: 11_003}

NAMES = {
    "Harbor Garden": (
        "Marlow & the Tide - Saltwater Tour", "Ondine - Glasshouse Tour", "Paper Lanterns - Homecoming",
        "The Quiet Hours - Northern Line", "Juniper Vale - Second Summer", "Hollis Gray - Small Fires",
    ),
    "Foundry Dome": (
        "Milwaukee Otters at Chicago Furnace", "Detroit Pistoleers at Chicago Furnace",
        "Cleveland Anchors at Chicago Furnace", "Memphis Delta at Chicago Furnace",
        "Denver Larks at Chicago Furnace", "Boston Herons at Chicago Furnace",
    ),
    "The Depot": (
        "Static Meadow", "Coal & Honey", "The Understudies", "Low Autumn", "Tin Cathedral", "Marigold Static",
    ),
    "Lakeshore Centre": (
        "Toronto Tundra vs. Ottawa Lumber", "Toronto Tundra vs. Buffalo Squall", "Toronto Tundra vs. Quebec Voyageurs",
        "Toronto Tundra vs. Detroit Foundry", "Toronto Tundra vs. Boston Harbormen", "Toronto Tundra vs. Halifax Tides",
    ),
    "Lantern Hall": (
        "The Lamplighter's Waltz (Musical)", "Eleven Letters (Musical)", "The Orchard Thieves (Musical)",
        "A Winter in Trieste (Musical)", "The Clockmaker (Musical)", "Saltbox (Musical)",
    ),
    "Riverside Rooms": (
        "Fen Country", "The Borrowed Hours", "Night Ferry", "Silver Dials", "Kestrel & Co.", "Bright Particulars",
    ),
}  # fmt: skip
"""The events of both seasons at each venue, newest first."""


def with_seasons(world: SimulatedWorld) -> SimulatedWorld:
    """The same world, with what was on before it began at the venues of its events."""
    past = [
        event
        for days_earlier, to_come in enumerate(world.simulated_events)
        for event in _past_events(to_come, world, days_earlier)
    ]
    return SimulatedWorld([*world.events, *past], started_at=world.started_at, seed=world.seed, speed=world.speed)


def _past_events(like: SimulatedEvent, world: SimulatedWorld, days_earlier: int) -> list[SimulatedEvent]:
    """The past events at the venue of one to come, newest first."""
    names = NAMES[like.venue.name]
    per_season = len(names) // len(SEASON_DAYS)
    days = [last + SPACING_DAYS * left + days_earlier for last in SEASON_DAYS for left in range(per_season)]
    return [
        replace(
            like,
            external_id=str(int(like.external_id) - ID_STEPS[Marketplace.STUBHUB] * number),
            name=name,
            event_at=evening(world.started_at, -ago, like.venue),
            base_price=like.base_price * random.Random(f"{world.seed}:{name}").uniform(0.8, 1.2),  # noqa: S311
            listings=round(PAST_LISTINGS * like.listings),
            other_ids={
                place: str(int(external_id) - ID_STEPS[place] * number)
                for place, external_id in like.other_ids.items()
                if place in ID_STEPS
            },
        )
        for number, (name, ago) in enumerate(zip(names, days, strict=True), start=1)
    ]
