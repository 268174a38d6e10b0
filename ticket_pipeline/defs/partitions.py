"""The partition sets: one dynamic set of event ids per marketplace, and the hours and days of the prices (UTC)."""

import difflib
from collections.abc import Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
import dagster as dg

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.polling import event_keys

if TYPE_CHECKING:
    from dagster._core.definitions.partitions.context import PartitionLoadingContext

_NEAR_KEYS = 3


class UnknownPartitionKeyError(dg.DagsterError, click.ClickException):
    """A partition key that no set holds. A ClickException: it ends `dagster asset materialize` without a traceback."""

    def __init__(self, message: str) -> None:
        click.ClickException.__init__(self, message)


class EventPartitionsDefinition(dg.DynamicPartitionsDefinition):
    """A dynamic set whose refusal of an unknown key helps: Dagster's own names neither the keys nor the way out."""

    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        """Refuse a key that is not in the set.

        Raises:
            UnknownPartitionKeyError: with the number of known keys, the nearest ones, and what to do.
        """
        try:
            super().validate_partition_key(partition_key, context)
        except dg.DagsterUnknownPartitionError:
            known = self.get_partition_keys(dynamic_partitions_store=context.dynamic_partitions_store)
            raise UnknownPartitionKeyError(describe_unknown_keys([partition_key], known, self.name or "")) from None


def describe_unknown_keys(unknown: list[str], known: Sequence[str], set_name: str) -> str:
    """What to tell about keys that no set holds: what they are, which keys exist, what to do."""
    if set_name == f"{Marketplace.VIVENU}_events":
        remedy = "Check the id, or read the organiser's events: "
        source = "vivenu_events"
    else:
        remedy = "Check the id (as in your watchlist), or add the event there and sync it: "
        source = "events"
    remedy += f"dagster asset materialize --select {source} -m ticket_pipeline.definitions"
    return event_keys.describe_unknown_keys(unknown, known, f"the event keys of {set_name}", remedy)


EVENT_PARTITIONS = MappingProxyType(
    {marketplace: EventPartitionsDefinition(name=f"{marketplace}_events") for marketplace in Marketplace}
)
"""Keys are the marketplace's own event ids, as in the sheet. A retired event keeps its key."""


def hours_since(start: date) -> dg.HourlyPartitionsDefinition:
    """The hours from `start` to the one under way."""
    return _Hours(start_date=f"{start}-00:00", timezone="UTC", end_offset=1)


def days_since(start: date) -> dg.DailyPartitionsDefinition:
    """The UTC days from `start` to the one under way."""
    return _Days(start_date=f"{start}", timezone="UTC", end_offset=1)


class _Hours(dg.HourlyPartitionsDefinition):
    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        _check_window(self, "hour", partition_key, context)


class _Days(dg.DailyPartitionsDefinition):
    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        _check_window(self, "day", partition_key, context)


def _check_window(
    windows: dg.TimeWindowPartitionsDefinition, grain: str, key: str, context: "PartitionLoadingContext"
) -> None:
    """Refuse a key that is no window of the set.

    Raises:
        UnknownPartitionKeyError: with how a key is written, which there are, and what to do.
    """
    with dg.partition_loading_context(new_ctx=context):
        if windows.has_partition_key(key):
            return
        known = windows.get_partition_keys()
    there_are = f"the first {grain} is still to come"
    if known:
        near = difflib.get_close_matches(key, known, _NEAR_KEYS)
        nearest = f" (nearest {', '.join(near)})" if near else ""
        there_are = f"{len(known):,} are known, from {known[0]} to {known[-1]}{nearest}"
    raise UnknownPartitionKeyError(
        f"Looked for the {grain} {key!r} among the partitions of the prices; not found. A key is the start of a "
        f"{grain} in UTC, written {windows.fmt}; {there_are}. Take one of them, or a range FIRST...LAST; "
        "PRICES_START_DATE sets the first."
    )
