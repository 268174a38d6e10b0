"""Checks that look at what is stored, whichever run it came from.

What belongs here: how such a check stands in a run beside its asset. What does not: what it looks for (`checks`).
"""

import dagster as dg

LAST = {"dagster/priority": "-1"}
"""The tags of the op of a standing check: where it may run at any time, it runs when the assets are done."""


def as_standing(check: dg.AssetChecksDefinition) -> dg.AssetChecksDefinition:
    """The check without its input, so that it needs no output of its asset.

    The assets with partitions log their materializations and yield no output (docs/decisions/0002). Dagster would plan
    their checks with every run by hand and every backfill, skip them for want of that output, and show "Skipped" where
    a red result stood. Without an input they run, after the assets (`LAST`; a run is one process), also where these
    failed. Jobs that poll and rebuild all day leave checks out.
    """
    standing: dg.AssetChecksDefinition = dg.AssetChecksDefinition.create(
        keys_by_input_name={},
        node_def=check.op,
        check_specs_by_output_name=check.check_specs_by_output_name,
        can_subset=False,
    )
    return standing
