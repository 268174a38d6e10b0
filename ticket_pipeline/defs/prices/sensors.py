"""The sensor that rebuilds prices that are out of date."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST, AssetJob
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.market.waits import show_wait
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.archive import count_archived_hours
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import DAY, HOUR, Span, contiguous_spans, read_stale_windows

# The tags by which a run takes a range of partitions; Dagster documents them, but exports no names for them.
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

_LONGEST_RUN_SECONDS = "1200"
_MOST_WINDOWS = 24 * 31
"""Windows in one rebuild run: a month of hours takes minutes, and its progress is kept day by day."""

_NOT_BEGUN = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
_LONGEST_WAIT = timedelta(minutes=15)
_LONGEST_REBUILD = timedelta(minutes=30)
"""Longer than its longest time, after which run monitoring ends it."""

_REST_AFTER_FAILURE = timedelta(minutes=5)


def build_rebuild_sensor(jobs: Sequence[AssetJob], settings: Settings, now: Clock) -> dg.SensorDefinition:
    """The sensor that keeps hourly and daily prices up to date; `jobs` are the two that it starts."""

    @dg.sensor(
        name="rebuild_stale_prices",
        jobs=jobs,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus(start_status(settings)),
        description=(
            "Rebuilds the hours and days in which something changed: new, late or newly trusted captures and failed "
            "attempts mark their window. Catches up after downtime. The current window is refreshed every "
            f"{settings.tuning.prices_refresh_minutes:g} minutes."
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
        longest = _LONGEST_WAIT if run.status in _NOT_BEGUN else _LONGEST_REBUILD
        is_dead = run.status is not dg.DagsterRunStatus.QUEUED and since < now - longest
        return None if is_dead else f"{job} is under way"
    if run.status is dg.DagsterRunStatus.FAILURE and ended is not None:
        rest = min(datetime.fromtimestamp(ended, UTC), now) + _REST_AFTER_FAILURE - now
        if rest > timedelta():
            return f"{job} failed; it is tried again in {show_wait(rest)}"
    return None


def _choose_span(
    database: Database, settings: Settings, now: datetime, grain: str, step: timedelta, refreshed_at: str | None
) -> Span | str:
    """The oldest contiguous stale windows; the current one only if its last refresh is long enough ago."""
    # A window before the first partition has no key that a run could be given.
    first = datetime.combine(settings.prices_start_date, time(), UTC)
    windows = read_stale_windows(database, grain, starts_from=first)
    over = [start for start in windows if start + step <= now]
    refresh = timedelta(minutes=settings.tuning.prices_refresh_minutes)
    # A later one is of a clock that was set back since.
    next_refresh = min(datetime.fromisoformat(refreshed_at), now) + refresh if refreshed_at else now
    span = next(contiguous_spans(windows if next_refresh <= now else over, step, most=_MOST_WINDOWS), None)
    if span is not None:
        return span
    if windows:
        return f"the current {grain} is refreshed in {show_wait(next_refresh - now)}"
    if early := read_stale_windows(database, grain):
        return f"{len(early)} {grain}s before PRICES_START_DATE are out of date; an earlier date would rebuild them"
    if grain == "hour" and (waiting := count_archived_hours(database)):
        return (
            f"{waiting} hours are out of date and archived; `ticket-pipeline archive restore` would let them be rebuilt"
        )
    return f"no {grain} is out of date"


def _request_rebuild(job: str, grain: str, step: timedelta, span: Span) -> dg.RunRequest:
    key_format = "%Y-%m-%d-%H:%M" if grain == "hour" else "%Y-%m-%d"
    first, last = (moment.astimezone(UTC).strftime(key_format) for moment in (span.start, span.end - step))
    tags = {_RANGE_START: first, _RANGE_END: last, "dagster/max_runtime": _LONGEST_RUN_SECONDS, **OURS_FIRST}
    return dg.RunRequest(job_name=job, tags=tags)
