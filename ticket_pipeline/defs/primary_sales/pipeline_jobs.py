"""Pipelines by configuration: each file becomes a Dagster job, and a schedule where it names a cron line.

What belongs here: a checked file to a graph of ops, and keeping a file that Dagster refuses from the others. What does
not: reading files (`ticket_pipeline.primary_sales.pipeline_files`) and what an op does (`pipeline_steps`).

Dagster runs them: its graph orders the steps, its retry policy tries again, its executor runs them side by side, its
pool keeps runs from fetching at once. A step that fails has failed, one that is skipped was skipped. A file that cannot
be used becomes a job that says why, so that it is seen and takes nothing else down.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType

from ticket_pipeline.defs.primary_sales.pipeline_steps import (
    DONE,
    GO,
    SEEN,
    build_gate,
    build_step,
    describe_step,
    gate_name,
    is_gated,
)
from ticket_pipeline.defs.resources import Clock, build_resources
from ticket_pipeline.defs.schedules import build_vivenu_schedule
from ticket_pipeline.primary_sales.pipeline_files import PipelineFile, RefusedPipeline, Step, read_pipelines
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.yaml_files import Problem

_log = logging.getLogger(__name__)

Built = tuple[list[dg.JobDefinition], list[dg.ScheduleDefinition]]
Assemble = Callable[[Sequence[dg.JobDefinition], Sequence[dg.ScheduleDefinition]], dg.Definitions]
_Handles = list[tuple[str, str]]


def build_pipelines(settings: Settings, now: Clock, assemble: Assemble) -> Built:
    """The jobs and schedules of every pipeline file; a file that Dagster cannot load beside the others is refused.

    Args:
        settings: name the folder.
        now: the clock, aware UTC.
        assemble: makes definitions of jobs and schedules and all else that stands beside them.
    """

    def alone(jobs: Sequence[dg.JobDefinition], schedules: Sequence[dg.ScheduleDefinition]) -> dg.Definitions:
        return dg.Definitions(jobs=jobs, schedules=schedules, resources=build_resources(settings))

    built, refused = _build_all(settings, now, alone)
    if _why_not_loaded(assemble, built) is not None:
        built, refused = _build_all(settings, now, assemble)  # slower: the whole location once for each file
    taken = {job.name for job in built[0]}
    # A run loads the definitions again, and so does each step of a parallel one: there it would be said over and over.
    if DefinitionsLoadContext.get().load_type == DefinitionsLoadType.INITIALIZATION:
        for one in refused:
            _log.warning("a pipeline file is refused, all others are loaded. %s", one.reason)
    return [*built[0], *(_build_refused(one, taken) for one in refused)], built[1]


def _build_all(settings: Settings, now: Clock, assemble: Assemble) -> tuple[Built, list[RefusedPipeline]]:
    """Build each file beside those before it, and refuse it where Dagster does."""
    jobs: list[dg.JobDefinition] = []
    schedules: list[dg.ScheduleDefinition] = []

    def look(pipeline: PipelineFile) -> list[Problem]:
        try:
            job, schedule = _build_job(pipeline, now), _build_schedule(pipeline)
        except Exception as error:  # noqa: BLE001 - whatever Dagster has against a file, the others must load
            return [(("name",), _refusal(error))]
        new = [*jobs, job], [*schedules, *schedule]
        error_text = _why_not_loaded(assemble, new)
        if error_text is not None:
            return [(("name",), error_text)]
        jobs[:], schedules[:] = new
        return []

    _, refused = read_pipelines(settings.pipelines_dir, look)
    return (jobs, schedules), refused


def _why_not_loaded(assemble: Assemble, built: Built) -> str | None:
    """What Dagster has against definitions, or None."""
    try:
        dg.Definitions.validate_loadable(assemble(*built))
    except Exception as error:  # noqa: BLE001 - see above; what is wrong with the rest shows when the rest is loaded
        return _refusal(error)
    return None


def _refusal(error: Exception) -> str:
    return f"Dagster refuses it: {next(iter(str(error).splitlines()), type(error).__name__)}"


def _build_schedule(pipeline: PipelineFile) -> list[dg.ScheduleDefinition]:
    if pipeline.cron is None:
        return []
    name = f"{pipeline.job_name}_regularly"
    return [build_vivenu_schedule(name, pipeline.job_name, pipeline.cron, pipeline.description)]


def _build_job(pipeline: PipelineFile, now: Clock) -> dg.JobDefinition:
    """One op per step, and a gate before each that may be skipped, ordered by what each waits for."""
    ops: list[dg.OpDefinition] = []
    dependencies: dict[Any, Mapping[str, Any]] = {}

    def add(op: dg.OpDefinition, alias: str, inputs: Mapping[str, _Handles]) -> None:
        ops.append(op)
        dependencies[dg.NodeInvocation(op.name, alias=alias)] = {
            name: dg.MultiDependencyDefinition([dg.DependencyDefinition(*handle) for handle in handles])
            if len(handles) > 1
            else dg.DependencyDefinition(*handles[0])
            for name, handles in inputs.items()
        }

    for step in pipeline.steps:
        inputs = _inputs(pipeline, step) if step.enabled else {}
        if is_gated(step):
            add(build_gate(pipeline, step, inputs), gate_name(step), inputs)
            inputs = {GO: [(gate_name(step), GO)]}
        add(build_step(pipeline, step, inputs, now), step.name, inputs)
    graph = dg.GraphDefinition(pipeline.job_name, node_defs=ops, dependencies=dependencies)
    return graph.to_job(
        description=_describe(pipeline),
        executor_def=_executor(pipeline),
        tags={"ticket_pipeline/pipeline": pipeline.name},
    )


def _executor(pipeline: PipelineFile) -> dg.ExecutorDefinition:
    """Dagster's own: where the others go on after a failure, a step waits for outputs, which a failed one may have."""
    config: dict[str, Any] = {
        "step_dependency_config": {"require_upstream_step_success": pipeline.on_failure == "stop"},
    }
    if pipeline.execution == "parallel":
        return dg.multiprocess_executor.configured(config | {"max_concurrent": pipeline.max_parallel_steps})
    return dg.in_process_executor.configured(config)


