"""The ops of a pipeline: one per step, and a gate before each step that may be skipped.

What belongs here: what an op does around its tables: condition, time limit, and which failures are worth another try.
What does not: which op waits for which (`pipelines`), and making tables (`primary_sales_work`).
"""

import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.primary_sales.new_tickets import has_new_tickets
from ticket_pipeline.defs.primary_sales.work import ASKING, POOL, WORK, Work
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.errors import MarketplaceError, StorageError, StorageUnavailable, TicketPipelineError
from ticket_pipeline.http.redaction import redact_text
from ticket_pipeline.primary_sales.pipeline_files import FETCHING, PipelineFile, Step

SKIP_FETCH_TAG = "ticket_pipeline/skip_fetch"
"""A run with this tag at `true` sends no request."""

DONE = "done"
"""The output of a step: what waits for the step waits for this."""

GO, SEEN = "go", "seen"
"""The outputs of a gate: `go` lets its step start, `seen` says that it was asked, whatever it answered."""

_AGAIN_SECONDS = 5.0
_LONGEST_LINE = 2000
"""Characters: what a pipe takes at once is not mixed with what another process writes."""


class StepTimedOut(TicketPipelineError):
    """A step took longer than its file allows."""


def is_gated(step: Step) -> bool:
    """Whether a gate stands before the step."""
    return not step.enabled or step.condition != "always"


def gate_name(step: Step) -> str:
    """The gate's name in the graph; it says what is asked."""
    return f"{step.name}__if_{step.condition if step.enabled else 'enabled'}"


