"""The assets of primary sales: what is read from vivenu, and what is reckoned from it.

The partition of an event turns green as its tickets are stored, one by one, in a run of one event as of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, describe_unknown_keys, partitions_of_run
from ticket_pipeline.defs.primary_sales.work import ASKING, EVENT_KEYS, POOL, WORK, Work
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource, VivenuResource
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.primary_sales.pipeline_files import DATA_DEPENDENCIES
from ticket_pipeline.storage.ticket_sales import read_vivenu_events

GROUP = "primary_sales"
_TRIGGER = "Trigger: the schedule vivenu_default_regularly, or by hand."

_REBUILD = "deleted and inserted in one transaction"


@dataclass(frozen=True)
class _Table:
    """What the catalog says of a table."""

    holds: str
    grain: str
    source: str
    write: str

    @property
    def description(self) -> str:
        return f"{self.holds}\n\nGrain: {self.grain}. Source: {self.source}. Write: {self.write}. {_TRIGGER}"


_UNPARTITIONED = {
    "vivenu_events": _Table(
        "The organiser's events on vivenu: ticket types, capacities, and the questions that ask for age and gender.",
        "event",
        "vivenu's API with your key",
        "upsert by vivenu's id; what is no longer listed is marked and stays",
    ),
    "vivenu_coupons": _Table(
        "Coupons with the terms of their series, how often they were used, and what they brought and cost.",
        "coupon",
        "vivenu's API, and transactions that state a coupon",
        "upsert by vivenu's id; money reckoned anew",
    ),
    "vivenu_sales_daily": _Table(
        "Tickets and revenue by event, ticket type, day at the venue and channel, and what became invalid.",
        "event, ticket type, day, channel, currency",
        "vivenu_tickets",
        _REBUILD,
    ),
    "vivenu_gender": _Table(
        "Sold tickets by answer about gender, and the gender each answer is taken for.",
        "event and answer",
        "vivenu_tickets and the table of words",
        _REBUILD,
    ),
    "vivenu_age_groups": _Table(
        "Sold tickets by age group on the day of the event, and gender.",
        "event, age group, gender",
        "vivenu_tickets and VIVENU_AGE_GROUPS",
        _REBUILD,
    ),
    "vivenu_summary": _Table(
        "How each event sells: sold of capacity, revenue, coupons, ages and genders, pace against earlier events.",
        "event",
        "the other summaries",
        _REBUILD,
    ),
}


class TicketsConfig(dg.Config):
    """How tickets are read."""

    full: bool = Field(default=False)
    """Read every ticket again, not only what changed."""


def build_primary_sales_assets(now: Clock) -> list[dg.AssetsDefinition]:
    """The assets of group `primary_sales`."""
    return [_build_tickets(now), *(_build_unpartitioned(name, now) for name in _UNPARTITIONED)]


def _build_unpartitioned(name: str, now: Clock) -> dg.AssetsDefinition:
    table = _UNPARTITIONED[name]

    @dg.asset(
        name=name,
        deps=DATA_DEPENDENCIES[name],
        group_name=GROUP,
        kinds={"httpx", "postgres"} if name in ASKING else {"sql", "postgres"},
        pool=POOL if name in ASKING else None,
        owners=["team:data"],
        description=table.description,
    )
    def made(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource, vivenu: VivenuResource
    ) -> dg.MaterializeResult[None]:
        with timescaledb.database() as database:
            return dg.MaterializeResult(metadata=WORK[name](Work(context, vivenu, now), database))

    return made


def _build_tickets(now: Clock) -> dg.AssetsDefinition:
    @dg.asset(
        name="vivenu_tickets",
        partitions_def=EVENT_PARTITIONS[Marketplace.VIVENU],
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=DATA_DEPENDENCIES["vivenu_tickets"],
        group_name=GROUP,
        kinds={"httpx", "postgres"},
        pool=POOL,
        owners=["team:data"],
        output_required=False,
        description=(
            "Every ticket of the organiser's events, without anything that tells who holds it.\n\n"
            "Grain: ticket. Source: vivenu's API with your key, what changed since the last read. Write: upsert by "
            f"vivenu's id, one transaction per event, with the history of its status. {_TRIGGER}"
        ),
    )
    def made(
        context: dg.AssetExecutionContext,
        config: TicketsConfig,
        timescaledb: TimescaleDBResource,
        vivenu: VivenuResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        chosen = partitions_of_run(context)
        keys = chosen or []
        with timescaledb.database() as database:
            known = [row["external_id"] for row in read_vivenu_events(database)]
            if unknown := sorted(set(keys) - set(known)):
                raise dg.Failure(describe_unknown_keys(unknown, known, EVENT_KEYS), allow_retries=False)
            metadata = WORK["vivenu_tickets"](Work(context, vivenu, now, keys, full=config.full), database)
        if chosen is None:
            # A run of all events goes on to the summaries, for which this step needs an output; chosen partitions were
            # marked one by one.
            yield dg.MaterializeResult(metadata=metadata)

    return made
