"""Asking by itself: what fetching costs, permits and all, of a marketplace in another process.

What belongs here: the pipeline's own client and gate, as a run opens them. What does not: what is done with answers.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from benchmarks.ground import spend
from benchmarks.marketplace import open_marketplace
from ticket_pipeline.ingest.marketplaces import find_source
from ticket_pipeline.ingest.poll import build_gate, set_up_requests
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.ground import Ground
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Database

AT_ONCE = 32


def unlimited(marketplace: str) -> dict[str, str]:
    """Settings with limits so high that only the marketplace of this URL holds a run back."""
    return {
        "STUBHUB_API_BASE_URL": marketplace,
        "STUBHUB_REQUESTS_PER_MINUTE": "10000",
        "HTTPX_MAX_CONNECTIONS": str(AT_ONCE),
        "MIN_REQUEST_DELAY": "0",
        "MAX_REQUEST_DELAY": "0",
    }


def measure_asking(ground: Ground, database: Database, events: Sequence[Event], listings: int, latency: float) -> float:
    """Seconds of CPU, client and server, that asking once for an event of so many listings takes."""
    with open_marketplace(len(events), listings, latency) as marketplace:
        chosen = {name.lower(): value for name, value in unlimited(marketplace).items()}
        settings = load_settings(database_url=database.url, **chosen)
        source = find_source(Marketplace.STUBHUB, settings)
        set_up_requests(database, settings, source)

        async def ask(some: Sequence[Event]) -> None:
            gate = build_gate(database, settings, Marketplace.STUBHUB, Random(0))  # noqa: S311 - spacing
            async with source.open_client(settings, gate=gate, clock=lambda: datetime.now(UTC)) as client:
                waiting = iter(some)

                async def work() -> None:
                    for event in waiting:
                        await client.fetch_listings(event.external_id)

                async with asyncio.TaskGroup() as group:
                    for _ in range(AT_ONCE):
                        group.create_task(work())

        asyncio.run(ask(events[:AT_ONCE]))  # until then statements are prepared
        return spend(ground, lambda: asyncio.run(ask(events)))[1].cpu / len(events)
