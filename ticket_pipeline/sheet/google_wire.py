"""How requests to Google travel: each within a total time, and what is no answer refused before a library reads it.

What belongs here: single requests, for data and for tokens, and their refusals. What does not: the client made of them
(`google_client`), retries, and what a refusal means to the user (`google`).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_MOST_SECONDS = 10**9
"""A token that claims to live longer is none: no date holds it."""


class ApiRefusal(Exception):
    """The API answered with an error status.

    gspread's own APIError fails to build where `error` in the body is not an object with a code, as Google's front end
    and proxies send it; this one survives any body.

    Attributes:
        status: HTTP status code.
        reason: Google's own words; empty where the body has none.
        retry_after_seconds: how long the server asked us to wait, where it said so in seconds.
    """

    def __init__(self, response: requests.Response) -> None:
        self.status: int = response.status_code
        self.reason = _reason(response)
        wait = response.headers.get("retry-after", "")
        self.retry_after_seconds = float(wait) if wait.isascii() and wait.isdigit() else None
        super().__init__(f"{self.status} {self.reason}".strip())


class TokenRefusal(ApiRefusal):
    """The token service gave no token: an error status, or a 200 whose body is something else, such as a login page."""


class LimitedAdapter(HTTPAdapter):
    """Sends requests that end within a total time: requests' own time-out is of silence, and a drip is none.

    Args:
        total_seconds: from the request to the last byte of its answer. It can end a body only: the status and
            the headers before it are under requests' own time-out of silence.
    """

    def __init__(self, total_seconds: float) -> None:
        super().__init__()
        self._total_seconds = total_seconds

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - passed through as they are
        """Send one request and read its whole answer.

        Raises:
            requests.ReadTimeout: the answer was not there in time.
        """
        started = time.monotonic()
        response = super().send(request, *args, **kwargs)
        ended = threading.Event()

        def end() -> None:
            ended.set()
            # Whoever has just read the last byte has given the connection back: then there is nothing to end.
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                response.raw.shutdown()

        timer = threading.Timer(max(0.0, started + self._total_seconds - time.monotonic()), end)
        timer.start()
        try:
            _ = response.content
        except requests.RequestException as error:
            if not ended.is_set():
                raise
            raise requests.ReadTimeout(request=request) from error
        finally:
            timer.cancel()
        if ended.is_set():  # without an announced length, a connection that ends looks like the end of the answer
            raise requests.ReadTimeout(request=request)
        return response


def refuse_no_token(response: requests.Response, *_: object, **__: object) -> None:
    """A hook for the session that fetches tokens, which lets nothing but a token pass.

    google-auth takes any 200 for a token and fails in its own code where it is none, and repeats an error status three
    times by itself, on top of the caller's tries.

    Raises:
        TokenRefusal: the answer is no token.
    """
    if not response.is_redirect and not _holds_token(response):
        raise TokenRefusal(response)


def _holds_token(response: requests.Response) -> bool:
    """Whether the answer is a token in a shape that google-auth can read."""
    if response.status_code != requests.codes.ok:
        return False
    try:
        body = json.loads(response.content.decode())
        return isinstance(body["access_token"], str) and 0 <= int(body.get("expires_in") or 0) <= _MOST_SECONDS
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return False


def _reason(response: requests.Response) -> str:
    """Google's message out of an error body, of the API or of OAuth; empty for HTML and for shapes we do not know."""
    try:
        body = response.json()
        error = body["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str):
        return ""
    if isinstance(described := body.get("error_description"), str):
        message = f"{message}: {described}"
    return " ".join(message.split())[:300]
