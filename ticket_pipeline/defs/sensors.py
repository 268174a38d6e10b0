"""The sensors: what is due is polled, what is out of date is rebuilt. Ticks choose; they never fetch."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import dagster as dg

from ticket_pipeline.defs.jobs import poll_job_name
from ticket_pipeline.defs.resources import Clock, SettingsResource, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.defs.watchlist.assets import register_keys
from ticket_pipeline.ingest.due import Skip, choose_batch, show_wait
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import DAY, HOUR, Span, first_contiguous, read_stale_windows
from ticket_pipeline.storage.schedule import renew_lease
from ticket_pipeline.storage.watchlist import read_keys

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# The tags by which a run takes a range of partitions; Dagster documents them, but exports no names for them.
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

# A run whose process and daemon died together stays "started" for ever; past its longest time Dagster ends it, so that
# it neither fills the queue nor holds up the rebuilds. A full batch takes minutes, and so does a month of hours.
_MAX_RUNTIME = "dagster/max_runtime"
_LONGEST_POLL_SECONDS = "3600"
_LONGEST_REBUILD_SECONDS = "1200"

_MOST_WINDOWS = 24 * 31
"""Windows in one rebuild run: a month of hours takes minutes, and its progress is kept day by day."""

_WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)

_LONGEST_WAIT = timedelta(minutes=15)
"""A run that has not begun by then never will: its daemon died."""

_LONGEST_REBUILD = timedelta(minutes=30)
"""Longer than its longest time, after which run monitoring ends it."""

_REST_AFTER_FAILURE = timedelta(minutes=5)


def build_poll_sensor(source: Source, settings: Settings, now: Clock) -> dg.SensorDefinition:
    """The sensor that starts one run for the events of a marketplace that are due."""
    marketplace = source.marketplace

    @dg.sensor(
        name=f"poll_due_{marketplace}_events",
        job_name=poll_job_name(marketplace),
        minimum_interval_seconds=settings.tuning.poll_tick_seconds,
        default_status=dg.DefaultSensorStatus(start_status(settings)),
        required_resource_keys={"timescaledb", str(marketplace)},
        description=(
            f"Leases the {marketplace} events that are due and starts one run for all of them. Respects backlog, "
            "breaker and budget; a lease whose run dies runs out, and its events are due again."
        ),
    )
    def poll_due_events(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        timescaledb: TimescaleDBResource = context.resources.timescaledb
        resource: SettingsResource = getattr(context.resources, marketplace)
        with timescaledb.database() as database:
            # Ids that the command line synced become partitions here.
            register_keys(context.instance, marketplace, read_keys(database, marketplace))
            if waiting := _waiting_runs(context.instance, poll_job_name(marketplace), now()):
                held_until = now() + timedelta(seconds=settings.tuning.lease_seconds)
                for lease_id in filter(None, (_lease_of(run, source.asset_name) for run in waiting)):
                    renew_lease(database, lease_id, held_until)
                return dg.SkipReason("An earlier batch still waits to be started; nothing more is leased until then.")
            choice = choose_batch(
                database, resource.settings_in_use(), marketplace, this_moment=now(), lease_id=uuid4()
            )
        if isinstance(choice, Skip):
            return dg.SkipReason(choice.reason)
        config = {"event_keys": [event.external_id for event in choice.events], "lease_id": str(choice.lease_id)}
        request = dg.RunRequest(
            run_key=str(choice.lease_id),
            run_config={"ops": {source.asset_name: {"config": config}}},
            tags={
                "ticket_pipeline/marketplace": str(marketplace),
                "ticket_pipeline/events": str(len(choice.events)),
                _MAX_RUNTIME: _LONGEST_POLL_SECONDS,
            },
        )
        return dg.SensorResult(run_requests=[request])

    return poll_due_events


def _waiting_runs(instance: dg.DagsterInstance, job_name: str, now: datetime) -> list[dg.DagsterRun]:
    """The runs of the job that were asked for a short while ago and have not begun.

    On a machine that is too slow for its runs each further one would lease what the waiting ones were promised, and in
    the end none of them would find anything to do. For the same reason a waiting run keeps its lease.
    """
    waiting = dg.RunsFilter(job_name=job_name, statuses=list(_WAITING), created_after=now - _LONGEST_WAIT)
    return [record.dagster_run for record in instance.get_run_records(waiting)]


def _lease_of(run: dg.DagsterRun, asset_name: str) -> UUID | None:
    """The lease that a run was given; None where a person started it."""
    config: Any = run.run_config
    try:
        return UUID(config["ops"][asset_name]["config"]["lease_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def build_rebuild_sensor(
    jobs: Sequence["UnresolvedAssetJobDefinition"], settings: Settings, now: Clock
) -> dg.SensorDefinition:
    """The sensor that keeps hourly and daily prices up to date; `jobs` are the two that it starts."""

    @dg.sensor(
        name="rebuild_stale_prices",
        jobs=jobs,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus(start_status(settings)),
        description=(
            "Rebuilds the hours and days in which something changed: new, late or newly trusted captures and failed "
            "attempts mark their window. Catches up after downtime by itself. The window under way is refreshed every "
            "prices_refresh_minutes (in TUNING)."
        ),
    )
    def rebuild_stale_prices(
        context: dg.SensorEvaluationContext, timescaledb: TimescaleDBResource
    ) -> dg.SensorResult | dg.SkipReason:
        refreshed: dict[str, str] = json.loads(context.cursor or "{}")
        reasons = []
        with timescaledb.database() as database:
            for job, grain, step in (("aggregate_hourly", "hour", HOUR), ("aggregate_daily", "day", DAY)):
                obstacle = _find_obstacle(context.instance, job, now())
                choice = obstacle or _choose_span(database, settings, now(), grain, step, refreshed.get(grain))
                if isinstance(choice, Span):
                    if choice.end > now():
                        refreshed[grain] = now().isoformat()
                    return dg.SensorResult(
                        run_requests=[_request_rebuild(job, grain, step, choice)], cursor=json.dumps(refreshed)
                    )
                reasons.append(choice)
        return dg.SkipReason("; ".join(reasons))

    return rebuild_stale_prices


def _find_obstacle(instance: dg.DagsterInstance, job: str, now: datetime) -> str | None:
    """Why no rebuild should be started now: one is under way, or one failed just now.

    One that does not begin is not an obstacle: whatever was to start it is gone. Neither is one that has taken longer
    than any rebuild does: its process is gone, and without run monitoring it stays STARTED forever. One in the queue
    is, however long: a daemon begins it, and each further one would rebuild the same.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
    if not records:
        return None
    run, ended = records[0].dagster_run, records[0].end_time
    if not run.is_finished:
        since = records[0].create_timestamp
        if records[0].start_time is not None:
            since = datetime.fromtimestamp(records[0].start_time, UTC)
        longest = _LONGEST_WAIT if run.status in _WAITING else _LONGEST_REBUILD
        is_dead = run.status is not dg.DagsterRunStatus.QUEUED and since < now - longest
        return None if is_dead else f"{job} is under way"
    if run.status is dg.DagsterRunStatus.FAILURE and ended is not None:
        rest = datetime.fromtimestamp(ended, UTC) + _REST_AFTER_FAILURE - now
        if rest > timedelta():
            return f"{job} failed; it is tried again in {show_wait(rest)}"
    return None


