"""A table kept in a tab of a Google Sheet, read with a service account through gspread.

What belongs here: one read, its retries, and what each failure means to the person who keeps the sheet. What does not:
how the client is built (see `google_client`) and what the cells mean (see `rows`).

One read is one request of the Sheets API, besides the token's: gspread's own way (open, find the tab, get the records)
takes three of a quota of 60 per minute, and turns ids and dates into numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import stamina
from google.auth.exceptions import TransportError
from gspread.utils import absolute_range_name

from ticket_pipeline.errors import SheetError
from ticket_pipeline.settings.values import show_address
from ticket_pipeline.sheet.google_client import (
    GOOGLE_SHEETS_API,
    SheetsHttpClient,
    load_credentials,
    open_client,
)
from ticket_pipeline.sheet.google_wire import ApiRefusal, TokenRefusal
from ticket_pipeline.sheet.source import SheetRows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from google.oauth2.service_account import Credentials

_ID = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)?(?P<id>[A-Za-z0-9_-]+)(?:[/?#].*)?")
_TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_NETWORK_ERRORS = (
    TransportError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSheetSource:
    """One tab of one Google Sheet.

    Attributes:
        spreadsheet_id: the sheet's key, or its whole address.
        worksheet_name: the tab's name, exactly.
        credentials_file: JSON key of a service account with whom the sheet is shared.
        api_base_url: where the Sheets API is; another one than Google's is for tests.
        timeout_seconds: longest time to connect, and longest silence while reading.
        total_seconds: longest single request, whole.
        max_tries: tries of the request; only what may pass by itself is tried again.
        retry_wait_seconds: first wait between two tries; it doubles, with as much jitter.
        retry_seconds: longest time in which a new try is begun. A sync comes every few minutes anyway.
    """

    spreadsheet_id: str
    worksheet_name: str
    credentials_file: Path
    api_base_url: str = GOOGLE_SHEETS_API
    timeout_seconds: float = 10.0
    total_seconds: float = 60.0
    max_tries: int = 3
    retry_wait_seconds: float = 1.0
    retry_seconds: float = 30.0

    @property
    def description(self) -> str:
        """The tab and the sheet, by name and key."""
        return f"tab '{self.worksheet_name}' of the Google Sheet {self.spreadsheet_id}"

    def read_rows(self) -> SheetRows:
        """Read the whole tab as the text its owner sees (FORMATTED_VALUE).

        Raises:
            SheetError: the credentials are no good, the sheet is missing, not shared or has no such tab, Google
                refused, or the network failed, also when tried again. The message says which, and what to do.
        """
        key = _ID.fullmatch(self.spreadsheet_id.strip())
        if key is None:
            raise SheetError(
                f"Read {self.description}: that is no key of a Google Sheet. "
                "Set GOOGLE_SHEET_ID to the part between /d/ and /edit of the sheet's address."
            )
        credentials = load_credentials(self.credentials_file)
        with open_client(credentials, self.api_base_url, self.timeout_seconds, self.total_seconds) as client:
            try:
                answer = self._read_values(client, key["id"])
            except TokenRefusal as refusal:
                raise SheetError(f"Read {self.description}: {_explain_no_token(refusal, credentials)}") from refusal
            except ApiRefusal as refusal:
                raise SheetError(f"Read {self.description}: {_explain(refusal, credentials)}") from refusal
            except (TransportError, requests.RequestException) as error:
                raise SheetError(f"Read {self.description}: {self._explain_network(error)}") from error
        return SheetRows(values=self._as_text(answer), source=self.description)

    def _read_values(self, client: SheetsHttpClient, key: str) -> object:
        """The answer of `values.get` for the tab.

        Raises:
            SheetError: the sheet has no such tab.
        """
        tab = absolute_range_name(self.worksheet_name)
        params = {"majorDimension": "ROWS", "valueRenderOption": "FORMATTED_VALUE"}
        try:
            return self._retried(lambda: client.values_get(key, tab, params=dict(params)))
        except ApiRefusal as refusal:
            if refusal.status != requests.codes.bad_request or "Unable to parse range" not in refusal.reason:
                raise
            only_titles = {"fields": "sheets.properties.title"}
            titles = _tab_titles(self._retried(lambda: client.fetch_sheet_metadata(key, dict(only_titles))))
            raise SheetError(
                f"Read {self.description}: there is no such tab. The tabs are: {', '.join(titles) or 'unknown'}. "
                "Rename the tab, or correct EVENTS_WORKSHEET_NAME or VENUE_MAP."
            ) from refusal

    def _retried(self, call: Callable[[], object]) -> object:
        caller = stamina.RetryingCaller(
            attempts=self.max_tries,
            timeout=self.retry_seconds,
            wait_initial=self.retry_wait_seconds,
            wait_max=self.retry_seconds,
            wait_jitter=self.retry_wait_seconds,
        )
        return caller(self._is_worth_another_try, call)

    def _is_worth_another_try(self, error: Exception) -> bool | float:
        """Whether to try again; a number is the wait in seconds that the server asked for."""
        if isinstance(error, ApiRefusal) and error.status in _TRANSIENT_STATUSES:
            if error.retry_after_seconds is None:
                return True
            return error.retry_after_seconds if error.retry_after_seconds <= self.retry_seconds else False
        return isinstance(error, _NETWORK_ERRORS)

    def _explain_network(self, error: Exception) -> str:
        cause = error.__cause__ if isinstance(error, TransportError) and error.__cause__ else error
        if isinstance(cause, requests.exceptions.JSONDecodeError):
            return (
                "the answer is not JSON. A proxy or a login page may stand between here and Google: check the "
                f"network, the proxy settings and google_sheets_api_base_url ({show_address(self.api_base_url)})."
            )
        if isinstance(cause, requests.Timeout):
            return (
                f"no answer within {self.timeout_seconds:g} s, or no whole one within {self.total_seconds:g} s, also "
                "when tried again. Check the network; the next sync tries again by itself."
            )
        return (
            f"the connection failed ({type(cause).__name__}). Check the network, the proxy settings and "
            f"google_sheets_api_base_url ({show_address(self.api_base_url)}); the next sync tries again by itself."
        )

    def _as_text(self, answer: object) -> list[list[str]]:
        values: Any = answer.get("values", []) if isinstance(answer, dict) and "range" in answer else None
        if not isinstance(values, list) or not all(isinstance(row, list) for row in values):
            raise SheetError(
                f"Read {self.description}: the answer does not have the shape of the Sheets API. "
                f"Check google_sheets_api_base_url ({show_address(self.api_base_url)})."
            )
        return [[_cell_text(cell) for cell in row] for row in values]


def _explain(refusal: ApiRefusal, credentials: Credentials) -> str:
    """What an error status means to the owner of the sheet, and what to do about it."""
    said = f"Google answered {refusal.status}" + (f" ({refusal.reason.rstrip('.')})" if refusal.reason else "")
    if refusal.status == requests.codes.forbidden and re.search("has not been used|disabled", refusal.reason):
        return f"{said}. Enable the Google Sheets API in the project of the service account, {credentials.project_id}."
    if "not supported for this document" in refusal.reason:
        return f"{said}. It is an uploaded Excel file: in it, choose File, Save as Google Sheets, and use the new key."
    advice = {
        401: "The service account's token is not accepted: make a new key for it.",
        403: f"Share the sheet with {credentials.service_account_email}; Viewer is enough.",
        404: "There is no such sheet: check GOOGLE_SHEET_ID, the part between /d/ and /edit of the sheet's address.",
        429: "The quota is used up, 60 reads per minute: read less often; the next sync tries again by itself.",
    }
    if refusal.status in advice:
        return f"{said}. {advice[refusal.status]}"
    if refusal.status in _TRANSIENT_STATUSES:
        return f"{said}, also when tried again. The trouble is Google's; the next sync tries again by itself."
    return f"{said}. Check GOOGLE_SHEET_ID and the name of the tab."


def _explain_no_token(refusal: TokenRefusal, credentials: Credentials) -> str:
    """Why no token was given. Google's text names the cause (account gone, key deleted, wrong clock), never the key."""
    what = f"Google gave the service account {credentials.service_account_email} no token"
    reason = refusal.reason.rstrip(".")
    if refusal.status in _TRANSIENT_STATUSES:
        said = f"{refusal.status}: {reason}" if reason else str(refusal.status)
        return f"{what} ({said}), also when tried again. The trouble is Google's; the next sync tries again by itself."
    if not reason:
        return (
            f"{what}: its token service answered {refusal.status} with something else. A proxy or a login page may "
            "stand between here and Google: check the network, the proxy settings and token_uri in the key file."
        )
    return (
        f"{what} ({reason}). If its key is deleted or revoked, make a new one and point GOOGLE_SHEETS_CREDENTIALS_FILE "
        "to it. Check this computer's clock too."
    )


def _tab_titles(metadata: object) -> list[str]:
    sheets = metadata.get("sheets", []) if isinstance(metadata, dict) else []
    return [f"'{sheet['properties']['title']}'" for sheet in sheets]


def _cell_text(cell: object) -> str:
    """A cell as text. Formatted cells are text already; numbers and booleans come where the option is ignored."""
    if isinstance(cell, bool):
        return str(cell).upper()
    return "" if cell is None else str(cell)
