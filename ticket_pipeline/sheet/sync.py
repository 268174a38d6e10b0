"""Bring the database to the watchlist: read the sheet or the CSV file, parse it, apply it whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.sheet.csv_file import CsvSource
from ticket_pipeline.sheet.rows import Watchlist, parse_watchlist
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.zones import ZoneField, ZoneMap, parse_zones
from ticket_pipeline.storage.watchlist import SyncResult, read_venue_zones, replace_venue_zones, sync_watchlist

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.sheet.google import GoogleSheetSource
    from ticket_pipeline.storage.database import Database

_MAX_UNTRACK_FRACTION = 0.5
"""A sync that drops a larger share of the upcoming events, or of their ids, is taken for an accident."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What was read and what it did. `zones` is None where no venue map is configured."""

    result: SyncResult
    watchlist: Watchlist
    zones: ZoneMap | None


def sample_watchlist_path(settings: Settings) -> Path:
    """Where `ticket-pipeline run` writes the demo's watchlist."""
    return settings.state_dir / "sample_watchlist.csv"


def open_watchlist(settings: Settings) -> GoogleSheetSource | CsvSource:
    """The watchlist that the settings name: the Google Sheet, else the CSV file, else the demo's sample."""
    if settings.google_sheet_id is not None:
        return _google_sheet(settings, settings.events_worksheet_name)
    return CsvSource(settings.watchlist_csv or sample_watchlist_path(settings))


def open_venue_map(settings: Settings) -> GoogleSheetSource | CsvSource | None:
    """The venue map that the settings name, if any."""
    if settings.venue_map is None:
        return None
    if settings.google_sheet_id is None or settings.venue_map.endswith(".csv"):
        return CsvSource(Path(settings.venue_map))
    return _google_sheet(settings, settings.venue_map)


def sync_events(database: Database, settings: Settings, this_moment: datetime, *, force: bool = False) -> SyncReport:
    """Read the watchlist and the venue map and bring the database to them, or change nothing and raise.

    Args:
        database: migrated.
        settings: where the watchlist is and what guards apply.
        this_moment: aware UTC.
        force: apply it even if it untracks more events than the guard allows.
    """
    venue_map = open_venue_map(settings)
    rows = open_watchlist(settings).read_rows()
    zone_rows = venue_map.read_rows() if venue_map is not None else None
    return apply_watchlist(database, settings, rows, zone_rows, this_moment, force=force)


def apply_watchlist(
    database: Database,
    settings: Settings,
    rows: SheetRows,
    zone_rows: SheetRows | None,
    this_moment: datetime,
    *,
    force: bool = False,
) -> SyncReport:
    """Bring the database to what was read of the watchlist and the venue map, as `sync_events` does."""
    watchlist = parse_watchlist(
        rows,
        default_timezone=settings.event_default_timezone,
        date_order=settings.watchlist_date_order,
    )
    zones = parse_zones(zone_rows) if zone_rows is not None else None
    result = sync_watchlist(
        database,
        watchlist.events,
        watchlist.rejected,
        source=watchlist.source,
        this_moment=this_moment,
        max_untrack_fraction=_MAX_UNTRACK_FRACTION,
        force=force,
    )
    if zones is not None:
        replace_venue_zones(
            database, [text._asdict() | {"position": position} for position, text in enumerate(zones.texts)]
        )
    return SyncReport(result, watchlist, zones)


def load_zone_map(database: Database) -> ZoneMap | None:
    """The venue map as last synced; None where there is none."""
    rows = read_venue_zones(database)
    if not rows:
        return None
    values = [[row["venue"], row["section_pattern"], row["zone"]] for row in rows]
    return parse_zones(SheetRows([[str(field) for field in ZoneField], *values], "the stored venue map"))


def _google_sheet(settings: Settings, worksheet_name: str) -> GoogleSheetSource:
    if settings.google_sheet_id is None or settings.google_sheets_credentials_file is None:
        raise ConfigurationError(
            "Could not open the Google Sheet. Set GOOGLE_SHEET_ID and GOOGLE_SHEETS_CREDENTIALS_FILE."
        )
    from ticket_pipeline.sheet.google import GoogleSheetSource  # noqa: PLC0415 - Google's libraries, only where used

    return GoogleSheetSource(
        spreadsheet_id=settings.google_sheet_id,
        worksheet_name=worksheet_name,
        credentials_file=settings.google_sheets_credentials_file,
        api_base_url=settings.tuning.google_sheets_api_base_url,
    )
