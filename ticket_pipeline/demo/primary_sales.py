"""Primary sales of the demo's organiser, read from the simulator as the pipeline reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_pipeline.primary_sales.ingest import (
    rebuild_age_groups,
    rebuild_gender,
    sync_vivenu_coupons,
    sync_vivenu_events,
)
from ticket_pipeline.primary_sales.ingest_tickets import sync_vivenu_tickets
from ticket_pipeline.storage.ticket_sales import rebuild, rebuild_summary

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database


async def read_primary_sales(database: Database, settings: Settings, this_moment: datetime) -> None:
    """Fill every table of primary sales, so that their page is full before Dagster's first run. Idempotent."""
    await sync_vivenu_events(database, settings)
    await sync_vivenu_tickets(database, settings, None, now=lambda: this_moment)
    await sync_vivenu_coupons(database, settings)
    database.execute("primary_sales/update_coupon_sums")
    rebuild(database, "sales_daily")
    rebuild_gender(database, settings)
    rebuild_age_groups(database, settings)
    rebuild_summary(database, this_moment)
