"""Google Sheets on loopback, by the real gspread and google-auth."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import gspread
import httpx
import pytest
import requests
from google.auth import crypt, jwt
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from gspread.exceptions import APIError, SpreadsheetNotFound
from gspread.http_client import HTTPClient

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.sheets import (
    GRANT_TYPE,
    SimulatedSheets,
    create_sheets_app,
    generate_service_account,
)
from ticket_pipeline.simulator.spreadsheet import Spreadsheet
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]
ROWS = [["Event Name", "viagId"], ["Vesper Lane", "157284301"], [], ["Nightjar", "00123"]]


@pytest.fixture(scope="module")
def account() -> dict[str, Any]:
    """One key for all tests: making one takes a tenth of a second. Its token URI is set per server."""
    return generate_service_account("http://unused.invalid/token")


class _Service:
    """A service with a clock of its own, and clients for it."""

    def __init__(self) -> None:
        tabs = {"Events": [[*row] for row in ROWS], "Empty": []}
        self.sheets = SimulatedSheets(spreadsheets={"s1": Spreadsheet("Watchlist", tabs)})
        self.now = datetime.now(UTC)  # google-auth signs by the real clock
        self.url = ""
        self.account: dict[str, Any] = {}

    @contextmanager
    def gspread(self) -> Iterator[gspread.Client]:
        """The real gspread with a token from the real exchange.

        The session is a plain one with the token in it: google-auth's own session also asks a public Google host
        about the account, in a thread of its own.
        """
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

    def ask_token(self, *, key: str | None = None, algorithm: str = "RS256", **changed: object) -> httpx.Response:
        """Send a hand-made assertion, with claims or the key changed."""
        signer = crypt.RSASigner.from_string(key or self.account["private_key"])
        moment = int(self.now.timestamp())
        claims = {
            "iss": self.account["client_email"],
            "aud": self.account["token_uri"],
            "iat": moment,
            "exp": moment + 3600,
        }
        assertion = jwt.encode(signer, {**claims, **changed}, header={"alg": algorithm}).decode()
        return self.post_token({"grant_type": GRANT_TYPE, "assertion": assertion})

    def post_token(self, form: dict[str, str]) -> httpx.Response:
        """Send a token request as it is."""
        return httpx.post(f"{self.url}/token", data=form, trust_env=False)


@pytest.fixture
def service(account: dict[str, Any]) -> Iterator[_Service]:
    one = _Service()
    with serve(create_sheets_app(one.sheets, clock=lambda: one.now)) as served:
        one.url = served.url
        one.account = one.sheets.trust({**account, "token_uri": f"{served.url}/token"})
        yield one


# --- reading and writing --------------------------------------------------------------------------------------------


def test_gspread_reads_rows_as_text(service: _Service) -> None:
    with service.gspread() as client:
        sheet = client.open_by_key("s1")
        assert sheet.title == "Watchlist"
        assert [tab.title for tab in sheet.worksheets()] == ["Events", "Empty"]
        assert sheet.worksheet("Events").get_all_values() == [[*ROWS[0]], [*ROWS[1]], ["", ""], [*ROWS[3]]]
        assert sheet.worksheet("Events").get_all_records(numericise_ignore=["all"])[2]["viagId"] == "00123"
        assert sheet.worksheet("Empty").get_all_records() == []


def test_gspread_sees_what_a_test_changes(service: _Service) -> None:
    with service.gspread() as client:
        tab = client.open_by_key("s1").worksheet("Events")
        service.sheets.spreadsheets["s1"].tabs["Events"] = [["changed"]]
        assert tab.get_all_values() == [["changed"]]


def test_a_tab_with_an_awkward_name_is_found(service: _Service) -> None:
    service.sheets.spreadsheets["s1"].tabs["It's 100% a/b!"] = [["x"]]
    with service.gspread() as client:
        assert client.open_by_key("s1").worksheet("It's 100% a/b!").get_all_values() == [["x"]]


def test_gspread_writes_appends_and_clears(service: _Service) -> None:
    with service.gspread() as client:
        tab = client.open_by_key("s1").worksheet("Events")
        tab.update([["new", 5]], "A2:B2")
        tab.append_row(["last", True])
        tab.batch_update([{"range": "C1", "values": [["Result"]]}])
        assert tab.get_all_values()[0] == ["Event Name", "viagId", "Result"]
        assert tab.get_all_values()[1][:2] == ["new", "5"]
        assert tab.get_all_values()[4][:2] == ["last", "TRUE"]
        assert tab.batch_get(["A2:B2"]) == [[["new", "5"]]]
        tab.clear()
        assert tab.get_all_values() == [[]]


# --- errors ---------------------------------------------------------------------------------------------------------


def test_an_unknown_sheet_and_an_unshared_one_differ(service: _Service) -> None:
    service.sheets.readers["s1"] = {"somebody@else.invalid"}
    with service.gspread() as client:
        with pytest.raises(SpreadsheetNotFound):
            client.open_by_key("nowhere")
        with pytest.raises(PermissionError):
            client.open_by_key("s1")
        service.sheets.readers["s1"].add(service.account["client_email"])
        assert client.open_by_key("s1").title == "Watchlist"


def test_an_unknown_tab_is_a_range_that_does_not_parse(service: _Service) -> None:
    with service.gspread() as client, pytest.raises(APIError, match="Unable to parse range") as caught:
        client.http_client.values_get("s1", "'Nowhere'")
    assert (caught.value.code, caught.value.error["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (FaultKind.RATE_LIMITED, 429, "RESOURCE_EXHAUSTED"),
        (FaultKind.SERVER_ERROR, 500, "INTERNAL"),
        (FaultKind.UNAVAILABLE, 503, "UNAVAILABLE"),
    ],
)
def test_faults_come_in_googles_shape(service: _Service, kind: FaultKind, code: int, status: str) -> None:
    service.sheets.faults.add(Fault(kind, external_id="s1"))
    with service.gspread() as client:
        with pytest.raises(APIError) as caught:
            client.http_client.values_get("s1", "Events")
        assert client.http_client.values_get("s1", "Events")["values"]
    assert (caught.value.code, caught.value.error["status"]) == (code, status)


def test_a_slow_answer_outlasts_gspreads_time_out(service: _Service) -> None:
    service.sheets.faults.add(Fault(FaultKind.SLOW, delay_seconds=60))
    with service.gspread() as client:
        client.set_timeout(0.1)
        with pytest.raises(requests.ReadTimeout):
            client.open_by_key("s1")


def test_requests_are_recorded_by_sheet(service: _Service) -> None:
    with service.gspread() as client:
        client.open_by_key("s1").worksheet("Events").get_all_values()
    assert [(item.method, item.external_id, item.status) for item in service.sheets.log.records()] == [
        ("POST", None, 200),
        ("GET", "s1", 200),
        ("GET", "s1", 200),
        ("GET", "s1", 200),
    ]


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_a_token_dies_after_an_hour_or_when_it_is_made_to(service: _Service) -> None:
    with service.gspread() as client:
        service.now += timedelta(minutes=59)
        assert client.open_by_key("s1").title == "Watchlist"
        service.now += timedelta(minutes=1)
        with pytest.raises(APIError, match="401"):
            client.open_by_key("s1")
        service.now -= timedelta(minutes=30)
        assert client.open_by_key("s1").title == "Watchlist"
        service.sheets.expire_tokens(service.account["client_email"])
        with pytest.raises(APIError, match="401"):
            client.open_by_key("s1")


def test_a_wrong_token_and_none_are_unauthenticated(service: _Service) -> None:
    url = f"{service.url}/v4/spreadsheets/s1"
    for headers in ({}, {"authorization": "Bearer guess"}, {"authorization": "Basic guess"}):
        answer = httpx.get(url, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_good_assertion_gets_a_token(service: _Service) -> None:
    answer = service.ask_token().json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


def test_a_revoked_account_loses_its_token_and_gets_no_other(service: _Service) -> None:
    with service.gspread() as client:
        service.sheets.revoke(service.account["client_email"])
        with pytest.raises(APIError, match="401"):
            client.open_by_key("s1")
    assert "account not found" in service.ask_token().json()["error_description"]


def test_an_assertion_signed_by_another_key_is_refused(service: _Service) -> None:
    other = generate_service_account("http://unused.invalid/token")["private_key"]
    answer = service.ask_token(key=other)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert "Signature" in answer.json()["error_description"]


def test_an_assertion_for_another_audience_is_refused(service: _Service) -> None:
    assert "audience" in service.ask_token(aud="https://elsewhere.invalid").json()["error_description"]


@pytest.mark.parametrize("age", [-7200, 3600 * 9])
def test_an_assertion_out_of_its_time_is_refused(service: _Service, age: int) -> None:
    answer = service.ask_token(exp=int(service.now.timestamp()) + age)
    assert "short-lived" in answer.json()["error_description"]


def test_an_assertion_with_another_algorithm_is_refused(service: _Service) -> None:
    answer = service.ask_token(algorithm="RS512")
    assert "Signature" in answer.json()["error_description"]


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "é.é.é", "e30.e30.e30"])
def test_what_is_no_jwt_is_refused(service: _Service, assertion: str) -> None:
    assert service.post_token({"grant_type": GRANT_TYPE, "assertion": assertion}).status_code == 400


def test_another_grant_type_is_refused(service: _Service) -> None:
    answer = service.post_token({"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
