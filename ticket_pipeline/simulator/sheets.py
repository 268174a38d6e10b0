"""Google Sheets on loopback: the part of the Sheets v4 API that gspread uses, behind the real OAuth token exchange.

What belongs here: the HTTP face (tokens, permissions, error bodies). What does not: cells and ranges
(`ticket_pipeline.simulator.spreadsheet`), judging signatures (`ticket_pipeline.simulator.assertions`) and what is in
the watchlist (`ticket_pipeline.simulator.world`).

    sheets = SimulatedSheets()
    sheets.spreadsheets["sheet-1"] = Spreadsheet("Watchlist", {"Events": rows})
    with serve(create_sheets_app(sheets, clock=clock)) as served:
        account = sheets.trust(generate_service_account(f"{served.url}/token"))
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.simulator.assertions import issuer_of
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.recording import RecordedApp, RequestLog
from ticket_pipeline.simulator.spreadsheet import RangeError, Spreadsheet
from ticket_pipeline.simulator.wire import FaultyApp, Latency

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Scope

TOKEN_LIFETIME = timedelta(hours=1)
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
    """What the service knows; tests change it while it is being served.

    Attributes:
        spreadsheets: spreadsheets by their id.
        readers: spreadsheet id → the client e-mails it is shared with; an id that is not named is shared with all.
        faults: requests for data that are to go wrong; `external_id` of a fault is the spreadsheet's id.
        token_faults: token requests that are to go wrong.
        log: every request.
    """

    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)
    faults: FaultPlan = field(default_factory=FaultPlan)
    token_faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)
    _accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def trust(self, account: dict[str, Any]) -> dict[str, Any]:
        """Let this service account obtain tokens; returns it, to be written to a credentials file."""
        self._accounts[account["client_email"]] = account
        return account

    def revoke(self, client_email: str) -> None:
        """Delete a service account: its tokens die, and it gets no new ones."""
        self._accounts.pop(client_email, None)
        self.expire_tokens(client_email)

    def expire_tokens(self, client_email: str) -> None:
        """Make every token given to this account so far worthless."""
        self._tokens = {token: known for token, known in self._tokens.items() if known[0] != client_email}

    def grant_token(self, assertion: str, now: datetime) -> str:
        """Exchange a signed JWT for an access token.

        Raises:
            ValueError: the assertion is malformed, unsigned by a known account, for another audience or expired.
        """
        issuer = issuer_of(assertion, self._accounts, now)
        token = f"simulated-{secrets.token_urlsafe(24)}"
        self._tokens[token] = (issuer, now + TOKEN_LIFETIME)
        return token

    def client_of(self, token: str, now: datetime) -> str | None:
        """The client e-mail a token was given to; None where it is unknown or expired."""
        client_email, expires_at = self._tokens.get(token, ("", now))
        return client_email if now < expires_at else None


def create_sheets_app(
    sheets: SimulatedSheets, *, clock: Callable[[], datetime], latency: Latency | None = None
) -> Starlette:
    """The service as an app: `POST /token` and a subset of `/v4/spreadsheets`.

    Args:
        sheets: what is served; may change while being served.
        clock: aware UTC; expiry of tokens and JWTs is judged by it.
        latency: how long answers for data take.
    """
    api = _SheetsApi(sheets, clock)
    one = "/v4/spreadsheets/{sheet_id}"
    data = Starlette(
        routes=[
            Route(one, api.metadata),
            Route(f"{one}/values:batchGet", api.batch_get),
            Route(f"{one}/values:batchUpdate", api.batch_update, methods=["POST"]),
            Route(f"{one}/values/{{cells:path}}", api.values, methods=["GET", "PUT", "POST"]),
        ],
        exception_handlers={HTTPException: _google_error},
    )
    token = Starlette(routes=[Route("/token", _TokenApi(sheets, clock).grant, methods=["POST"])])
    routes = [
        Route("/token", _behind_wire(token, sheets, sheets.token_faults, Latency(), clock)),
        Mount("/", _behind_wire(data, sheets, sheets.faults, latency or Latency(), clock)),
    ]
    return Starlette(routes=routes)


def generate_service_account(token_uri: str) -> dict[str, Any]:
    """Make a service account with a fresh key, in the shape of Google's JSON key files.

    Args:
        token_uri: where the account exchanges its JWT for a token, such as `http://127.0.0.1:40123/token`.

    Raises:
        ConfigurationError: the package cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - needed by this function only
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - needed by this function only
    except ImportError as error:
        raise ConfigurationError(
            "Tried to make a service-account key: the package cryptography is missing. "
            "Install the development dependencies: pip install 'ticket-pipeline[dev]'."
        ) from error
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


