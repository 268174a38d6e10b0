"""A table in a tab of a Google Sheet, read with a service account; `google_results` writes beside it.

One read is one request of the Sheets API, besides the token's: gspread's usual way (open, find the tab, get the
records) takes three of a quota of 60 per minute, and turns ids and dates into numbers.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import requests
import stamina
from google.auth.exceptions import MalformedError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from gspread.http_client import HTTPClient
from gspread.utils import absolute_range_name
from requests.exceptions import ChunkedEncodingError, ConnectionError, JSONDecodeError, Timeout  # noqa: A004 - theirs

from ticket_pipeline.errors import SheetError
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.sheet.source import SheetRows

GOOGLE_SHEETS_API = "https://sheets.googleapis.com"

_READ = "https://www.googleapis.com/auth/spreadsheets.readonly"
_WRITE = "https://www.googleapis.com/auth/spreadsheets"
_NEW_KEY = (
    "Download a key of type JSON for the service account in the Google Cloud console and point "
    "GOOGLE_SHEETS_CREDENTIALS_FILE to it."
)
_ID = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)?(?P<id>[A-Za-z0-9_-]+)(?:[/?#].*)?")
_TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_TRANSIENT_ERRORS = (TransportError, ConnectionError, Timeout, ChunkedEncodingError)
_LONGEST_RETRY_SECONDS = 30.0
_NEXT_RUN = "The next run tries again."


class RefusalError(Exception):
    """An error status of the API. gspread's own APIError cannot be built from some bodies of Google's front end."""

    def __init__(self, response: requests.Response) -> None:
        self.status: int = response.status_code
        self.reason = _reason(response)
        wait = response.headers.get("retry-after", "")
        self.retry_after_seconds = float(wait) if wait.isdecimal() else None
        super().__init__(f"{self.status} {self.reason}".strip())


class SheetsHttpClient(HTTPClient):
    """gspread's HTTP client with a configurable API address.

    It carries the token itself: google-auth's own session also asks another service, in the background, in which
    regions the account may be used, and where that cannot be reached, each read ends in three warnings.
    """

    base_url = GOOGLE_SHEETS_API

    def __init__(self, credentials: Credentials, session: requests.Session, renew: Callable[[], None]) -> None:
        super().__init__(credentials, session)
        self._credentials = credentials
        self._renew = renew

    def request(self, method: str, endpoint: str, params: Any = None, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - gspread's
        """Send one request; raises RefusalError for an error status."""
        url = self.base_url.rstrip("/") + endpoint.removeprefix(GOOGLE_SHEETS_API)
        response = self._send(method, url, params, options.get("json"))
        if response.status_code == requests.codes.unauthorized:  # the token has expired
            self._renew()
            response = self._send(method, url, params, options.get("json"))
        if not response.ok:
            raise RefusalError(response)
        return response

    def _send(self, method: str, url: str, params: Any, body: Any) -> requests.Response:  # noqa: ANN401 - gspread's
        return self.session.request(method, url, params=params, json=body, auth=self._sign, timeout=self.timeout)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token; as a header of its own, a `.netrc` file would replace it."""
        request.headers["Authorization"] = f"Bearer {self._credentials.token}"
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSheetSource:
    """One tab of one Google Sheet.

    Attributes:
        spreadsheet_id: the sheet's key, or its whole address.
        timeout_seconds: longest time to connect, and longest pause while reading.
        writing_timeout_seconds: the same for writing results, where thousands of rows take Google seconds.
        first_wait_seconds: wait before the second of three tries; it doubles.
    """

    spreadsheet_id: str
    worksheet_name: str
    credentials_file: Path
    api_base_url: str = GOOGLE_SHEETS_API
    timeout_seconds: float = 10.0
    writing_timeout_seconds: float = 60.0
    first_wait_seconds: float = 1.0

    @property
    def description(self) -> str:
        """The tab and the sheet, by name and key."""
        return f"tab '{self.worksheet_name}' of the Google Sheet {self.spreadsheet_id}"

    def read_rows(self) -> SheetRows:
        """Read the whole tab as the text its owner sees, or raise a SheetError that names the cause and the fix."""
        with self.connected() as (client, key):
            body = self._read_values(client, key)
        return SheetRows(values=self._as_text(body), source=self.description)

    @contextlib.contextmanager
    def connected(self, *, to_write: bool = False) -> Iterator[tuple[SheetsHttpClient, str]]:
        """A client with a token, and the sheet's key; what goes wrong in the block becomes a SheetError."""
        key = _ID.fullmatch(self.spreadsheet_id.strip())
        if key is None:
            fix = "Set GOOGLE_SHEET_ID to the part between /d/ and /edit of the sheet's address."
            raise self.error(f"that is not the key of a Google Sheet. {fix}", to_write=to_write)
        credentials = _load_credentials(self.credentials_file, _WRITE if to_write else _READ)
        with requests.Session() as session:
            client = SheetsHttpClient(credentials, session, functools.partial(self._fetch_token, credentials))
            client.base_url = self.api_base_url
            client.set_timeout(self.writing_timeout_seconds if to_write else self.timeout_seconds)
            try:
                self._fetch_token(credentials)
                yield client, key["id"]
            except RefusalError as refusal:
                raise self.error(_explain(refusal, credentials, to_write=to_write), to_write=to_write) from refusal
            except (TransportError, requests.RequestException) as error:
                raise self.error(self._explain_network(error), to_write=to_write) from error

    def error(self, words: str, *, to_write: bool = False) -> SheetError:
        """The error of a read or write that failed because of what the words say."""
        return SheetError(f"Could not {'write results into' if to_write else 'read'} {self.description}: {words}")

    def _fetch_token(self, credentials: Credentials) -> None:
        """Get the access token; google-auth itself retries what is temporary."""
        why = f": {_PROXY} and token_uri in the key file."  # HTML or text instead of Google's JSON, or no token
        try:
            credentials.refresh(functools.partial(Request(), timeout=self.timeout_seconds))  # type: ignore[no-untyped-call]
        except RefreshError as error:
            reason, details = [*error.args, None][:2]
            if error.retryable:
                why = f": its token service is not available. {_NEXT_RUN}"
            elif isinstance(details, dict) and "error" in details:
                said = shorten(str(reason), 300, placeholder=" …")
                why = (
                    f" ({said}). If its key is deleted or revoked, make a new one and "
                    "point GOOGLE_SHEETS_CREDENTIALS_FILE to it. Check this computer's clock too."
                )
        except (TypeError, ValueError, AttributeError, OverflowError):  # a 200 without a token
            pass
        else:
            return
        raise self.error(f"Google gave no token to the service account {credentials.service_account_email}{why}")

    def _read_values(self, client: SheetsHttpClient, key: str) -> object:
        """The response of `values.get` for the tab."""
        tab = absolute_range_name(self.worksheet_name)
        with self.naming_tabs(client, key):
            return self.retried(lambda: client.values_get(key, tab, params={"valueRenderOption": "FORMATTED_VALUE"}))

    @contextlib.contextmanager
    def naming_tabs(self, client: SheetsHttpClient, key: str, *, to_write: bool = False) -> Iterator[None]:
        """Where the block finds no such tab, raise a SheetError that names those that there are."""
        try:
            yield
        except RefusalError as refusal:
            if refusal.status != requests.codes.bad_request or "Unable to parse range" not in refusal.reason:
                raise
            fields: Any = {"fields": "sheets.properties.title"}
            metadata: Any = self.retried(lambda: client.fetch_sheet_metadata(key, fields))
            titles = ", ".join(f"'{sheet['properties']['title']}'" for sheet in metadata.get("sheets", []))
            fix = "Rename the tab, or correct EVENTS_WORKSHEET_NAME or VENUE_MAP."
            words = f"there is no such tab. The tabs are: {titles}. {fix}"
            raise self.error(words, to_write=to_write) from refusal

    def retried(self, call: Callable[[], object]) -> object:
        """What `call` returns; after a temporary failure it is called again, twice at most."""
        first = self.first_wait_seconds
        caller = stamina.RetryingCaller(3, timeout=_LONGEST_RETRY_SECONDS, wait_initial=first, wait_jitter=first)
        return caller(_is_worth_another_try, call)

    def _explain_network(self, error: Exception) -> str:
        cause = error.__cause__ if isinstance(error, TransportError) and error.__cause__ else error
        if isinstance(cause, JSONDecodeError):
            return f"the response is not JSON; {_PROXY}."
        if isinstance(cause, Timeout):
            return f"no response within {self.timeout_seconds:g} s, after three tries. Check the network. {_NEXT_RUN}"
        failed = f"the connection failed ({type(cause).__name__}), after three tries"
        return f"{failed}. Check the network and the proxy settings. {_NEXT_RUN}"

    def _as_text(self, body: object) -> list[list[str]]:
        values: Any = body.get("values", []) if isinstance(body, dict) and "range" in body else None
        if not isinstance(values, list) or not all(isinstance(row, list) for row in values):
            raise self.error(f"the response is not one of the Sheets API; {_PROXY}.")
        return [[str(cell) for cell in row] for row in values]


