"""`python -m ticket_pipeline.defs.end_dead_runs`: what `ticket-pipeline run` does before it starts Dagster.

Creates Dagster's tables where there are none, and ends the runs of an earlier start that was killed, which no daemon
does. Only for a Dagster home that nobody else uses; `run` holds its lock.
"""

import sys

import dagster as dg

_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark every run under way as ended; returns their ids. Queued runs stay: the daemon starts them."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    for run in runs:
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run, "The pipeline was killed during this run. What the run stored is kept.")
    return [run.run_id for run in runs]


def main() -> None:
    """Prepare the instance of DAGSTER_HOME."""
    with dg.DagsterInstance.get() as instance:
        for run_id in end_dead_runs(instance):
            sys.stdout.write(f"Run {run_id} was under way when the pipeline was killed; it is marked as ended.\n")


if __name__ == "__main__":
    main()
