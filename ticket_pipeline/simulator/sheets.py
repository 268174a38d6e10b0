"""Google Sheets on loopback: the part of the Sheets v4 API that the pipeline uses, behind the OAuth token exchange.

sheets = SimulatedSheets({"sheet-1": Spreadsheet("Watchlist", {"Events": rows})})
with serve(create_sheets_app(sheets, clock=clock)) as served:
account = sheets.trust(generate_service_account(f"{served.url}/token"))
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.spreadsheet import RangeError, Spreadsheet
from ticket_pipeline.simulator.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import Scope

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_MESSAGES = {
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user'",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


@dataclass(slots=True)
class SimulatedSheets:
    """The state of the service; tests change it while it is served.

    Attributes:
        spreadsheets: spreadsheets by their id.
        readers: spreadsheet id → the client e-mails it is shared with; an id that is missing is shared with all.
        faults: planned faults of data requests; `external_id` of a fault is the spreadsheet's id.
        token_faults: planned faults of token requests.
        log: every request.
    """

    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)
    faults: FaultPlan = field(default_factory=FaultPlan)
    token_faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)
    _accounts: set[str] = field(default_factory=set)
    _tokens: dict[str, str] = field(default_factory=dict)

    def trust(self, account: dict[str, Any]) -> dict[str, Any]:
        """Let this service account obtain tokens; returns it, to be written to a credentials file."""
        self._accounts.add(account["client_email"])
        return account

    def revoke(self, client_email: str) -> None:
        """Delete a service account and its tokens."""
        self._accounts.discard(client_email)
        self._tokens = {token: email for token, email in self._tokens.items() if email != client_email}

    def grant_token(self, assertion: str) -> str:
        """Exchange a JWT for an access token. Its signature and times are not checked: google-auth is trusted.

        Raises:
            ValueError: the assertion is malformed, or its account is unknown.
        """
        # Here, because every command imports the simulator, and google-auth takes long to load.
        from google.auth import jwt  # noqa: PLC0415

        issuer = jwt.decode(assertion, verify=False).get("iss")  # type: ignore[no-untyped-call]
        if issuer not in self._accounts:
            raise ValueError("Invalid grant: account not found")
        token = f"simulated-{secrets.token_urlsafe(24)}"
        self._tokens[token] = issuer
        return token

    def client_of(self, token: str) -> str | None:
        """The client e-mail that a token was granted to."""
        return self._tokens.get(token)


def create_sheets_app(sheets: SimulatedSheets, *, clock: Callable[[], datetime]) -> Starlette:
    """The service as an app: `POST /token` and a subset of `/v4/spreadsheets`."""
    api = _SheetsApi(sheets)
    one = "/v4/spreadsheets/{sheet_id}"
    data = Starlette(
        routes=[
            Route(one, api.metadata),
            Route(f"{one}/values:batchUpdate", api.batch_update, methods=["POST"]),
            Route(f"{one}/values/{{cells:path}}", api.values),
        ],
        exception_handlers={HTTPException: _google_error, RangeError: _google_error},
    )
    token = Starlette(routes=[Route("/token", api.grant, methods=["POST"])])

    def behind_wire(app: Starlette, faults: FaultPlan) -> Wire:
        return Wire(app, clock, _sheet_id_of, _google_error_response, faults=faults, log=sheets.log)

    return Starlette(
        routes=[
            Route("/token", behind_wire(token, sheets.token_faults)),
            Mount("/", behind_wire(data, sheets.faults)),
        ]
    )


def generate_service_account(token_uri: str) -> dict[str, Any]:
    """Make a service account with a fresh key, in the format of Google's JSON key files.

    Args:
        token_uri: where the account exchanges its JWT for a token, such as `http://127.0.0.1:40123/token`.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "simulated-project",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": f"watchlist-{secrets.token_hex(4)}@simulated-project.iam.gserviceaccount.com",
        "client_id": "100000000000000000000",
        "token_uri": token_uri,
    }


class _SheetsApi:
    def __init__(self, sheets: SimulatedSheets) -> None:
        self._sheets = sheets

    async def grant(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("latin-1")))
        if form.get("grant_type") != GRANT_TYPE:
            return JSONResponse({"error": "unsupported_grant_type", "error_description": GRANT_TYPE}, status_code=400)
        try:
            token = self._sheets.grant_token(form.get("assertion", ""))
        except ValueError as error:
            return JSONResponse({"error": "invalid_grant", "error_description": str(error)}, status_code=400)
        return JSONResponse({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    async def metadata(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._open(request)
        return JSONResponse(spreadsheet.metadata(sheet_id))

    async def values(self, request: Request) -> Response:
        _, spreadsheet = self._open(request)
        return JSONResponse(spreadsheet.read(request.path_params["cells"]))

    async def batch_update(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._open(request)
        data = (await request.json()).get("data", [])
        responses = [spreadsheet.write(item["range"], item.get("values", [])) for item in data]
        total = sum(item["updatedCells"] for item in responses)
        return JSONResponse({"spreadsheetId": sheet_id, "totalUpdatedCells": total, "responses": responses})

    def _open(self, request: Request) -> tuple[str, Spreadsheet]:
        """The requested spreadsheet, or Google's HTTP error: 401, then 404, then 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client_email = self._sheets.client_of(token)
        if scheme.lower() != "bearer" or client_email is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        sheet_id = request.path_params["sheet_id"]
        spreadsheet = self._sheets.spreadsheets.get(sheet_id)
        if spreadsheet is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if client_email not in self._sheets.readers.get(sheet_id, {client_email}):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return sheet_id, spreadsheet


def _sheet_id_of(scope: Scope) -> str | None:
    parts = str(scope["path"]).split("/v4/spreadsheets/", 1)
    return parts[1].split("/")[0] if len(parts) > 1 else None


def _google_error_response(status: int, message: str = "") -> Response:
    word = _STATUS_WORDS.get(status, "UNKNOWN")
    text = message or _MESSAGES.get(status, HTTPStatus(status).phrase)
    return JSONResponse({"error": {"code": status, "message": text, "status": word}}, status_code=status)


async def _google_error(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _google_error_response(error.status_code)
    return _google_error_response(HTTPStatus.BAD_REQUEST, str(error))
