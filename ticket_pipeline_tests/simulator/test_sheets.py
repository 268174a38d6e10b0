"""Google Sheets on loopback, beyond what the watchlist's own reader proves: sharing, tokens, formats of errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.sheets import (
    GRANT_TYPE,
    SimulatedSheets,
    Spreadsheet,
    create_sheets_app,
    generate_service_account,
)
from ticket_pipeline_tests.simulator_support.serving import open_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

TAB = "/v4/spreadsheets/s1/values/'Events'"


@pytest.fixture
def sheets() -> SimulatedSheets:
    rows = [["Event Name", "viagId", ""], ["Vesper Lane", "157284301"], [], ["", "00123"], ["", ""]]
    return SimulatedSheets({"s1": Spreadsheet("Watchlist", {"Events": rows, "It's": [["x"]]})})


@pytest.fixture
def client(sheets: SimulatedSheets) -> Iterator[httpx.Client]:
    with open_client(create_sheets_app(sheets, clock=lambda: datetime.now(UTC))) as opened:
        yield opened


@pytest.fixture
def account(sheets: SimulatedSheets, client: httpx.Client) -> dict[str, Any]:
    """A trusted account; the client has its token."""
    made = sheets.trust(generate_service_account(str(client.base_url.join("/token"))))
    credentials = Credentials.from_service_account_info(made, scopes=["any"])
    credentials.refresh(Request())
    client.headers["authorization"] = f"Bearer {credentials.token}"
    return made


@pytest.mark.usefixtures("account")
def test_a_tab_is_read_without_the_empty_cells_at_the_end(client: httpx.Client) -> None:
    rows = [["Event Name", "viagId"], ["Vesper Lane", "157284301"], [], ["", "00123"]]
    assert client.get(TAB).json()["values"] == rows
    assert client.get("/v4/spreadsheets/s1/values/'It''s'").json()["values"] == [["x"]]
    titles = [tab["properties"]["title"] for tab in client.get("/v4/spreadsheets/s1").json()["sheets"]]
    assert titles == ["Events", "It's"]
    unknown = client.get("/v4/spreadsheets/s1/values/'Nowhere'")
    assert (unknown.status_code, unknown.json()["error"]["message"]) == (400, "Unable to parse range: 'Nowhere'")


def test_a_sheet_opens_for_a_trusted_account_that_it_is_shared_with(
    client: httpx.Client, account: dict[str, Any], sheets: SimulatedSheets
) -> None:
    sheets.readers["s1"] = {"somebody@else.invalid"}
    assert [client.get(path).status_code for path in ("/v4/spreadsheets/nowhere", TAB)] == [404, 403]
    sheets.readers["s1"].add(account["client_email"])
    assert client.get(TAB).status_code == 200
    assert client.get(TAB, headers={"authorization": "Bearer guess"}).status_code == 401
    sheets.revoke(account["client_email"])
    assert client.get(TAB).json()["error"]["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        *((FaultKind.RATE_LIMITED, 429, "RESOURCE_EXHAUSTED"), (FaultKind.SERVER_ERROR, 500, "INTERNAL")),
        (FaultKind.UNAVAILABLE, 503, "UNAVAILABLE"),
    ],
)
@pytest.mark.usefixtures("account")
def test_faults_come_in_googles_format_and_requests_are_recorded_by_sheet(
    client: httpx.Client, sheets: SimulatedSheets, kind: FaultKind, code: int, status: str
) -> None:
    sheets.faults.add(Fault(kind, external_id="s1"))
    error = client.get(TAB).json()["error"]
    assert (error["code"], error["status"], client.get(TAB).status_code) == (code, status, 200)
    recorded = [(item.method, item.external_id, item.status) for item in sheets.log.records()]
    assert recorded == [("POST", None, 200), ("GET", "s1", code), ("GET", "s1", 200)]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": GRANT_TYPE, "assertion": ""}, "invalid_grant"),
        ({"grant_type": GRANT_TYPE, "assertion": "a.b.c"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_token_request_without_an_assertion_is_an_error(
    client: httpx.Client, form: dict[str, str], error: str
) -> None:
    response = client.post("/token", data=form)
    assert (response.status_code, response.json()["error"]) == (400, error)
