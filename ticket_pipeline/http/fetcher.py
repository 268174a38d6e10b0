"""Send a request to a marketplace, and keep trying within limits. Nothing else here opens a socket to one.

What belongs here: one request with its permit and its deadline, and the tries of one fetch. What does not: its client
(`connections`), when to try again (`retries`), taking a body off the wire (`reading`), what an answer means
(`answers`), what a marketplace's URLs look like (its own module), and how a permit is won (`gate`).

Three limits hold one fetch together: a deadline for each request from its first to its last byte (a body that drips
passes every read time-out), a cap on the number of tries, and a cap on the time from the first request to the last.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import httpx
import stamina

from ticket_pipeline.errors import MarketplaceError, TemporarilyUnavailable
from ticket_pipeline.http.answers import error_of_exception, judge_answer
from ticket_pipeline.http.reading import read_body, read_start
from ticket_pipeline.http.redaction import excerpt, redact_headers, redact_url
from ticket_pipeline.http.retries import Course
from ticket_pipeline.http.secrets import HIDDEN, KnownSecrets, known_secrets
from ticket_pipeline.market.vocabulary import RawResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from pydantic import SecretStr

    from ticket_pipeline.http.gate import Permit, RequestGate
    from ticket_pipeline.http.retries import RetryPolicy
    from ticket_pipeline.market.vocabulary import Marketplace

_log = logging.getLogger(__name__)

_DEBUG_CHARACTERS = 500
_START = 4096
"""Bytes; nothing is quoted of a body beyond them."""


@dataclass(frozen=True, slots=True)
class MarketplaceRequest:
    """One question to a marketplace.

    Attributes:
        marketplace: who is asked.
        external_id: the marketplace's own id of the event asked for.
        method: HTTP method; the body is always empty.
        url: absolute.
        headers: beyond those of the client; nothing about them is secret.
        secret_headers: likewise, and secret until the moment they are sent; they win over `headers`. Names in lower
            case. No answer that repeats them is kept or quoted with them (`known_secrets`).
        secret_query: further parameters of the query. They are put into the URL below everything that logs or quotes
            one (`connections`), so that no redaction has to take them out again.
        subject: what is asked for, in words, where that is no event.
    """

    marketplace: Marketplace
    external_id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    secret_query: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    subject: str | None = None


def utc_now() -> datetime:
    """The moment, aware UTC: the clock of whoever brings none."""
    return datetime.now(UTC)


class AnswerJudge(Protocol):
    """Says what is wrong with an answer, or None; `answers.judge_answer`, or a marketplace's own on top of it."""

    def __call__(
        self,
        what: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        tries: int,
        now: datetime,
        hide: Callable[[str], str],
    ) -> MarketplaceError | None:
        """See `ticket_pipeline.http.answers.judge_answer`."""


