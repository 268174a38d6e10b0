"""What `dagster asset materialize` was asked for.

What belongs here: reading the arguments of Dagster's command from within our definitions, which it loads before it uses
them. What does not: what is wrong with keys and ranges (`partitions`).
"""

import click

_COMMAND = "asset materialize"


def range_asked_for() -> tuple[str, str] | None:
    """First and last key of --partition-range; None anywhere but in `dagster asset materialize`, and without one."""
    context = click.get_current_context(silent=True)
    if context is None or not context.command_path.endswith(_COMMAND):
        return None
    first, _, last = (context.params.get("partition_range") or "").partition("...")
    return (first, last) if first and last else None
