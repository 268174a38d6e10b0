"""`start-scheduler` and `resume`: polling without Dagster, in the foreground, on the same schedule and leases.

It may run beside Dagster, or on several machines: leases give every event to one of them at a time.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from ticket_pipeline.alerts.follow import follow_alerts
from ticket_pipeline.alerts.operations import SYNC_JOB, note_failed_run, watch_operations
from ticket_pipeline.cli.formats import utc_now
from ticket_pipeline.cli.options import IntervalHours
from ticket_pipeline.cli.rebuilding import rebuild_hours, rebuild_stale_days
from ticket_pipeline.cli.session import describe_problems, open_migrated
from ticket_pipeline.cli.tables import note, show
from ticket_pipeline.cli.watchlist import describe_lost_ids, describe_sync
from ticket_pipeline.errors import ConfigurationError, StorageUnavailable, TicketPipelineError
from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.ingest.due import Skip, choose_batch
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.unexpected_errors import unexpected_as_failure
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.market.waits import show_asked_wait
from ticket_pipeline.queries.sources import read_pauses
from ticket_pipeline.settings.model import JitterStrategy, Settings, load_settings
from ticket_pipeline.sheet.sync import sync_events
from ticket_pipeline.storage.prices import HOUR, read_stale_windows
from ticket_pipeline.storage.requests import reset_breaker
from ticket_pipeline.storage.schedule import release_lease

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_WATCH_EVERY = timedelta(minutes=1)


def start_scheduler(
    *,
    interval_hours: IntervalHours = None,
    randomization: Annotated[
        JitterStrategy | None,
        typer.Option(help="How intervals are jittered; unset: as in the settings."),
    ] = None,
    sync_minutes: Annotated[
        float, typer.Option(min=1, max=1440, help="How often the watchlist is read again, minutes.")
    ] = 10,
    once: Annotated[bool, typer.Option("--once", help="One round of all of it, then stop: for cron.")] = False,
) -> None:
    """Keep polling what is due, without Dagster: sync the watchlist, poll, rebuild prices; Ctrl-C ends it.

    Nearer events are polled more often than the interval (see `plan`). Ctrl-C stops at once: what is stored stays, and
    what was not fetched stays due.

    With --once, exit code 1: events were due and none could be fetched, or the watchlist could not be read, or the
    database was lost. 0: at least one was fetched, or nothing was due. Failures are named on stderr.

        ticket-pipeline start-scheduler --interval-hours 6 --randomization poisson
    """
    chosen = {"base_scrape_interval_hours": interval_hours, "default_randomization_strategy": randomization}
    settings = load_settings(**{name: value for name, value in chosen.items() if value is not None})
    with open_migrated(settings) as database:
        scheduler = Scheduler(database, settings, now=utc_now, sync_every=timedelta(minutes=sync_minutes))
        scheduler.sync()
        has_succeeded = asyncio.run(_run(scheduler, once=once))
    if once and not has_succeeded:
        raise typer.Exit(1)


def resume(
    marketplace: Annotated[Marketplace, typer.Argument(metavar="MARKETPLACE", help="Whose pause ends.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also end a wait that the marketplace asked for (Retry-After).")
    ] = False,
) -> None:
    """End the pause of a marketplace after its cause is fixed: new credentials after a block, for example.

    A wait that the marketplace asked for is its own limit, and stays; --force ends it too.

        ticket-pipeline resume stubhub
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        pause = read_pauses(database, utc_now()).get(marketplace)
        was_paused = reset_breaker(database, marketplace, force=force)
    if pause is not None and pause.asked_until is not None and not force:
        ended = f"The pause of {marketplace} is over, but not its own wait: " if was_paused else ""
        wait = show_asked_wait(marketplace, pause.asked_until, utc_now())
        show(f"{ended}{wait}. To send requests sooner: ticket-pipeline resume {marketplace} --force")
    elif was_paused or pause is not None:
        obstacle = why_not_polled(SOURCES[marketplace], settings)
        over = f"{marketplace} is polled again; its events are due as scheduled."
        show(over if obstacle is None else f"The pause of {marketplace} is over, but it is not polled: {obstacle}")
    else:
        show(f"{marketplace} was not paused. For its state: ticket-pipeline sources")


