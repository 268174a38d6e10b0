"""What Ticketmaster's errors mean: the gateway's `fault`, the API's `errors[]`, and HTML from the edge.

401, 403                          Blocked, naming TICKETMASTER_API_KEY
429 …QuotaViolation               QuotaExhausted: the day's allowance is spent; not retried
429 …SpikeArrestViolation         RateLimited: too many in one second; retried after one
404 DIS1004                       EventGone
400 DIS…                          RequestRejected, with the API's own words; never retried
anything else, and HTML           as for every marketplace (`http.judge`)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson

from ticket_pipeline.errors import Blocked, EventGone, MarketplaceError, QuotaExhausted, RateLimited, RequestRejected
from ticket_pipeline.http.judge import LONGEST_RETRY_AFTER, Received, ResponseJudge
from ticket_pipeline.http.scrubbing import Scrubber, excerpt

_SPIKE_WAIT = timedelta(seconds=1)
"""The limit is counted per second."""

_UNKNOWN_QUOTA_WAIT = timedelta(hours=1)
"""Where no response has named the time when the day's allowance is renewed."""

_QUOTED = 200
_MOST_DIGITS = 15


@dataclass
class TicketmasterJudge(ResponseJudge):
    """Judges responses, and remembers when the day's allowance is renewed: only good responses name that."""

    fix_block: str = (
        "The API itself asks for a key and never for a person: something in front of it stopped the request. Check "
        "whether a proxy or firewall of this network answers in its place. "
        "Nothing is sent until the breaker is reset (ticket-pipeline resume ticketmaster) or its pause is over."
    )
    _resets_at: datetime | None = None

    def judge(self, received: Received) -> MarketplaceError | None:
        """Say what is wrong with a response, or None."""
        self._resets_at = _read_reset(received.headers.get("rate-limit-reset"), received.at) or self._resets_at
        status, summary, tries = received.status, received.summary, received.tries
        code, words = _read_error(received.body, received.scrubber)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return Blocked(
                f"{summary} ({words or 'no reason given'}). Ticketmaster does not accept your API key: check "
                "TICKETMASTER_API_KEY, and on the developer portal that the key may use the Discovery API. Nothing is "
                "sent until the breaker is reset (ticket-pipeline resume ticketmaster) or its pause is over.",
                status=status,
                tries=tries,
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS and code:
            return self._judge_limit(received, code)
        if status == HTTPStatus.NOT_FOUND and code:
            return EventGone(
                f"{summary} ({code}: {words}). Ticketmaster does not know this id; the id in the address of its web "
                "page is another one. Find the right one with `ticket-pipeline search`.",
                status=status,
                tries=tries,
            )
        if status == HTTPStatus.BAD_REQUEST and code:
            return RequestRejected(
                f"{summary} ({code}: {words}). The same request will fail again; correct it.",
                status=status,
                tries=tries,
            )
        return super().judge(received)

    def _judge_limit(self, received: Received, code: str) -> MarketplaceError:
        if "quota" not in code.lower():
            return RateLimited(
                f"{received.summary} ({code}): too many requests in one second. It is retried after a second; if this "
                "goes on, another program uses the same key.",
                status=received.status,
                tries=received.tries,
                retry_after=_SPIKE_WAIT,
            )
        if self._resets_at is not None and self._resets_at > received.at:
            wait, known = self._resets_at - received.at, f"at {self._resets_at:%Y-%m-%d %H:%M} UTC"
        else:
            wait, known = _UNKNOWN_QUOTA_WAIT, "at an unknown time; retried in an hour"
        return QuotaExhausted(
            f"{received.summary} ({code}): the day's requests of this API key are spent; it has room again {known}. If "
            "another program uses the same key, lower TICKETMASTER_REQUESTS_PER_DAY by what that one sends.",
            status=received.status,
            tries=received.tries,
            retry_after=wait,
        )


def _read_reset(value: str | None, now: datetime) -> datetime | None:
    """The header Rate-Limit-Reset, epoch milliseconds; None where absent, unreadable or more than a day away."""
    if value is None or not value.isdecimal() or len(value) > _MOST_DIGITS:
        return None
    try:
        at = datetime.fromtimestamp(int(value) / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # a year past 9999
        return None
    return at if at - now <= LONGEST_RETRY_AFTER else None


def _read_error(body: bytes, scrubber: Scrubber) -> tuple[str, str]:
    """The code and the words of either error shape, redacted; empty where the body has neither."""
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    fault, errors = found.get("fault"), found.get("errors")
    if isinstance(fault, dict):
        detail = fault.get("detail")
        code = detail.get("errorcode") if isinstance(detail, dict) else None
        return _quote(code, scrubber), _quote(fault.get("faultstring"), scrubber)
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _quote(errors[0].get("code"), scrubber), _quote(errors[0].get("detail"), scrubber)
    return "", ""


def _quote(value: object, scrubber: Scrubber) -> str:
    return excerpt(scrubber.text(value), _QUOTED) if isinstance(value, str) else ""