class HttpFetcher:
    """Fetches from one marketplace, within a policy and through a gate. Safe for many fetches at once.

    Args:
        client: of `connections.open_http_client`.
        gate: who permits requests.
        policy: the limits of each fetch.
        rng: draws the jitter of retries.
        judge: what an answer means; a marketplace with error bodies of its own brings its own.
        clock: aware UTC.
        monotonic: seconds of a clock that only runs forward.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        gate: RequestGate,
        policy: RetryPolicy,
        *,
        rng: Random,
        judge: AnswerJudge = judge_answer,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judge = judge
        self._client = client
        self._gate = gate
        self._policy = policy
        self._rng = rng
        self._clock = clock
        self._monotonic = monotonic

    async def fetch(self, request: MarketplaceRequest) -> RawResponse:
        """Send `request` until a usable answer arrives or a limit is reached. Can be cancelled at any moment.

        Only errors with `is_transient` are tried again. A Retry-After is honoured; one that reaches past the time left
        ends the fetch at once, and the error carries it.

        Returns:
            A 200 whose body is neither empty nor HTML.

        Raises:
            MarketplaceError: of the last try; see `ticket_pipeline.http.answers` for which one.
            RequestNotPermitted: the gate said no, before the first try or a later one.
        """
        course = Course(self._policy, self._rng, self._monotonic)
        # The hook decides about the time left, which stamina's own time-out does not: that one knows neither the wait
        # ahead nor that waiting for the first permit is no retry.
        async for attempt in stamina.retry_context(on=course.next_wait, attempts=self._policy.max_tries, timeout=None):
            with attempt:
                return await self._try_once(request, course)
        raise AssertionError("stamina either returns or raises")  # pragma: no cover

    async def _try_once(self, request: MarketplaceRequest, course: Course) -> RawResponse:
        permit = await self._gate.acquire()
        course.begin_try()
        try:
            response = await self._exchange(request, course)
        except MarketplaceError as error:
            _log.info("%s", error)
            await self._settle(permit, error)
            raise
        except BaseException:  # cancelled, or a bug: the permit goes back, and the marketplace is not to blame
            await self._gate.release(permit, answered=False)
            raise
        await self._settle(permit, None)
        return response

    async def _settle(self, permit: Permit, error: MarketplaceError | None) -> None:
        is_timeout = isinstance(error, TemporarilyUnavailable) and error.is_timeout
        await self._gate.release(permit, answered=not is_timeout)
        await self._gate.record(error)

    async def _exchange(self, request: MarketplaceRequest, course: Course) -> RawResponse:
        """Send once, read the whole answer, and judge it."""
        what = _describe(request, course.tries, self._policy.max_tries)
        _log.debug("%s: sending", what)
        started = self._monotonic()
        limit = course.request_limit()
        secrets = known_secrets(request.secret_headers, request.secret_query.values())
        try:
            async with asyncio.timeout(limit):
                response, body = await self._send(request, what, course.tries)
        except TimeoutError:
            raise TemporarilyUnavailable(
                f"{what}: the answer was not complete after {limit:.3g} s. It is tried again later; "
                "if it goes on, raise request_timeout_seconds in TUNING.",
                tries=course.tries,
                is_timeout=True,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # from None: the text of the original may quote a header, and a traceback would print it.
            raise error_of_exception(what, error, tries=course.tries, hide=secrets.out_of_text) from None
        now = self._clock()
        course.hear_retry_after(response.headers.get("retry-after"), now)
        if _log.isEnabledFor(logging.DEBUG):
            _log_answer(what, request, response, body, secrets)
        # Judged as it came: a secret that is a usual word would take a login's name out of its address.
        problem = self._judge(
            what, response.status_code, response.headers, body, tries=course.tries, now=now, hide=secrets.out_of_text
        )
        if problem is not None:
            raise problem
        body = secrets.out_of_data(body)
        elapsed = self._monotonic() - started
        _log.info("%s: %d, %d bytes in %.2f s", what, response.status_code, len(body), elapsed)
        return RawResponse(
            marketplace=request.marketplace,
            external_id=request.external_id,
            body=body,
            captured_at=now,
            status=response.status_code,
            tries=course.tries,
            latency_seconds=elapsed,
        )

    async def _send(self, request: MarketplaceRequest, what: str, tries: int) -> tuple[httpx.Response, bytes]:
        secret = {name: value.get_secret_value() for name, value in request.secret_headers.items()}
        headers = dict(request.headers) | secret
        extensions = {"secret_query": request.secret_query}
        async with self._client.stream(request.method, request.url, headers=headers, extensions=extensions) as response:
            if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                body = await read_start(response)
            else:
                body = await read_body(response, self._policy.max_body_bytes, what, tries)
            return response, body


def _describe(request: MarketplaceRequest, tries: int, max_tries: int) -> str:
    return (
        f"Asked {request.marketplace} for {request.subject or f'event {request.external_id}'} "
        f"({request.method} {redact_url(request.url)}, try {tries} of {max_tries})"
    )


def _log_answer(
    what: str, request: MarketplaceRequest, response: httpx.Response, body: bytes, secrets: KnownSecrets
) -> None:
    """Log the headers of both sides and the start of the body, without secrets."""
    _log.debug(
        "%s: sent %s; the answer is %d with %s and %d bytes: %s",
        what,
        redact_headers(response.request.headers) | dict.fromkeys(request.secret_headers, HIDDEN),
        response.status_code,
        redact_headers({name: secrets.out_of_text(value) for name, value in response.headers.items()}),
        len(body),
        excerpt(secrets.out_of_words(body[:_START]), _DEBUG_CHARACTERS),
    )