_PROXY = "something else answered. Check for a proxy or a login page between here and Google, the proxy settings"


def _is_worth_another_try(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds; a Retry-After that is too long is left to the next sync."""
    if not isinstance(error, RefusalError):
        return isinstance(error, _TRANSIENT_ERRORS)
    wait = error.retry_after_seconds
    if wait is None or error.status not in _TRANSIENT_STATUSES:
        return error.status in _TRANSIENT_STATUSES
    return wait if wait <= _LONGEST_RETRY_SECONDS else False


def _load_credentials(credentials_file: Path, scope: str) -> Credentials:
    """Read a service account's JSON key file; no part of the key gets into an error."""
    failed = f"Could not read the credentials file {credentials_file}"
    try:
        content = credentials_file.read_bytes()
        warn_of_other_readers(credentials_file, f"GOOGLE_SHEETS_CREDENTIALS_FILE {credentials_file}")
    except FileNotFoundError as error:
        raise SheetError(f"{failed}: there is no such file. {_NEW_KEY}") from error
    except OSError as error:
        fix = "It must be a file that the user running this may read."
        raise SheetError(f"{failed}: {error.strerror or error}. {fix}") from error
    info: Any = None
    with contextlib.suppress(ValueError):  # JSON's own error carries the whole document, key included
        info = json.loads(content)
    if not isinstance(info, dict):
        raise SheetError(f"{failed}: it is not a JSON object. {_NEW_KEY}")
    if info.get("type") != "service_account":
        kind = "an OAuth client's file" if {"installed", "web"} & info.keys() else "not a service account's key"
        raise SheetError(f"{failed}: it is {kind}. {_NEW_KEY}")
    try:
        return Credentials.from_service_account_info(info, scopes=(scope,))  # type: ignore[no-untyped-call, no-any-return]
    except ValueError as error:  # only MalformedError's text, the names of missing fields, is free of the key
        why = str(error) if isinstance(error, MalformedError) else "its private key cannot be read"
    raise SheetError(f"{failed}: {why}. {_NEW_KEY}")


def _explain(refusal: RefusalError, credentials: Credentials, *, to_write: bool) -> str:
    """What an error status means to the owner of the sheet, and what to do about it."""
    verb, access = ("write", "as Editor: writing results needs it") if to_write else ("read", "Viewer is enough")
    returned = f"Google returned {refusal.status}" + (f" ({refusal.reason.rstrip('.')})" if refusal.reason else "")
    if refusal.status == requests.codes.forbidden and re.search("has not been used|disabled", refusal.reason):
        return f"{returned}. Enable the Google Sheets API in the service account's project, {credentials.project_id}."
    if "not supported for this document" in refusal.reason:
        return f"{returned}. It is an uploaded Excel file: choose File, Save as Google Sheets, and use the new key."
    if "protected" in refusal.reason:
        return f"{returned}. Let {credentials.service_account_email} edit the protected tab or range."
    advice = {
        401: "The service account's token is not accepted: make a new key for it.",
        403: f"Share the sheet with {credentials.service_account_email}; {access}.",
        404: "There is no such sheet: check GOOGLE_SHEET_ID, the part between /d/ and /edit of the sheet's address.",
        429: f"The quota of 60 {verb}s per minute is used up: {verb} less often. {_NEXT_RUN}",
    }
    if refusal.status in advice:
        return f"{returned}. {advice[refusal.status]}"
    if refusal.status in _TRANSIENT_STATUSES:
        return f"{returned}, after three tries. The problem is Google's. {_NEXT_RUN}"
    return f"{returned}. Check GOOGLE_SHEET_ID and the name of the tab."


def _reason(response: requests.Response) -> str:
    """Google's message in an error body; empty for HTML and other formats."""
    try:
        error = response.json()["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        return ""
    return shorten(message, 300, placeholder=" …") if isinstance(message, str) else ""
