"""Bringing the database to the watchlist: from a CSV file or a served Google Sheet, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigurationError, SheetError
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.csv_file import CsvSource
from ticket_pipeline.sheet.sync import RuleRows, load_zone_map, open_watchlist, read_rule_rows, sync_events
from ticket_pipeline.simulator.sheets import SimulatedSheets, create_sheets_app, generate_service_account
from ticket_pipeline.simulator.spreadsheet import Spreadsheet
from ticket_pipeline.simulator.world import sample_watchlist_rows, sample_world, sample_zone_rows
from ticket_pipeline.storage.admission_rules import read_admission_rules
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.simulator_support.serving import serve

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORLD = sample_world(NOW)
ROWS = sample_watchlist_rows(WORLD)
ZONES = sample_zone_rows(WORLD)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """An empty database."""
    with Database(migrated_url, "tickets") as opened:
        yield opened


def write(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def from_csv(folder: Path, rows: Sequence[Sequence[str]] = ROWS, **changes: object) -> Settings:
    """Settings that name a CSV file with these rows."""
    path = write(folder / "watchlist.csv", rows)
    return settings_from({"watchlist_csv": path} | changes)


def names(database: Database, *, tracked_only: bool = False) -> set[str]:
    """The names of the events."""
    return {event.name for event in read_events(database, tracked_only=tracked_only)}


def test_a_csv_file_becomes_events_with_their_ids_and_venue_map(database: Database, tmp_path: Path) -> None:
    settings = from_csv(tmp_path, venue_map=str(write(tmp_path / "zones.csv", ZONES)))
    report = sync_events(database, settings, NOW)

    assert (report.result.added, report.result.rejected) == (6, 0)
    assert report.zones is not None
    assert report.zones.rule_count == len(ZONES) - 1
    stored = {event.external_id: (event.name, event.event_at) for event in read_events(database)}
    assert stored == {
        external_id: (event.name, event.event_at)
        for event in WORLD.simulated_events
        for external_id in event.ids.values()
    }

    zone_map = load_zone_map(database)
    assert zone_map is not None
    assert zone_map.texts == report.zones.texts
    zone = WORLD.simulated_events[0].venue.zones[0]
    assert zone_map.zone_of(WORLD.simulated_events[0].venue.name, zone.sections[0]) == zone.name


def test_an_unreadable_venue_map_leaves_the_watchlist_as_it_was(database: Database, tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"zones\.csv"):
        sync_events(database, from_csv(tmp_path, venue_map=str(tmp_path / "zones.csv")), NOW)
    assert names(database) == set()


def test_rows_of_a_new_venue_map_replace_the_old_ones(database: Database, tmp_path: Path) -> None:
    for zones in (ZONES, [ZONES[0], ["Harbor Garden", "*", "Everywhere"]]):
        sync_events(database, from_csv(tmp_path, venue_map=str(write(tmp_path / "zones.csv", zones))), NOW)
    zone_map = load_zone_map(database)
    assert zone_map is not None
    assert zone_map.texts == [("Harbor Garden", "*", "Everywhere")]
    assert sync_events(database, from_csv(tmp_path), NOW).zones is None
    assert load_zone_map(database) is not None  # a map that is no longer configured stays


def test_the_default_timezone_and_the_date_order_are_settings(database: Database, tmp_path: Path) -> None:
    rows = [["Event Name", "Event Date (Local)", "viagId"], ["Somewhere", "03/04/2027 20:00", "157284301"]]
    changes = {"event_default_timezone": "Europe/London", "watchlist_date_order": "day_first"}
    sync_events(database, from_csv(tmp_path, rows, **changes), NOW)
    (event,) = read_events(database)
    assert event.event_at == datetime(2027, 4, 3, 19, tzinfo=UTC)


def test_a_google_sheet_and_its_zones_tab_are_read_by_a_service_account(database: Database, tmp_path: Path) -> None:
    sheets = SimulatedSheets()
    sheets.spreadsheets["watchlist-id"] = Spreadsheet("Watchlist", {"Shows": ROWS, "Zones": ZONES})
    with serve(create_sheets_app(sheets, clock=lambda: datetime.now(UTC))) as served:
        account = sheets.trust(generate_service_account(f"{served.url}/token"))
        credentials = tmp_path / "account.json"
        credentials.write_text(json.dumps(account), encoding="utf-8")
        settings = settings_from(
            {
                "google_sheet_id": "watchlist-id",
                "google_sheets_credentials_file": credentials,
                "google_sheets_api_base_url": served.url,
                "events_worksheet_name": "Shows",
                "venue_map": "Zones",
            }
        )
        report = sync_events(database, settings, NOW)
    assert (report.result.added, report.zones and report.zones.rule_count) == (6, len(ZONES) - 1)


def test_exclusions_are_stored_in_order_and_bad_rows_stop_nothing(database: Database, tmp_path: Path) -> None:
    rows = [["Section", "Admission"], ["*Lot", "seat"], ["Terrace", "maybe"], ["Gold Lot", "parking"]]
    settings = from_csv(tmp_path, exclusions=str(write(tmp_path / "exclusions.csv", rows)))
    report = sync_events(database, settings, NOW)
    assert report.exclusions is not None
    assert (report.result.added, len(report.exclusions.rules)) == (len(ROWS) - 1, 2)
    (warning,) = [text for text in report.warnings if text.startswith("Exclusions, row 3: ")]
    assert "write seat, grounds, parking or extra" in warning
    columns: dict[str, list[str | None]] = {"section": ["Gold Lot"], "row": [None], "zone": [None], "notes": [None]}
    assert read_admission_rules(database).for_event("stubhub", None).judge(columns, 1) == ["seat"]
    write(tmp_path / "exclusions.csv", [rows[0], rows[3]])
    sync_events(database, settings, NOW)
    assert read_admission_rules(database).for_event("stubhub", None).judge(columns, 1) == ["parking"]


def test_without_a_sheet_the_sample_is_read_and_a_sheet_needs_credentials(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    assert open_watchlist(settings) == CsvSource(tmp_path / "sample_watchlist.csv")
    assert read_rule_rows(settings) == RuleRows()
    settings = Settings.model_construct(google_sheet_id="id", google_sheets_credentials_file=None)
    with pytest.raises(ConfigurationError, match="GOOGLE_SHEETS_CREDENTIALS_FILE"):
        open_watchlist(settings)
