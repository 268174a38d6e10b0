"""Decide what a response means: a usable body, or one of our errors. Pure decisions; nothing is sent here.

ConnectTimeout, ReadTimeout, WriteTimeout, PoolTimeout     TemporarilyUnavailable, is_timeout
ConnectError (refused, DNS, TLS), ReadError, WriteError    TemporarilyUnavailable
RemoteProtocolError (cut short, not HTTP)                  TemporarilyUnavailable
ConnectError by an untrusted certificate                   RequestRejected
LocalProtocolError, UnsupportedProtocol, InvalidURL        RequestRejected
DecodingError (broken gzip)                                UnexpectedPayload
any status with a challenge (`challenges`)                 Blocked
401, 403; 3xx to a login or queue; 2xx with a login page   Blocked
other 3xx                                                  RequestRejected
404, 410                                                   EventGone
429                                                        RateLimited
408, 425, 5xx                                              TemporarilyUnavailable
other 4xx                                                  RequestRejected
200 with other HTML or an empty body, any other 2xx        UnexpectedPayload
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
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
from ticket_pipeline.http.challenges import has_challenge, is_html, is_login_page, is_login_url
from ticket_pipeline.http.scrubbing import Scrubber, excerpt, redact_text

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A server that names a longer wait (or nonsense) is believed up to here."""

_SECONDS = re.compile(r"\+?[0-9]{1,30}(?:\.[0-9]{0,30})?")
_EPOCH_SECONDS = 1e9
"""From here on seconds are a date, not a wait of thirty years."""
_QUOTABLE_BYTES = 65_536
_UNDERSTOOD_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True)
class Received:
    """A response as it arrived.

    Attributes:
        request: redacted, as an error message begins: "Fetching event 1 from stubhub (GET …)".
        headers: names case-insensitive.
        body: decoded; for a status other than 2xx its start is enough.
        tries: requests sent so far.
        at: aware UTC, when it arrived.
        scrubber: of the request's own secrets; the response is judged as it came and quoted without them.
    """

    request: str
    status: int
    headers: httpx.Headers
    body: bytes
    tries: int
    at: datetime
    scrubber: Scrubber

    @property
    def summary(self) -> str:
        """The request and the status, as an error message begins."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "(not a standard status)"
        return f"{self.request} returned {self.status} {phrase}"

    @property
    def retry_after(self) -> timedelta | None:
        """The wait that the server asks for, on any status."""
        return read_retry_after(self.headers.get_list("retry-after"), self.at)


@dataclass
class ResponseJudge:
    """Judges the responses of one server; what a person does about each kind of error depends on the server.

    Attributes:
        quotes_bodies: False where a body may hold personal data: no message quotes it.
        fix_block: what a person does after a block, in whole sentences.
        fix_request: what to check after a request was rejected.
        fix_address: what to check where the response comes from something else.
        fix_id: what to check where the id is unknown.
        fix_rate: what to lower after too many requests.
    """

    quotes_bodies: bool = True
    fix_block: str = (
        "Log in to the marketplace in a browser, check that your account may still see this page, and renew the "
        "credentials in the settings. Nothing is sent until the breaker is reset or its pause is over."
    )
    fix_request: str = "the event's id, and method, path and headers in the settings"
    fix_address: str = "the base URL and path in the settings"
    fix_id: str = "its id in the watchlist; if every event is unknown, check the path in the settings"
    fix_rate: str = "the request budget in the settings"

    def judge(self, received: Received) -> MarketplaceError | None:
        """Say what is wrong with a response, or None where its body may be read as the promised JSON."""
        if (how := _how_it_blocks(received)) is not None:
            return Blocked(f"{received.summary}{how}. {self.fix_block}", status=received.status, tries=received.tries)
        if received.status < HTTPStatus.MULTIPLE_CHOICES:
            return self._judge_success(received)
        return self._judge_failure(received)

    def _judge_success(self, received: Received) -> MarketplaceError | None:
        encoding = received.headers.get("content-encoding", "").strip().lower()
        if is_html(received.headers, received.body):
            page = f": {excerpt(_title_or_start(self._quote(received)))!r}" if self.quotes_bodies else ""
            problem = f"HTML instead of JSON{page}. Check {self.fix_address}; if they are right, it may be maintenance."
        elif encoding not in _UNDERSTOOD_ENCODINGS and received.body[:1] not in {b"{", b"["}:
            problem = f"a body compressed as {encoding[:20]!r}, which was not asked for. Retried at the next poll."
        elif received.status != HTTPStatus.OK or not received.body.strip():
            problem = f"{len(received.body)} bytes and no JSON. Nothing is stored; retried at the next poll."
        else:
            return None
        return UnexpectedPayload(f"{received.summary} with {problem}", status=received.status, tries=received.tries)

    def _judge_failure(self, received: Received) -> MarketplaceError:
        status, summary = received.status, received.summary
        error: type[MarketplaceError] = RequestRejected
        wait = received.retry_after
        asked = None if wait is None else f"it asks to wait {wait.total_seconds():.0f} s"
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            error, advice = EventGone, f". The id is unknown there. Check {self.fix_id}."
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            error, advice = RateLimited, f"; {asked or 'it names no wait'}. If this goes on, lower {self.fix_rate}."
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}:
            error, advice = (
                TemporarilyUnavailable,
                f". The problem is on the server's side; {asked or 'it is retried later'}.",
            )
        elif status < HTTPStatus.BAD_REQUEST:
            advice = self._redirect_advice(received)
        else:
            quoted = f": {excerpt(self._quote(received))!r}" if self.quotes_bodies else ""
            advice = f"{quoted}. The same request will fail again: check {self.fix_request}."
        return error(f"{summary}{advice}", status=status, tries=received.tries)

    def _redirect_advice(self, received: Received) -> str:
        place = _place_of(received.headers)
        if not place:
            what = "nothing was asked about a stored copy; a proxy or cache may answer for the server"
            is_copy = received.status == HTTPStatus.NOT_MODIFIED
            return f": {what if is_copy else 'a redirect that names no place'}. Check {self.fix_address}."
        return (
            f", a redirect to {received.scrubber.text(place)}. Redirects are not followed, since they would carry your "
            f"credentials elsewhere. If the server has moved, change {self.fix_address}."
        )

    @staticmethod
    def _quote(received: Received) -> str:
        # Scrubbed before it is cut: half a secret would not be recognised.
        return received.scrubber.text(received.body[:_QUOTABLE_BYTES].decode("utf-8", "replace"))


def error_of_exception(
    request: str,
    error: httpx.HTTPError | httpx.InvalidURL,
    *,
    tries: int,
    scrubber: Scrubber,
    judge: ResponseJudge,
) -> MarketplaceError:
    """Turn a failure of the connection into our own error, by the table in this module's docstring."""
    # h11 quotes the offending header in its message, and that may be a cookie: its text is never passed on.
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | httpx.InvalidURL):
        return RequestRejected(
            f"{request} failed: not sent, the request is malformed ({type(error).__name__}). "
            f"Check {judge.fix_request}.",
            tries=tries,
        )
    kind = type(error).__name__
    detail = f"{kind}: {redact_text(scrubber.text(str(error)))}" if judge.quotes_bodies and str(error) else kind
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return RequestRejected(
            f"{request} failed: the server's TLS certificate is not trusted ({detail}). Check {judge.fix_address}; "
            "behind a company proxy, install its root certificate on this machine.",
            tries=tries,
        )
    if isinstance(error, httpx.DecodingError):
        return UnexpectedPayload(
            f"{request} failed: the compressed body is broken ({detail}). Retried at the next poll.", tries=tries
        )
    is_timeout = isinstance(error, httpx.TimeoutException)
    what = "it took too long" if is_timeout else "the connection failed"
    advice = (
        "the network or raise the time-outs in the settings" if is_timeout else f"the network and {judge.fix_address}"
    )
    return TemporarilyUnavailable(
        f"{request} failed: {what} ({detail}). It is retried later; if this goes on, check {advice}.",
        tries=tries,
        is_timeout=is_timeout,
    )


