"""Send a request to a marketplace, and keep trying within limits. Nothing else here opens a socket to one.

What belongs here: time-outs, size limits, retries, permits. What does not: what an answer means (`answers`), what a
marketplace's URLs look like (its own module), and how a permit is won (`gate`, implemented elsewhere).

Three limits hold one fetch together: a deadline for each request from its first to its last byte (a body that drips
passes every read time-out), a cap on the number of tries, and a cap on the time from the first request to the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import quote, urlencode

import httpx
import stamina

from ticket_pipeline.errors import MarketplaceError, TemporarilyUnavailable, UnexpectedPayload
from ticket_pipeline.market.vocabulary import RawResponse
from ticket_pipeline.marketplaces.answers import error_of_exception, judge_answer, read_retry_after
from ticket_pipeline.marketplaces.redaction import excerpt, redact_headers, redact_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from random import Random

    from pydantic import SecretStr

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.marketplaces.gate import Permit, RequestGate
    from ticket_pipeline.settings import Settings

_log = logging.getLogger(__name__)

_ERROR_BODY_BYTES = 4096
_ERROR_BODY_SECONDS = 1.0
_MEGABYTE = 1_000_000
_LEAST_SECRET = 12
"""Characters; anything shorter may be a part of what an answer tells, and no real key is."""
_DEBUG_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class MarketplaceRequest:
    """One question to a marketplace.

    Attributes:
        marketplace: who is asked.
        external_id: the marketplace's own id of the event asked for.
        method: HTTP method; the body is always empty.
        url: absolute.
        headers: beyond those of the client; secret until the moment they are sent.
        secret_query: further parameters of the query. They are put into the URL below everything that logs or quotes
            one (`_SecretQueryTransport`), so that no redaction has to take them out again.
        subject: what is asked for, in words, where that is no event.
    """

    marketplace: Marketplace
    external_id: str
    method: str
    url: str
    headers: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    secret_query: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How one class of errors is retried, where that differs from the rest.

    Attributes:
        max_tries: requests sent at most, if this is how the last one ended; the policy's own cap holds besides.
        first_wait_seconds: before the second try; doubles with each further one.
        longest_wait_seconds: where the doubling ends.
    """

    max_tries: int
    first_wait_seconds: float
    longest_wait_seconds: float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of one fetch.

    Attributes:
        max_tries: requests sent at most.
        retry_seconds: no try starts, and no later try runs, past this long after the first request was permitted.
        request_seconds: longest single request, from sending to the last byte.
        max_body_bytes: a larger body, compressed or not, is refused.
        first_wait_seconds: before the second try; doubles with each further one.
        longest_wait_seconds: where the doubling ends. A longer Retry-After is honoured all the same.
        jitter_seconds: up to this much is added to every wait, so that many fetches do not come back together.
        rules: error class → its own rule; the nearest class counts. An error that is not transient is never retried,
            whatever its rule.
        is_debugged: every request and the start of every answer is logged, redacted.
    """

    max_tries: int = 3
    retry_seconds: float = 120.0
    request_seconds: float = 60.0
    max_body_bytes: int = 64 * _MEGABYTE
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    jitter_seconds: float = 1.0
    rules: Mapping[type[MarketplaceError], RetryRule] = field(default_factory=dict)
    is_debugged: bool = False

    def rule_for(self, error: MarketplaceError) -> RetryRule:
        """The rule of an error's class, or of the nearest class above it, or the policy's own numbers."""
        own = RetryRule(self.max_tries, self.first_wait_seconds, self.longest_wait_seconds)
        return next((self.rules[kind] for kind in type(error).__mro__ if kind in self.rules), own)

    @classmethod
    def from_settings(cls, settings: Settings, rules: Mapping[type[MarketplaceError], RetryRule] | None = None) -> Self:
        """The limits that the settings name, with a marketplace's own rules."""
        return cls(
            max_tries=settings.http_max_tries,
            retry_seconds=settings.http_retry_seconds,
            request_seconds=settings.http_total_timeout_seconds,
            max_body_bytes=settings.http_max_body_megabytes * _MEGABYTE,
            rules=rules or {},
            is_debugged=settings.http_debug,
        )


def utc_now() -> datetime:
    """The moment, aware UTC: the clock of whoever brings none."""
    return datetime.now(UTC)


