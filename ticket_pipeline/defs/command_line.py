"""What `dagster asset materialize` was asked for, and what is wrong with it.

Dagster answers a forgotten --partition or an unknown asset with a traceback. But it loads our definitions before it
looks at these arguments, in the same process, so that we can look first. Where Dagster names them in another way one
day, nothing is refused here, and its own answer comes back.

What belongs here: the arguments of that command. What does not: which keys there are (`partitions`).
"""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import click
import dagster as dg

_COMMAND = "asset materialize"


def range_asked_for() -> tuple[str, str] | None:
    """First and last key of --partition-range; None anywhere but in `dagster asset materialize`, and without one."""
    return _split(_arguments().get("partition_range"))


def refuse_mistakes(definitions: dg.Definitions) -> None:
    """Look at the arguments of `dagster asset materialize`, where these definitions are loaded for it.

    Raises:
        UsageError: they name no asset of ours, or no partition where one is needed, or in a form that means nothing.
    """
    arguments = _arguments()
    if not isinstance(selection := arguments.get("select"), str):
        return
    graph = definitions.resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # of Dagster about its own reading of `group:…`
            selected = dg.AssetSelection.from_coercible(selection.split(",")).resolve(graph)
    except dg.DagsterError:
        selected = set()
    if not selected:
        there_are = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        raise click.UsageError(f"Looked for the assets of --select {selection!r}; not found. There are: {there_are}.")
    partitions = {key.to_user_string(): graph.get(key).partitions_def for key in sorted(selected)}
    _refuse_partitions(partitions, arguments.get("partition"), arguments.get("partition_range"))


def _refuse_partitions(
    partitions: Mapping[str, dg.PartitionsDefinition | None], key: str | None, key_range: str | None
) -> None:
    partitioned = {name: each for name, each in partitions.items() if each is not None}
    if key and key_range:
        raise click.UsageError("Pass --partition or --partition-range, not both.")
    if key_range and _split(key_range) is None:
        raise click.UsageError(
            f"Read --partition-range {key_range!r}; a range is FIRST...LAST, two keys with three dots in between."
        )
    if len(set(partitioned.values())) > 1:
        raise click.UsageError(
            f"The partitions of {_join(partitioned)} are not the same, so that no key fits all. Materialize one after "
            "the other."
        )
    if partitioned and not (key or key_range):
        described = _describe_key(next(iter(partitioned.values())))
        raise click.UsageError(
            f"{_join(partitioned)}: partitioned, and no partition was passed. Add --partition KEY or --partition-range "
            f"FIRST...LAST; a key is {described}."
        )
    if (key or key_range) and not partitioned:
        raise click.UsageError(f"{_join(partitions)}: not partitioned. Leave --partition and --partition-range out.")


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


def _split(key_range: str | None) -> tuple[str, str] | None:
    keys = (key_range or "").split("...")
    return (keys[0], keys[1]) if len(keys) == 2 and all(keys) else None  # noqa: PLR2004 - its two ends


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)