class _TokenApi:
    def __init__(self, sheets: SimulatedSheets, clock: Callable[[], datetime]) -> None:
        self._sheets = sheets
        self._clock = clock

    async def grant(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("latin-1")))
        if form.get("grant_type") != GRANT_TYPE:
            return JSONResponse({"error": "unsupported_grant_type", "error_description": GRANT_TYPE}, status_code=400)
        try:
            token = self._sheets.grant_token(form.get("assertion", ""), self._clock())
        except ValueError as error:
            return JSONResponse({"error": "invalid_grant", "error_description": str(error)}, status_code=400)
        lifetime = int(TOKEN_LIFETIME.total_seconds())
        return JSONResponse({"access_token": token, "expires_in": lifetime, "token_type": "Bearer"})


class _SheetsApi:
    def __init__(self, sheets: SimulatedSheets, clock: Callable[[], datetime]) -> None:
        self._sheets = sheets
        self._clock = clock

    async def metadata(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._opened(request)
        return JSONResponse(spreadsheet.metadata(sheet_id))

    async def values(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._opened(request)
        cells: str = request.path_params["cells"]
        try:
            if request.method == "GET":
                return JSONResponse(spreadsheet.read(cells))
            rows = (await request.json()).get("values", []) if await request.body() else []
            if request.method == "PUT":
                return JSONResponse({"spreadsheetId": sheet_id, **spreadsheet.write(cells, rows)})
            if cells.endswith(":append"):
                updates = spreadsheet.append(cells.removesuffix(":append"), rows)
                return JSONResponse({"spreadsheetId": sheet_id, "updates": updates})
            if cells.endswith(":clear"):
                cleared = spreadsheet.clear(cells.removesuffix(":clear"))
                return JSONResponse({"spreadsheetId": sheet_id, "clearedRange": cleared})
        except RangeError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
        raise HTTPException(HTTPStatus.NOT_FOUND)

    async def batch_get(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._opened(request)
        try:
            ranges = [spreadsheet.read(cells) for cells in request.query_params.getlist("ranges")]
        except RangeError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
        return JSONResponse({"spreadsheetId": sheet_id, "valueRanges": ranges})

    async def batch_update(self, request: Request) -> Response:
        sheet_id, spreadsheet = self._opened(request)
        try:
            data = (await request.json()).get("data", [])
            responses = [spreadsheet.write(item["range"], item.get("values", [])) for item in data]
        except RangeError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
        total = sum(item["updatedCells"] for item in responses)
        return JSONResponse({"spreadsheetId": sheet_id, "totalUpdatedCells": total, "responses": responses})

    def _opened(self, request: Request) -> tuple[str, Spreadsheet]:
        """The spreadsheet asked for, or the HTTP error that Google gives: 401, then 404, then 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client_email = self._sheets.client_of(token, self._clock())
        if scheme.lower() != "bearer" or client_email is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        sheet_id = request.path_params["sheet_id"]
        spreadsheet = self._sheets.spreadsheets.get(sheet_id)
        if spreadsheet is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if client_email not in self._sheets.readers.get(sheet_id, {client_email}):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return sheet_id, spreadsheet


def _behind_wire(
    app: Starlette, sheets: SimulatedSheets, faults: FaultPlan, latency: Latency, clock: Callable[[], datetime]
) -> RecordedApp:
    faulty = FaultyApp(
        app, faults=faults, latency=latency, external_id_of=_sheet_id_of, error_response=_google_error_response
    )
    return RecordedApp(faulty, log=sheets.log, clock=clock, external_id_of=_sheet_id_of)


def _sheet_id_of(scope: Scope) -> str | None:
    parts = str(scope["path"]).split("/v4/spreadsheets/", 1)
    return parts[1].split("/")[0] if len(parts) > 1 else None


def _google_error_response(status: int, message: str = "") -> Response:
    word = _STATUS_WORDS.get(status, "UNKNOWN")
    text = message or _MESSAGES.get(status, HTTPStatus(status).phrase)
    return JSONResponse({"error": {"code": status, "message": text, "status": word}}, status_code=status)


async def _google_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    given = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return _google_error_response(error.status_code, given)
