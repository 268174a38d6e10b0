"""Runs that a killed pipeline left under way are ended at the next start; other runs stay."""

from __future__ import annotations

import dagster as dg

from ticket_pipeline.defs.end_dead_runs import end_dead_runs

STATUS = dg.DagsterRunStatus


@dg.job
def nothing() -> None:
    """A job to have runs of."""


def test_every_run_under_way_is_ended_and_no_other() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runs = {
            status: instance.create_run_for_job(nothing, status=status).run_id
            for status in (STATUS.NOT_STARTED, STATUS.STARTING, STATUS.STARTED, STATUS.CANCELING, STATUS.SUCCESS)
        }
        ended = end_dead_runs(instance)
        after = {before: instance.get_run_by_id(run_id) for before, run_id in runs.items()}
    assert set(ended) == {runs[STATUS.STARTING], runs[STATUS.STARTED], runs[STATUS.CANCELING]}
    assert {before: run.status for before, run in after.items() if run} == {
        STATUS.NOT_STARTED: STATUS.NOT_STARTED,
        STATUS.STARTING: STATUS.FAILURE,
        STATUS.STARTED: STATUS.FAILURE,
        STATUS.CANCELING: STATUS.CANCELED,
        STATUS.SUCCESS: STATUS.SUCCESS,
    }
