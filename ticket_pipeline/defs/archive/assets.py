"""The archive as an asset, a partition per month, and the schedule that moves months when they are due."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from ticket_pipeline.defs.jobs import OURS_FIRST, AssetJob
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.schedules import start_status
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.archive import Month, find_due_months

_CRON = "41 4 * * *"
_KEY = "%Y-%m"


def build_archive_asset(settings: Settings, now: Clock, listings: Sequence[str]) -> dg.AssetsDefinition:
    """The archive of the listing assets of these names."""

    @dg.asset(
        partitions_def=months_of(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        group_name="maintenance",
        kinds={"parquet", "duckdb", "postgresql"},
        owners=["team:data"],
        deps=[dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in listings],
        metadata={"dagster/table_name": f"{settings.db_schema}.archive_files"},
        description=(
            "Months of listings, rejected listings and changes in Parquet files; prices and sales stay in the "
            "database.\n\n"
            "Grain: month, marketplace, table. Source: the tables of these names. Write: each file is written, read "
            "back and compared with its table; only then its rows are deleted. Safe to repeat. Trigger: the schedule "
            "archive_listings_daily, for months that ended ARCHIVE_AFTER_MONTHS ago, or `ticket-pipeline archive run`."
        ),
    )
    def listing_archive(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource
    ) -> Iterator[dg.AssetMaterialization]:
        # DuckDB takes a tenth of a second, in every run and code server.
        from ticket_pipeline.archive.archiving import archive_month  # noqa: PLC0415
        from ticket_pipeline.archive.place import open_place  # noqa: PLC0415

        with _errors_as_failures(), timescaledb.database() as database:
            place = open_place(settings)
            for key in sorted(context.partition_keys):
                month = Month.parse(key)
                files = archive_month(database, place, month, now(), context.log.info)
                metadata = {
                    "dagster/row_count": sum(each.rows for each in files),
                    "bytes": sum(each.bytes for each in files),
                }
                context.log_event(
                    dg.AssetMaterialization(
                        context.asset_key, partition=key, metadata={**metadata, "archive": place.shown}
                    )
                )
        yield from ()

    return listing_archive


@contextmanager
def _errors_as_failures() -> Iterator[None]:
    """A month that cannot be archived is a failure with its reason, and no bug with a traceback."""
    try:
        yield
    except TicketPipelineError as error:
        raise dg.Failure(str(error), allow_retries=False) from None


def months_of(settings: Settings) -> dg.MonthlyPartitionsDefinition:
    """The months since PRICES_START_DATE that ended ARCHIVE_AFTER_MONTHS ago: a younger one is not missing."""
    first, kept = settings.prices_start_date.replace(day=1), settings.archive_after_months
    return dg.MonthlyPartitionsDefinition(start_date=f"{first:{_KEY}}", timezone="UTC", fmt=_KEY, end_offset=-kept)


def build_archive_schedule(job: AssetJob, settings: Settings, now: Clock) -> dg.ScheduleDefinition:
    """The schedule that starts one run for all months that are due."""

    @dg.schedule(
        name="archive_listings_daily",
        job=job,
        cron_schedule=_CRON,
        default_status=dg.DefaultScheduleStatus(start_status(settings)),
        description="Moves months that ended ARCHIVE_AFTER_MONTHS ago to Parquet files.",
    )
    def archive_listings_daily(timescaledb: TimescaleDBResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if settings.archive_after_months == 0:
            yield dg.SkipReason("ARCHIVE_AFTER_MONTHS is 0: listings stay in the database")
            return
        # fsspec, which few runs need.
        from ticket_pipeline.archive.place import describe_missing_place  # noqa: PLC0415

        if (missing := describe_missing_place(settings)) is not None:
            yield dg.SkipReason(missing)
            return
        with timescaledb.database() as database:
            due = find_due_months(database, now(), settings.archive_after_months)
        due = [month for month in due if month.first_on >= settings.prices_start_date.replace(day=1)]
        # Up to a gap, the rest tomorrow: a range would also take the months between, which somebody restored.
        keys = [str(month) for number, month in enumerate(due) if month == due[0].plus(number)]
        if not keys:
            yield dg.SkipReason("no month is due")
            return
        span = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
        yield dg.RunRequest(tags={**span, **OURS_FIRST})

    return archive_listings_daily
