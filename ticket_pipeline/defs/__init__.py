"""Everything that imports Dagster: partitions, resources, assets, checks, sensors, schedules, jobs.

It only wires: what is done stands in `polling`, `sheet` and `storage`, and an asset function is a page at most.
"""
