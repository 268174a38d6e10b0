"""The asset of the watchlist."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import dagster as dg

from ticket_pipeline.defs.checks import Scope, evaluate_in_run, specs_of
from ticket_pipeline.defs.materializations import SAME_VERSION
from ticket_pipeline.defs.partitions import sync_keys
from ticket_pipeline.defs.resources import Clock, GoogleSheetResource, TimescaleDBResource
from ticket_pipeline.defs.watchlist.checks import WATCHLIST_CHECKS
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.sync import SyncReport, apply_watchlist
from ticket_pipeline.storage.watchlist import read_keys

_MOST_TABLE_ROWS = 200
_OVERDUE = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=1), warn_window=timedelta(hours=3))


class SyncConfig(dg.Config):
    """How a sync is applied."""

    force: bool = False
    """Untrack however many events the watchlist dropped; without it, more than half is taken for an accident."""


def build_events_asset(settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The asset of the watchlist."""

    @dg.asset(
        check_specs=specs_of("events", WATCHLIST_CHECKS),
        group_name="watchlist",
        kinds={"googlesheets" if settings.google_sheet_id is not None else "csv", "postgresql"},
        owners=["team:data"],
        metadata={"dagster/table_name": f"{settings.db_schema}.events"},
        freshness_policy=_OVERDUE,
        description=(
            "The events to follow, one row each.\n\n"
            "Grain: event. Source: the Google Sheet (or CSV file). Write: brought to the sheet in one transaction; a "
            "row that vanished is untracked, its data stays; bad rows are rejected with all their reasons. "
            "Trigger: the schedule sync_events_regularly."
        ),
    )
    def events(
        context: dg.AssetExecutionContext,
        config: SyncConfig,
        timescaledb: TimescaleDBResource,
        google_sheet: GoogleSheetResource,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Sync the watchlist, and bring the partition sets to its event keys."""
        rows, rule_rows = google_sheet.read_rows(), google_sheet.read_rule_rows()
        with timescaledb.database() as database:
            report = apply_watchlist(database, settings, rows, rule_rows, now(), force=config.force)
            for marketplace in Marketplace:
                sync_keys(context.instance, marketplace, partial(read_keys, database, marketplace))
            yield dg.MaterializeResult(metadata=_describe(report), data_version=SAME_VERSION)
            yield from evaluate_in_run(context, database, WATCHLIST_CHECKS, Scope.full(now(), context.run.run_id))

    return events


def _describe(report: SyncReport) -> dict[str, dg.MetadataValue | int | str]:
    result, watchlist = report.result, report.watchlist
    rejected = [
        dg.TableRecord({"row": row.row_number, "reasons": " · ".join(row.reasons), "cells": str(row.cells)})
        for row in watchlist.rejected[:_MOST_TABLE_ROWS]
    ]
    schema = dg.TableSchema([dg.TableColumn("row", "int"), dg.TableColumn("reasons"), dg.TableColumn("cells")])
    return {
        "dagster/row_count": len(watchlist.events),
        "tracked": sum(event.is_tracked for event in watchlist.events),
        "added": result.added,
        "changed": result.changed,
        "untracked": result.untracked,
        "rejected": result.rejected,
        "source": result.source,
        "rejected_rows": dg.MetadataValue.table(rejected, schema),
        "warnings": dg.MetadataValue.md("\n".join(f"- {text}" for text in report.warnings) or "none"),
        "ignored_columns": ", ".join(watchlist.ignored_columns) or "none",
        "zone_rules": report.zones.rule_count if report.zones else 0,
        "seat_rules": len(report.exclusions.rules) if report.exclusions else 0,
        "alert_rules": len(report.alerts.rules) if report.alerts else 0,
        "hours_to_rebuild": report.reclassification.hours,
    }
