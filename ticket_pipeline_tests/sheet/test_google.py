"""The real gspread and google-auth against a Sheets service on loopback: what is read, and what every failure says."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.rows import parse_watchlist
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.sheet.conftest import SHEET_ID, SheetsService
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request


def failure(service: SheetsService, **changes: Any) -> str:  # noqa: ANN401 - the fields of the source
    """The message of a read that fails; no part of the key is in it or in what it was raised from."""
    with pytest.raises(SheetError) as caught:
        service.source(**changes).read_rows()
    assert isinstance(caught.value, SheetError)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "PRIVATE KEY" not in repr(seen)
        assert service.account["private_key"].splitlines()[1] not in repr(vars(seen)) + repr(seen.args)
        seen = seen.__cause__ or seen.__context__
    return str(caught.value)


def answer_everything(body: bytes, status: int, content_type: str = "application/json") -> Starlette:
    """An app that grants any token and gives one answer to everything else."""

    async def grant(_: Request) -> Response:
        return JSONResponse({"access_token": "any", "expires_in": 3600, "token_type": "Bearer"})

    async def answer(_: Request) -> Response:
        return Response(body, status_code=status, media_type=content_type)

    return Starlette(routes=[Route("/token", grant, methods=["POST"]), Route("/{path:path}", answer)])


def failure_of_answer(service: SheetsService, body: object, status: int) -> str:
    """The message of a read whose request for data is answered with `body`."""
    with serve(answer_everything(json.dumps(body).encode(), status)) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        return failure(service, api_base_url=served.url)


def test_a_tab_is_read_as_text_with_one_request_for_data(service: SheetsService) -> None:
    rows = service.source().read_rows()
    assert rows.values == [
        ["Event Name", "Event Date (Local)", "viagId"],
        ["Hawks at Heat", "2026-03-14 19:30:00", "157284301"],
    ]
    assert rows.source == f"tab 'Events' of the Google Sheet {SHEET_ID}"
    # In quotes: Google takes a bare A1, or a name of a named range, for something else than the tab.
    assert service.data_requests() == [f"/v4/spreadsheets/{SHEET_ID}/values/'Events'"]


def test_what_is_read_parses_into_events(service: SheetsService) -> None:
    watchlist = parse_watchlist(service.source().read_rows(), default_timezone="America/New_York")
    assert [event.name for event in watchlist.events] == ["Hawks at Heat"]


def test_the_whole_address_of_a_sheet_will_do_as_its_key(service: SheetsService) -> None:
    address = f"https://docs.google.com/spreadsheets/d/{SHEET_ID}/edit#gid=0"
    assert len(service.source(spreadsheet_id=address).read_rows().values) == 2


def test_a_tab_name_with_an_apostrophe_is_found(service: SheetsService) -> None:
    assert service.source(worksheet_name="Bob's zones").read_rows().values == [["Venue"]]


def test_an_empty_tab_is_no_rows(service: SheetsService) -> None:
    service.sheets.spreadsheets[SHEET_ID].tabs["Events"] = []
    assert service.source().read_rows().values == []


def test_numbers_and_booleans_from_a_server_that_does_not_format_become_text(service: SheetsService) -> None:
    body = {"range": "Events!A1:D1", "values": [[157284301, True, None, 46095.8125, "x"]]}
    with serve(answer_everything(json.dumps(body).encode(), 200)) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        values = service.source(api_base_url=served.url).read_rows().values
    assert values == [["157284301", "TRUE", "", "46095.8125", "x"]]


@pytest.mark.parametrize(
    "kind", [FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE, FaultKind.RESET]
)
def test_trouble_that_passes_is_tried_again(service: SheetsService, kind: FaultKind) -> None:
    service.sheets.faults.add(Fault(kind, times=2))
    assert len(service.source().read_rows().values) == 2
    assert len(service.data_requests()) == 3


def test_a_hung_connection_is_given_up_and_tried_again(service: SheetsService) -> None:
    service.sheets.faults.add(Fault(FaultKind.HANG))
    assert len(service.source(timeout_seconds=1.0).read_rows().values) == 2


def test_a_short_wait_the_server_asks_for_is_kept_and_a_long_one_is_left_to_the_next_sync(
    service: SheetsService,
) -> None:
    service.sheets.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="0"))
    service.sheets.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="60"))
    assert "429" in failure(service, retry_wait_seconds=20.0)
    assert len(service.data_requests()) == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FaultKind.RATE_LIMITED, "Google answered 429 (Quota exceeded"),
        (FaultKind.RATE_LIMITED, "60 reads per minute"),
        (FaultKind.UNAVAILABLE, "Google answered 503 (The service is currently unavailable), also when tried again."),
        (FaultKind.HANG, "no answer within 1 s, or no whole one within 60 s, also when tried again"),
        (FaultKind.RESET, "the connection failed"),
    ],
)
def test_trouble_that_stays_ends_after_three_tries_with_what_happened(
    service: SheetsService, kind: FaultKind, said: str
) -> None:
    service.sheets.faults.add(Fault(kind, times=None))
    message = failure(service, timeout_seconds=1.0 if kind is FaultKind.HANG else 20.0)
    assert message.startswith(f"Read tab 'Events' of the Google Sheet {SHEET_ID}: ")
    assert said in message
    assert "the next sync tries again by itself" in message
    assert len(service.data_requests()) == 3


def test_a_missing_tab_is_named_with_the_tabs_that_exist(service: SheetsService) -> None:
    message = failure(service, worksheet_name="Event")
    assert "there is no such tab. The tabs are: 'Events', 'Bob's zones'." in message
    assert "EVENTS_WORKSHEET_NAME" in message


def test_a_sheet_that_is_not_shared_names_the_account_to_share_it_with(service: SheetsService) -> None:
    service.sheets.readers[SHEET_ID] = set()
    message = failure(service)
    assert f"Share the sheet with {service.account['client_email']}" in message
    assert len(service.data_requests()) == 1


def test_an_unknown_sheet_points_to_the_setting(service: SheetsService) -> None:
    message = failure(service, spreadsheet_id="another")
    assert "Google Sheet another: Google answered 404" in message
    assert "check GOOGLE_SHEET_ID" in message


@pytest.mark.parametrize("key", ["", "../../etc", "a b", "https://example.com/d/x"])
def test_what_cannot_be_a_key_is_refused_before_anything_is_sent(service: SheetsService, key: str) -> None:
    assert "no key of a Google Sheet" in failure(service, spreadsheet_id=key)
    assert service.sheets.log.records() == []


@pytest.mark.parametrize("kind", [FaultKind.LOGIN_PAGE, FaultKind.EMPTY_BODY, FaultKind.TRUNCATED])
def test_an_answer_that_is_no_json_is_an_error_and_no_empty_sheet(service: SheetsService, kind: FaultKind) -> None:
    service.sheets.faults.add(Fault(kind))
    assert "the answer is not JSON" in failure(service)


@pytest.mark.parametrize(
    "body", [{"status": "ok"}, [], None, {"range": "A1", "values": "x"}, {"range": "A1", "values": ["x"]}]
)
def test_json_of_another_shape_is_an_error_and_no_empty_sheet(service: SheetsService, body: object) -> None:
    assert "does not have the shape of the Sheets API" in failure_of_answer(service, body, 200)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": {"code": 400, "message": "This operation is not supported for this document"}}, "Excel file"),
        (
            403,
            {"error": {"code": 403, "message": "Google Sheets API has not been used in project 1"}},
            "simulated-project",
        ),
        (
            400,
            {"error": {"message": "no code\n at all"}},
            "Google answered 400 (no code at all). Check GOOGLE_SHEET_ID",
        ),
        (400, {"error": "invalid_request"}, "Google answered 400 (invalid_request)"),
        (418, ["teapot"], "Google answered 418. Check"),
        (401, {"error": {"code": 401, "message": "Request had invalid credentials."}}, "make a new key"),
    ],
)
def test_each_refusal_says_what_to_do_whatever_its_body(
    service: SheetsService, status: int, body: object, said: str
) -> None:
    assert said in failure_of_answer(service, body, status)


def test_an_expired_token_is_replaced_by_itself(service: SheetsService) -> None:
    service.sheets.faults.add(Fault(FaultKind.UNAUTHORIZED))
    assert len(service.source().read_rows().values) == 2


def test_a_revoked_key_says_so_with_googles_reason(service: SheetsService) -> None:
    service.sheets.revoke(service.account["client_email"])
    message = failure(service)
    assert f"Google gave the service account {service.account['client_email']} no token (invalid_grant:" in message
    assert "make a new one" in message


def test_a_token_endpoint_that_cannot_be_reached_is_a_network_failure(service: SheetsService) -> None:
    service.sheets.token_faults.add(Fault(FaultKind.RESET, times=None))
    assert "the connection failed" in failure(service)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Log in to this network</html>"),
        (200, b"[]"),
        (200, b'"text"'),
        (200, b"{}"),
        (200, b'{"access_token": 7, "expires_in": 3600}'),
        (200, b'{"access_token": "any", "expires_in": "soon"}'),
        (200, b'{"access_token": "any", "expires_in": 1e300}'),
        (200, b'{"access_token": "any", "expires_in": [1]}'),
        (200, b"\xff\xfe{\x00}\x00"),
        (403, b"<html>The proxy forbids it</html>"),
    ],
)
def test_what_is_no_token_points_to_the_network_and_is_not_asked_again(
    service: SheetsService, status: int, body: bytes
) -> None:
    requests = []

    async def answer(request: Request) -> Response:
        requests.append(request.url.path)
        return Response(body, status_code=status)

    with serve(Starlette(routes=[Route("/token", answer, methods=["POST"])])) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        message = failure(service)
    assert f"no token: its token service answered {status} with something else." in message
    assert "A proxy or a login page" in message
    assert requests == ["/token"]


def test_trouble_at_the_token_service_is_googles_and_tried_thrice_in_all(service: SheetsService) -> None:
    service.sheets.token_faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    message = failure(service)
    assert "no token (500: Internal error encountered), also when tried again. The trouble is Google's" in message
    assert "{" not in message
    assert "make a new one" not in message
    assert len(service.sheets.log.records()) == 3


def test_trouble_at_the_token_service_that_passes_is_no_trouble(service: SheetsService) -> None:
    service.sheets.token_faults.add(Fault(FaultKind.UNAVAILABLE, times=2))
    assert len(service.source().read_rows().values) == 2


@pytest.mark.parametrize("has_length", [True, False])
def test_an_answer_that_drips_is_given_up_after_the_total_time(service: SheetsService, has_length: bool) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" "
            await asyncio.sleep(0.1)

    async def answer(_: Request) -> Response:
        headers = {"content-length": "300"} if has_length else {"transfer-encoding": "identity", "connection": "close"}
        return StreamingResponse(drip(), headers=headers)

    app = answer_everything(b"", 200)
    app.routes[-1] = Route("/{path:path}", answer)
    with serve(app) as served:
        service.write_credentials(token_uri=f"{served.url}/token")
        started = time.monotonic()
        message = failure(service, api_base_url=served.url, total_seconds=0.5, max_tries=1)
    assert "no whole one within 0.5 s" in message
    assert time.monotonic() - started < 20  # the whole drip takes 30 s


def test_no_server_at_all_is_a_network_failure(service: SheetsService) -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else can come and listen there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        message = failure(service, api_base_url=f"http://me:S3CRET@127.0.0.1:{port}")
    assert "S3CRET" not in message
    assert "the connection failed (ConnectionError)" in message
    assert f"google_sheets_api_base_url (http://127.0.0.1:{port})" in message


def test_a_missing_credentials_file_is_named(service: SheetsService, tmp_path: Path) -> None:
    message = failure(service, credentials_file=tmp_path / "nowhere.json")
    assert "nowhere.json: there is no such file" in message
    assert "GOOGLE_SHEETS_CREDENTIALS_FILE" in message


def test_a_key_that_others_can_read_is_warned_of_once(service: SheetsService, caplog: pytest.LogCaptureFixture) -> None:
    service.credentials_file.chmod(0o644)
    for _ in range(2):
        service.source().read_rows()
    warnings = [record.getMessage() for record in caplog.records if "chmod 600" in record.getMessage()]
    name = f"GOOGLE_SHEETS_CREDENTIALS_FILE {service.credentials_file}"
    assert warnings == [f"Read {name}: other users of this machine can read it; run chmod 600 on it"]


def test_a_key_for_its_owner_alone_is_no_matter(service: SheetsService, caplog: pytest.LogCaptureFixture) -> None:
    service.credentials_file.chmod(0o600)
    service.source().read_rows()
    assert "chmod" not in caplog.text


def test_a_folder_is_no_credentials_file(service: SheetsService, tmp_path: Path) -> None:
    assert "Is a directory" in failure(service, credentials_file=tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[]", "not a service account's key"),
        (b'{"type": "authorized_user"}', "not a service account's key"),
        (b'{"installed": {}}', "an OAuth client's file"),
    ],
)
def test_a_file_that_is_no_service_account_key_is_told_what_it_is(
    service: SheetsService, content: bytes, said: str
) -> None:
    service.credentials_file.write_bytes(content)
    assert said in failure(service)


def test_a_key_file_cut_short_does_not_leak_its_key(service: SheetsService) -> None:
    content = service.credentials_file.read_bytes()
    service.credentials_file.write_bytes(content[: len(content) // 2])
    assert "it is not JSON" in failure(service)


def test_a_key_file_without_a_field_names_the_field(service: SheetsService) -> None:
    account = {name: value for name, value in service.account.items() if name != "client_email"}
    service.credentials_file.write_text(json.dumps(account), encoding="utf-8")
    assert "client_email" in failure(service)


def test_a_garbled_private_key_is_an_error(service: SheetsService) -> None:
    garbled = service.account["private_key"].replace("\n", "\n!", 3)
    service.write_credentials(private_key=garbled)
    assert "its private key cannot be read" in failure(service)


def test_recorded_answers_of_google_are_read_as_they_came(service: SheetsService, samples_dir: Path) -> None:
    answers = list(_recorded_values(samples_dir / "gsheets"))
    assert len(answers) > 3
    for body in answers:
        with serve(answer_everything(body.encode(), 200)) as served:
            service.write_credentials(token_uri=f"{served.url}/token")
            values = service.source(api_base_url=served.url).read_rows().values
        assert values == json.loads(body).get("values", [])


def test_the_recorded_refusal_of_google_is_understood(service: SheetsService, samples_dir: Path) -> None:
    cassette = json.loads((samples_dir / "gsheets" / "test_access_non_existing_spreadsheet.json").read_text())
    refusals = [
        item["response"]
        for item in cassette["interactions"]
        if item["response"]["status"]["code"] == 404  # Not Found
    ]
    assert refusals
    message = failure_of_answer(service, json.loads(refusals[0]["body"]["string"]), 404)
    assert "Google answered 404 (Requested entity was not found). There is no such sheet" in message


def _recorded_values(folder: Path) -> list[str]:
    """Bodies of all recorded answers to a read of values."""
    cassettes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [
        item["response"]["body"]["string"]
        for cassette in cassettes
        for item in cassette["interactions"]
        if item["request"]["method"] == "GET" and "/values/" in item["request"]["uri"]
    ]