def _choose_span(
    database: Database, settings: Settings, now: datetime, grain: str, step: timedelta, refreshed_at: str | None
) -> Span | str:
    """The oldest contiguous stale windows; the one under way only if its last refresh is long enough ago."""
    # A window before the first partition has no key that a run could be given.
    first = datetime.combine(settings.prices_start_date, time(), UTC)
    windows = read_stale_windows(database, grain, starts_from=first)
    over = [start for start in windows if start + step <= now]
    refresh = timedelta(minutes=settings.tuning.prices_refresh_minutes)
    next_refresh = datetime.fromisoformat(refreshed_at) + refresh if refreshed_at else now
    span = first_contiguous(windows if next_refresh <= now else over, step, most=_MOST_WINDOWS)
    if span is not None:
        return span
    if windows:
        return f"the {grain} under way is refreshed in {show_wait(next_refresh - now)}"
    return f"no {grain} is out of date"


def _request_rebuild(job: str, grain: str, step: timedelta, span: Span) -> dg.RunRequest:
    key_format = "%Y-%m-%d-%H:%M" if grain == "hour" else "%Y-%m-%d"
    first, last = (moment.astimezone(UTC).strftime(key_format) for moment in (span.start, span.end - step))
    return dg.RunRequest(
        job_name=job, tags={_RANGE_START: first, _RANGE_END: last, _MAX_RUNTIME: _LONGEST_REBUILD_SECONDS}
    )
