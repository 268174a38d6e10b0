"""Poll events of one marketplace under these settings: the one way in for Dagster and for the command line."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from ticket_pipeline.market.trust import TrustRule
from ticket_pipeline.polling.batch import PollBatch
from ticket_pipeline.polling.cadence import Cadence, parse_bands
from ticket_pipeline.polling.ingest import Ingest
from ticket_pipeline.polling.jitter import draw_factor, draw_spacing
from ticket_pipeline.polling.sources import find_source
from ticket_pipeline.polling.sync import load_zone_map
from ticket_pipeline.storage.requests import BreakerRule, PostgresGate, set_up_budget
from ticket_pipeline.storage.schedule import BackOff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.polling.batch import BatchResult, Lease
    from ticket_pipeline.polling.ingest import EventResult
    from ticket_pipeline.settings import Settings
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.schedule import ScheduledEvent

_MAX_BREAKER_PAUSE = timedelta(hours=6)
_MAX_BUDGET_WAIT = timedelta(minutes=5)
"""A run waits this long for a place in the budget; past it, its events go back to the schedule."""


async def poll_events(
    database: Database,
    settings: Settings,
    marketplace: Marketplace,
    events: Sequence[ScheduledEvent],
    *,
    now: Callable[[], datetime],
    on_results: Callable[[Sequence[EventResult]], None] = lambda _: None,
    lease: Lease | None = None,
    run_id: str | None = None,
) -> BatchResult:
    """Fetch, validate and store the listings of these events, each once.

    Args:
        database: migrated.
        settings: credentials, limits, cadence.
        marketplace: whose listings.
        events: what to fetch.
        now: the clock, aware UTC.
        on_results: told of each settled group, in a worker thread, while the others go on.
        lease: where a sensor leased the batch.
        run_id: booked with every attempt.

    Raises:
        ConfigurationError: the marketplace is switched off or its settings are unusable; nothing was sent.
        StorageError: the database refused or stayed away.
    """
    source = find_source(marketplace, settings)
    # One source each: gaps and intervals are drawn in different threads, and a seed must repeat both.
    spacing, jitter = (Random(settings.random_seed) for _ in range(2))  # noqa: S311 - jitter, not cryptography
    set_up_budget(database, marketplace, source.limits(settings), max_concurrent=settings.max_concurrent_requests)
    gate = build_gate(database, settings, marketplace, spacing)
    async with source.open_client(settings, gate, now) as client:
        batch = PollBatch(
            Ingest(
                database=database,
                marketplace=marketplace,
                client=client,
                rule=TrustRule(settings.suspect_drop_fraction, settings.suspect_confirm_fraction),
                back_off=BackOff(
                    timedelta(minutes=settings.retry_base_minutes), timedelta(hours=settings.retry_max_hours)
                ),
                draw_jitter=lambda: draw_factor(
                    settings.default_randomization_strategy,
                    jitter,
                    settings.min_random_factor,
                    settings.max_random_factor,
                ),
                keep_body=settings.raw_payload_days > 0,
                zone_map=load_zone_map(database),
                run_id=run_id,
            ),
            now=now,
            max_concurrent=settings.max_concurrent_requests,
            on_results=on_results,
            lease=lease,
        )
        return await batch.run(events)


def build_gate(database: Database, settings: Settings, marketplace: Marketplace, random: Random) -> PostgresGate:
    """The shared gate of a marketplace under these settings."""
    return PostgresGate(
        database,
        marketplace,
        draw_spacing=lambda: draw_spacing(
            settings.request_delay_bias, random, settings.min_request_delay, settings.max_request_delay
        ),
        hold=timedelta(seconds=settings.http_total_timeout_seconds),
        max_wait=_MAX_BUDGET_WAIT,
        rule=BreakerRule(
            threshold=settings.breaker_failures,
            pause=timedelta(minutes=settings.breaker_pause_minutes),
            max_pause=_MAX_BREAKER_PAUSE,
            blocked_pause=timedelta(hours=settings.blocked_pause_hours),
        ),
    )


def build_cadence(settings: Settings) -> Cadence:
    """The cadence of these settings.

    Raises:
        ConfigurationError: CADENCE_BANDS is malformed.
    """
    return Cadence(timedelta(hours=settings.base_scrape_interval_hours), parse_bands(settings.cadence_bands))
