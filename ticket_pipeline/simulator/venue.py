"""The simulator's venues: zones, sections, rows, and the relative worth of a seat."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Zone:
    """One price level of a venue; the middle ones of its sections face the stage best."""

    name: str
    sections: tuple[str, ...]
    rows: tuple[str, ...]  # from the front; empty: general admission
    worth: float  # of an average seat here, relative to the venue's average seat
    share: float  # of the event's listings
    pattern: str  # the sections as the user's venue map writes them


class Seat(NamedTuple):
    """Where a listing is, and what it is worth relative to the venue's average seat."""

    section: str
    row: str | None
    worth: float


@dataclass(frozen=True, slots=True)
class Venue:
    """A fictional venue in a real city, so that its timezone can be found; `currency` is an ISO 4217 code."""

    name: str
    city: str
    country: str
    timezone: str
    currency: str
    capacity: int
    zones: tuple[Zone, ...]

    def draw_seat(self, chance: random.Random) -> Seat:
        """Draw where the next listing is: zones by their share, sections and rows evenly."""
        zone = chance.choices(self.zones, [zone.share for zone in self.zones])[0]
        position = chance.randrange(len(zone.sections))
        facing = math.sin(math.pi * (position + 1) / (len(zone.sections) + 1))  # 0 at the ends, 1 in the middle
        worth = zone.worth * (0.85 + 0.3 * facing)
        if not zone.rows:
            return Seat(zone.sections[position], None, worth)
        depth = chance.randrange(len(zone.rows))
        return Seat(zone.sections[position], zone.rows[depth], worth * (1.15 - 0.3 * depth / len(zone.rows)))


def arena_zones() -> tuple[Zone, ...]:
    """Floor, lower bowl, club and upper deck."""
    return (
        Zone("Floor", tuple(f"Floor {letter}" for letter in "ABCDEF"), _numbers(1, 20), 2.1, 0.14, "Floor*"),
        Zone("Lower Bowl", _numbers(101, 120), _numbers(1, 24), 1.15, 0.36, "101-120"),
        Zone("Club", tuple(f"Club {number}" for number in range(1, 11)), _numbers(1, 10), 1.4, 0.10, "Club*"),
        Zone("Upper Deck", _numbers(301, 328), _numbers(1, 18), 0.6, 0.40, "301-328"),
    )


def theatre_zones() -> tuple[Zone, ...]:
    """Orchestra, mezzanine and balcony, rows by letter."""
    letters = tuple("ABCDEFGHJKLMNPQRSTUV")
    levels = (("Orchestra", 20, 1.4, 0.45), ("Mezzanine", 12, 1.0, 0.30), ("Balcony", 10, 0.55, 0.25))
    return tuple(
        Zone(
            name,
            tuple(f"{name} {side}" for side in ("Left", "Center", "Right")),
            letters[:rows],
            worth,
            share,
            f"{name}*",
        )
        for name, rows, worth, share in levels
    )


def standing_zones() -> tuple[Zone, ...]:
    """Mostly general admission: a standing floor without rows, and a seated balcony."""
    return (
        Zone("Pit", ("GA Pit",), (), 1.5, 0.15, "GA Pit"),
        Zone("Floor", ("General Admission",), (), 1.0, 0.55, "General Admission"),
        Zone("Balcony", ("Balcony Left", "Balcony Center", "Balcony Right"), tuple("ABCDEFGH"), 0.8, 0.30, "Balcony*"),
    )


def _numbers(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))
