"""Google Sheets on loopback: the part of the Sheets v4 API that the pipeline uses, behind the OAuth token exchange.

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
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.wire import Wire

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"

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
class Spreadsheet:
    """A spreadsheet: tab name → rows of text, which may differ in length. Tests may change `tabs` at any time.

    A cell is the text that the API's FORMATTED_VALUE shows. Only whole tabs can be read, as the pipeline does.
    """

    title: str
    tabs: dict[str, list[list[str]]]

    def metadata(self, spreadsheet_id: str) -> dict[str, Any]:
        """The response to `spreadsheets.get` without grid data."""
        tabs = [{"sheetId": index, "title": name, "index": index} for index, name in enumerate(self.tabs)]
        return {
            "spreadsheetId": spreadsheet_id,
            "properties": {"title": self.title},
            "sheets": [{"properties": tab} for tab in tabs],
        }

    def read(self, tab: str) -> dict[str, Any]:
        """The response to `values.get`: empty cells at the end of a row and empty rows at the end are not sent."""
        name = tab[1:-1].replace("''", "'") if len(tab) > 1 and tab[0] == tab[-1] == "'" else tab
        if name not in self.tabs:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"Unable to parse range: {tab}")
        values = _trimmed([_trimmed(row) for row in self.tabs[name]])
        return {"range": tab, "majorDimension": "ROWS"} | ({"values": values} if values else {})


@dataclass(slots=True)
class SimulatedSheets:
    """The state of the service; tests change it while it is served.

    `readers` are the client e-mails that a spreadsheet is shared with; one that is missing there is shared with all.
    """

    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)  # by their id
    readers: dict[str, set[str]] = field(default_factory=dict)
    faults: FaultPlan = field(default_factory=FaultPlan)  # of data requests, by the spreadsheet's id
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
        """Exchange a JWT for an access token, or raise a ValueError.

        Its signature and times are not checked: google-auth is trusted.
        """
        # Here, because every command imports the simulator, and google-auth takes long to load.
        from google.auth import jwt  # noqa: PLC0415

        issuer = jwt.decode(assertion, verify=False).get("iss")  # type: ignore[no-untyped-call]
        if issuer not in self._accounts:
            raise ValueError("Invalid grant: account not found")
        token = f"simulated-{secrets.token_urlsafe(24)}"
        self._tokens[token] = issuer
        return token

    def open(self, sheet_id: str, authorization: str) -> Spreadsheet:
        """The spreadsheet that a client requests, or Google's HTTP error: 401, then 404, then 403."""
        client_email = self._tokens.get(authorization.removeprefix("Bearer "))
        if client_email is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if sheet_id not in self.spreadsheets:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if client_email not in self.readers.get(sheet_id, {client_email}):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return self.spreadsheets[sheet_id]


def create_sheets_app(sheets: SimulatedSheets, *, clock: Callable[[], datetime]) -> Starlette:
    """The service as an app: `POST /token`, a spreadsheet's metadata, and the values of a tab."""

    def opened(request: Request) -> Spreadsheet:
        return sheets.open(request.path_params["sheet_id"], request.headers.get("authorization", ""))

    async def metadata(request: Request) -> Response:
        return JSONResponse(opened(request).metadata(request.path_params["sheet_id"]))

    async def values(request: Request) -> Response:
        return JSONResponse(opened(request).read(request.path_params["tab"]))

    async def grant(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("latin-1")))
        if form.get("grant_type") != GRANT_TYPE:
            return JSONResponse({"error": "unsupported_grant_type", "error_description": GRANT_TYPE}, status_code=400)
        try:
            token = sheets.grant_token(form.get("assertion", ""))
        except ValueError as error:
            return JSONResponse({"error": "invalid_grant", "error_description": str(error)}, status_code=400)
        return JSONResponse({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def behind_wire(faults: FaultPlan, *routes: Route) -> Wire:
        app = Starlette(routes=routes, exception_handlers={HTTPException: _google_error})
        return Wire(app, clock, _sheet_id_of, _google_error_response, faults=faults, log=sheets.log)

    one = "/v4/spreadsheets/{sheet_id}"
    data = (Route(one, metadata), Route(f"{one}/values/{{tab:path}}", values))
    token = behind_wire(sheets.token_faults, Route("/token", grant, methods=["POST"]))
    return Starlette(routes=[Route("/token", token), Mount("/", behind_wire(sheets.faults, *data))])


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


def _trimmed(values: list[Any]) -> list[Any]:
    """Without the empty values at the end."""
    while values and not values[-1]:
        values = values[:-1]
    return values


def _sheet_id_of(scope: Scope) -> str | None:
    parts = str(scope["path"]).split("/v4/spreadsheets/", 1)
    return parts[1].split("/")[0] if len(parts) > 1 else None


def _google_error_response(status: int, message: str = "") -> Response:
    word, usual = _ERRORS.get(status, ("UNKNOWN", HTTPStatus(status).phrase))
    return JSONResponse({"error": {"code": status, "message": message or usual, "status": word}}, status_code=status)


async def _google_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    is_ours = error.status_code == HTTPStatus.BAD_REQUEST
    return _google_error_response(error.status_code, error.detail if is_ours else "")