def read_retry_after(values: list[str], now: datetime) -> timedelta | None:
    """Read Retry-After: seconds, a date, or a list of them; the longest wait, up to `LONGEST_RETRY_AFTER`.

    A date is one of HTTP or of ISO 8601, or seconds since 1970.

    None where it is absent or unreadable. `now` is aware UTC; a date in the past means no wait.
    """
    waits = [wait for value in values for wait in _waits(value.strip(), now)]
    return min(max(waits), LONGEST_RETRY_AFTER) if waits else None


def _waits(value: str, now: datetime) -> list[timedelta]:
    # A proxy may join repeated headers; the comma of an HTTP date is followed by its day and month.
    waits = [_wait(part.strip(), now) for part in re.split(r",(?! ?[0-9]{1,2}[ -][A-Za-z]{3})", value)]
    return [wait for wait in waits if wait is not None]


def _wait(text: str, now: datetime) -> timedelta | None:
    if _SECONDS.fullmatch(text):
        seconds = float(text)
        if seconds >= _EPOCH_SECONDS:
            seconds = max(seconds - now.timestamp(), 0)
        return timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER.total_seconds()))
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return max((at.replace(tzinfo=UTC) if at.tzinfo is None else at) - now, timedelta())
    at_date = read_date(text)
    return None if at_date is None else max(at_date - now, timedelta())


def read_date(text: str | None) -> datetime | None:
    """Read an HTTP date as aware UTC; None where absent or unreadable."""
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _how_it_blocks(received: Received) -> str | None:
    """How a response keeps us out, as the end of a sentence; None where it does not."""
    status, headers = received.status, received.headers
    if has_challenge(status, headers, received.body):
        return " with a challenge"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ""
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return " with a login page" if is_html(headers, received.body) and is_login_page(received.body) else None
    if status < HTTPStatus.BAD_REQUEST and is_login_url(place := _place_of(headers)):
        return f", a redirect to the login or queue at {received.scrubber.text(place)}"
    return None


def _place_of(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, without user, query and fragment."""
    try:
        target = urlsplit(headers.get("location", ""))
    except ValueError:
        return ""
    return f"{target.netloc.rpartition('@')[2]}{target.path}"


def _title_or_start(page: str) -> str:
    title = re.search(r"<title[^>]*>([^<]{1,200})", page, re.IGNORECASE)
    return title.group(1) if title else page