def build_gate(pipeline: PipelineFile, step: Step, inputs: Collection[str]) -> dg.OpDefinition:
    """An op that lets its step start, or leaves it skipped."""

    @dg.op(
        name=f"{pipeline.job_name}__{gate_name(step)}",
        description=f"Decides whether {step.name} is made: {_question(step)}.",
        ins={name: dg.In(dg.Nothing) for name in inputs},
        out={SEEN: dg.Out(dg.Nothing), GO: dg.Out(dg.Nothing, is_required=False)},
        tags=_priority(pipeline, step),
    )
    def ask(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        reason = _why_not(context, step)
        context.log.info("pipeline step %s: %s", step.name, f"skipped, {reason}" if reason else "goes ahead")
        yield dg.Output(None, SEEN, metadata={"answer": reason or "go ahead"})
        if reason is None:
            yield dg.Output(None, GO)

    return ask


def build_step(pipeline: PipelineFile, step: Step, inputs: Collection[str], now: Clock) -> dg.OpDefinition:
    """An op that makes the tables of a step."""

    @dg.op(
        name=f"{pipeline.job_name}__{step.name}",
        description=describe_step(step),
        ins={name: dg.In(dg.Nothing) for name in inputs},
        out={DONE: dg.Out(dg.Nothing)},
        retry_policy=dg.RetryPolicy(max_retries=step.retries, delay=step.retry_delay_seconds) if step.retries else None,
        required_resource_keys={"timescaledb", "vivenu"},
        pool=POOL if ASKING.intersection(step.tables) else None,
        tags=_priority(pipeline, step),
    )
    def run_step(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        _refuse_after_failure(context, pipeline, step)
        try:
            made = _make_tables(context, pipeline, step, now)
        except Exception as error:
            failure = _as_failure(step, error)
            is_over = not _may_help(failure) or context.retry_number >= step.retries
            context.log.info("pipeline step %s: failed%s", step.name, "" if is_over else ", to be tried again")
            if is_over:
                # On one line: Dagster's own, with its traceback, may be cut by those of a step beside this one.
                context.log.info("pipeline failure %s: %s", step.name, _first_line(step, failure))
            if pipeline.on_failure == "continue" and is_over:
                # With this output there, Dagster starts what waits for it, and counts the step as failed all the same.
                yield dg.Output(None, DONE)
            if failure is error:
                raise
            raise failure from error
        outcome = f"made {', '.join(made)}" if made else "nothing to fetch in this run"
        context.log.info("pipeline step %s: %s", step.name, outcome)
        yield dg.Output(None, DONE, metadata={"outcome": outcome})

    return run_step


def describe_step(step: Step) -> str:
    """What the UI shows of a step."""
    rules = [
        "disabled" if not step.enabled else "",
        f"at most {step.timeout_minutes:g} min" if step.timeout_minutes else "",
        f"{step.retries} {'retry' if step.retries == 1 else 'retries'}" if step.retries else "",
        "only where tickets are new or changed" if step.condition == "new_tickets" else "",
    ]
    return ", ".join([*step.tables, *(rule for rule in rules if rule)])


def _priority(pipeline: PipelineFile, step: Step) -> dict[str, str]:
    """Steps that may start start in the order of the file."""
    return {"dagster/priority": str(len(pipeline.steps) - pipeline.steps.index(step))}


def _question(step: Step) -> str:
    if not step.enabled:
        return "it is disabled in its file, so it is not"
    return "only where tickets came or changed since its tables were last made"


def _why_not(context: dg.OpExecutionContext, step: Step) -> str | None:
    """Why a step is skipped, or None where it is not."""
    if not step.enabled:
        return "disabled in its file"
    if _skips_fetch(context) or has_new_tickets(context.instance, step.tables):
        return None
    return (
        f"no ticket came or changed since {' and '.join(step.tables)} {'was' if len(step.tables) == 1 else 'were'} made"
    )


def _skips_fetch(context: dg.OpExecutionContext) -> bool:
    return context.run.tags.get(SKIP_FETCH_TAG) == "true"


def _refuse_after_failure(context: dg.OpExecutionContext, pipeline: PipelineFile, step: Step) -> None:
    """Steps side by side do not wait for each other; yet nothing may start after a failure that stops the pipeline."""
    if pipeline.execution == "sequential" or pipeline.on_failure == "continue":
        return
    logs = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    if logs:
        context.log.info("pipeline step %s: not started, the step %s failed", step.name, logs[0].step_key)
        raise dg.Failure(f"Not started: the step {logs[0].step_key} failed (on_failure: stop).", allow_retries=False)


def _make_tables(context: dg.OpExecutionContext, pipeline: PipelineFile, step: Step, now: Clock) -> list[str]:
    timescaledb: TimescaleDBResource = context.resources.timescaledb
    skip_fetch = _skips_fetch(context)
    work = Work(context, context.resources.vivenu, now, full=pipeline.full_refresh, skip_fetch=skip_fetch)
    tables = [table for table in step.tables if not (skip_fetch and table in FETCHING)]
    limit = None if step.timeout_minutes is None else timedelta(minutes=step.timeout_minutes)
    with timescaledb.database(limit=limit) as database, _time_limit(limit, database.abort):
        for table in tables:
            metadata = WORK[table](work, database)
            context.log_event(dg.AssetMaterialization(table, metadata=metadata))
    return tables


def _as_failure(step: Step, error: Exception) -> Exception:
    """An error of ours as Dagster's failure, with whether another try may help; anything else as it is."""
    if isinstance(error, MarketplaceError):
        may_help = error.is_transient
    elif isinstance(error, TicketPipelineError):
        may_help = isinstance(error, StorageUnavailable | StepTimedOut)
    else:
        return error
    return dg.Failure(f"The step {step.name} failed: {error}", allow_retries=may_help)


def _first_line(step: Step, failure: Exception) -> str:
    if isinstance(failure, dg.Failure):
        said = failure.description or ""
    else:
        said = f"The step {step.name} failed unexpectedly: {type(failure).__name__}: {failure}"
    return redact_text((said.splitlines() or [""])[0])[:_LONGEST_LINE]


def _may_help(failure: Exception) -> bool:
    return not isinstance(failure, dg.Failure) or failure.allow_retries


@contextmanager
def _time_limit(limit: timedelta | None, end_work: Callable[[], None]) -> Iterator[None]:
    """Interrupt the block when its time is over, after `end_work`.

    By a signal, since nothing else ends a statement or a request that hangs; Dagster runs steps in the main thread of
    their process, and elsewhere only statements have the limit. The signal comes again until the block is left: a first
    one may be swallowed by a callback that it happens to hit.
    """
    if limit is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    said = f"it took longer than {limit / timedelta(minutes=1):g} minutes (timeout_minutes), and was ended"
    is_over = False

    def end(*_: object) -> None:
        nonlocal is_over
        if not is_over:
            is_over = True
            with suppress(StorageError):  # statements have a limit of their own
                end_work()
        raise StepTimedOut(said)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit.total_seconds(), _AGAIN_SECONDS)
    try:
        yield
    except Exception as error:
        if is_over and not isinstance(error, StepTimedOut):
            raise StepTimedOut(said) from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
