"""What an answer of vivenu means: a good body, or one of our errors.

    answer                                     becomes
    401                                        Blocked: the key has expired or was withdrawn
    403                                        Blocked: the key may not read this
    429                                        RateLimited, with the wait it asks for
    408, 425, 5xx, connection lost, time-out   TemporarilyUnavailable
    3xx, another 4xx                           RequestRejected
    200 with HTML, nothing, or no JSON         UnexpectedPayload

What belongs here: pure decisions. What does not: sending and retrying (`http`). No body is ever quoted in a message:
it may tell who a buyer is. A marketplace's answers are judged by other rules (`http.answers`): there a body is
quoted and searched for challenges, a 404 means an event that is gone, and other settings mend it. The rooms are on one
floor and know nothing of each other, so reading a Retry-After stands in both.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from ticket_pipeline.errors import (
    Blocked,
    MarketplaceError,
    RateLimited,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RETRY_AFTER = timedelta(hours=1)
"""A server that names a longer wait (or nonsense) is believed up to here."""


def judge_answer(
    what: str, status: int, headers: Mapping[str, str], body: bytes, *, tries: int, now: datetime
) -> MarketplaceError | None:
    """Say what is wrong with an answer, or None where its body may be read as JSON.

    Args:
        what: the request, without secrets, as an error message begins: "Asked vivenu for …".
        status: HTTP status code.
        headers: of the answer; names in lower case or case-insensitive.
        body: decoded; only its first character is looked at.
        tries: requests sent so far.
        now: aware UTC, to read a Retry-After that is a date.
    """
    said = f"{what}: the answer was {status}"
    if status == HTTPStatus.OK:
        return _judge_body(said, headers, body, tries)
    if status == HTTPStatus.UNAUTHORIZED:
        return Blocked(
            f"{said}: the API key has expired or was withdrawn. Make a new one in vivenu's dashboard and put it into "
            "VIVENU_API_KEY, or into the file that VIVENU_API_KEY_FILE names.",
            status=status,
            tries=tries,
        )
    if status == HTTPStatus.FORBIDDEN:
        return Blocked(
            f"{said}: the API key may not read this. Give it the right to read events, tickets, transactions and "
            "coupons in vivenu's dashboard.",
            status=status,
            tries=tries,
        )
    return _judge_failure(said, status, headers, tries=tries, now=now)


def error_of_exception(what: str, error: httpx.HTTPError | httpx.InvalidURL, *, tries: int) -> MarketplaceError:
    """Turn a failure of the wire into our own error; its text may quote a header and is never passed on."""
    kind = type(error).__name__
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | httpx.InvalidURL):
        return RequestRejected(
            f"{what}: not sent, the request is malformed ({kind}). Check VIVENU_API_BASE_URL and the key.", tries=tries
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return RequestRejected(
            f"{what}: its TLS certificate is not trusted. Check VIVENU_API_BASE_URL; behind a company proxy, install "
            "its root certificate on this machine.",
            tries=tries,
        )
    if isinstance(error, httpx.DecodingError):
        return UnexpectedPayload(f"{what}: the compressed answer is broken. Try again later.", tries=tries)
    is_timeout = isinstance(error, httpx.TimeoutException)
    return TemporarilyUnavailable(
        f"{what}: {'it took too long' if is_timeout else 'the connection failed'} ({kind}). Try again later; if it "
        "goes on, check the network and VIVENU_API_BASE_URL, or raise HTTPX_TIMEOUT_READ.",
        tries=tries,
        is_timeout=is_timeout,
    )


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header, seconds or an HTTP date; None where absent or unreadable."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(timedelta(seconds=int(text)), LONGEST_RETRY_AFTER)
    at = read_date(text)
    return None if at is None else min(max(at - now, timedelta()), LONGEST_RETRY_AFTER)


def read_date(text: str | None) -> datetime | None:
    """Read an HTTP date as aware UTC; None where absent or unreadable."""
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _judge_body(said: str, headers: Mapping[str, str], body: bytes, tries: int) -> MarketplaceError | None:
    start = body.lstrip()[:1]
    if start in {b"{", b"["} and "html" not in headers.get("content-type", ""):
        return None
    kind = "HTML" if start == b"<" else "nothing" if not start else "no JSON"
    return UnexpectedPayload(
        f"{said} with {kind} in it. Check VIVENU_API_BASE_URL; if it is right, vivenu may be under maintenance.",
        status=200,
        tries=tries,
    )


def _judge_failure(
    said: str, status: int, headers: Mapping[str, str], *, tries: int, now: datetime
) -> MarketplaceError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = read_retry_after(headers.get("retry-after"), now)
        asked = "it named no wait" if wait is None else f"it asks to wait {wait.total_seconds():.0f} s"
        return RateLimited(
            f"{said}: too many requests; {asked}. If this goes on, lower HTTPX_MAX_CONNECTIONS.",
            status=status,
            tries=tries,
            retry_after=wait,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}:
        return TemporarilyUnavailable(
            f"{said}. The trouble is on vivenu's side; try again later.", status=status, tries=tries
        )
    return RequestRejected(
        f"{said}. The same request will be refused again: check VIVENU_API_BASE_URL, and whether the event is still "
        "in vivenu.",
        status=status,
        tries=tries,
    )