@dataclass(slots=True)
class Scheduler:
    """One round after another of what Dagster's sensors and schedules do; `report` takes each line of what happens."""

    database: Database
    settings: Settings
    now: Callable[[], datetime]
    sync_every: timedelta
    report: Callable[[str], None] = note
    _synced_at: datetime | None = None
    _refreshed_at: datetime | None = None
    _watched_at: datetime | None = None
    _sync_error: str | None = None
    _skips: set[Marketplace] = field(default_factory=set)
    """Marketplaces whose reason for not polling was shown already: once, not at every tick."""

    async def round(self) -> bool:
        """Sync if it is time, poll what is due, rebuild what changed. A database that is away is reported, not fatal.

        Returns False where events were due and none could be fetched, or the database was away.
        """
        due = stored = 0
        try:
            if self._synced_at is None or self.now() - self._synced_at >= self.sync_every:
                await asyncio.to_thread(self._sync_or_report)
            for marketplace in SOURCES:
                tried, fetched = await self._poll(marketplace)
                due += tried
                stored += fetched
            await asyncio.to_thread(self.rebuild)
            await asyncio.to_thread(self.watch)
        except StorageUnavailable as error:
            self._log(f"{error} Trying again at the next round.")
            return False
        return stored > 0 or due == 0

    def sync(self) -> None:
        """Bring the events to the watchlist, and delete raw bodies older than RAW_PAYLOAD_DAYS."""
        is_first, self._synced_at = self._synced_at is None, self.now()
        synced = sync_events(self.database, self.settings, self.now())
        lost_ids = describe_lost_ids(synced)
        if is_first or synced.result.added or synced.result.changed or synced.result.untracked or lost_ids:
            for line in (describe_sync(synced)[0], *lost_ids):
                self._log(line)
        cut = self.now() - timedelta(days=self.settings.raw_payload_days)
        self.database.execute("maintenance/delete_old_payloads", cut=cut)

    def _sync_or_report(self) -> None:
        """Polling goes on after a sync that fails, be it because of a bug."""
        try:
            with unexpected_as_failure("sync the watchlist"):
                self.sync()
            self._sync_error = None
        except StorageUnavailable:
            raise
        except TicketPipelineError as error:
            self._sync_error = str(error)
            self._log(f"{error} Polling goes on; the next sync tries again.")

    def rebuild(self) -> None:
        """Rebuild changed hours, the current one only every `prices_refresh_minutes`, and then their days."""
        now = self.now()
        hours = read_stale_windows(self.database, "hour")
        if self._refreshed_at is not None and now - self._refreshed_at < timedelta(
            minutes=self.settings.tuning.prices_refresh_minutes
        ):
            hours = [hour for hour in hours if hour + HOUR <= now]
        else:
            self._refreshed_at = now
        if hours:
            rebuild_hours(self.database, hours)
            rebuild_stale_days(self.database)

    def watch(self) -> None:
        """Look for incidents once a minute, and deliver what is due. Jobs of a Dagster beside it are left to that."""
        now = self.now()
        if self._watched_at is not None and now - self._watched_at < _WATCH_EVERY:
            return
        self._watched_at = now
        try:
            if self._sync_error is not None:
                note_failed_run(self.database, self.settings, SYNC_JOB, self._sync_error, now)
            is_synced = self._sync_error is None
            watch_operations(
                self.database,
                self.settings,
                polled=[name for name, source in SOURCES.items() if why_not_polled(source, self.settings) is None],
                this_moment=now,
                failing_jobs=lambda incidents: (
                    {one.subject for one in incidents} - ({SYNC_JOB} if is_synced else set())
                ),
            )
            follow_alerts(self.database, self.settings, self.now)
        except ConfigurationError as error:
            self._log(str(error))

    async def _poll(self, marketplace: Marketplace) -> tuple[int, int]:
        """How many events were due, and how many of them were stored."""
        choice = await asyncio.to_thread(
            choose_batch, self.database, self.settings, marketplace, this_moment=self.now(), lease_id=uuid4()
        )
        if isinstance(choice, Skip):
            if marketplace not in self._skips:
                self._log(f"{marketplace}: {choice.reason}")
            self._skips.add(marketplace)
            return choice.due, 0
        self._skips.discard(marketplace)
        self._log(f"{marketplace}: {len(choice.events)} events are due.")
        try:
            outcome = await poll_events(
                self.database,
                self.settings,
                marketplace,
                choice.events,
                now=self.now,
                lease=Lease(choice.lease_id, timedelta(seconds=self.settings.tuning.lease_seconds)),
                run_id=f"scheduler-{choice.lease_id}",
            )
        except asyncio.CancelledError:
            # Stopped in the middle: what was not fetched is due again at once, not when the lease runs out.
            release_lease(self.database, choice.lease_id)
            raise
        for problem in describe_problems(outcome):
            self._log(problem)
        stored = len(outcome.results) - len(outcome.failures)
        listings = sum(result.listings for result in outcome.results)
        self._log(f"{marketplace}: {stored} events stored ({listings:,} listings), {len(outcome.failures)} failed.")
        return len(choice.events), stored

    def _log(self, text: str) -> None:
        self.report(f"{self.now():%Y-%m-%d %H:%M:%S} UTC  {text}")


async def _run(scheduler: Scheduler, *, once: bool) -> bool:
    """Rounds until Ctrl-C or SIGTERM, which cancels the current one; returns whether the last one succeeded."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        while True:
            has_succeeded = await scheduler.round()
            if once:
                return has_succeeded
            await asyncio.sleep(scheduler.settings.tuning.poll_tick_seconds)
    except asyncio.CancelledError:
        scheduler.report("Stopped. What was not fetched stays due.")
        return False
