"""What an answer means: status codes, headers, HTML where JSON was promised, and failures of the wire.

    ConnectTimeout, ReadTimeout, WriteTimeout, PoolTimeout     TemporarilyUnavailable, is_timeout
    ConnectError (refused, DNS, TLS), ReadError, WriteError    TemporarilyUnavailable
    RemoteProtocolError (cut in the middle, not HTTP)          TemporarilyUnavailable
    ConnectError by an untrusted certificate                   RequestRejected: it will be refused again
    LocalProtocolError, UnsupportedProtocol, InvalidURL        RequestRejected: our own request is malformed
    DecodingError (broken gzip)                                UnexpectedPayload
    3xx to a login or challenge                                Blocked
    other 3xx                                                  RequestRejected
    401, 403                                                   Blocked
    404, 410                                                   EventGone
    429                                                        RateLimited
    408, 425, 5xx                                              TemporarilyUnavailable
    429 or 5xx with a challenge page                           Blocked
    other 4xx                                                  RequestRejected
    200 or 202 with a login or challenge page                  Blocked
    200 with other HTML or nothing in it, any other 2xx        UnexpectedPayload

What belongs here: pure decisions. What does not: sending, retrying, and the JSON inside a good answer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RateLimited,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.http.redaction import excerpt, redact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A server that names a longer wait (or nonsense) is believed up to here."""

_SNIFFED_BYTES = 65_536
# Whole words, where humps part words as well: an API may well move to `/catalog-inventory`, `/authors` or `/session/7`.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LOGIN_PLACE = re.compile(
    r"(?<!cata)(?<!b)log[io]n|(?<!as)(?<!con)(?<!de)sign[io]n(?!g)|/account(?:\.(?:aspx?|html?|jsp|php))?/?$"
    r"|(?<![a-z])(?:(?:log|sign)[-_]?(?:in|on)|o?auth[0-9]*|auth(?:n|wall)|authori[sz]e|authenticat(?:ed?|ion)"
    r"|sso|saml[0-9]*|oidc|openid|sessions?[/_-](?:new|create|expired|timeout|ended))(?![a-z])"
    r"|^[^/]*(?<![a-z])accounts?\.|identity|challenge|captcha",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    rb"captcha|datadome|challenge[ -]validation|challenge-platform|verify (?:that )?you are|are you (?:a )?human"
    rb"|unusual traffic|just a moment|access denied|pardon our interruption",
    re.IGNORECASE,
)
_LOGIN = re.compile(rb"\b(?:log|sign)[ -](?:in|on)\b|(?:log|sign)(?:in|on)\b|type=[\"']?password", re.IGNORECASE)
_SMALL_ANSWER = 4096
_JSON_CHALLENGE = b"captcha-delivery.com"

MEND_SESSION = (
    "Log in to the marketplace in a browser, check that your account may still see this page there, "
    "and renew the credentials in the settings. Nothing is sent until the breaker is reset or its pause is over."
)
"""What a person does after a block, where an account's session is sent along."""


def judge_answer(
    what: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tries: int,
    now: datetime,
    hide: Callable[[str], str] = str,
    mend_block: str = MEND_SESSION,
) -> MarketplaceError | None:
    """Say what is wrong with an answer, or None where its body may be read as the promised JSON.

    Args:
        what: the request, redacted, as an error message begins: "Asked stubhub …".
        status: HTTP status code.
        headers: of the answer; names in lower case or case-insensitive.
        body: decoded; for a status other than 2xx its start is enough.
        tries: requests sent so far.
        now: aware UTC, to read a Retry-After that is a date.
        hide: takes the request's own secrets out of what is quoted; judged is what came.
        mend_block: what a person does after a block, in whole sentences; each marketplace has its own.
    """
    said = f"{what}: the answer was {status} {_phrase(status)}"
    place = _place_of(headers.get("location", ""))
    if (how := _how_it_blocks(status, headers, body, place, hide)) is not None:
        return Blocked(f"{said}{how}. {mend_block}", status=status, tries=tries)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _judge_success(said, status, headers, body, tries, hide)
    if status < HTTPStatus.BAD_REQUEST:
        return _judge_redirect(said, status, hide(place), tries)
    return _judge_failure(said, status, headers, body, tries=tries, now=now, hide=hide)


