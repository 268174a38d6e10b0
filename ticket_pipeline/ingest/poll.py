"""Poll events of one marketplace under these settings, for Dagster and for the command line."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from ticket_pipeline.alerts.follow import AlertsReport, follow_alerts
from ticket_pipeline.ingest.attempts import PollContext, update_breaker
from ticket_pipeline.ingest.batch import PollBatch
from ticket_pipeline.ingest.cadence import Cadence
from ticket_pipeline.ingest.jitter import draw_factor
from ticket_pipeline.ingest.marketplaces import find_source
from ticket_pipeline.ingest.origin import claim_origin
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterIngest
from ticket_pipeline.sheet.sync import load_zone_map
from ticket_pipeline.storage.admission_rules import read_admission_rules
from ticket_pipeline.storage.attempts import BackOff
from ticket_pipeline.storage.cache import PostgresCache
from ticket_pipeline.storage.changes import build_change_rules
from ticket_pipeline.storage.request_gate import BreakerRule, PostgresGate, SearchGate
from ticket_pipeline.storage.requests import Spacing, set_up_budget
from ticket_pipeline.storage.run_summaries import stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from ticket_pipeline.ingest.batch import BatchIngest, BatchResult, Lease
    from ticket_pipeline.ingest.marketplaces import Source
    from ticket_pipeline.ingest.results import EventResult
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

_FIRST_BREAKER_PAUSE = timedelta(minutes=5)
_MAX_BREAKER_PAUSE = timedelta(hours=6)
_BLOCKED_PAUSE = timedelta(days=1)
BACK_OFF = BackOff(timedelta(minutes=5), timedelta(hours=6))
_MAX_BUDGET_WAIT = timedelta(minutes=5)
"""A run waits this long for a place in the budget; past it, its events go back to the schedule."""


async def poll_events(  # noqa: PLR0913 - the last ones are keywords with defaults
    database: Database,
    settings: Settings,
    marketplace: Marketplace,
    events: Sequence[Event],
    *,
    now: Callable[[], datetime],
    on_results: Callable[[Sequence[EventResult]], None] = lambda _: None,
    lease: Lease | None = None,
    run_id: str | None = None,
    open_client: Callable[..., AbstractAsyncContextManager[Any]] | None = None,
    on_alerts: Callable[[AlertsReport], None] = lambda _: None,
) -> BatchResult:
    """Fetch, validate and store these events of a marketplace, each once.

    Args:
        database: migrated.
        settings: credentials, limits, cadence.
        marketplace: whose events.
        events: what to fetch.
        now: the clock, aware UTC.
        on_results: called with each stored group, in a worker thread, while the others go on.
        lease: where a sensor leased the batch.
        run_id: stored with every attempt.
        open_client: opens the client with the keywords `gate`, `clock` and, for event details, `cache`.
        on_alerts: called with what the captures meant for alerts, where ALERTS is set.
    """
    source = find_source(marketplace, settings)
    claim_origin(database, settings)
    # One source each: gaps and intervals are drawn in different threads, and a seed must repeat both.
    spacing, jitter = (Random(settings.tuning.random_seed) for _ in range(2))  # noqa: S311 - jitter, not cryptography
    set_up_requests(database, settings, source)
    # A single event that a person asked for by hand may use what polling leaves to people.
    is_polling = lease is not None or len(events) > 1
    gate = build_gate(database, settings, marketplace, spacing, is_polling=is_polling)
    context = PollContext(
        database,
        marketplace,
        BACK_OFF,
        lambda: draw_factor(
            settings.default_randomization_strategy, jitter, settings.min_random_factor, settings.max_random_factor
        ),
        keep_body=settings.raw_payload_days > 0,
        change_rules=build_change_rules(settings),
        run_id=run_id,
    )
    async with _open_ingest(source, settings, gate, context, now, open_client) as ingest:
        batch = PollBatch(
            ingest,
            now=now,
            max_concurrent=settings.httpx_max_connections,
            on_results=on_results,
            on_stored=lambda results: update_breaker(gate, results),
            lease=lease,
        )
        result = await batch.run(events)
    if source.has_listings:
        from ticket_pipeline.storage.sales import build_sale_rules, update_sales  # noqa: PLC0415 - numpy, as pandas above

        with stage("sales"):
            await asyncio.to_thread(update_sales, database, build_sale_rules(settings))
        with stage("alerts"):
            report = await asyncio.to_thread(follow_alerts, database, settings, now)
        if report is not None:
            on_alerts(report)
    return result


@asynccontextmanager
async def _open_ingest(
    source: Source,
    settings: Settings,
    gate: PostgresGate,
    context: PollContext,
    now: Callable[[], datetime],
    open_client: Callable[..., AbstractAsyncContextManager[Any]] | None,
) -> AsyncIterator[BatchIngest]:
    open_it = open_client or partial(source.open_client, settings)
    if source.has_listings:
        # It validates with pandas, which takes half a second to load: only polling needs it, not every command.
        from ticket_pipeline.ingest.captures import ListingsIngest  # noqa: PLC0415

        async with open_it(gate=gate, clock=now) as client:
            zone_map, admission = load_zone_map(context.database), read_admission_rules(context.database)
            yield ListingsIngest(context, client, zone_map, admission)
    else:
        cache = PostgresCache(context.database, source.marketplace)
        async with open_it(gate=gate, cache=cache, clock=now) as client:
            yield TicketmasterIngest(context, client)


def set_up_requests(database: Database, settings: Settings, source: Source) -> None:
    """Bring the budgets of a marketplace to the settings. Idempotent."""
    set_up_budget(
        database,
        source.marketplace,
        source.limits(settings),
        max_concurrent=settings.httpx_max_connections,
        polling_limits=source.polling_limits(settings),
    )


def build_gate(
    database: Database,
    settings: Settings,
    marketplace: Marketplace,
    random: Random,
    *,
    is_polling: bool = True,
    is_for_events: bool = True,
    max_wait: timedelta | None = None,
) -> PostgresGate:
    """The shared gate of a marketplace under these settings.

    Args:
        database: with the budgets of `set_up_requests`.
        settings: spacing, longest request, breaker.
        marketplace: whose.
        random: draws the spacing.
        is_polling: False for a person's request, which may use the reserve.
        is_for_events: False for searches, which are not attempts.
        max_wait: a longer wait is refused; None: what suits a run.
    """
    return (PostgresGate if is_for_events else SearchGate)(
        database,
        marketplace,
        spacing=Spacing(settings.min_request_delay, settings.max_request_delay, random),
        hold=timedelta(seconds=settings.tuning.request_timeout_seconds),
        max_wait=_MAX_BUDGET_WAIT if max_wait is None else max_wait,
        is_polling=is_polling,
        rule=BreakerRule(
            threshold=settings.tuning.breaker_failures,
            pause=_FIRST_BREAKER_PAUSE,
            max_pause=_MAX_BREAKER_PAUSE,
            blocked_pause=_BLOCKED_PAUSE,
        ),
    )


def build_cadence(settings: Settings) -> Cadence:
    """The cadence of these settings."""
    base_interval = timedelta(hours=settings.base_scrape_interval_hours)
    return Cadence(base_interval, ((timedelta(), 1.0),)) if settings.tuning.is_cadence_even else Cadence(base_interval)
