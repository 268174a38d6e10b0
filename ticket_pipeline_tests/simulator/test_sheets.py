"""Google Sheets on loopback, used through the real gspread and google-auth."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gspread
import httpx
import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from gspread.exceptions import APIError, SpreadsheetNotFound
from gspread.http_client import HTTPClient

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.sheets import GRANT_TYPE, SimulatedSheets, create_sheets_app, generate_service_account
from ticket_pipeline.simulator.spreadsheet import RangeError, Spreadsheet
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]
ROWS = [["Event Name", "viagId"], ["Vesper Lane", "157284301"], [], ["Nightjar", "00123"]]
AWKWARD = "It's 100% a/b!"


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    """One key for all tests: making one takes a tenth of a second. Its token URI is set per server."""
    return generate_service_account("http://unused.invalid/token")


class _Service:
    """A service and clients for it."""

    def __init__(self) -> None:
        tabs = {"Events": [[*row] for row in ROWS], "Empty": [], AWKWARD: [["x"]]}
        self.sheets = SimulatedSheets({"s1": Spreadsheet("Watchlist", tabs)})
        self.url = ""
        self.account: dict[str, Any] = {}

    @contextmanager
    def gspread(self) -> Iterator[gspread.Client]:
        """The real gspread with a token from the real exchange."""
        base = self.url

        class LoopbackClient(HTTPClient):
            def request(self, method: str, endpoint: str, *args: object, **options: object) -> requests.Response:
                local = endpoint.replace("https://sheets.googleapis.com", base)
                return super().request(method, local, *args, **options)

        credentials = service_account.Credentials.from_service_account_info(self.account, scopes=SCOPES)
        with requests.Session() as session:
            session.trust_env = False
            credentials.refresh(Request(session))
            session.headers["Authorization"] = f"Bearer {credentials.token}"
            yield gspread.Client(auth=None, session=session, http_client=LoopbackClient)


@pytest.fixture
def service(key: dict[str, Any]) -> Iterator[_Service]:
    one = _Service()
    with serve(create_sheets_app(one.sheets, clock=lambda: datetime.now(UTC))) as served:
        one.url = served.url
        one.account = one.sheets.trust({**key, "token_uri": f"{served.url}/token"})
        yield one


def test_gspread_reads_rows_as_text(service: _Service) -> None:
    with service.gspread() as client:
        sheet = client.open_by_key("s1")
        assert (sheet.title, [tab.title for tab in sheet.worksheets()]) == ("Watchlist", ["Events", "Empty", AWKWARD])
        tab = sheet.worksheet("Events")
        assert tab.get_all_values() == [[*ROWS[0]], [*ROWS[1]], ["", ""], [*ROWS[3]]]
        service.sheets.spreadsheets["s1"].tabs["Events"] = [["changed"]]
        assert tab.get_all_values() == [["changed"]]
        assert sheet.worksheet(AWKWARD).get_all_values() == [["x"]]
        assert sheet.worksheet("Empty").get_all_values() == [[]]


def test_gspread_writes_cells_in_one_batch(service: _Service) -> None:
    data = [{"range": "Events!C1", "values": [["Result"]]}, {"range": "Events!A2:B2", "values": [["new", 5]]}]
    with service.gspread() as client:
        sheet = client.open_by_key("s1")
        sheet.values_batch_update({"valueInputOption": "RAW", "data": data})
        values = sheet.worksheet("Events").get_all_values()
    assert values[:2] == [["Event Name", "viagId", "Result"], ["new", "5", ""]]


def test_an_unknown_sheet_an_unshared_one_and_an_unknown_tab_differ(service: _Service) -> None:
    service.sheets.readers["s1"] = {"somebody@else.invalid"}
    with service.gspread() as client:
        with pytest.raises(SpreadsheetNotFound):
            client.open_by_key("nowhere")
        with pytest.raises(PermissionError):
            client.open_by_key("s1")
        service.sheets.readers["s1"].add(service.account["client_email"])
        assert client.open_by_key("s1").title == "Watchlist"
        with pytest.raises(APIError, match="Unable to parse range"):
            client.http_client.values_get("s1", "'Nowhere'")


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (FaultKind.RATE_LIMITED, 429, "RESOURCE_EXHAUSTED"),
        (FaultKind.SERVER_ERROR, 500, "INTERNAL"),
        (FaultKind.UNAVAILABLE, 503, "UNAVAILABLE"),
    ],
)
def test_faults_come_in_googles_format_and_requests_are_recorded_by_sheet(
    service: _Service, kind: FaultKind, code: int, status: str
) -> None:
    service.sheets.faults.add(Fault(kind, external_id="s1"))
    with service.gspread() as client:
        with pytest.raises(APIError) as caught:
            client.http_client.values_get("s1", "Events")
        assert client.http_client.values_get("s1", "Events")["values"]
    assert (caught.value.code, caught.value.error["status"]) == (code, status)
    assert [(item.method, item.external_id, item.status) for item in service.sheets.log.records()] == [
        ("POST", None, 200),
        ("GET", "s1", code),
        ("GET", "s1", 200),
    ]


def test_only_a_token_of_a_trusted_account_opens_a_sheet(service: _Service) -> None:
    url = f"{service.url}/v4/spreadsheets/s1"
    for headers in ({}, {"authorization": "Bearer guess"}, {"authorization": "Basic guess"}):
        response = httpx.get(url, headers=headers, trust_env=False)
        assert (response.status_code, response.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    with service.gspread() as client:
        service.sheets.revoke(service.account["client_email"])
        with pytest.raises(APIError, match="401"):
            client.open_by_key("s1")
    with pytest.raises(Exception, match="account not found"), service.gspread():
        pass


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": GRANT_TYPE, "assertion": ""}, "invalid_grant"),
        ({"grant_type": GRANT_TYPE, "assertion": "a.b.c"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_token_request_without_an_assertion_is_an_error(service: _Service, form: dict[str, str], error: str) -> None:
    response = httpx.post(f"{service.url}/token", data=form, trust_env=False)
    assert (response.status_code, response.json()["error"]) == (400, error)


# --- ranges ---------------------------------------------------------------------------------------------------------


def _sheet() -> Spreadsheet:
    return Spreadsheet("Watchlist", {"Events": [["A1", "B1", ""], [], ["A3", "", "C3"], ["", ""]], "It's": [["x"]]})


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ("'Events'", [["A1", "B1"], [], ["A3", "", "C3"]]),
        ("Events!A1", [["A1"]]),
        ("Events!B1:C3", [["B1"], [], ["", "C3"]]),
        ("Events!A2:B", [[], ["A3"]]),
        ("'It''s'!A1", [["x"]]),
        ("A1", [["A1"]]),
        ("Events!E1:F9", None),
    ],
)
def test_a_range_returns_its_cells_without_empty_ones_at_the_end(cells: str, values: list[list[str]] | None) -> None:
    assert _sheet().read(cells).get("values") == values


@pytest.mark.parametrize("cells", ["Nowhere", "Nowhere!A1", "Events!?!", "'Events"])
def test_a_range_that_does_not_parse_is_an_error_in_googles_words(cells: str) -> None:
    with pytest.raises(RangeError, match="Unable to parse range"):
        _sheet().read(cells)


def test_writing_grows_the_grid_and_keeps_cells_given_as_none() -> None:
    sheet = _sheet()
    written = sheet.write("Events!B3", [[None, "new", True], [5]])
    assert sheet.read("Events!A3:D4")["values"] == [["A3", "", "new", "TRUE"], ["", "5"]]
    assert written == {"updatedRange": "Events!B3", "updatedRows": 2, "updatedCells": 4}
