"""The partition sets: one dynamic set of event ids per marketplace, and the hours and days of the prices (UTC).

Their errors are written for people: Dagster's own name neither the keys that exist nor what to do.
"""

from collections.abc import Callable, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import click
import dagster as dg

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries import events


class UnknownPartitionKeyError(dg.DagsterError, click.ClickException):
    """A partition key that no set holds. A ClickException: it ends `dagster asset materialize` without a traceback."""

    def __init__(self, message: str) -> None:
        click.ClickException.__init__(self, message)


class EventPartitionsDefinition(dg.DynamicPartitionsDefinition):
    """A dynamic set of event keys."""

    def validate_partition_key(self, partition_key: str, context: Any) -> None:  # noqa: ANN401 - of a private type
        """Raise UnknownPartitionKeyError for a key that is not in the set."""
        try:
            super().validate_partition_key(partition_key, context)
        except dg.DagsterUnknownPartitionError:
            known = self.get_partition_keys(dynamic_partitions_store=context.dynamic_partitions_store)
            raise UnknownPartitionKeyError(describe_unknown_keys([partition_key], known, self.name or "")) from None


def describe_unknown_keys(unknown: Sequence[str], known: Sequence[str], set_name: str) -> str:
    """The message about keys that are not in a set: what they are, which keys exist, what to do."""
    if set_name == f"{Marketplace.VIVENU}_events":
        remedy, source = "Check the id, or read the organiser's events", "vivenu_events"
    else:
        remedy, source = "Check the id (as in your watchlist), or add the event there and sync it", "events"
    remedy += f": dagster asset materialize --select {source} -m ticket_pipeline.definitions"
    return events.describe_unknown_keys(unknown, known, set_name.removesuffix("_events"), remedy)


EVENT_PARTITIONS = MappingProxyType(
    {marketplace: EventPartitionsDefinition(name=f"{marketplace}_events") for marketplace in Marketplace}
)
"""Keys are the marketplace's own event ids, as in the sheet. An untracked event keeps its key."""


def sync_keys(instance: dg.DagsterInstance, marketplace: Marketplace, read_keys: Callable[[], Sequence[str]]) -> None:
    """Bring the marketplace's set to the keys that `read_keys` returns.

    It is called after the set was read, so that a key which another process adds meanwhile is never taken for gone.
    vivenu's set only grows here: it also holds the organiser's events.
    """
    name = f"{marketplace}_events"
    before = instance.get_dynamic_partitions(name)
    keys = read_keys()
    new, gone = set(keys) - set(before), set(before) - set(keys)
    if new:
        instance.add_dynamic_partitions(name, [key for key in keys if key in new])
    if marketplace is not Marketplace.VIVENU:
        for key in sorted(gone):
            instance.delete_dynamic_partition(name, key)


def hours_since(start: date) -> dg.HourlyPartitionsDefinition:
    """The hours from `start` to the current one."""
    return _Hours(start_date=f"{start}-00:00", timezone="UTC", end_offset=1)


def days_since(start: date) -> dg.DailyPartitionsDefinition:
    """The UTC days from `start` to the current one."""
    return _Days(start_date=f"{start}", timezone="UTC", end_offset=1)


class _Hours(dg.HourlyPartitionsDefinition):
    def validate_partition_key(self, partition_key: str, context: Any) -> None:  # noqa: ANN401 - of a private type
        _check_window(self, "an hour", partition_key, context)


class _Days(dg.DailyPartitionsDefinition):
    def validate_partition_key(self, partition_key: str, context: Any) -> None:  # noqa: ANN401 - of a private type
        _check_window(self, "a day", partition_key, context)


def partitions_of_run(context: dg.AssetExecutionContext) -> list[str] | None:
    """The partitions that a run is for, at least one; None where it was started without any.

    A range that ends before it starts is a Failure; Dagster calls such a run a success.
    """
    if not (context.has_partition_key or context.has_partition_key_range):
        return None
    keys = list(context.partition_keys)
    if not keys:
        first, last = context.partition_key_range
        raise dg.Failure(
            f"The range {first}...{last} is empty: {last} comes before {first}. Write {last}...{first}. (Hours and "
            "days are in the order of time, event keys in the order in which they were added.)",
            allow_retries=False,
        )
    return keys


def _check_window(windows: dg.TimeWindowPartitionsDefinition, a_window: str, key: str, context: Any) -> None:  # noqa: ANN401
    """Raise UnknownPartitionKeyError for a key that is not a window of the set."""
    with dg.partition_loading_context(new_ctx=context):
        # Dagster takes any time within a window for its key.
        if windows.has_partition_key(key) and key == windows.get_partition_key_for_timestamp(
            windows.start_time_for_partition_key(key).timestamp()
        ):
            return
        known = windows.get_partition_keys()
    grain = a_window.split()[1]
    existing = f"There are {len(known):,}, from {known[0]} to {known[-1]}" if known else f"The first {grain} is to come"
    raise UnknownPartitionKeyError(
        f"The prices have no {grain} {key!r}. {existing}; PRICES_START_DATE sets the first. A key is the start of "
        f"{a_window} in UTC, written {windows.fmt}, and a range FIRST...LAST."
    )
