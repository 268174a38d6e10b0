"""The partition sets: one dynamic set of event ids per marketplace, and the hours and days of the prices (UTC)."""

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


class UnknownEventKeyError(dg.DagsterError, click.ClickException):
    """A partition key that no set holds. A ClickException: it ends `dagster asset materialize` without a traceback."""

    def __init__(self, message: str) -> None:
        click.ClickException.__init__(self, message)


class EventPartitionsDefinition(dg.DynamicPartitionsDefinition):
    """A dynamic set whose refusal of an unknown key helps: Dagster's own names neither the keys nor the way out."""

    def validate_partition_key(self, partition_key: str, context: "PartitionLoadingContext") -> None:
        """Refuse a key that is not in the set.

        Raises:
            UnknownEventKeyError: with the number of known keys, the nearest ones, and what to do.
        """
        try:
            super().validate_partition_key(partition_key, context)
        except dg.DagsterUnknownPartitionError:
            known = self.get_partition_keys(dynamic_partitions_store=context.dynamic_partitions_store)
            raise UnknownEventKeyError(describe_unknown_keys([partition_key], known, self.name or "")) from None


def describe_unknown_keys(unknown: list[str], known: Sequence[str], set_name: str) -> str:
    """What to tell about keys that no watchlist row has: what they are, which keys exist, what to do."""
    remedy = (
        "Check the id, or add the event to the watchlist and sync it: "
        "dagster asset materialize --select events -m ticket_pipeline.definitions"
    )
    return event_keys.describe_unknown_keys(unknown, known, f"the event keys of {set_name}", remedy)


EVENT_PARTITIONS = MappingProxyType(
    {marketplace: EventPartitionsDefinition(name=f"{marketplace}_events") for marketplace in Marketplace}
)
"""Keys are the marketplace's own event ids, as in the sheet. A retired event keeps its key."""


def hours_since(start: date) -> dg.HourlyPartitionsDefinition:
    """The hours from `start` to the one under way."""
    return dg.HourlyPartitionsDefinition(start_date=f"{start}-00:00", timezone="UTC", end_offset=1)


def days_since(start: date) -> dg.DailyPartitionsDefinition:
    """The UTC days from `start` to the one under way."""
    return dg.DailyPartitionsDefinition(start_date=f"{start}", timezone="UTC", end_offset=1)
