"""The HTTP clients of one server: what they send, what they trust, and how many connections they keep."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

import httpx

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ticket_pipeline.settings.model import Settings

_log = logging.getLogger(__name__)

USER_AGENT = "ticket-pipeline/0.1"
"""Of every request: marketplaces may see who sends it."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How connections are made."""

    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 30.0  # longest silence
    max_connections: int = 4  # further requests wait
    uses_http2: bool = False  # needs the extra `http2`
    verifies_certificates: bool = True  # False only for tests

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The options of the settings that hold for every marketplace."""
        return cls(
            connect_timeout_seconds=settings.httpx_timeout_connect,
            read_timeout_seconds=settings.httpx_timeout_read,
            max_connections=settings.httpx_max_connections,
        )


class HttpClients:
    """The HTTP clients of one server, each lent to one request at a time; `async with` closes them.

    Over HTTP/1.1 each client has one connection. A pool of 32 connections looks at all of them whenever a request
    begins or ends: 2.6 ms of CPU for each request (docs/benchmarks.md). Over HTTP/2 all requests share one client.

    Raises:
        ConfigurationError: HTTP/2 is on and its library is not installed.
    """

    def __init__(self, options: ConnectionOptions) -> None:
        if options.uses_http2 and find_spec("h2") is None:
            raise ConfigurationError(
                "HTTPX_HTTP2 is on, but its library is not installed. Run: pip install 'ticket-pipeline[http2]'."
            )
        count = 1 if options.uses_http2 else options.max_connections
        each = options.max_connections // count
        trusted = _trusted(options)
        self._clients = [_build_client(options, trusted, max_connections=each) for _ in range(count)]
        # The last one returned is lent first: its connection was used last and is the most likely to be open.
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in self._clients * each:
            self._free.put_nowait(client)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client for one request, as soon as one is free."""
        client = await self._free.get()
        try:
            yield client
        finally:
            self._free.put_nowait(client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()


def _build_client(
    options: ConnectionOptions, trusted: ssl.SSLContext | bool, max_connections: int
) -> httpx.AsyncClient:
    """One client.

    Proxies and `.netrc` of the environment are ignored (`trust_env=False`): a stray HTTP_PROXY would receive the
    session of the user's account. Cookies that a response sets are not kept: only what the user configured is sent.
    """
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    transport = httpx.AsyncHTTPTransport(verify=trusted, http2=options.uses_http2, limits=limits, trust_env=False)
    return httpx.AsyncClient(
        # Without a list of its own, httpx also offers whatever decoders happen to be installed.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        # The deadline of the whole request also covers the wait for a free connection.
        timeout=httpx.Timeout(options.read_timeout_seconds, connect=options.connect_timeout_seconds, pool=None),
        transport=_SecretQueryTransport(transport),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


def _trusted(options: ConnectionOptions) -> ssl.SSLContext | bool:
    if not options.verifies_certificates:
        _log.warning(
            "HTTPX_VERIFY_SSL is off: anyone between this machine and the server can read your credentials and all "
            "data. Turn it on again, or install the missing root certificate on this machine."
        )
        return False
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # also what is installed on this machine, such as a company's own root
    return context


class _SecretQueryTransport(httpx.AsyncBaseTransport):
    """Adds the secret part of a query below the client, because httpx logs the URL that the client sees."""

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
