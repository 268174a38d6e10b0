"""Clear messages for mistakes in `dagster asset materialize`, where Dagster itself ends with a traceback.

Dagster loads our definitions in the same process before it reads these arguments. Where it renames them, nothing is
checked here, and its own messages appear.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import click
import dagster as dg

_COMMAND = "asset materialize"


def check_arguments(definitions: dg.Definitions) -> None:
    """Raise a UsageError where `dagster asset materialize` loads these definitions with arguments that cannot work.

    They match no asset of ours, miss a partition that is needed, or have a malformed one.
    """
    arguments = _arguments()
    if not isinstance(selection := arguments.get("select"), str):
        return
    graph = definitions.resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # Dagster's, about `group:…`
            selected = dg.AssetSelection.from_coercible(selection.split(",")).resolve(graph)
    except dg.DagsterError:
        selected = set()
    if not selected:
        known = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        raise click.UsageError(f"No asset matches --select {selection!r}. The assets are: {known}.")
    partitions = {key.to_user_string(): graph.get(key).partitions_def for key in sorted(selected)}
    if problem := _find_problem(partitions, arguments.get("partition"), arguments.get("partition_range")):
        raise click.UsageError(problem)


def _find_problem(
    partitions: Mapping[str, dg.PartitionsDefinition | None], key: str | None, key_range: str | None
) -> str | None:
    partitioned = {name: each for name, each in partitions.items() if each is not None}
    names = ", ".join(partitioned or partitions)
    if key and key_range:
        return "Pass --partition or --partition-range, not both."
    if key_range and not _is_range(key_range):
        return (
            f"--partition-range {key_range!r} is not a range. Write FIRST...LAST: two keys with three dots in between."
        )
    if len(set(partitioned.values())) > 1:
        return f"The assets {names} have different partitions. Materialize one after the other."
    if partitioned and not (key or key_range):
        described = _describe_key(next(iter(partitioned.values())))
        return f"Partitioned: {names}. Add --partition KEY or --partition-range FIRST...LAST; a key is {described}."
    if (key or key_range) and not partitioned:
        return f"Not partitioned: {names}. Leave --partition and --partition-range out."
    return None


def _describe_key(partitions: dg.PartitionsDefinition) -> str:
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        return f"the start of a window in UTC, written {partitions.fmt}"
    return "the marketplace's own id of an event, as in your watchlist"


def _arguments() -> Mapping[str, Any]:
    """The arguments of `dagster asset materialize`; none in any other program."""
    context = click.get_current_context(silent=True)
    if context is None or not context.command_path.endswith(_COMMAND):
        return {}
    return context.params


def _is_range(text: str) -> bool:
    ends = text.split("...")
    return len(ends) == 2 and all(ends)  # noqa: PLR2004 - first and last
