"""A served organiser, and a client of it that waits for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.primary_sales.api import open_vivenu_api
from ticket_pipeline.primary_sales.client import VivenuClient
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN, create_vivenu_app
from ticket_pipeline.simulator.vivenu_world import VivenuWorld, organised_world
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.simulator_support.organiser_desk import OrganiserDesk
from ticket_pipeline_tests.simulator_support.serving import serve

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)


@dataclass
class Organiser:
    """A running vivenu.

    Attributes:
        desk: its tokens, and how many rows it served.
        faults: what goes wrong; add to it at any time.
        log: the requests that reached it.
    """

    url: str
    world: VivenuWorld
    desk: OrganiserDesk = field(default_factory=OrganiserDesk)
    faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)

    def settings(self, **changes: object) -> Settings:
        """Settings that name it."""
        return settings_of(self.url, **changes)


def settings_of(url: str, **changes: object) -> Settings:
    """Settings that name a vivenu at `url`."""
    fixed = {"vivenu_api_base_url": url, "vivenu_api_key": SIMULATED_TOKEN, "random_seed": 1, "vivenu_page_size": 50}
    return settings_from(fixed | changes)


@contextmanager
def open_organiser(*, events: int = 5, tickets: int = 600, seed: int = 0) -> Iterator[Organiser]:
    """An organiser of a few events around `NOW`."""
    organiser = Organiser("", organised_world(NOW, events=events, tickets=tickets, seed=seed))
    app = create_vivenu_app(
        organiser.world,
        clock=lambda: NOW,
        is_valid=organiser.desk.is_valid,
        hand_over=organiser.desk.hand_over,
        faults=organiser.faults,
        log=organiser.log,
    )
    with serve(app) as served:
        organiser.url = served.url
        yield organiser


@asynccontextmanager
async def open_client(settings: Settings, **options: Any) -> AsyncIterator[VivenuClient]:  # noqa: ANN401 - handed through
    """A client that hardly waits between tries."""
    async with open_vivenu_api(settings, policy=quick_policy(settings)) as api:
        yield VivenuClient(api, page_size=settings.tuning.vivenu_page_size, **({"overlap": OVERLAP} | options))


def quick_policy(settings: Settings) -> RetryPolicy:
    """The policy of the settings, almost without waits."""
    policy = RetryPolicy.from_settings(settings)
    return replace(policy, first_wait_seconds=0.001, jitter_seconds=0.0)
