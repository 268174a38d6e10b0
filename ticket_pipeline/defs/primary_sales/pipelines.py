"""Pipeline files as Dagster jobs and schedules: an asset job for each file, and a schedule where it has a cron line.

Dagster orders the assets, runs them and retries them; a step of a file only gives its tables their config. Reading the
files is in `ticket_pipeline.primary_sales.pipeline_files`.
"""

import logging
from typing import TYPE_CHECKING, Any

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST, asset_key
from ticket_pipeline.defs.resources import VivenuResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.primary_sales.pipeline_files import FETCHED, PipelineFile, RejectedFile, Step, read_pipelines
from ticket_pipeline.settings.model import Settings

if TYPE_CHECKING:
    # What `dg.define_asset_job` returns; no public name exists.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

_log = logging.getLogger(__name__)

Built = tuple[list["UnresolvedAssetJobDefinition"], list[dg.ScheduleDefinition], list[RejectedFile]]


def build_pipelines(settings: Settings) -> Built:
    """The jobs and schedules of the pipeline files, and the files that are rejected."""
    jobs: list[UnresolvedAssetJobDefinition] = []
    schedules: list[dg.ScheduleDefinition] = []
    pipelines, rejected = read_pipelines(settings.pipelines_dir)
    for pipeline in pipelines:
        try:
            schedules += _build_schedule(settings, pipeline)
        except dg.DagsterInvalidDefinitionError as error:
            reason = f"The pipeline {pipeline.name} has a cron expression that Dagster rejects: {error}"
            rejected.append(RejectedFile(pipeline.name, reason))
        else:
            jobs.append(_build_job(pipeline, settings.dagster_key_prefix))
    return jobs, schedules, rejected


def log_rejected_files(settings: Settings) -> None:
    """Log a warning for each pipeline file that is rejected."""
    for one in build_pipelines(settings)[2]:
        _log.warning("Rejected a pipeline file; the others are loaded. %s", one.reason)


def config_of(pipeline: PipelineFile, *, fetch: bool = True) -> dict[str, Any]:
    """The run config of a pipeline; without fetching: for the tables that can be made from stored data alone."""
    tables = {table: step for table, step in pipeline.rules.items() if fetch or table not in FETCHED}
    return {
        "ops": {table: {"config": _rules(step, pipeline, fetch=fetch)} for table, step in tables.items()},
    }


def _rules(step: Step, pipeline: PipelineFile, *, fetch: bool) -> dict[str, Any]:
    limit = {} if step.timeout_minutes is None else {"timeout_minutes": step.timeout_minutes}
    return limit | {
        "full": pipeline.full_refresh,
        "fetch": fetch,
        "only_if_new_tickets": fetch and step.condition == "new_tickets",
        "retries": step.retries,
        "retry_delay_seconds": step.retry_delay_seconds,
    }


def _build_job(pipeline: PipelineFile, prefix: str | None) -> "UnresolvedAssetJobDefinition":
    if pipeline.execution == "parallel":
        executor = dg.multiprocess_executor.configured({"max_concurrent": pipeline.max_parallel_steps})
    else:
        executor = dg.in_process_executor
    return dg.define_asset_job(
        pipeline.job_name,
        selection=dg.AssetSelection.assets(*(asset_key(table, prefix) for table in pipeline.rules)),
        config=config_of(pipeline),
        description=pipeline.description,
        run_tags={"ticket_pipeline/pipeline": pipeline.name, **_longest_run(pipeline)},
        executor_def=executor,
    )


def _longest_run(pipeline: PipelineFile) -> dict[str, str]:
    """Dagster's own limit for the run, as long as all tries of all tables together, where every one has a limit."""
    total = 0.0
    for step in pipeline.rules.values():
        if step.timeout_minutes is None:
            return {}
        total += step.timeout_minutes * 60 * (step.retries + 1) + step.retry_delay_seconds * step.retries
    return {"dagster/max_runtime": f"{total:.0f}"}


def _build_schedule(settings: Settings, pipeline: PipelineFile) -> list[dg.ScheduleDefinition]:
    """A schedule for a pipeline with a cron expression; it starts nothing where vivenu is not configured."""
    if pipeline.cron is None:
        return []

    @dg.schedule(
        name=f"{pipeline.job_name}_regularly",
        job_name=pipeline.job_name,
        cron_schedule=pipeline.cron,
        default_status=dg.DefaultScheduleStatus(start_status(settings)),
        description=pipeline.description,
    )
    def due(vivenu: VivenuResource) -> dg.RunRequest | dg.SkipReason:
        used = vivenu.settings_in_use()
        if used.is_disabled("vivenu") or used.vivenu_base_url is None:
            return dg.SkipReason("vivenu is not configured. Set VIVENU_API_KEY to your organiser's key.")
        # Dagster leaves out a job's own config where the job has partitions and the run is for none of them.
        return dg.RunRequest(run_config=config_of(pipeline), tags=OURS_FIRST)

    return [due]