class AnswerJudge(Protocol):
    """Says what is wrong with an answer, or None; `answers.judge_answer`, or a marketplace's own on top of it."""

    def __call__(
        self, what: str, status: int, headers: Mapping[str, str], body: bytes, *, tries: int, now: datetime
    ) -> MarketplaceError | None:
        """See `ticket_pipeline.marketplaces.answers.judge_answer`."""


class _SecretQueryTransport(httpx.AsyncBaseTransport):
    """Adds the secret part of a query at the last moment: httpx logs a request's URL as its client knows it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        secret: Mapping[str, SecretStr] = request.extensions.get("secret_query", {})
        if secret:
            added = urlencode({name: value.get_secret_value() for name, value in secret.items()}).encode()
            url = request.url.copy_with(query=b"&".join(filter(None, (request.url.query, added))))
            request = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_http_client(
    *, user_agent: str, connect_timeout_seconds: float, read_timeout_seconds: float, max_connections: int
) -> httpx.AsyncClient:
    """Build the client of one marketplace; the caller closes it (`async with`).

    Proxies and certificates of the environment are ignored (`trust_env=False`): a stray HTTP_PROXY would be handed the
    session of the user's account, and a .netrc would add credentials of its own. No cookie that an answer sets is
    kept: what is sent is what the user configured, each time.
    """
    return httpx.AsyncClient(
        # Named here, because httpx would else also offer whatever decoders happen to be installed.
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
        timeout=httpx.Timeout(read_timeout_seconds, connect=connect_timeout_seconds),
        transport=_SecretQueryTransport(
            httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
                http2=False,
                trust_env=False,
            )
        ),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


class HttpFetcher:
    """Fetches from one marketplace, within a policy and through a gate. Safe for many fetches at once.

    Args:
        client: of `open_http_client`.
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
            MarketplaceError: of the last try; see `ticket_pipeline.marketplaces.answers` for which one.
            RequestNotPermitted: the gate said no, before the first try or a later one.
        """
        course = _Course(self._policy, self._rng, self._monotonic)
        # The hook decides about the time left, which stamina's own time-out does not: that one knows neither the wait
        # ahead nor that waiting for the first permit is no retry.
        async for attempt in stamina.retry_context(on=course.next_wait, attempts=self._policy.max_tries, timeout=None):
            with attempt:
                return await self._try_once(request, course)
        raise AssertionError("stamina either returns or raises")  # pragma: no cover

    async def _try_once(self, request: MarketplaceRequest, course: _Course) -> RawResponse:
        permit = await self._gate.acquire()
        course.begin_try()
        try:
            response = await self._exchange(request, course)
        except MarketplaceError as error:
            # Whoever debugs wants to see how a try failed, whatever else is shown.
            _log.log(logging.WARNING if self._policy.is_debugged else logging.INFO, "%s", error)
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

    async def _exchange(self, request: MarketplaceRequest, course: _Course) -> RawResponse:
        """Send once, read the whole answer, and judge it."""
        what = _describe(request, course.tries, self._policy.max_tries)
        if self._policy.is_debugged:
            _log.warning("HTTP_DEBUG %s: sending", what)
        started = self._monotonic()
        limit = course.request_limit()
        try:
            async with asyncio.timeout(limit):
                response, body = await self._send(request, what, course.tries)
        except TimeoutError:
            raise TemporarilyUnavailable(
                f"{what}: the answer was not complete after {limit:.3g} s. It is tried again later; "
                "if it goes on, raise HTTP_TOTAL_TIMEOUT_SECONDS.",
                tries=course.tries,
                is_timeout=True,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # from None: the text of the original may quote a header, and a traceback would print it.
            raise error_of_exception(what, error, tries=course.tries) from None
        now = self._clock()
        course.hear_retry_after(response.headers.get("retry-after"), now)
        if self._policy.is_debugged:
            _log_answer(what, response, body)
        problem = self._judge(what, response.status_code, response.headers, body, tries=course.tries, now=now)
        if problem is not None:
            raise problem
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
        headers = {name: value.get_secret_value() for name, value in request.headers.items()}
        extensions = {"secret_query": request.secret_query}
        async with self._client.stream(request.method, request.url, headers=headers, extensions=extensions) as response:
            if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                body = await _read_start(response)
            else:
                body = await _read_body(response, self._policy.max_body_bytes, what, tries)
            return response, _without_secrets(body, request.secret_query.values())


class _Course:
    """How far one fetch has come: its tries, its time, and when to try again."""

    def __init__(self, policy: RetryPolicy, rng: Random, monotonic: Callable[[], float]) -> None:
        self.tries = 0
        self._policy = policy
        self._rng = rng
        self._monotonic = monotonic
        self._started = 0.0
        self._asked_wait: float | None = None

    def begin_try(self) -> None:
        """Count a request; the time of the fetch runs from the first, since waiting for a permit is no retry."""
        self.tries += 1
        self._asked_wait = None
        if self.tries == 1:
            self._started = self._monotonic()

    def request_limit(self) -> float:
        """Seconds the request at hand may take: a later try also ends with the fetch's own time."""
        if self.tries == 1:
            return self._policy.request_seconds
        return max(0.0, min(self._policy.request_seconds, self._time_left()))

    def hear_retry_after(self, value: str | None, now: datetime) -> None:
        """Remember the wait that an answer asks for."""
        wait = read_retry_after(value, now)
        self._asked_wait = None if wait is None else wait.total_seconds()

    def next_wait(self, error: Exception) -> bool | float:
        """Seconds until the next try after `error`, or False to give up."""
        if not (isinstance(error, MarketplaceError) and error.is_transient):
            return False
        rule = self._policy.rule_for(error)
        if self.tries >= rule.max_tries:
            return False
        doubled = rule.first_wait_seconds * 2.0 ** (self.tries - 1)
        backoff = min(doubled, rule.longest_wait_seconds) + self._rng.uniform(0, self._policy.jitter_seconds)
        wait = backoff if self._asked_wait is None else max(self._asked_wait, backoff)
        return wait if wait < self._time_left() else False

    def _time_left(self) -> float:
        return self._policy.retry_seconds - (self._monotonic() - self._started)


