"""What Ticketmaster's errors mean: the gateway's `fault`, the API's `errors[]`, and HTML from the edge.

    401, 403                          Blocked, naming TICKETMASTER_API_KEY
    429 …QuotaViolation               QuotaExhausted: the day's allowance is spent; not retried
    429 …SpikeArrestViolation         RateLimited: too many in one second; retried after one
    404 DIS1004                       EventGone
    400 DIS…                          RequestRejected, with the API's own words; never retried
    anything else, and HTML           as for every marketplace (`answers`)

What belongs here: reading these two shapes, and how each is retried. What does not: sending, and the JSON of a good
answer (`ticketmaster_events`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from ticket_pipeline.errors import Blocked, EventGone, QuotaExhausted, RateLimited, RequestRejected
from ticket_pipeline.http.answers import LONGEST_RETRY_AFTER, judge_answer
from ticket_pipeline.http.redaction import excerpt
from ticket_pipeline.http.retries import RetryRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ticket_pipeline.errors import MarketplaceError

_SPIKE_WAIT = timedelta(seconds=1)
"""The limit is counted per second."""

_UNKNOWN_QUOTA_WAIT = timedelta(hours=1)
"""Where no answer has told when the day's allowance is renewed."""

_QUOTED = 200
_MOST_DIGITS = 15

RETRY_RULES: Mapping[type[MarketplaceError], RetryRule] = MappingProxyType(
    {
        QuotaExhausted: RetryRule(max_tries=1, first_wait_seconds=0, longest_wait_seconds=0),
        RateLimited: RetryRule(max_tries=3, first_wait_seconds=1, longest_wait_seconds=4),
    }
)
"""A spike is over within seconds, a quota is not within a fetch; every other error is retried as everywhere."""


_MEND_CHALLENGE = (
    "The API itself asks for a key and never for a person: something before it stopped the request. Check "
    "ticketmaster_api_base_url in TUNING, and whether a proxy or firewall of this network answers in its place. "
    "Nothing is sent until the breaker is reset (ticket-pipeline resume ticketmaster) or its pause is over."
)


class TicketmasterJudge:
    """Judges answers, and remembers when the day's allowance is renewed: only answers that went well say so."""

    def __init__(self) -> None:
        self._resets_at: datetime | None = None

    def __call__(
        self,
        what: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        tries: int,
        now: datetime,
        hide: Callable[[str], str] = str,
    ) -> MarketplaceError | None:
        """Say what is wrong with an answer; see `answers.judge_answer`."""
        self._resets_at = _read_reset(headers.get("rate-limit-reset"), now) or self._resets_at
        said = f"{what}: the answer was {status}"
        code, words = _read_error(body, hide)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return Blocked(
                f"{said} ({words or 'no reason given'}). Ticketmaster does not accept your API key: check "
                "TICKETMASTER_API_KEY, and on the developer portal that the key may use the Discovery API. Nothing is "
                "sent until the breaker is reset (ticket-pipeline resume ticketmaster) or its pause is over.",
                status=status,
                tries=tries,
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS and code:
            return self._judge_limit(said, code, tries=tries, now=now)
        if status == HTTPStatus.NOT_FOUND and code:
            return EventGone(
                f"{said} ({code}: {words}). Ticketmaster does not know this id. The id in the address of its web page "
                "is another one; find the right one by `ticket-pipeline search`.",
                status=status,
                tries=tries,
            )
        if status == HTTPStatus.BAD_REQUEST and code:
            return RequestRejected(
                f"{said} ({code}: {words}). The same request will be refused again; correct what was asked for.",
                status=status,
                tries=tries,
            )
        return judge_answer(what, status, headers, body, tries=tries, now=now, hide=hide, mend_block=_MEND_CHALLENGE)

    def _judge_limit(self, said: str, code: str, *, tries: int, now: datetime) -> MarketplaceError:
        if "quota" not in code.lower():
            return RateLimited(
                f"{said} ({code}): too many requests in one second. It is tried again after a second; if this goes on, "
                "lower ticketmaster_requests_per_second in TUNING.",
                tries=tries,
                retry_after=_SPIKE_WAIT,
            )
        is_known = self._resets_at is not None and self._resets_at > now
        wait = self._resets_at - now if is_known and self._resets_at else _UNKNOWN_QUOTA_WAIT
        known = f"at {now + wait:%Y-%m-%d %H:%M} UTC" if is_known else "at a time it did not tell; asked in an hour"
        return QuotaExhausted(
            f"{said} ({code}): the day's requests of this API key are spent; it has room again {known}. If another "
            "program uses the same key, lower TICKETMASTER_REQUESTS_PER_DAY by what that one sends.",
            tries=tries,
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


def _read_error(body: bytes, hide: Callable[[str], str]) -> tuple[str, str]:
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
        return _quote(code, hide), _quote(fault.get("faultstring"), hide)
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _quote(errors[0].get("code"), hide), _quote(errors[0].get("detail"), hide)
    return "", ""


def _quote(value: object, hide: Callable[[str], str]) -> str:
    return excerpt(hide(value).encode("utf-8", "replace"), _QUOTED) if isinstance(value, str) else ""