def _how_it_blocks(
    status: int, headers: Mapping[str, str], body: bytes, place: str, hide: Callable[[str], str]
) -> str | None:
    """How an answer keeps us out, as the end of a sentence; None where it does not."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ""
    start = body[:_SNIFFED_BYTES]
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        if is_html(headers.get("content-type", ""), start):
            return " with a login or challenge page" if _CHALLENGE.search(start) or _LOGIN.search(start) else None
        return " with a challenge" if len(body) <= _SMALL_ANSWER and _JSON_CHALLENGE in body else None
    if status < HTTPStatus.BAD_REQUEST:
        return f", to the login at {hide(place)}" if _LOGIN_PLACE.search(_HUMP.sub("-", place)) else None
    is_transient = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return " with a challenge page" if is_transient and _CHALLENGE.search(body) else None


def _judge_success(
    said: str, status: int, headers: Mapping[str, str], body: bytes, tries: int, hide: Callable[[str], str]
) -> MarketplaceError | None:
    start = body[:_SNIFFED_BYTES]
    if is_html(headers.get("content-type", ""), start):
        return UnexpectedPayload(
            f"{said} with HTML instead of JSON: {excerpt(_title_or_start(_hidden(start, hide)))!r}. "
            "Check the base URL and path in the settings; if they are right, the marketplace may be under maintenance.",
            status=status,
            tries=tries,
        )
    if status != HTTPStatus.OK or not body.strip():
        return UnexpectedPayload(
            f"{said} with {len(body)} bytes, which is no answer. That does not even say that there is nothing on sale "
            "(which would be said in JSON); polling asks again by itself.",
            status=status,
            tries=tries,
        )
    return None


def _judge_redirect(said: str, status: int, place: str, tries: int) -> MarketplaceError:
    return RequestRejected(
        f"{said}, to {place}. Redirects are not followed, since they would carry your credentials "
        "elsewhere. If the marketplace has moved, set its base URL and path in the settings.",
        status=status,
        tries=tries,
    )


def _judge_failure(
    said: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tries: int,
    now: datetime,
    hide: Callable[[str], str],
) -> MarketplaceError:
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return EventGone(
            f"{said}. The marketplace does not know this event (any more): check its id in the watchlist. "
            "If it says so for every event, check the path in the settings.",
            status=status,
            tries=tries,
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = read_retry_after(headers.get("retry-after"), now)
        asked = "it named no wait" if wait is None else f"it asks to wait {wait.total_seconds():.0f} s"
        return RateLimited(
            f"{said}: too many requests; {asked}. If this goes on, lower the request budget in the settings.",
            status=status,
            tries=tries,
            retry_after=wait,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}:
        return TemporarilyUnavailable(
            f"{said}. The trouble is on the marketplace's side; it is tried again later.", status=status, tries=tries
        )
    return RequestRejected(
        f"{said}: {excerpt(_hidden(body, hide))!r}. The same request will be refused again: "
        "check the event's id, and method, path and headers in the settings.",
        status=status,
        tries=tries,
    )


def error_of_exception(
    what: str, error: httpx.HTTPError | httpx.InvalidURL, *, tries: int, hide: Callable[[str], str] = str
) -> MarketplaceError:
    """Turn a failure of the wire into our own error, by the table in this module's docstring.

    Args:
        what: the request, redacted, as an error message begins.
        error: of the library; its text may quote what came, and that may repeat what was sent.
        tries: requests sent so far.
        hide: takes the request's own secrets out of such a text.
    """
    # h11 quotes the offending header in its message, and that may be a cookie: its text is never passed on.
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | httpx.InvalidURL):
        return RequestRejected(
            f"{what}: not sent, the request is malformed ({type(error).__name__}). "
            "Check the base URL, path and headers in the settings.",
            tries=tries,
        )
    detail = redact_text(hide(str(error))) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        return RequestRejected(
            f"{what}: its TLS certificate is not trusted ({detail}). "
            "Check the base URL; behind a company proxy, install its root certificate on this machine.",
            tries=tries,
        )
    if isinstance(error, httpx.DecodingError):
        return UnexpectedPayload(
            f"{what}: the compressed answer is broken ({detail}). Tried at the next poll.", tries=tries
        )
    if isinstance(error, httpx.TimeoutException):
        return TemporarilyUnavailable(
            f"{what}: {_slow_part(error)} took too long. It is tried again later; "
            "if it goes on, check the network or raise the HTTP_…_TIMEOUT_SECONDS settings.",
            tries=tries,
            is_timeout=True,
        )
    return TemporarilyUnavailable(
        f"{what}: the connection failed ({type(error).__name__}: {detail}). It is tried again later; "
        "if it goes on, check the network and the base URL.",
        tries=tries,
    )


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header: seconds or an HTTP date.

    Args:
        value: the header as received, or None.
        now: aware UTC; a date in the past means no wait.

    Returns:
        Between zero and `LONGEST_RETRY_AFTER`; None where absent or unreadable.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,30}", text):
        return timedelta(seconds=min(int(text), LONGEST_RETRY_AFTER.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # "-0000": the date is UTC, and says nothing about where it was written
        at = at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), LONGEST_RETRY_AFTER)


def is_html(content_type: str, start: bytes) -> bool:
    """Whether an answer is HTML, by its label or, since labels lie, by its first character."""
    return "html" in content_type.lower() or start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def _place_of(location: str) -> str:
    """Where a redirect leads, without user, query and fragment."""
    try:
        target = urlsplit(location)
    except ValueError:
        target = urlsplit("")
    return f"{target.netloc.rpartition('@')[2]}{target.path}" or "nowhere"


def _hidden(body: bytes, hide: Callable[[str], str]) -> bytes:
    # Before it is cut, as in `excerpt`.
    return hide(body.decode("utf-8", "replace")).encode("utf-8", "replace")


def _title_or_start(start: bytes) -> bytes:
    title = re.search(rb"<title[^>]*>([^<]{1,200})", start, re.IGNORECASE)
    return title.group(1) if title else start


def _slow_part(error: httpx.TimeoutException) -> str:
    parts = {
        httpx.ConnectTimeout: "connecting",
        httpx.ReadTimeout: "waiting for the answer",
        httpx.WriteTimeout: "sending",
        httpx.PoolTimeout: "waiting for a free connection",
    }
    return parts.get(type(error), "the request")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(not a standard status)"
