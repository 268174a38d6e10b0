"""Pipelines by configuration: each file becomes a Dagster job, and a schedule where it names a cron line.

What belongs here: a checked file to ops, and what an op does around its tables: enabled, condition, time-out, failure.
What does not: reading files (`ticket_pipeline.primary_sales.pipelines`) and making tables (`primary_sales_work`).

Dagster runs them: its graph orders the steps, its retry policy tries again, its executor runs them side by side. A file
that cannot be used becomes a job that says why, so that it is seen and takes nothing else down.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from ticket_pipeline.defs.pipeline import Pipeline
from ticket_pipeline.defs.primary_sales_work import FETCHING, WORK, Work
from ticket_pipeline.defs.schedules import build_vivenu_schedule
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.primary_sales.pipelines import PipelineFile, RefusedPipeline, Step, read_pipelines
from ticket_pipeline.settings import Settings

SKIP_FETCH_TAG = "ticket_pipeline/skip_fetch"
"""A run with this tag at `true` sends no request."""

_VERDICT = "VERDICT"  # no step can be named so: their names are in lower case
_OUTCOME = "outcome"
_FAILED = "failed"


class StepTimedOut(Exception):
    """A step took longer than its file allows."""


def build_pipelines(settings: Settings) -> tuple[list[dg.JobDefinition], list[dg.ScheduleDefinition]]:
    """The jobs and schedules of every pipeline file."""
    pipelines, refused = read_pipelines(settings.pipelines_dir)
    jobs = [_build_job(pipeline) for pipeline in pipelines]
    taken = {job.name for job in jobs}
    broken = [_build_refused(one, taken) for one in refused]
    schedules = [
        build_vivenu_schedule(f"{one.job_name}_regularly", one.job_name, one.cron, one.description)
        for one in pipelines
        if one.cron is not None
    ]
    return [*jobs, *broken], schedules


def _build_job(pipeline: PipelineFile) -> dg.JobDefinition:
    """One op per step, ordered by what each waits for; the last one fails the run where a step failed."""
    ops = [_build_op(pipeline, step) for step in pipeline.steps]
    waits: dict[str, list[str]] = {step.name: pipeline.waits_for(step) for step in pipeline.steps}
    if pipeline.on_failure == "continue":
        ops.append(_build_verdict(pipeline))
        waits[_VERDICT] = [step.name for step in pipeline.steps]
    dependencies: Mapping[Any, Any] = {
        dg.NodeInvocation(op.name, alias=name): {
            "start": dg.MultiDependencyDefinition([dg.DependencyDefinition(other) for other in waits[name]])
        }
        if waits[name]
        else {}
        for op, name in zip(ops, waits, strict=True)
    }
    graph = dg.GraphDefinition(pipeline.job_name, node_defs=ops, dependencies=dependencies)
    is_parallel = pipeline.execution == "parallel"
    return graph.to_job(
        description=_describe(pipeline),
        executor_def=dg.multiprocess_executor.configured({"max_concurrent": pipeline.max_parallel_steps})
        if is_parallel
        else dg.in_process_executor,
        tags={"ticket_pipeline/pipeline": pipeline.name},
    )


def _build_op(pipeline: PipelineFile, step: Step) -> dg.OpDefinition:
    @dg.op(
        name=f"{pipeline.job_name}__{step.name}",
        description=_describe_step(step),
        ins={"start": dg.In(dg.Nothing)} if pipeline.waits_for(step) else {},
        out=dg.Out(dg.Nothing, is_required=False),
        retry_policy=dg.RetryPolicy(max_retries=step.retries, delay=step.retry_delay_seconds) if step.retries else None,
        required_resource_keys={"pipeline"},
    )
    def run_step(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        outcome = _run_step(context, pipeline, step)
        if outcome is not None:
            context.log.info("pipeline step %s: %s", step.name, outcome)
            yield dg.Output(None, metadata={_OUTCOME: outcome})

    return run_step


def _run_step(context: dg.OpExecutionContext, pipeline: PipelineFile, step: Step) -> str | None:
    """Do what the step is for; how that ended, or None where what follows must not run either."""
    if not step.enabled:
        return "disabled in its file, so nothing was done"
    if pipeline.on_failure == "stop" and (failed := _failed_steps(context)):
        context.log.warning("pipeline step %s: not started, %s failed", step.name, failed[0])
        return None
    skip_fetch = context.run.tags.get(SKIP_FETCH_TAG) == "true"
    if step.condition == "new_tickets" and not skip_fetch and not _has_new_tickets(context):
        return "not needed, no ticket is new or changed"
    try:
        with _time_limit(step):
            made = _make_tables(context, pipeline, step, skip_fetch=skip_fetch)
    except (TicketPipelineError, StepTimedOut, dg.Failure) as error:
        if pipeline.on_failure == "continue" and context.retry_number >= step.retries:
            context.log.error("pipeline step %s: %s, the others go on: %s", step.name, _FAILED, error)  # noqa: TRY400 - told
            return f"{_FAILED}: {error}"
        if isinstance(error, dg.Failure):
            raise
        raise dg.Failure(f"The step {step.name} failed: {error}") from error
    return f"made {', '.join(made)}" if made else "nothing to fetch in this run"


def _make_tables(context: dg.OpExecutionContext, pipeline: PipelineFile, step: Step, *, skip_fetch: bool) -> list[str]:
    resource: Pipeline = context.resources.pipeline
    work = Work(context, resource, full=pipeline.full_refresh, skip_fetch=skip_fetch)
    tables = [table for table in step.tables if not (skip_fetch and table in FETCHING)]
    with resource.database() as database:
        for table in tables:
            metadata = WORK[table](work, database)
            context.log_event(dg.AssetMaterialization(table, metadata=metadata))
    return tables


def _build_verdict(pipeline: PipelineFile) -> dg.OpDefinition:
    @dg.op(
        name=f"{pipeline.job_name}__{_VERDICT}",
        description="Fails the run where a step failed, naming each.",
        ins={"start": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
    )
    def verdict(context: dg.OpExecutionContext) -> None:
        logs = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
        outcomes = {
            str(entry.step_key): entry.dagster_event.step_output_data.metadata.get(_OUTCOME)
            for entry in logs
            if entry.dagster_event is not None
        }
        failed = [
            f"{name}: {one.value}" for name, one in outcomes.items() if one and str(one.value).startswith(_FAILED)
        ]
        if failed:
            raise dg.Failure(
                f"{len(failed)} of {len(pipeline.steps)} steps failed; the others are done.\n" + "\n".join(failed),
                allow_retries=False,
            )

    return verdict


def _build_refused(refused: RefusedPipeline, taken: set[str]) -> dg.JobDefinition:
    """A job that only says why its file is refused."""
    stem = "".join(char if char.isalnum() and char.isascii() else "_" for char in refused.file.partition(".")[0])
    name = f"vivenu_{stem}_refused"
    while name in taken:
        name += "_"
    taken.add(name)

    @dg.op(name=f"{name}__reason", description="Says what is wrong with the file.")
    def reason() -> None:
        raise dg.Failure(refused.reason, allow_retries=False)

    return dg.GraphDefinition(name, node_defs=[reason]).to_job(
        description=f"Refused, and cannot be run:\n\n```\n{refused.reason}\n```"
    )


def _failed_steps(context: dg.OpExecutionContext) -> list[str]:
    logs = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [str(entry.step_key) for entry in logs]


def _has_new_tickets(context: dg.OpExecutionContext) -> bool:
    """Whether this run read tickets that are new or changed; where it read none at all, nothing speaks against."""
    logs = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = [entry.dagster_event for entry in logs if entry.dagster_event is not None]
    counts = [
        sum(int(str(metadata[name].value)) for name in ("added", "changed", "gone"))
        for event in events
        if event.asset_key == dg.AssetKey("vivenu_tickets")
        and "added" in (metadata := event.step_materialization_data.materialization.metadata)
    ]
    return not counts or sum(counts) > 0


@contextmanager
def _time_limit(step: Step) -> Iterator[None]:
    """Interrupt the block when the step's time is over.

    By a signal, since nothing else ends a statement or a request that hangs; Dagster runs steps in the main thread of
    their process, and elsewhere there is no limit.
    """
    if step.timeout_minutes is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise StepTimedOut(f"it took longer than {step.timeout_minutes:g} minutes (timeout_minutes)")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, step.timeout_minutes * 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _describe(pipeline: PipelineFile) -> str:
    """What the UI shows of a pipeline."""
    order = (
        f"{pipeline.max_parallel_steps} steps at once" if pipeline.execution == "parallel" else "one after the other"
    )
    after = "stops at a failure" if pipeline.on_failure == "stop" else "goes on after a failure"
    steps = "\n".join(f"- {step.name}: {_describe_step(step)}" for step in pipeline.steps)
    return f"{pipeline.description}\n\nRuns {order} and {after}.\n\n{steps}"


def _describe_step(step: Step) -> str:
    rules = [
        "disabled" if not step.enabled else "",
        f"at most {step.timeout_minutes:g} min" if step.timeout_minutes else "",
        f"{step.retries} retries" if step.retries else "",
        "only where tickets are new or changed" if step.condition == "new_tickets" else "",
    ]
    return ", ".join([*step.tables, *(rule for rule in rules if rule)])
