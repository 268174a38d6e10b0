"""The asset of the results in the user's own table."""

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.resources import Clock, GoogleSheetResource, TimescaleDBResource
from ticket_pipeline.outputs.sheet_results import write_results
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.results import WriteReport, parse_columns


class WriteConfig(dg.Config):
    """What is written."""

    columns: list[str] = Field(default_factory=list)
    """Headers of columns to make even if the user deleted them, such as Floor; empty: those that were never made."""


def build_sheet_results(settings: Settings, now: Clock) -> list[dg.AssetsDefinition]:
    """The asset, where SHEET_RESULTS is on."""
    if not settings.sheet_results:
        return []

    @dg.asset(
        deps=["events", "hourly_prices", "estimated_sales"],
        group_name="outputs",
        kinds={"googlesheets" if settings.google_sheet_id is not None else "csv"},
        owners=["team:data"],
        description=(
            "Floor, get-in prices, changes, tickets and status beside each row of the watchlist.\n\n"
            "Grain: row of the watchlist. Source: the overview of the tracked events. Write: cells of columns that the "
            "pipeline made, which differ; a CSV watchlist gets a file beside it. Trigger: the schedule "
            "write_results_regularly."
        ),
    )
    def sheet_results(
        context: dg.AssetExecutionContext,
        config: WriteConfig,
        timescaledb: TimescaleDBResource,
        google_sheet: GoogleSheetResource,
    ) -> dg.MaterializeResult[None]:
        """Write the numbers of now into the user's table."""
        asked = parse_columns(config.columns)
        with timescaledb.database() as database:
            report = write_results(database, google_sheet.settings_in_use(), now(), asked=asked)
        if not report.is_settled:
            context.log.warning("%s is being edited; the next run writes the rest", report.target)
        return dg.MaterializeResult(metadata=_describe(report))

    return [sheet_results]


def _describe(report: WriteReport) -> dict[str, int | str | bool]:
    return {
        "dagster/row_count": report.rows,
        "cells_changed": report.cells,
        "columns_made": ", ".join(report.made) or "none",
        "columns_deleted_by_you": ", ".join(report.deleted) or "none",
        "columns_renamed_by_you": ", ".join(report.renamed) or "none",
        "target": report.target,
        "is_settled": report.is_settled,
    }
