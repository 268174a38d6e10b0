"""The real gspread and google-auth against a Sheets service on loopback: rows, and the message of each failure."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.errors import SheetError
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.sheet.conftest import SHEET_ID, SheetsService
from ticket_pipeline_tests.simulator_support.serving import serve


def failure(service: SheetsService, **changes: Any) -> str:  # noqa: ANN401 - the fields of the source
    """The message of a read that fails; no part of the key is in it or in what it was raised from."""
    with pytest.raises(SheetError) as caught:
        service.source(**changes).read_rows()
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "PRIVATE KEY" not in repr(seen)
        assert service.account["private_key"].splitlines()[1] not in repr(vars(seen)) + repr(seen.args)
        seen = seen.__cause__ or seen.__context__
    return str(caught.value)


def respond_to_everything(body: bytes, status: int) -> Starlette:
    """An app that grants any token and sends one response to everything else."""

    async def grant(_: Request) -> Response:
        return JSONResponse({"access_token": "any", "expires_in": 3600, "token_type": "Bearer"})

    async def respond(_: Request) -> Response:
        return Response(body, status_code=status, media_type="application/json")

    return Starlette(routes=[Route("/token", grant, methods=["POST"]), Route("/{path:path}", respond)])


def failure_of_response(service: SheetsService, body: object, status: int) -> str:
    """The message of a read whose data request gets `body`."""
    with serve(respond_to_everything(json.dumps(body).encode(), status)) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        return failure(service, api_base_url=served.url)


def test_a_tab_is_read_as_text_with_one_data_request(service: SheetsService) -> None:
    rows = service.source(spreadsheet_id=f"https://docs.google.com/spreadsheets/d/{SHEET_ID}/edit#gid=0").read_rows()
    assert rows.values[1] == ["Hawks at Heat", "2026-03-14 19:30:00", "157284301"]
    assert service.source().description == f"tab 'Events' of the Google Sheet {SHEET_ID}"
    # In quotes: Google takes a bare A1, or the name of a named range, for something else than the tab.
    assert service.data_requests() == [f"/v4/spreadsheets/{SHEET_ID}/values/'Events'"]


def test_an_awkward_tab_name_and_an_empty_tab_are_read(service: SheetsService) -> None:
    assert service.source(worksheet_name="Bob's zones").read_rows().values == [["Venue"]]
    service.sheets.spreadsheets[SHEET_ID].tabs["Events"] = []
    assert service.source().read_rows().values == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.RATE_LIMITED, times=2, retry_after="0"),
        Fault(FaultKind.SERVER_ERROR, times=2),
        Fault(FaultKind.UNAVAILABLE, times=2),
        Fault(FaultKind.RESET, times=2),
        Fault(FaultKind.HANG),
        Fault(FaultKind.UNAUTHORIZED),  # an expired token
    ],
    ids=lambda fault: str(fault.kind),
)
def test_a_temporary_failure_is_retried(service: SheetsService, fault: Fault) -> None:
    service.sheets.faults.add(fault)
    assert len(service.source(timeout_seconds=1.0).read_rows().values) == 2
    assert len(service.data_requests()) == 1 + (fault.times or 0)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (FaultKind.RATE_LIMITED, "per user'). The quota of 60 reads per minute is used up"),
        (FaultKind.UNAVAILABLE, "Google returned 503 (The service is currently unavailable), after three tries."),
        (FaultKind.HANG, "no response within 0.5 s, after three tries"),
        (FaultKind.RESET, "the connection failed"),
    ],
)
def test_a_lasting_failure_ends_after_three_tries_with_what_happened(
    service: SheetsService, kind: FaultKind, words: str
) -> None:
    service.sheets.faults.add(Fault(kind, times=None))
    message = failure(service, timeout_seconds=0.5 if kind is FaultKind.HANG else 20.0)
    assert message.startswith(f"Could not read tab 'Events' of the Google Sheet {SHEET_ID}: ")
    assert words in message
    assert message.endswith("The next run tries again.")
    assert len(service.data_requests()) == 3


def test_what_does_not_pass_by_itself_is_sent_once_and_names_the_fix(service: SheetsService) -> None:
    service.sheets.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="60"))
    assert "429" in failure(service)
    service.sheets.readers[SHEET_ID] = set()
    assert f"Share the sheet with {service.account['client_email']}" in failure(service)
    assert len(service.data_requests()) == 2
    del service.sheets.readers[SHEET_ID]
    message = failure(service, worksheet_name="Event")
    assert "there is no such tab. The tabs are: 'Events', 'Bob's zones'." in message
    assert "EVENTS_WORKSHEET_NAME" in message


@pytest.mark.parametrize("key", ["", "../../etc", "a b", "https://example.com/d/x"])
def test_what_cannot_be_a_key_is_an_error_before_anything_is_sent(service: SheetsService, key: str) -> None:
    assert "not the key of a Google Sheet" in failure(service, spreadsheet_id=key)
    assert service.sheets.log.records() == []


def test_a_response_that_is_not_json_is_an_error_and_not_an_empty_sheet(service: SheetsService) -> None:
    for kind in (FaultKind.LOGIN_PAGE, FaultKind.EMPTY_BODY, FaultKind.TRUNCATED):
        service.sheets.faults.add(Fault(kind))
        assert "the response is not JSON" in failure(service)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        *((200, body, "not one of the Sheets API") for body in ({"a": 1}, [], None, {"range": "A1", "values": "x"})),
        (400, {"error": {"code": 400, "message": "This operation is not supported for this document"}}, "Excel file"),
        (403, {"error": {"code": 403, "message": "Google Sheets API has not been used in it"}}, "simulated-project"),
        (
            400,
            {"error": {"message": "no code\n at all"}},
            "400 (no code at all). Check GOOGLE_SHEET_ID",
        ),
        (404, {"error": {"message": "Requested entity was not found."}}, "There is no such sheet"),
        (400, {"error": "invalid_request"}, "Google returned 400 (invalid_request)"),
        (418, ["teapot"], "Google returned 418. Check"),
        (401, {"error": {"code": 401, "message": "Request had invalid credentials."}}, "make a new key"),
    ],
)
def test_each_error_has_a_fix_whatever_its_body(service: SheetsService, status: int, body: object, words: str) -> None:
    assert words in failure_of_response(service, body, status)


def test_a_revoked_key_is_named_with_googles_reason(service: SheetsService) -> None:
    service.sheets.revoke(service.account["client_email"])
    message = failure(service)
    assert f"Google gave no token to the service account {service.account['client_email']} (invalid_grant:" in message
    assert "make a new one" in message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (FaultKind.RESET, "the connection failed"),
        (FaultKind.UNAVAILABLE, "its token service is not available. The next run tries again."),
    ],
)
def test_a_token_service_out_of_order_is_not_blamed_on_the_key(
    service: SheetsService, kind: FaultKind, words: str
) -> None:
    service.sheets.token_faults.add(Fault(kind, times=None))
    message = failure(service)
    assert words in message
    assert "make a new one" not in message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((200, b"<html>Log in to this network</html>"), (200, b"[]"), (200, b"{}")),
        *((200, b'{"access_token": "any", "expires_in": "soon"}'), (200, b"\xff\xfe{\x00}\x00")),
        (403, b"<html>The proxy forbids it</html>"),
    ],
)
def test_a_response_that_is_not_a_token_points_to_the_network(service: SheetsService, status: int, body: bytes) -> None:
    async def respond(_: Request) -> Response:
        return Response(body, status_code=status)

    with serve(Starlette(routes=[Route("/token", respond, methods=["POST"])])) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        message = failure(service)
    assert "a proxy or a login page" in message
    assert "<html>" not in message


def test_no_server_at_all_is_a_network_failure_without_secrets(service: SheetsService) -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else can listen there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        message = failure(service, api_base_url=f"http://me:S3CRET@127.0.0.1:{port}")
    assert "S3CRET" not in message
    assert "the connection failed (ConnectionError)" in message
    assert "Check the network and the proxy settings." in message


def test_a_missing_credentials_file_and_a_folder_are_named(service: SheetsService, tmp_path: Path) -> None:
    message = failure(service, credentials_file=tmp_path / "nowhere.json")
    assert "nowhere.json: there is no such file" in message
    assert "GOOGLE_SHEETS_CREDENTIALS_FILE" in message
    assert "Is a directory" in failure(service, credentials_file=tmp_path)


def test_a_key_that_others_can_read_is_warned_of_once(service: SheetsService, caplog: pytest.LogCaptureFixture) -> None:
    service.credentials_file.chmod(0o600)
    service.source().read_rows()
    assert "chmod" not in caplog.text
    service.credentials_file.chmod(0o644)
    for _ in range(2):
        service.source().read_rows()
    assert caplog.text.count("chmod 600") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        *((b"{", "it is not a JSON object"), (b"\xff\xfe", "it is not a JSON object")),
        *((b"[]", "it is not a JSON object"), (b'{"type": "authorized_user"}', "not a service account's key")),
        (b'{"installed": {}}', "an OAuth client's file"),
    ],
)
def test_a_file_that_is_not_a_service_account_key_is_named_as_what_it_is(
    service: SheetsService, content: bytes, words: str
) -> None:
    service.credentials_file.write_bytes(content)
    assert words in failure(service)


def test_a_damaged_key_file_does_not_leak_its_key(service: SheetsService) -> None:
    content = service.credentials_file.read_bytes()
    service.credentials_file.write_bytes(content[: len(content) // 2])
    assert "it is not a JSON object" in failure(service)
    service.write_credentials(private_key=service.account["private_key"].replace("\n", "\n!", 3))
    assert "its private key cannot be read" in failure(service)
    account = {name: value for name, value in service.account.items() if name != "client_email"}
    service.credentials_file.write_text(json.dumps(account), encoding="utf-8")
    assert "client_email" in failure(service)


def test_recorded_responses_of_google_are_read_as_they_came(service: SheetsService, samples_dir: Path) -> None:
    cassettes = [json.loads(path.read_text("utf-8")) for path in sorted((samples_dir / "gsheets").glob("*.json"))]
    bodies = [
        item["response"]["body"]["string"]
        for cassette in cassettes
        for item in cassette["interactions"]
        if item["request"]["method"] == "GET" and "/values/" in item["request"]["uri"]
    ]
    assert len(bodies) > 3
    for body in bodies:
        with serve(respond_to_everything(body.encode(), 200)) as served:
            service.write_credentials(token_uri=f"{served.url}/token")
            values = service.source(api_base_url=served.url).read_rows().values
        assert values == json.loads(body).get("values", [])
