"""A Google Sheets service on loopback, with one watchlist in it and a service account that may read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.sheet.google import GoogleSheetSource
from ticket_pipeline.simulator.sheets import SimulatedSheets, create_sheets_app, generate_service_account
from ticket_pipeline.simulator.spreadsheet import Spreadsheet
from ticket_pipeline_tests.simulator_support.serving import serve

SHEET_ID = "1watchlist_Sheet-id"
TOKEN_PATH = "/token"  # noqa: S105 - a path, no password


@dataclass(frozen=True, slots=True)
class SheetsService:
    """A running service and what is needed to read from it."""

    sheets: SimulatedSheets
    url: str
    account: dict[str, Any]
    credentials_file: Path

    def source(self, **changes: Any) -> GoogleSheetSource:  # noqa: ANN401 - the fields of the source
        """A source that reads the watchlist and does not wait between its tries."""
        fields: dict[str, Any] = {
            "spreadsheet_id": SHEET_ID,
            "worksheet_name": "Events",
            "credentials_file": self.credentials_file,
            "api_base_url": self.url,
            "first_wait_seconds": 0.0,
        }
        return GoogleSheetSource(**(fields | changes))

    def data_requests(self) -> list[str]:
        """Paths of the requests so far, without those for tokens."""
        return [record.path for record in self.sheets.log.records() if record.path != TOKEN_PATH]

    def write_credentials(self, **changes: object) -> None:
        """Rewrite the credentials file with some fields changed."""
        self.credentials_file.write_text(json.dumps(self.account | changes), encoding="utf-8")


@pytest.fixture(scope="session")
def service_account() -> dict[str, Any]:
    """One key for all tests: making an RSA key takes a while."""
    return generate_service_account("http://replaced.invalid/token")


@pytest.fixture
def service(service_account: dict[str, Any], tmp_path: Path) -> Iterator[SheetsService]:
    """A fresh service with a watchlist of two rows."""
    rows = [["Event Name", "Event Date (Local)", "viagId"], ["Hawks at Heat", "2026-03-14 19:30:00", "157284301"]]
    sheets = SimulatedSheets()
    sheets.spreadsheets[SHEET_ID] = Spreadsheet("Watchlist", {"Events": rows, "Bob's zones": [["Venue"]]})
    with serve(create_sheets_app(sheets, clock=lambda: datetime.now(UTC))) as served:
        account = sheets.trust(service_account | {"token_uri": f"{served.url}{TOKEN_PATH}"})
        made = SheetsService(sheets, served.url, account, tmp_path / "service-account.json")
        made.write_credentials()
        yield made
