"""The partition sets: one dynamic set of event ids per marketplace, and the hours and days of the prices (UTC)."""

from bisect import bisect
from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
import dagster as dg

from ticket_pipeline.defs.command_line import range_asked_for
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries import events

if TYPE_CHECKING:
    from dagster._core.definitions.partitions.context import PartitionLoadingContext

_NEAR_KEYS = 3


class UnknownPartitionKeyError(dg.DagsterError, click.ClickException):
    """A partition key that no set holds. A ClickException: it ends `dagster asset materialize` without a traceback."""

    def __init__(self, message: str) -> None:
        click.ClickException.__init__(self, message)


class ReversedRangeError(dg.DagsterError, click.ClickException):
    """A range of partitions that ends before it starts: nothing is in it, and Dagster takes that for a success."""

    def __init__(self, first: str, last: str) -> None:
        click.ClickException.__init__(
            self,
            f"Asked for the partitions {first}...{last}; {last} comes before {first}, so that nothing is in between. "
            f"Write {last}...{first}. (Hours and days are in the order of time, event keys in that of their arrival.)",
        )


class EventPartitionsDefinition(dg.DynamicPartitionsDefinition):
    """A dynamic set whose refusal of an unknown key helps: Dagster's own names neither the keys nor the way out."""

    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        """Refuse a key that is not in the set.

        Raises:
            UnknownPartitionKeyError: with the number of known keys, the nearest ones, and what to do.
            ReversedRangeError: the command line asks for a range that ends with this key and starts after it.
        """
        try:
            super().validate_partition_key(partition_key, context)
        except dg.DagsterUnknownPartitionError:
            known = self.get_partition_keys(dynamic_partitions_store=context.dynamic_partitions_store)
            raise UnknownPartitionKeyError(describe_unknown_keys([partition_key], known, self.name or "")) from None
        _refuse_reversed_range(self, partition_key, context)


def describe_unknown_keys(unknown: list[str], known: Sequence[str], set_name: str) -> str:
    """What to tell about keys that no set holds: what they are, which keys exist, what to do."""
    if set_name == f"{Marketplace.VIVENU}_events":
        remedy = "Check the id, or read the organiser's events: "
        source = "vivenu_events"
    else:
        remedy = "Check the id (as in your watchlist), or add the event there and sync it: "
        source = "events"
    remedy += f"dagster asset materialize --select {source} -m ticket_pipeline.definitions"
    return events.describe_unknown_keys(unknown, known, set_name.removesuffix("_events"), remedy)


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
        _check_window(self, "an hour", partition_key, context)


class _Days(dg.DailyPartitionsDefinition):
    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        _check_window(self, "a day", partition_key, context)


def partitions_of_run(context: dg.AssetExecutionContext) -> list[str] | None:
    """The partitions that a run is for, at least one; None where it was started without any.

    Raises:
        Failure: the run is for a range that ends before it starts. The command line refuses that beforehand.
    """
    if not (context.has_partition_key or context.has_partition_key_range):
        return None
    keys = list(context.partition_keys)
    if not keys:
        asked = context.partition_key_range
        raise dg.Failure(ReversedRangeError(asked.start, asked.end).message, allow_retries=False)
    return keys


def _refuse_reversed_range(partitions: dg.PartitionsDefinition, last: str, context: "PartitionLoadingContext") -> None:
    """Refuse what the command line asks for, where that is a range up to `last` with nothing in it.

    Dagster shows us the ends of a range one by one, the last one last, and never the pair.
    """
    asked = range_asked_for()
    if asked is None or asked[1] != last:
        return
    with dg.partition_loading_context(new_ctx=context):
        if partitions.has_partition_key(asked[0]) and not partitions.get_partition_keys_in_range(
            dg.PartitionKeyRange(*asked)
        ):
            raise ReversedRangeError(*asked)


def _check_window(
    windows: dg.TimeWindowPartitionsDefinition, a_window: str, key: str, context: "PartitionLoadingContext"
) -> None:
    """Refuse a key that is no window of the set.

    Raises:
        UnknownPartitionKeyError: with how a key is written, which there are, and what to do.
        ReversedRangeError: the command line asks for a range that ends with this key and starts after it.
    """
    with dg.partition_loading_context(new_ctx=context):
        # Dagster takes any time within a window for its key.
        if windows.has_partition_key(key) and key == windows.get_partition_key_for_timestamp(
            windows.start_time_for_partition_key(key).timestamp()
        ):
            _refuse_reversed_range(windows, key, context)
            return
        known = windows.get_partition_keys()
    grain = a_window.split()[1]
    there_are = f"the first {grain} is still to come"
    if known:
        near = _nearest_in_time(key, known, windows.fmt)
        nearest = f" (nearest {', '.join(near)})" if near else ""
        there_are = f"{len(known):,} are known, from {known[0]} to {known[-1]}{nearest}"
    raise UnknownPartitionKeyError(
        f"Looked for the {grain} {key!r} among the partitions of the prices; not found. A key is the start of "
        f"{a_window} in UTC, written {windows.fmt}; {there_are}. Take one of them, or a range FIRST...LAST; "
        "PRICES_START_DATE sets the first."
    )


def _nearest_in_time(key: str, known: Sequence[str], key_format: str) -> list[str]:
    """The keys nearest to what `key` means, in order; none where it means no time.

    Args:
        key: what was asked for, in the format of the keys or another that ISO 8601 knows.
        known: in order, which is the order of time and of the alphabet.
        key_format: how keys are written.
    """
    try:
        asked = datetime.strptime(key, key_format)  # noqa: DTZ007 - all of them are UTC
    except ValueError:
        try:
            asked = datetime.fromisoformat(key).replace(tzinfo=None)
        except ValueError:
            return []
    place = bisect(known, asked.strftime(key_format))
    around = known[max(0, place - _NEAR_KEYS) : place + _NEAR_KEYS]
    distances = {near: abs(datetime.strptime(near, key_format) - asked) for near in around}  # noqa: DTZ007 - as above
    return sorted(sorted(around, key=lambda near: distances[near])[:_NEAR_KEYS])
