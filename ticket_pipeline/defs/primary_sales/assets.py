"""The assets of primary sales: what is fetched from vivenu, and what is computed from it.

The partition of an event turns green as soon as its tickets are stored, whether a run reads one event or all of them.
"""

from collections.abc import Iterator

import dagster as dg

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, describe_unknown_keys, partitions_of_run
from ticket_pipeline.defs.primary_sales.new_tickets import has_new_tickets
from ticket_pipeline.defs.primary_sales.tables import EVENT_KEYS, MAKE, TICKETS, Metadata, TableConfig, Work
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource, VivenuResource
from ticket_pipeline.errors import MarketplaceError, StorageUnavailable, TicketPipelineError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.primary_sales.pipeline_files import DATA_DEPENDENCIES
from ticket_pipeline.storage.ticket_sales import count_rows, read_sales

GROUP = "primary_sales"

POOL = "vivenu"
"""Dagster's pool of everything that sends requests to vivenu: `dagster.yaml` limits it over all runs."""

FETCHING = frozenset({"vivenu_events", TICKETS, "vivenu_coupons"})
"""The tables in that pool."""

_TRIGGER = "Trigger: the schedule vivenu_default_regularly, or by hand."


def _entry(holds: str, *, grain: str, source: str, write: str = "deleted and inserted in one transaction") -> str:
    """The catalog entry of a table."""
    return f"{holds}\n\nGrain: {grain}. Source: {source}. Write: {write}. {_TRIGGER}"


_TABLES = {
    "vivenu_events": _entry(
        "The organiser's events on vivenu: ticket types, capacities, and the questions that ask for age and gender.",
        grain="event",
        source="vivenu's API with your key",
        write="upsert by vivenu's id; an event that is no longer listed is marked and stays",
    ),
    TICKETS: _entry(
        "Every ticket of the organiser's events, without personal data of its holder.",
        grain="ticket",
        source="vivenu's API with your key, what changed since the last read",
        write="upsert by vivenu's id, one transaction per event, with the history of its status",
    ),
    "vivenu_coupons": _entry(
        "Coupons with the terms of their series, how often they were used, and their revenue and discount.",
        grain="coupon",
        source="vivenu's API, and transactions with a coupon",
        write="upsert by vivenu's id; money is computed from all tickets each time",
    ),
    "vivenu_sales_daily": _entry(
        "Tickets and revenue by event, ticket type, day at the venue and channel, and what became invalid.",
        grain="event, ticket type, day, channel, currency",
        source=TICKETS,
    ),
    "vivenu_gender": _entry(
        "Sold tickets by answer about gender, and the gender that each answer means.",
        grain="event and answer",
        source="vivenu_tickets and the table of words",
    ),
    "vivenu_age_groups": _entry(
        "Sold tickets by age group on the day of the event, and gender.",
        grain="event, age group, gender",
        source="vivenu_tickets, and age_groups of VIVENU_MAPPINGS_FILE",
    ),
    "vivenu_summary": _entry(
        "How each event sells: sold of capacity, revenue, coupons, ages and genders, pace against earlier events.",
        grain="event",
        source="the other tables of primary sales",
    ),
}


def build_primary_sales_assets(now: Clock) -> list[dg.AssetsDefinition]:
    """The assets of group `primary_sales`."""
    return [_build_asset(name, now) for name in _TABLES]


def _build_asset(name: str, now: Clock) -> dg.AssetsDefinition:
    is_fetched, is_partitioned = name in FETCHING, name == TICKETS

    @dg.asset(
        name=name,
        partitions_def=EVENT_PARTITIONS[Marketplace.VIVENU] if is_partitioned else None,
        backfill_policy=dg.BackfillPolicy.single_run() if is_partitioned else None,
        deps=DATA_DEPENDENCIES[name],
        group_name=GROUP,
        kinds={"python" if is_fetched else "sql", "postgresql"},
        pool=POOL if is_fetched else None,
        owners=["team:data"],
        metadata={"dagster/table_name": name},
        output_required=False,
        description=_TABLES[name],
    )
    def made(
        context: dg.AssetExecutionContext, config: TableConfig, timescaledb: TimescaleDBResource, vivenu: VivenuResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        if config.only_if_new_tickets and not has_new_tickets(context):
            context.log.info("Skipped: no ticket is new or changed since %s was last made.", name)
            return
        keys = _chosen_events(context, timescaledb) if is_partitioned else []
        metadata = _make(name, Work(context, vivenu, now, config, keys), timescaledb)
        yield dg.MaterializeResult(metadata={} if keys else metadata)

    return made


def _chosen_events(context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource) -> list[str]:
    """The events of the run; empty: all of them."""
    keys = partitions_of_run(context) or []
    with timescaledb.database() as database:
        known = [row["external_id"] for row in read_sales(database, "events")]
    if unknown := sorted(set(keys) - set(known)):
        raise dg.Failure(describe_unknown_keys(unknown, known, EVENT_KEYS), allow_retries=False)
    return list(keys)


def _make(name: str, work: Work, timescaledb: TimescaleDBResource) -> Metadata:
    """Make a table within its time limit, which holds for every statement and for all of its requests together."""
    try:
        with timescaledb.database(limit=work.config.limit) as database:
            return MAKE[name](work, database) | {"dagster/row_count": count_rows(database, name)}
    except TimeoutError as error:
        text = f"{name} took longer than {work.config.timeout_minutes:g} minutes (timeout_minutes)."
        raise _end_of_try(work, dg.Failure(text)) from error
    except TicketPipelineError as error:
        is_transient = (
            error.is_transient if isinstance(error, MarketplaceError) else isinstance(error, StorageUnavailable)
        )
        raise _end_of_try(work, dg.Failure(str(error), allow_retries=is_transient)) from error
    except dg.Failure as failure:
        raise _end_of_try(work, failure) from None


def _end_of_try(work: Work, failure: dg.Failure) -> dg.Failure | dg.RetryRequested:
    if failure.allow_retries and work.context.retry_number < work.config.retries:
        work.context.log.warning("Try %d failed: %s", work.context.retry_number + 1, failure.description)
        return dg.RetryRequested(work.config.retries, work.config.retry_delay_seconds)
    return failure