def _inputs(pipeline: PipelineFile, step: Step) -> dict[str, _Handles]:
    """Input → the outputs it waits for.

    One input for each step that this one needs: where that one was skipped, Dagster skips this one too. One for all
    that only stand before: it waits for all of them, and any output will do.
    """
    needs = pipeline.needs(step)
    inputs: dict[str, _Handles] = {f"needs_{name}": [(name, DONE)] for name in needs}
    before = _stands_before(pipeline, step)
    if before and before[0].name not in needs:
        gates = [(gate_name(one), SEEN) for one in before if is_gated(one)]
        inputs["follows"] = [*((one.name, DONE) for one in before), *gates]
    return inputs


def _stands_before(pipeline: PipelineFile, step: Step) -> list[Step]:
    """The steps whose failure must stop this one because they stand before it, the nearest first.

    Those that may be skipped have others behind them: skipped, they tell nothing of what was before.
    """
    if pipeline.execution == "parallel" or pipeline.on_failure == "continue":
        return []
    chosen = []
    for one in reversed(pipeline.steps[: pipeline.steps.index(step)]):
        if one.enabled:
            chosen.append(one)
            if not _may_be_skipped(pipeline, one):
                break
    return chosen


def _may_be_skipped(pipeline: PipelineFile, step: Step) -> bool:
    needed = set(pipeline.needs(step))
    return is_gated(step) or any(_may_be_skipped(pipeline, one) for one in pipeline.steps if one.name in needed)


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
        description=f"Refused, and cannot be run. {_as_markdown(refused.reason)}"
    )


def _as_markdown(reason: str) -> str:
    """A reason as the UI wraps it: its indented lines as a list, and no character of it taken for a format."""
    escaped = re.sub(r"([\\`*_<>\[\]])", r"\\\1", reason)
    return re.sub(r"^  ", "- ", escaped, flags=re.MULTILINE).replace("\n", "\n\n")


def _describe(pipeline: PipelineFile) -> str:
    """What the UI shows of a pipeline."""
    order = (
        f"{pipeline.max_parallel_steps} steps at once" if pipeline.execution == "parallel" else "one after the other"
    )
    after = "stops at a failure" if pipeline.on_failure == "stop" else "goes on after a failure, and fails in the end"
    steps = "\n".join(f"- **{step.name}**: {describe_step(step)}" for step in pipeline.steps)
    return f"{pipeline.description}\n\nRuns {order} and {after}.\n\n{steps}"
