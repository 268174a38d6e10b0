"""Send a request to one server, and retry within limits. Everything that is sent to a marketplace is sent here.

Three limits hold one fetch together: a deadline for each request from its first to its last byte (a body that drips
passes every read time-out), a cap on the number of tries, and a cap on the time from the first request to the last.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from structlog.contextvars import bound_contextvars

from ticket_pipeline.errors import MarketplaceError, TemporarilyUnavailable
from ticket_pipeline.http.client import ConnectionOptions, HttpClients
from ticket_pipeline.http.gate import OpenGate, RequestGate
from ticket_pipeline.http.judge import Received, ResponseJudge, error_of_exception, read_date
from ticket_pipeline.http.reading import read_body, read_start, to_utf8
from ticket_pipeline.http.retries import RetryPolicy, RetryState
from ticket_pipeline.http.scrubbing import HIDDEN, excerpt, redact_headers, redact_url, scrubber_for
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ticket_pipeline.settings.model import Settings

_log = logging.getLogger(__name__)

_DEBUG_CHARACTERS = 500
_DEBUG_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a marketplace.

    Attributes:
        external_id: the marketplace's own id of the event; empty where the request is not about one event.
        method: HTTP method; the body is always empty.
        url: absolute.
        headers: beyond those of the client; none of them is secret.
        secret_headers: likewise, and never shown; they win over `headers`. Names in lower case.
        secret_query: further parameters of the query; they are added below everything that logs a URL (`client`).
        subject: what is requested, in words, where that is not an event.
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
    """The moment, aware UTC: the default clock."""
    return datetime.now(UTC)


class HttpFetcher:
    """Fetches from one marketplace, within a policy and through a gate. Safe for many fetches at once.

    Args:
        clients: of one server, open.
        gate: who permits requests.
        policy: the limits of each fetch.
        rng: draws the jitter of retries.
        judge: what a response means.
        clock: aware UTC.
        monotonic: seconds of a clock that only runs forward.
    """

    def __init__(
        self,
        clients: HttpClients,
        gate: RequestGate,
        policy: RetryPolicy,
        *,
        rng: random.Random,
        judge: ResponseJudge | None = None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._gate = gate
        self._policy = policy
        self._rng = rng
        self._judge = judge or ResponseJudge()
        self._clock = clock
        self._monotonic = monotonic

    async def fetch(self, request: Request) -> RawResponse:
        """Send `request` until a usable response arrives or a limit is reached. Can be cancelled at any moment.

        Only errors with `is_transient` are retried. A Retry-After is honoured; one that reaches past the time left
        ends the fetch at once, and the error carries it. Returns a 200 whose body is neither empty nor HTML, or raises
        the MarketplaceError of the last try; `ticket_pipeline.http.judge` lists which one.
        """
        state = RetryState(self._policy, self._rng, self._monotonic)
        while True:
            try:
                return await self._try_once(request, state)
            except MarketplaceError as error:
                wait = state.next_wait(error)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def _try_once(self, request: Request, state: RetryState) -> RawResponse:
        permit = await self._gate.acquire()
        state.begin_try()
        about = {"marketplace": str(request.marketplace), "external_id": request.external_id, "attempt": state.tries}
        with bound_contextvars(**about):
            try:
                response = await self._exchange(request, state)
            except MarketplaceError as error:
                _log.info("%s", error)
                await self._gate.finish(permit, error)
                raise
            except BaseException:  # cancelled, or a bug
                await self._gate.cancel(permit)
                raise
        await self._gate.finish(permit, None)
        return response

    async def _exchange(self, request: Request, state: RetryState) -> RawResponse:
        """Send once, read the whole response, and judge it."""
        started = self._monotonic()
        received = await self._receive(request, state)
        problem = self._judge.judge(received)
        if problem is not None:
            problem.retry_after = problem.retry_after or received.retry_after
            raise problem
        elapsed = self._monotonic() - started
        _log.info("%s: %d, %d bytes in %.2f s", received.request, received.status, len(received.body), elapsed)
        return RawResponse(
            marketplace=request.marketplace,
            external_id=request.external_id,
            body=received.scrubber.body(received.body),
            captured_at=received.at,
            status=received.status,
            tries=state.tries,
            latency_seconds=elapsed,
            served_at=read_date(received.headers.get("date")),
        )

    async def _receive(self, request: Request, state: RetryState) -> Received:
        what = _describe(request, state.tries, self._policy.max_tries)
        scrubber = scrubber_for(request.secret_headers, request.secret_query)
        limit = state.request_limit()
        try:
            async with asyncio.timeout(limit):
                response, body = await self._send(request, what, state.tries)
        except TimeoutError:
            raise TemporarilyUnavailable(
                f"{what} was not complete after {limit:.3g} s. It is retried later. Check the network if it goes on.",
                tries=state.tries,
                is_timeout=True,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # from None: the text of the original may quote a header, and a traceback would print it.
            raise error_of_exception(what, error, tries=state.tries, scrubber=scrubber, judge=self._judge) from None
        received = Received(what, response.status_code, response.headers, body, state.tries, self._clock(), scrubber)
        if _log.isEnabledFor(logging.DEBUG):
            _log_response(request, response.request.headers, received, quotes_body=self._judge.quotes_bodies)
        return received

    async def _depart(self, event: str, _details: object) -> None:
        """Let the gate space the sending itself: connecting takes longer for some requests than for others."""
        if event.endswith(".send_request_headers.started"):
            await self._gate.depart()

    async def _send(self, request: Request, what: str, tries: int) -> tuple[httpx.Response, bytes]:
        secret = {name: value.get_secret_value() for name, value in request.secret_headers.items()}
        headers = dict(request.headers) | secret
        extensions = {"secret_query": request.secret_query, "trace": self._depart}
        async with (
            self._clients.lend() as client,
            client.stream(request.method, request.url, headers=headers, extensions=extensions) as response,
        ):
            if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                return response, await read_start(response)
            body = await read_body(response, self._policy.max_body_bytes, what, tries)
            return response, to_utf8(body, response.charset_encoding)


@asynccontextmanager
async def open_fetcher(
    settings: Settings,
    gate: RequestGate | None,
    *,
    judge: ResponseJudge | None = None,
    policy: RetryPolicy | None = None,
    options: ConnectionOptions | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[HttpFetcher]:
    """Open a fetcher by the settings; at the end of the block its connections are closed and its permits returned.

    Args:
        settings: User-Agent, time-outs, tries and limits.
        gate: who permits requests; None means no limits, which is for single calls only.
        judge: what a response means, where the marketplace has its own.
        policy: the limits of a fetch, likewise.
        options: how connections are made, likewise.
        clock: aware UTC; says when a response was captured.
    """
    options = options or ConnectionOptions.from_settings(settings)
    gate = gate or OpenGate()
    rng = random.Random(settings.tuning.random_seed)  # noqa: S311 - spreads retries; nothing secret about it
    async with HttpClients(options) as clients:
        try:
            yield HttpFetcher(
                clients, gate, policy or RetryPolicy.from_settings(settings), rng=rng, judge=judge, clock=clock
            )
        finally:
            await gate.flush()


def _describe(request: Request, tries: int, max_tries: int) -> str:
    return (
        f"Fetching {request.subject or f'event {request.external_id}'} from {request.marketplace} "
        f"({request.method} {redact_url(request.url)}, try {tries} of {max_tries})"
    )


def _log_response(request: Request, sent: httpx.Headers, received: Received, *, quotes_body: bool) -> None:
    """Log the headers of both sides and the start of the body, without secrets; no body that holds personal data."""
    text = received.scrubber.text
    start = text(received.body[:_DEBUG_BYTES].decode("utf-8", "replace")) if quotes_body else HIDDEN
    _log.debug(
        "%s: sent %s; received %d with %s and %d bytes: %s",
        received.request,
        redact_headers(sent) | dict.fromkeys(request.secret_headers, HIDDEN),
        received.status,
        redact_headers({name: text(value) for name, value in received.headers.items()}),
        len(received.body),
        excerpt(start, _DEBUG_CHARACTERS),
    )
