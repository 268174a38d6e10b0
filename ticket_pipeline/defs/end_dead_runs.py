"""`python -m ticket_pipeline.defs.end_dead_runs COMMAND…`: end runs whose processes are gone, then run `dagster`.

`ticket-pipeline run` starts Dagster this way after it has made sure that nothing of an earlier run lives. One program,
because importing Dagster takes seconds.
"""

import runpy
import sys

import dagster as dg

from ticket_pipeline.defs.run_launcher import end_dead_runs


def main() -> None:
    """Do both, in the instance of DAGSTER_HOME."""
    with dg.DagsterInstance.get() as instance:
        for run_id in end_dead_runs(instance):
            sys.stdout.write(f"Run {run_id}: its process was gone; it is marked as ended.\n")
    sys.stdout.flush()
    sys.argv[0] = "dagster"
    runpy.run_module("dagster", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