def _describe(request: MarketplaceRequest, tries: int, max_tries: int) -> str:
    return (
        f"Asked {request.marketplace} for {request.subject or f'event {request.external_id}'} "
        f"({request.method} {redact_url(request.url)}, try {tries} of {max_tries})"
    )


def _log_answer(what: str, response: httpx.Response, body: bytes) -> None:
    """HTTP_DEBUG: the headers of both sides and the start of the body, without secrets.

    As a warning, because whoever sets it wants to see it, whatever else is shown.
    """
    _log.warning(
        "HTTP_DEBUG %s: sent %s; the answer is %d with %s and %d bytes: %s",
        what,
        redact_headers(response.request.headers),
        response.status_code,
        redact_headers(response.headers),
        len(body),
        excerpt(body, _DEBUG_CHARACTERS),
    )


async def _read_body(response: httpx.Response, max_bytes: int, what: str, tries: int) -> bytes:
    """The whole decoded body. Refused by its announced length, or as soon as more than `max_bytes` have come."""
    announced = response.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    body = bytearray()
    if size <= max_bytes:
        async for chunk in response.aiter_bytes():
            body += chunk
            size = len(body)
            if size > max_bytes:
                break
        else:
            return bytes(body)
    raise UnexpectedPayload(
        f"{what}: the answer has {size} bytes or more, {max_bytes} are allowed. "
        "If the event is that large, raise HTTP_MAX_BODY_MEGABYTES.",
        status=response.status_code,
        tries=tries,
    )


def _without_secrets(body: bytes, secrets: Iterable[SecretStr]) -> bytes:
    """The body, without the secrets of its request: some answers repeat them, in whatever words."""
    for secret in secrets:
        value = secret.get_secret_value()
        if len(value) < _LEAST_SECRET:
            continue
        for written in {value, quote(value, safe="")} - {""}:
            body = body.replace(written.encode(), b"***")
    return body


async def _read_start(response: httpx.Response) -> bytes:
    """The start of an error's body: enough to quote, or to know a challenge page by."""
    body = bytearray()
    # The status has been heard, and it decides: a body that is cut short or drips must not turn a 403 into a time-out.
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _ERROR_BODY_BYTES:
                    break
    return bytes(body[:_ERROR_BODY_BYTES])
