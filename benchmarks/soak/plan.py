"""What a soak plays: its clock, events, faults, rules and settings; the same for a seed.

What belongs here: what the parent and the worker must agree on. What does not: running (`parent`, `worker`), judging.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.alert_grammar import parse_rule
from ticket_pipeline.market.alert_rules import AlertField
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator import marketplaces as simulated
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.world import SimulatedWorld
from ticket_pipeline_tests.overrides import settings_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.settings.model import Settings

NOON = datetime(2036, 6, 1, 12, tzinfo=UTC)  # ahead of the real clock, by which a new event is due at once
ZONE = "America/New_York"
VENUE = Venue("Soak Arena", "Boston", "United States", ZONE, "USD", 18_000, arena_zones())
MARKETPLACES = tuple(name for name, source in SOURCES.items() if source.has_listings)
AT_ONCE = 4
FAULT_SHARE = 0.1
KEPT_DAYS = 2
"""Raw bodies and attempts are kept so long, that a soak sees them deleted."""

HANGS_AND_DELAYS = {FaultKind.HANG, FaultKind.SLOW, FaultKind.SLOW_DRIP}
BLOCKS = {
    FaultKind.UNAUTHORIZED,
    FaultKind.FORBIDDEN,
    FaultKind.LOGIN_PAGE,
    FaultKind.LOGIN_REDIRECT,
    FaultKind.CHALLENGE_PAGE,
}
"""A block pauses a marketplace until a person resumes it. Only Vivid Seats blocks: the rules are about StubHub."""

RULES: tuple[Mapping[str, str], ...] = tuple(
    {"Alert": name, "Marketplace": "StubHub", "Measure": measure, "Condition": condition, "Captures": captures}
    | {"Cooldown": cooldown, "Quiet hours": quiet, "Channels": channels}
    for name, measure, condition, captures, cooldown, quiet, channels in (
        ("Cheap", "floor", "below 65", "2", "6h", "", "desk"),
        ("Dear", "get-in 2", "above 68", "2", "1h", "22:00-08:00", "desk, phone"),
        ("Cliff", "tickets", "falls 15% in 6h", "1", "2h", "", "phone"),
        ("Refill", "listings", "rises 15% in 4h", "1", "0", "", "desk"),
        ("Bargain", "floor", "new low", "2", "12h", "22:00-08:00", "desk, gone"),
        ("Record", "tickets", "new high", "2", "6h", "", "desk"),
        ("Odd", "floor", "unusual 2", "1", "3h", "", "desk"),
        ("Hurry", "tickets", "below 40", "2", "0", "", "desk, gone"),
    )
)


@dataclass(frozen=True)
class Plan:
    """The size of a soak; everything else follows from it."""

    days: float
    events: int
    listings: int
    kills: int
    seed: int = 1
    tick: timedelta = timedelta(minutes=15)

    @property
    def ends_at(self) -> datetime:
        """Its last moment."""
        return NOON + self.days * timedelta(days=1)

    @property
    def requests_a_minute(self) -> int:
        """The budget of each marketplace; so low that large soaks are held back by it."""
        return max(300, 5 * self.events)

    @cached_property
    def world(self) -> SimulatedWorld:
        """Events at even distances, of which a third begins meanwhile."""
        far = 3 * self.days * timedelta(days=1)
        events = [
            SimulatedEvent(
                str(157_000_001 + number),
                f"Event {number}",
                VENUE,
                NOON + far * (number + 1) / self.events,
                90.0,
                self.listings,
                other_ids={simulated.Marketplace.VIVID_SEATS: str(5_000_001 + number)},
            )
            for number in range(self.events)
        ]
        return SimulatedWorld(events, seed=self.seed, started_at=NOON)

    def faults(self, marketplace: Marketplace) -> FaultPlan:
        """A tenth of the requests go wrong, each kind as often as the others; blocks are rare."""
        plan = FaultPlan(seed=self.seed)
        kinds = [kind for kind in FaultKind if kind not in HANGS_AND_DELAYS | BLOCKS]
        for kind in kinds:
            plan.add(Fault(kind, times=None, probability=FAULT_SHARE / len(kinds)))
        for kind in BLOCKS if marketplace is Marketplace.VIVID_SEATS else ():
            plan.add(Fault(kind, times=None, probability=0.001))
        return plan

    def settings(self, database_url: str, simulator: str, alert_urls: str) -> Settings:
        """Settings that wait for nothing but the budget."""
        return settings_from(
            {
                "database_url": database_url,
                "stubhub_api_base_url": f"{simulator}/{Marketplace.STUBHUB}",
                "stubhub_requests_per_minute": self.requests_a_minute,
                "vivid_seats_api_base_url": f"{simulator}/{Marketplace.VIVID_SEATS}",
                "vivid_seats_requests_per_minute": self.requests_a_minute,
                "httpx_max_connections": AT_ONCE,
                "min_request_delay": 0,
                "max_request_delay": 0,
                "httpx_retries": 0,  # so that a request is an attempt
                "request_timeout_seconds": 10,
                "random_seed": self.seed,
                "prices_start_date": NOON.date(),
                "raw_payload_days": KEPT_DAYS,
                "alerts": "soak.yaml",  # the rules are stored already
                "alert_urls": alert_urls,
            }
        )


QUICK = Plan(days=1, events=7, listings=20, kills=3, tick=timedelta(hours=1.5))


class FileClock:
    """A clock that stands still until it is set, in a file: a killed worker finds it as it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self.set(NOON)

    def __call__(self) -> datetime:
        """Aware UTC."""
        return datetime.fromisoformat(self._path.read_text(encoding="utf-8"))

    def set(self, moment: datetime) -> None:
        """Set it; whole or not at all."""
        draft = self._path.with_suffix(".new")
        draft.write_text(moment.isoformat(), encoding="utf-8")
        draft.replace(self._path)


def parsed_rules() -> list[AlertRule]:
    """The rules as the pipeline reads them."""
    return [parse_rule({AlertField(name): cell for name, cell in cells.items()}) for cells in RULES]
