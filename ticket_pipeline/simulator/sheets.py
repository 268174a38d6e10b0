"""Google Sheets on loopback: the part of the Sheets v4 API that the pipeline uses, behind the OAuth token exchange.

What the sheets hold is in `spreadsheet`, updates by the API are in `sheet_updates`.

sheets = SimulatedSheets({"sheet-1": Spreadsheet("Watchlist", {"Events": rows})})
with serve(create_sheets_app(sheets, clock=clock)) as served:
account = sheets.trust(generate_service_account(f"{served.url}/token"))
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
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
from ticket_pipeline.simulator.field_masks import masked
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.sheet_cells import InvalidRequestError
from ticket_pipeline.simulator.sheet_updates import apply_requests, write_values
from ticket_pipeline.simulator.wire import Wire

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from ticket_pipeline.simulator.spreadsheet import Spreadsheet

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_WRITE_SCOPE = "https://www.googleapis.com/auth/spreadsheets"

_ERRORS = {  # status → Google's word and message
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token."),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: (
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user'",
    ),
    500: ("INTERNAL", "Internal error encountered."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
}


@dataclass(slots=True)
class SimulatedSheets:
    """The state of the service; tests change it while it is served.

    `readers` are the client e-mails that a spreadsheet is shared with; one that is missing there is shared with all. So
    `writers`, its editors. `before_request` is called before each data request: a person may edit between two of them.
    """

    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)  # by their id
    readers: dict[str, set[str]] = field(default_factory=dict)
    writers: dict[str, set[str]] = field(default_factory=dict)
    before_request: Callable[[], None] = lambda: None
    faults: FaultPlan = field(default_factory=FaultPlan)  # of data requests, by the spreadsheet's id
    token_faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)
    _accounts: set[str] = field(default_factory=set)
    _tokens: dict[str, tuple[str, str]] = field(default_factory=dict)  # token → client e-mail and scope

    def trust(self, account: dict[str, Any]) -> dict[str, Any]:
        """Let this service account obtain tokens; returns it, to be written to a credentials file."""
        self._accounts.add(account["client_email"])
        return account

    def revoke(self, client_email: str) -> None:
        """Delete a service account and its tokens."""
        self._accounts.discard(client_email)
        self._tokens = {token: owner for token, owner in self._tokens.items() if owner[0] != client_email}

    def grant_token(self, assertion: str) -> str:
        """Exchange a JWT for an access token, or raise a ValueError.

        Its signature and times are not checked: google-auth is trusted.
        """
        # Here, because every command imports the simulator, and google-auth takes long to load.
        from google.auth import jwt  # noqa: PLC0415

        claims = jwt.decode(assertion, verify=False)  # type: ignore[no-untyped-call]
        issuer = claims.get("iss")
        if issuer not in self._accounts:
            raise ValueError("Invalid grant: account not found")
        token = f"simulated-{secrets.token_urlsafe(24)}"
        self._tokens[token] = (issuer, claims.get("scope", ""))
        return token

    def open(self, sheet_id: str, authorization: str, *, to_write: bool = False) -> Spreadsheet:
        """The spreadsheet that a client requests, or Google's HTTP error: 401, then 404, then 403."""
        self.before_request()
        client_email, scope = self._tokens.get(authorization.removeprefix("Bearer "), (None, ""))
        if client_email is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if sheet_id not in self.spreadsheets:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        shared = [self.readers, self.writers] if to_write else [self.readers]
        is_shared = all(client_email in users.get(sheet_id, {client_email}) for users in shared)
        if not is_shared or (to_write and scope != _WRITE_SCOPE):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return self.spreadsheets[sheet_id]


def create_sheets_app(sheets: SimulatedSheets, *, clock: Callable[[], datetime]) -> Starlette:
    """The service as an app: `POST /token`, a spreadsheet, the values of a tab, and updates of both."""

    def opened(request: Request) -> Spreadsheet:
        authorization = request.headers.get("authorization", "")
        return sheets.open(request.path_params["sheet_id"], authorization, to_write=request.method == "POST")

    async def spreadsheet(request: Request) -> Response:
        tabs, fields = request.query_params.getlist("ranges"), request.query_params.get("fields")
        body = opened(request).resource(request.path_params["sheet_id"], tabs)
        if fields is None:  # includeGridData is not simulated: a field mask selects the cells
            body = {**body, "sheets": [{"properties": sheet["properties"]} for sheet in body["sheets"]]}
        return JSONResponse(masked(body, fields) if fields else body)

    async def values(request: Request) -> Response:
        return JSONResponse(opened(request).read(request.path_params["tab"]))

    async def update(request: Request) -> Response:
        body = await request.json()
        apply_requests(opened(request), body["requests"])
        return JSONResponse(
            {"spreadsheetId": request.path_params["sheet_id"], "replies": [{} for _ in body["requests"]]}
        )

    async def update_values(request: Request) -> Response:
        body = await request.json()
        count = write_values(opened(request), body["data"], body.get("valueInputOption"))
        return JSONResponse({"spreadsheetId": request.path_params["sheet_id"], "totalUpdatedCells": count})

    async def grant(request: Request) -> Response:
        return _grant(sheets, dict(parse_qsl((await request.body()).decode("latin-1"))))

    def behind_wire(faults: FaultPlan, *routes: Route) -> Wire:
        handlers = {HTTPException: _google_error, InvalidRequestError: _invalid_request}
        app = Starlette(routes=routes, exception_handlers=handlers)
        return Wire(app, clock, _sheet_id_of, _google_error_response, faults=faults, log=sheets.log)

    one = "/v4/spreadsheets/{sheet_id}"
    data = (
        Route(f"{one}:batchUpdate", update, methods=["POST"]),
        Route(f"{one}/values:batchUpdate", update_values, methods=["POST"]),
        Route(one, spreadsheet),
        Route(f"{one}/values/{{tab:path}}", values),
    )
    token = behind_wire(sheets.token_faults, Route("/token", grant, methods=["POST"]))
    return Starlette(routes=[Route("/token", token), Mount("/", behind_wire(sheets.faults, *data))])


def _grant(sheets: SimulatedSheets, form: dict[str, str]) -> Response:
    if form.get("grant_type") != GRANT_TYPE:
        return JSONResponse({"error": "unsupported_grant_type", "error_description": GRANT_TYPE}, status_code=400)
    try:
        token = sheets.grant_token(form.get("assertion", ""))
    except ValueError as error:
        return JSONResponse({"error": "invalid_grant", "error_description": str(error)}, status_code=400)
    return JSONResponse({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})


def generate_service_account(token_uri: str) -> dict[str, Any]:
    """Make a service account with a fresh key, in the format of Google's JSON key files."""
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


def _sheet_id_of(scope: Scope) -> str | None:
    parts = str(scope["path"]).split("/v4/spreadsheets/", 1)
    return parts[1].split("/")[0].split(":")[0] if len(parts) > 1 else None


def _google_error_response(status: int, message: str = "") -> Response:
    word, usual = _ERRORS.get(status, ("UNKNOWN", HTTPStatus(status).phrase))
    return JSONResponse({"error": {"code": status, "message": message or usual, "status": word}}, status_code=status)


async def _google_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    return _google_error_response(error.status_code)


async def _invalid_request(_: Request, error: Exception) -> Response:
    return _google_error_response(HTTPStatus.BAD_REQUEST, str(error))
