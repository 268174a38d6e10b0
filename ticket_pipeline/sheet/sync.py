"""Bring the database to the watchlist: read the sheet or the CSV file, parse it, apply it whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.sheet.alerts import Alerts, YamlSource, parse_alerts
from ticket_pipeline.sheet.csv_file import CsvSource
from ticket_pipeline.sheet.exclusions import Exclusions, parse_exclusions
from ticket_pipeline.sheet.rows import Watchlist, parse_watchlist
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.zones import ZoneField, ZoneMap, parse_zones
from ticket_pipeline.storage.admission_rules import (
    Reclassification,
    mark_reclassified_hours,
    read_admission_rules,
    replace_admission_rules,
)
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline.storage.watchlist import SyncResult, read_venue_zones, replace_venue_zones, sync_watchlist

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.sheet.google import GoogleSheetSource
    from ticket_pipeline.storage.database import Database

_MAX_UNTRACK_FRACTION = 0.5
"""A sync that drops a larger share of the upcoming events, or of their ids, is taken for an accident."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What was read and what it did.

    Attributes:
        zones: None where no venue map is configured; so `exclusions` and `alerts`.
        reclassification: what must be rebuilt because the rules of what is a seat changed.
        kept_rules: how many of an earlier sync still apply, though no exclusions are configured.
    """

    result: SyncResult
    watchlist: Watchlist
    zones: ZoneMap | None
    exclusions: Exclusions | None
    reclassification: Reclassification
    kept_rules: int = 0
    alerts: Alerts | None = None

    @property
    def warnings(self) -> list[str]:
        """The watchlist's warnings, and the rows of the tables of rules that cannot be used."""
        tables = (("Venue map", self.zones), ("Exclusions", self.exclusions), ("Alerts", self.alerts))
        rejected = ((name, row) for name, table in tables if table is not None for row in table.rejected)
        rows = [f"{name}, row {row.row_number}: {' '.join(row.reasons)}" for name, row in rejected]
        return [*self.watchlist.warnings, *rows]


class RuleRows(NamedTuple):
    """What was read of the tables of rules; None where one is not configured."""

    zones: SheetRows | None = None
    exclusions: SheetRows | None = None
    alerts: SheetRows | None = None


def sample_watchlist_path(settings: Settings) -> Path:
    """Where `ticket-pipeline run` writes the demo's watchlist."""
    return settings.state_dir / "sample_watchlist.csv"


def open_watchlist(settings: Settings) -> GoogleSheetSource | CsvSource:
    """The watchlist that the settings name: the Google Sheet, else the CSV file, else the demo's sample."""
    if settings.google_sheet_id is not None:
        return _google_sheet(settings, settings.events_worksheet_name)
    return CsvSource(settings.watchlist_csv or sample_watchlist_path(settings))


def read_rule_rows(settings: Settings) -> RuleRows:
    """Read the tables of rules that the settings name; a SheetError where one could not be read."""
    sources = (_open_rules(settings, name) for name in (settings.venue_map, settings.exclusions, settings.alerts))
    return RuleRows(*(None if source is None else source.read_rows() for source in sources))


def _open_rules(settings: Settings, name: str | None) -> GoogleSheetSource | CsvSource | YamlSource | None:
    if name is None:
        return None
    if name.endswith((".yaml", ".yml")):
        return YamlSource(Path(name))
    if settings.google_sheet_id is None or name.endswith(".csv"):
        return CsvSource(Path(name))
    return _google_sheet(settings, name)


def sync_events(database: Database, settings: Settings, this_moment: datetime, *, force: bool = False) -> SyncReport:
    """Read the watchlist and the tables of rules and bring the database to them, or change nothing and raise.

    Args:
        database: migrated.
        settings: where the watchlist is and what guards apply.
        this_moment: aware UTC.
        force: apply it even if it untracks more events than the guard allows.
    """
    rows = open_watchlist(settings).read_rows()
    return apply_watchlist(database, settings, rows, read_rule_rows(settings), this_moment, force=force)


def apply_watchlist(
    database: Database,
    settings: Settings,
    rows: SheetRows,
    rule_rows: RuleRows,
    this_moment: datetime,
    *,
    force: bool = False,
) -> SyncReport:
    """Bring the database to what was read of the watchlist and the tables of rules, as `sync_events` does."""
    watchlist = parse_watchlist(
        rows,
        default_timezone=settings.event_default_timezone,
        date_order=settings.watchlist_date_order,
    )
    zones = parse_zones(rule_rows.zones) if rule_rows.zones is not None else None
    exclusions = parse_exclusions(rule_rows.exclusions) if rule_rows.exclusions is not None else None
    alerts = parse_alerts(rule_rows.alerts) if rule_rows.alerts is not None else None
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
    if exclusions is not None:
        replace_admission_rules(database, exclusions.rules)
    if alerts is not None:
        replace_alert_rules(database, alerts.rules, alerts.rejected)
    return SyncReport(
        result,
        watchlist,
        zones,
        exclusions,
        mark_reclassified_hours(database),
        kept_rules=len(read_admission_rules(database).own) if exclusions is None else 0,
        alerts=alerts,
    )


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
