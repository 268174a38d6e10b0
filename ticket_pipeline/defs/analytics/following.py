"""What a poll logs of the assets that follow its captures: the hours it changed, and their checks.

Their rows are written in the transaction of each capture: there is no run of their own. Dagster hides the result of a
check as soon as its asset is materialized after it: both are logged together.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from ticket_pipeline.defs.analytics.checks import SALES_CHECKS, changes_checks
from ticket_pipeline.defs.checks import Check, Scope, evaluate_checks, report_result
from ticket_pipeline.defs.materializations import in_sync_regardless_of
from ticket_pipeline.defs.partitions import hours_since
from ticket_pipeline.defs.windows import log_windows
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.changes import build_change_rules, summarise_changes
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import HOUR, Span, hour_start


@dataclass(frozen=True, slots=True)
class Follower:
    """An asset of hours that follows captures.

    Attributes:
        name: of asset and table.
        summarise: what is stored of whole hours: hour_at, rows and other counts.
    """

    name: str
    checks: Sequence[Check]
    summarise: Callable[[Database, Span], list[Row]]


def summarise_sales(database: Database, span: Span) -> list[Row]:
    """What is stored of whole hours of estimated sales."""
    from ticket_pipeline.storage import sales  # noqa: PLC0415 - numpy: 0.1 CPU-s that most code servers and runs save

    return sales.summarise_sales(database, span)


def build_followers(settings: Settings) -> list[Follower]:
    """The assets that follow captures."""
    return [
        Follower("listing_changes", changes_checks(build_change_rules(settings)), summarise_changes),
        Follower("estimated_sales", SALES_CHECKS, summarise_sales),
    ]


def log_followers(
    context: dg.AssetExecutionContext,
    database: Database,
    settings: Settings,
    compared_at: Iterable[datetime],
    now: datetime,
) -> None:
    """Log the followers for the hours of these captures, and evaluate their checks over them."""
    partitions = hours_since(settings.prices_start_date)
    touched = {hour_start(moment) for moment in compared_at if moment.date() >= settings.prices_start_date}
    if not touched:
        return
    sources = [_sibling(context, source.asset_name) for source in SOURCES.values() if source.has_listings]
    for follower in build_followers(settings):
        key, tags = _sibling(context, follower.name), in_sync_regardless_of(context, sources)
        found = {
            row["hour_at"].astimezone(UTC).strftime(partitions.fmt): row
            for hour in sorted(touched)
            for row in follower.summarise(database, Span(hour, hour + HOUR))
        }
        log_windows(context, list(found), found, tags, asset=key)
        written = Scope(min(touched), max(touched) + HOUR, now, context.run.run_id)
        for result in evaluate_checks(context.instance, key, database, follower.checks, written):
            report_result(context.instance, key, result)


def _sibling(context: dg.AssetExecutionContext, name: str) -> dg.AssetKey:
    """The key of another asset of ours, under the same prefix."""
    return dg.AssetKey([*context.asset_key.path[:-1], name])
