"""The asset of the watchlist."""

import dagster as dg

from ticket_pipeline.defs.materializations import SAME_VERSION
from ticket_pipeline.defs.resources import Clock, GoogleSheetResource, TimescaleDBResource
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.sync import SyncReport, apply_watchlist
from ticket_pipeline.storage.watchlist import read_keys

_MOST_TABLE_ROWS = 200


class SyncConfig(dg.Config):
    """How a sync is applied."""

    force: bool = False
    """Untrack however many events the watchlist dropped; without it, more than half is taken for an accident."""


def build_events_asset(settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The asset of the watchlist."""

    @dg.asset(
        group_name="watchlist",
        kinds={"googlesheets", "postgres"},
        owners=["team:data"],
        description=(
            "The events to follow, one row each.\n\n"
            "Grain: event. Source: the Google Sheet (or CSV file). Write: brought to the sheet in one transaction; a "
            "row that vanished is untracked, its data stays; bad rows are quarantined with all their reasons. "
            "Trigger: the schedule sync_events_regularly."
        ),
    )
    def events(
        context: dg.AssetExecutionContext,
        config: SyncConfig,
        timescaledb: TimescaleDBResource,
        google_sheet: GoogleSheetResource,
    ) -> dg.MaterializeResult[None]:
        """Sync the watchlist, and register the event keys of every marketplace as partitions."""
        rows, zone_rows = google_sheet.read_rows(), google_sheet.read_zone_rows()
        with timescaledb.database() as database:
            report = apply_watchlist(database, settings, rows, zone_rows, now(), force=config.force)
            for marketplace in Marketplace:
                register_keys(context.instance, marketplace, read_keys(database, marketplace))
        return dg.MaterializeResult(metadata=_describe(report), data_version=SAME_VERSION)

    return events


def register_keys(instance: dg.DagsterInstance, marketplace: Marketplace, keys: list[str]) -> list[str]:
    """Add the keys that the marketplace's partition set lacks; returns them."""
    name = f"{marketplace}_events"
    known = set(instance.get_dynamic_partitions(name))
    new = [key for key in keys if key not in known]
    if new:
        instance.add_dynamic_partitions(name, new)
    return new


def _describe(report: SyncReport) -> dict[str, dg.MetadataValue | int | str]:
    result, watchlist = report.result, report.watchlist
    rejected = [
        dg.TableRecord({"row": row.row_number, "reasons": " · ".join(row.reasons), "cells": str(row.cells)})
        for row in watchlist.rejected[:_MOST_TABLE_ROWS]
    ]
    schema = dg.TableSchema([dg.TableColumn("row", "int"), dg.TableColumn("reasons"), dg.TableColumn("cells")])
    return {
        "events": len(watchlist.events),
        "tracked": sum(event.is_tracked for event in watchlist.events),
        "added": result.added,
        "changed": result.changed,
        "untracked": result.untracked,
        "rejected": result.rejected,
        "source": result.source,
        "rejected_rows": dg.MetadataValue.table(rejected, schema),
        "warnings": dg.MetadataValue.md("\n".join(f"- {text}" for text in watchlist.warnings) or "none"),
        "ignored_columns": ", ".join(watchlist.ignored_columns) or "none",
        "zone_rules": report.zones.rule_count if report.zones else 0,
    }
