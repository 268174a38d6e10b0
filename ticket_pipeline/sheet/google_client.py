"""gspread as this project uses it: a service account, an API address, a time-out, and errors with their status.

What belongs here: opening a client and closing it. What does not: how a request travels (`google_wire`), what is read
through the client, retries, and what an error means to the user (see `google`).
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import requests
from google.auth.exceptions import MalformedError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.service_account import Credentials
from gspread.http_client import HTTPClient

from ticket_pipeline.errors import SheetError
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.sheet.google_wire import ApiRefusal, LimitedAdapter, refuse_no_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

GOOGLE_SHEETS_API = "https://sheets.googleapis.com"

_SCOPES = ("https://www.googleapis.com/auth/spreadsheets.readonly",)
_NEW_KEY = (
    "Download a key of type JSON for the service account in the Google Cloud console and point "
    "GOOGLE_SHEETS_CREDENTIALS_FILE to it."
)


class SheetsHttpClient(HTTPClient):
    """gspread's HTTP client with a movable API address, which gspread itself keeps in constants imported by name."""

    base_url: str = GOOGLE_SHEETS_API

    def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - passed through as they are
        """Send one request.

        Raises:
            ApiRefusal: the answer has an error status.
        """
        if endpoint.startswith(GOOGLE_SHEETS_API):
            endpoint = self.base_url.rstrip("/") + endpoint.removeprefix(GOOGLE_SHEETS_API)
        names = ("params", "data", "json", "files", "headers")
        sent = dict(zip(names, args, strict=False)) | kwargs
        response: requests.Response = self.session.request(method=method, url=endpoint, timeout=self.timeout, **sent)
        if not response.ok:
            raise ApiRefusal(response)
        return response


def load_credentials(credentials_file: Path) -> Credentials:
    """Read a service account's JSON key file.

    Raises:
        SheetError: it is missing, unreadable, or not a service account's key. No part of the key is in the message.
    """
    info = _load_json(credentials_file)
    if info.get("type") != "service_account":
        kind = "an OAuth client's file" if {"installed", "web"} & info.keys() else "not a service account's key"
        raise SheetError(f"Read the credentials file {credentials_file}: it is {kind}. {_NEW_KEY}")
    try:
        return Credentials.from_service_account_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call, no-any-return]
    except MalformedError as error:  # names the missing fields
        raise SheetError(f"Read the credentials file {credentials_file}: {error}. {_NEW_KEY}") from None
    except ValueError:  # its text may quote what it could not parse
        raise SheetError(
            f"Read the credentials file {credentials_file}: its private key cannot be read. {_NEW_KEY}"
        ) from None


@contextlib.contextmanager
def open_client(
    credentials: Credentials, base_url: str, timeout_seconds: float, total_seconds: float
) -> Iterator[SheetsHttpClient]:
    """A gspread HTTP client on connections of its own, closed at the end of the block.

    Both sessions are plain: google-auth's own would retry connections three times each, on top of the caller's tries.

    Args:
        credentials: a service account.
        base_url: the API's.
        timeout_seconds: longest time to connect, and longest silence while reading.
        total_seconds: longest single request, whole.
    """
    with contextlib.ExitStack() as stack:
        token_session = stack.enter_context(requests.Session())
        authorized = AuthorizedSession(credentials, auth_request=Request(token_session))  # type: ignore[no-untyped-call]
        session = stack.enter_context(authorized)
        token_session.hooks["response"].append(refuse_no_token)
        for each in (token_session, session):
            for scheme in ("https://", "http://"):
                each.mount(scheme, LimitedAdapter(total_seconds))
        client = SheetsHttpClient(credentials, session)
        client.base_url = base_url
        client.set_timeout(timeout_seconds)
        yield client


def _load_json(credentials_file: Path) -> Mapping[str, Any]:
    try:
        content = credentials_file.read_bytes()
        warn_of_other_readers(credentials_file, f"GOOGLE_SHEETS_CREDENTIALS_FILE {credentials_file}")
    except FileNotFoundError as error:
        raise SheetError(f"Read the credentials file {credentials_file}: there is no such file. {_NEW_KEY}") from error
    except OSError as error:
        raise SheetError(
            f"Read the credentials file {credentials_file}: {error.strerror or error}. "
            "It must be a file that the user running this may read."
        ) from error
    info = None
    with contextlib.suppress(ValueError):  # and not kept: JSON's own error carries the whole document, key included
        info = json.loads(content)
    if info is None:
        raise SheetError(f"Read the credentials file {credentials_file}: it is not JSON. {_NEW_KEY}")
    return info if isinstance(info, dict) else {}
