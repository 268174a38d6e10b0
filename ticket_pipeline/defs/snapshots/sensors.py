"""The sensors that poll what is due. A tick chooses; it never fetches."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST, poll_job_name
from ticket_pipeline.defs.partitions import sync_keys
from ticket_pipeline.defs.resources import Clock, SettingsResource, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.ingest.due import Skip, choose_batch
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.schedule import renew_lease
from ticket_pipeline.storage.watchlist import read_keys

_LONGEST_RUN_SECONDS = "3600"
"""A run whose process and daemon died together stays "started"; past this time Dagster ends it. A full batch takes
minutes."""

_WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
_LONGEST_WAIT = timedelta(minutes=15)
"""A run that has not begun by then never will: its daemon died."""


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
            "breaker and budget; the lease of a run that died expires, and its events are due again."
        ),
    )
    def poll_due_events(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        timescaledb: TimescaleDBResource = context.resources.timescaledb
        resource: SettingsResource = getattr(context.resources, marketplace)
        with timescaledb.database() as database:
            # Events that the command line synced become partitions here, and those that it deleted go.
            sync_keys(context.instance, marketplace, partial(read_keys, database, marketplace))
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
        tags = {
            "ticket_pipeline/marketplace": str(marketplace),
            "ticket_pipeline/events": str(len(choice.events)),
            "dagster/max_runtime": _LONGEST_RUN_SECONDS,
            **OURS_FIRST,
        }
        run_config = {"ops": {source.asset_name: {"config": config}}}
        return dg.SensorResult([dg.RunRequest(str(choice.lease_id), run_config, tags)])

    return poll_due_events


def _waiting_runs(instance: dg.DagsterInstance, job_name: str, now: datetime) -> list[dg.DagsterRun]:
    """The runs of the job that were requested a short while ago and have not begun.

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
