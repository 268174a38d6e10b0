"""The partition sets: one dynamic set of event ids per marketplace, and the hours and days of the prices (UTC)."""

import difflib
from collections.abc import Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
import dagster as dg

from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from dagster._core.definitions.partitions.context import PartitionLoadingContext

_NEAR_KEYS = 3


class UnknownEventKeyError(dg.DagsterError, click.ClickException):
    """A partition key that no set holds. As a ClickException it ends `dagster asset materialize` without a traceback."""

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
    near = sorted({near for key in unknown for near in difflib.get_close_matches(key, known, _NEAR_KEYS, 0.5)})
    named = f" ({'nearest' if near else 'such as'} {', '.join(near or known[:_NEAR_KEYS])})" if known else ""
    return (
        f"Looked for {', '.join(map(repr, unknown))} among the event keys of {set_name}; not found. A key is the "
        f"marketplace's own id of an event, as in your watchlist; {len(known)} are known{named}. Check the id, or add the "
        "event to the watchlist and sync it: dagster asset materialize --select events -m ticket_pipeline.definitions"
    )


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
